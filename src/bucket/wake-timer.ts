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

/** The minimum distance between two alarms. */
const ALARM_SPACING_MS = 1_000;

/**
 * An alarm that is nearer than this isn't left alone: it is set by the commit of its turn, and is late if that takes
 * longer. Less than a second, so that a bucket of one a second sleeps in between.
 */
const MIN_ASLEEP_MS = 500;

/**
 * How long after its time an alarm counts as running and is left alone (if it is moved or deleted then, the
 * runtime cancels it with a warning). After that it counts as lost and is armed again.
 */
const ALARM_LOST_AFTER_MS = 1_000;

/**
 * The longest delay that the timer is set to; it then checks the clock again. So no caller waits longer than
 * this because the clock has been set.
 */
const MAX_TIMER_MS = 1_000;

/** The one alarm that an object has, as far as it is used: setting it replaces it. */
export interface AlarmStorage {
  setAlarm(atMs: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** One object's alarm and timer. Arms nothing until asked to. */
export class WakeTimer {
  readonly #storage: AlarmStorage;
  readonly #clock: Clock;
  readonly #onTimer: () => void;
  /** What the alarm is set to, as far as known; an alarm in the past is overdue or lost. */
  #alarmAtMs: number | undefined = undefined;
  /** Whether it is for no waiter. */
  #isAlarmIdle = false;
  /** What the alarm that fired last was set to. */
  #firedAlarmAtMs = 0;
  #clearTimer: (() => void) | undefined = undefined;
  #timerAtMs: number | undefined = undefined;

  /** @param onTimer Called when the timer has woken the object; the alarm calls the object itself. */
  constructor(storage: AlarmStorage, clock: Clock, onTimer: () => void) {
    this.#storage = storage;
    this.#clock = clock;
    this.#onTimer = onTimer;
  }

  /** Takes over an alarm that an earlier instance of the object has armed. */
  restoreAlarm(alarmAtMs: number, isIdle = false): void {
    this.#alarmAtMs = alarmAtMs;
    this.#isAlarmIdle = isIdle;
  }

  /** All storage has been deleted, and the alarm with it. */
  forgetAlarm(): void {
    this.#alarmAtMs = undefined;
  }

  /** The alarm has fired and is no longer armed. */
  alarmFired(nowMs: number): void {
    this.#firedAlarmAtMs = Math.min(this.#alarmAtMs ?? nowMs, nowMs);
    this.#alarmAtMs = undefined;
  }

  /**
   * Makes sure that the object wakes at `wakeAtMs`; `undefined`: no caller waits.
   *
   * @param maySleep Whether the object may leave memory until then: no waiting request keeps it there.
   * @param idleAtMs While no caller waits, the alarm fires by then: sooner if it was set for less. `undefined` disarms it.
   */
  arm(wakeAtMs: number | undefined, nowMs: number, maySleep = false, idleAtMs?: number): void {
    if (!this.#isUnderWay(nowMs)) this.#setAlarm(wakeAtMs, nowMs, idleAtMs);
    const isFar = wakeAtMs !== undefined && wakeAtMs >= nowMs + MIN_ASLEEP_MS;
    const isAlarmEnough = maySleep && isFar && this.#alarmAtMs === wakeAtMs;
    this.#setTimer(isAlarmEnough ? undefined : wakeAtMs, nowMs);
  }

  #isUnderWay(nowMs: number): boolean {
    if (this.#alarmAtMs === undefined) return false;
    return nowMs >= this.#alarmAtMs && nowMs < this.#alarmAtMs + ALARM_LOST_AFTER_MS;
  }

  #setAlarm(wakeAtMs: number | undefined, nowMs: number, idleAtMs: number | undefined): void {
    const isIdle = wakeAtMs === undefined;
    const isEarly = this.#isAlarmIdle && Number(this.#alarmAtMs) <= Number(idleAtMs);
    // It is set again when it fires, so a bucket in use pays for few of them.
    if (isIdle && isEarly && Number(this.#alarmAtMs) > nowMs) return;
    const atMs = isIdle ? idleAtMs : wakeAtMs;
    const earliestMs = Math.max(nowMs + 1, this.#firedAlarmAtMs + ALARM_SPACING_MS);
    const alarmAtMs = atMs === undefined ? undefined : Math.max(atMs, earliestMs);
    this.#isAlarmIdle = isIdle && alarmAtMs !== undefined;
    if (alarmAtMs === this.#alarmAtMs) return;
    this.#alarmAtMs = alarmAtMs;
    if (alarmAtMs === undefined) void this.#storage.deleteAlarm();
    else void this.#storage.setAlarm(alarmAtMs);
  }

  #setTimer(wakeAtMs: number | undefined, nowMs: number): void {
    if (wakeAtMs === this.#timerAtMs) return;
    this.#clearTimer?.();
    this.#clearTimer = undefined;
    this.#timerAtMs = wakeAtMs;
    if (wakeAtMs === undefined) return;
    const fire = (): void => {
      this.#timerAtMs = undefined;
      this.#onTimer();
    };
    const delayMs = Math.min(MAX_TIMER_MS, Math.max(1, wakeAtMs - nowMs));
    this.#clearTimer = this.#clock.setTimer(fire, delayMs);
  }
}
