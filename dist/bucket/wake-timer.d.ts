/**
 * Wakes a bucket's object when the head of the queue can be granted.
 *
 * The object's alarm is armed while callers wait. It is durable, and an armed alarm tells a later
 * instance that callers were waiting, unless it is an idle one: what the alarm is set to while nobody waits, if
 * anything (forgetting.ts). Each arming is a row written and each firing a billed request, so
 * alarms are kept a second apart; and an alarm may be late, by tens of milliseconds on a busy machine and by
 * up to a minute in a failover. So there is also a timer in memory. In buckets that tick faster it serves the
 * ticks between two alarms; in others it is set to the same instant as the alarm. Whichever fires first does
 * the work. The other has nothing left to do, except that the alarm is armed again.
 *
 * This also covers a lost alarm, with no request needed to notice it. The timer is enough for that, because
 * waiters are requests held by this very instance: while it has any, it stays in memory; when it ends, they
 * are requeued at its successor, which arms an alarm of its own.
 *
 * **While only sessions wait**, nothing but the timer would keep the object in memory. Then there is none if the alarm
 * is set to that very instant, and it isn't near: the object sleeps, and the alarm wakes it. A lost alarm is noticed by
 * a client, whose grant is overdue: it opens its session again, and any call finds an alarm that is overdue and arms it
 * again.
 *
 * Two ways to set an alarm can leave one that never fires, even after a restart: setting it to an instant
 * that is not in the future, and, while it runs, setting it to its own time again (workerd#6866). This class
 * never does either.
 */
import type { Clock } from "./clock.ts";
/** The one alarm that an object has, as far as it is used: setting it replaces it. */
export interface AlarmStorage {
    setAlarm(atMs: number): Promise<void>;
    deleteAlarm(): Promise<void>;
}
/** One object's alarm and timer. Arms nothing until asked to. */
export declare class WakeTimer {
    #private;
    /** @param onTimer Called when the timer has woken the object; the alarm calls the object itself. */
    constructor(storage: AlarmStorage, clock: Clock, onTimer: () => void);
    /** Takes over an alarm that an earlier instance of the object has armed. */
    restoreAlarm(alarmAtMs: number, isIdle?: boolean): void;
    /** All storage has been deleted, and the alarm with it. */
    forgetAlarm(): void;
    /** The alarm has fired and is no longer armed. */
    alarmFired(nowMs: number): void;
    /**
     * Makes sure that the object wakes at `wakeAtMs`; `undefined`: no caller waits.
     *
     * @param maySleep Whether the object may leave memory until then: no waiting request keeps it there.
     * @param idleAtMs While no caller waits, the alarm fires by then: sooner if it was set for less. `undefined` disarms it.
     */
    arm(wakeAtMs: number | undefined, nowMs: number, maySleep?: boolean, idleAtMs?: number): void;
}
