import { shardOf } from "../directory/shards.js";
import { keptLongerMs } from "./stored-rows.js";
/** The distance of the instants at which a bucket's alarm for this may be. */
const ALARM_EVERY_MS = 60_000;
/** When one bucket may be forgotten. */
export class Forgetting {
    #disk;
    #byAlarm;
    /** As of the last write; `undefined`: never. */
    #fromMs = undefined;
    #alarmAtMs = undefined;
    constructor({ disk, forgetsByAlarm = false }) {
        this.#disk = disk;
        this.#byAlarm = forgetsByAlarm;
    }
    /** From when on the bucket may be forgotten as far as its state goes, epoch milliseconds; `undefined`: never. */
    get fromMs() {
        return this.#fromMs;
    }
    /** What the alarm is to be set to while nobody waits, epoch milliseconds; `undefined`: it is not to be set. */
    get alarmAtMs() {
        return this.#alarmAtMs;
    }
    /** `bucket` has been read, with what it says of this. */
    loaded({ name }, fromMs) {
        this.#set(name, fromMs);
    }
    /** `state` of `bucket` is about to be written, which was used at `nowMs`. */
    written({ name, isOverridden, limiter }, state, nowMs) {
        const { forgetAfterMs } = limiter.policy;
        if (forgetAfterMs === undefined || isOverridden) {
            this.#set(name, undefined);
            return;
        }
        const restedAtMs = limiter.writtenForgettableAtMs(state, nowMs);
        // Behind a clock that was set back, what has passed must pass again: a new bucket would begin with it.
        const fromMs = Math.max(nowMs + forgetAfterMs, restedAtMs, limiter.passedAtMs ?? 0);
        this.#set(name, Number.isFinite(fromMs) ? fromMs : undefined);
    }
    /** Whether `bucket` may be forgotten now. If not, the alarm is to be set to when to look again. */
    isDue({ name, isOverridden, limiter }, nowMs) {
        if (this.#fromMs === undefined || isOverridden || limiter.waiters > 0)
            return false;
        const longerMs = keptLongerMs(hasOtherRows(this.#disk), limiter.policy.maxWaitMs);
        const dueAtMs = Math.max(this.#fromMs + longerMs, limiter.forgettableAtMs(nowMs));
        if (dueAtMs <= nowMs)
            return true;
        this.#alarmAtMs = Number.isFinite(dueAtMs) ? this.#alarmFrom(name, dueAtMs) : undefined;
        return false;
    }
    /** Whether an alarm is one for this, and not for callers that wait. */
    isAlarm({ name }, alarmAtMs) {
        return this.#alarmFrom(name, alarmAtMs) === alarmAtMs;
    }
    #set(name, fromMs) {
        this.#fromMs = fromMs;
        this.#alarmAtMs = fromMs === undefined ? undefined : this.#alarmFrom(name, fromMs);
    }
    /** The first instant for the alarm that isn't before `fromMs`. */
    #alarmFrom(name, fromMs) {
        if (!this.#byAlarm)
            return undefined;
        const offsetMs = shardOf(name, ALARM_EVERY_MS);
        return Math.ceil((fromMs - offsetMs) / ALARM_EVERY_MS) * ALARM_EVERY_MS + offsetMs;
    }
}
function hasOtherRows({ keyedGrants, ticketSecret, removedCallers }) {
    if ((ticketSecret.read() ?? removedCallers.read()) !== undefined)
        return true;
    for (const rows of [keyedGrants.list(), keyedGrants.earlier.list()]) {
        for (const _ of rows)
            return true;
    }
    return false;
}
