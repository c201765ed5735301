/**
 * The daemon of a bucket: what wakes its object when the head of the queue can be granted.
 *
 * The object's alarm is the daemon, armed only while somebody waits. It is durable, and by being armed
 * it tells a later instance that somebody waited. But each arming is a row written and each firing a
 * billed request, so alarms are kept a second apart; and an alarm may be late, on a busy machine by
 * tens of milliseconds, in a failover by up to a minute. So a timer in memory goes with it: it serves
 * the ticks between two alarms where a bucket ticks faster, and elsewhere stands beside the alarm at
 * the same instant. Whichever comes first does the work; for the other nothing is left to do but, for
 * the alarm, to be armed again.
 *
 * That covers an alarm that is lost, too, with no request needed to notice it. A timer is enough for
 * that, because waiters are requests held by this very instance: while it has any it stays in memory,
 * and when it dies they are put back at its successor, which arms an alarm of its own.
 *
 * Two settings of an alarm can leave one that never fires, even after a restart: one not in the
 * future, and, while it runs, its own time again (workerd#6866). Neither is ever set here.
 */
import type { Clock } from "./clock.ts";

/** The least distance between two alarms. */
const ALARM_SPACING_MS = 1_000;

/**
 * How long after its time an alarm counts as under way and is left alone (moved or deleted then, the
 * runtime cancels it with a warning). Later it counts as lost and is armed anew.
 */
const ALARM_LOST_AFTER_MS = 1_000;

/**
 * The longest that the timer is set for; it then looks at the clock again. So nobody waits for longer than
 * that because the clock has been set.
 */
const MAX_TIMER_MS = 1_000;

/** The one alarm that an object has, as the daemon uses it: replaced by each that is set. */
export interface AlarmStorage {
  setAlarm(atMs: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** One object's alarm and timer. Arms nothing until it is told to. */
export class WakeTimer {
  readonly #storage: AlarmStorage;
  readonly #clock: Clock;
  readonly #onTimer: () => void;
  /** What the alarm is set to, as far as known; an alarm in the past is overdue or lost. */
  #alarmAtMs: number | undefined = undefined;
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

  /** Takes over an alarm that an earlier instance of the object has left armed. */
  adoptAlarm(alarmAtMs: number): void {
    this.#alarmAtMs = alarmAtMs;
  }

  /** All storage has been deleted, and the alarm with it. */
  forgetAlarm(): void {
    this.#alarmAtMs = undefined;
  }

  /** The alarm has fired and is armed no more. */
  alarmFired(nowMs: number): void {
    this.#firedAlarmAtMs = Math.min(this.#alarmAtMs ?? nowMs, nowMs);
    this.#alarmAtMs = undefined;
  }

  /** Sees to it that the object wakes at `wakeAtMs`; `undefined` disarms: nobody waits. */
  arm(wakeAtMs: number | undefined, nowMs: number): void {
    if (!this.#isUnderWay(nowMs)) this.#setAlarm(wakeAtMs, nowMs);
    this.#setTimer(wakeAtMs, nowMs);
  }

  #isUnderWay(nowMs: number): boolean {
    if (this.#alarmAtMs === undefined) return false;
    return nowMs >= this.#alarmAtMs && nowMs < this.#alarmAtMs + ALARM_LOST_AFTER_MS;
  }

  #setAlarm(wakeAtMs: number | undefined, nowMs: number): void {
    const earliestMs = Math.max(nowMs + 1, this.#firedAlarmAtMs + ALARM_SPACING_MS);
    const alarmAtMs = wakeAtMs === undefined ? undefined : Math.max(wakeAtMs, earliestMs);
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
