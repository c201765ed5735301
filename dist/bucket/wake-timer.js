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
/** One object's alarm and timer. Arms nothing until asked to. */
export class WakeTimer {
    #storage;
    #clock;
    #onTimer;
    /** What the alarm is set to, as far as known; an alarm in the past is overdue or lost. */
    #alarmAtMs = undefined;
    /** Whether it is for no waiter. */
    #isAlarmIdle = false;
    /** What the alarm that fired last was set to. */
    #firedAlarmAtMs = 0;
    #clearTimer = undefined;
    #timerAtMs = undefined;
    /** @param onTimer Called when the timer has woken the object; the alarm calls the object itself. */
    constructor(storage, clock, onTimer) {
        this.#storage = storage;
        this.#clock = clock;
        this.#onTimer = onTimer;
    }
    /** Takes over an alarm that an earlier instance of the object has armed. */
    restoreAlarm(alarmAtMs, isIdle = false) {
        this.#alarmAtMs = alarmAtMs;
        this.#isAlarmIdle = isIdle;
    }
    /** All storage has been deleted, and the alarm with it. */
    forgetAlarm() {
        this.#alarmAtMs = undefined;
    }
    /** The alarm has fired and is no longer armed. */
    alarmFired(nowMs) {
        this.#firedAlarmAtMs = Math.min(this.#alarmAtMs ?? nowMs, nowMs);
        this.#alarmAtMs = undefined;
    }
    /**
     * Makes sure that the object wakes at `wakeAtMs`; `undefined`: no caller waits.
     *
     * @param maySleep Whether the object may leave memory until then: no waiting request keeps it there.
     * @param idleAtMs While no caller waits, the alarm fires by then: sooner if it was set for less. `undefined` disarms it.
     */
    arm(wakeAtMs, nowMs, maySleep = false, idleAtMs) {
        if (!this.#isUnderWay(nowMs))
            this.#setAlarm(wakeAtMs, nowMs, idleAtMs);
        const isFar = wakeAtMs !== undefined && wakeAtMs >= nowMs + MIN_ASLEEP_MS;
        const isAlarmEnough = maySleep && isFar && this.#alarmAtMs === wakeAtMs;
        this.#setTimer(isAlarmEnough ? undefined : wakeAtMs, nowMs);
    }
    #isUnderWay(nowMs) {
        if (this.#alarmAtMs === undefined)
            return false;
        return nowMs >= this.#alarmAtMs && nowMs < this.#alarmAtMs + ALARM_LOST_AFTER_MS;
    }
    #setAlarm(wakeAtMs, nowMs, idleAtMs) {
        const isIdle = wakeAtMs === undefined;
        const isEarly = this.#isAlarmIdle && Number(this.#alarmAtMs) <= Number(idleAtMs);
        // It is set again when it fires, so a bucket in use pays for few of them.
        if (isIdle && isEarly && Number(this.#alarmAtMs) > nowMs)
            return;
        const atMs = isIdle ? idleAtMs : wakeAtMs;
        const earliestMs = Math.max(nowMs + 1, this.#firedAlarmAtMs + ALARM_SPACING_MS);
        const alarmAtMs = atMs === undefined ? undefined : Math.max(atMs, earliestMs);
        this.#isAlarmIdle = isIdle && alarmAtMs !== undefined;
        if (alarmAtMs === this.#alarmAtMs)
            return;
        this.#alarmAtMs = alarmAtMs;
        if (alarmAtMs === undefined)
            void this.#storage.deleteAlarm();
        else
            void this.#storage.setAlarm(alarmAtMs);
    }
    #setTimer(wakeAtMs, nowMs) {
        if (wakeAtMs === this.#timerAtMs)
            return;
        this.#clearTimer?.();
        this.#clearTimer = undefined;
        this.#timerAtMs = wakeAtMs;
        if (wakeAtMs === undefined)
            return;
        const fire = () => {
            this.#timerAtMs = undefined;
            this.#onTimer();
        };
        const delayMs = Math.min(MAX_TIMER_MS, Math.max(1, wakeAtMs - nowMs));
        this.#clearTimer = this.#clock.setTimer(fire, delayMs);
    }
}
