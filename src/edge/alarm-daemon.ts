/**
 * The daemon of a bucket: what wakes its object when the head of the queue can be granted.
 *
 * The object's alarm is the daemon, armed only while somebody waits. Each arming is a row written and
 * each firing a billed request, so alarms are kept a second apart; for a bucket that ticks faster, a
 * timer in memory serves the ticks between. The timer also stands behind every alarm, a little later:
 * an alarm that comes late (on a busy machine by tens of milliseconds, in a failover by up to a
 * minute) or that the platform has given up is covered and armed again without waiting for the next
 * request. A timer is enough for that, because
 * waiters are requests held by this very instance: while it has any it stays in memory, and when it
 * dies they are put back at its successor, which arms an alarm of its own.
 *
 * Two settings of an alarm can leave one that never fires, even after a restart: one not in the
 * future, and, while it runs, its own time again (workerd#6866). Neither is ever set here.
 */

/** The least distance between two alarms. */
const ALARM_SPACING_MS = 1_000;
/** How late an alarm may be before the timer does its work: just past the usual 0 to 4 ms. */
const ALARM_GRACE_MS = 5;

/** The part of the object's storage that the daemon uses. */
type AlarmStorage = Pick<DurableObjectStorage, "setAlarm" | "deleteAlarm">;

/** One object's alarm and timer. Arms nothing until it is told to. */
export class AlarmDaemon {
  readonly #storage: AlarmStorage;
  readonly #onTimer: () => void;
  /** What the alarm is set to, as far as known; an alarm in the past is overdue or lost. */
  #alarmAtMs: number | undefined = undefined;
  /** What the alarm that fired last was set to. */
  #firedAlarmAtMs = 0;
  #timer: number | null = null;
  #timerAtMs: number | undefined = undefined;

  /** @param onTimer Called when the timer has woken the object; the alarm calls the object itself. */
  constructor(storage: AlarmStorage, onTimer: () => void) {
    this.#storage = storage;
    this.#onTimer = onTimer;
  }

  /** Takes over an alarm that an earlier instance of the object has left armed. */
  adoptAlarm(alarmAtMs: number): void {
    this.#alarmAtMs = alarmAtMs;
  }

  /** The alarm has fired and is armed no more. */
  alarmFired(nowMs: number): void {
    this.#firedAlarmAtMs = this.#alarmAtMs ?? nowMs;
    this.#alarmAtMs = undefined;
  }

  /** Sees to it that the object wakes at `wakeAtMs`; `undefined` disarms: nobody waits. */
  arm(wakeAtMs: number | undefined, nowMs: number): void {
    if (wakeAtMs === undefined) {
      this.#disarm();
      return;
    }
    const alarmAtMs = Math.max(wakeAtMs, nowMs + 1, this.#firedAlarmAtMs + ALARM_SPACING_MS);
    if (this.#alarmAtMs !== alarmAtMs) {
      this.#alarmAtMs = alarmAtMs;
      void this.#storage.setAlarm(alarmAtMs);
    }
    this.#setTimer(alarmAtMs > wakeAtMs ? wakeAtMs : alarmAtMs + ALARM_GRACE_MS, nowMs);
  }

  #disarm(): void {
    if (this.#alarmAtMs !== undefined) {
      this.#alarmAtMs = undefined;
      void this.#storage.deleteAlarm();
    }
    this.#clearTimer();
  }

  #setTimer(atMs: number, nowMs: number): void {
    if (this.#timerAtMs === atMs) return;
    this.#clearTimer();
    this.#timerAtMs = atMs;
    const fire = (): void => {
      this.#timerAtMs = undefined;
      this.#onTimer();
    };
    this.#timer = setTimeout(fire, Math.max(1, atMs - nowMs));
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = undefined;
  }
}
