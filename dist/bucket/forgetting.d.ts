/**
 * Forgetting a bucket that nobody uses (`forgetAfterMs`): from when on it may be, and the alarm that does it.
 *
 * **From when on** is written with each state, and found from what is written, not from memory: with a write-ahead
 * batch the disk is the emptier one, so a crash can't make it too early. It leaves out what is kept beside the state,
 * which changes in turns that don't write the state; that is looked at when the time has come (`keptLongerMs`). No row
 * is written for any of this alone.
 *
 * **The alarm** is set where nothing else finds forgotten buckets (`forgetsByAlarm`). One that is early is left alone,
 * and set again when it fires, so a busy bucket pays for one alarm in each `forgetAfterMs`. A new instance that finds an
 * alarm has to know whether it is one of these, or callers were waiting. Its instant shows that: each bucket has one in
 * every minute, given by its name, which also spreads buckets that were used last at the same time. An alarm for
 * waiters may fall on it by chance. Then the first caller that comes back opens the recovery window.
 */
import type { LimiterState } from "../core/limiter-state.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";
/** When one bucket may be forgotten. */
export declare class Forgetting {
    #private;
    constructor({ disk, forgetsByAlarm }: BucketPlatform);
    /** From when on the bucket may be forgotten as far as its state goes, epoch milliseconds; `undefined`: never. */
    get fromMs(): number | undefined;
    /** What the alarm is to be set to while nobody waits, epoch milliseconds; `undefined`: it is not to be set. */
    get alarmAtMs(): number | undefined;
    /** `bucket` has been read, with what it says of this. */
    loaded({ name }: OpenBucket, fromMs: number | undefined): void;
    /** `state` of `bucket` is about to be written, which was used at `nowMs`. */
    written({ name, isOverridden, limiter }: OpenBucket, state: LimiterState, nowMs: number): void;
    /** Whether `bucket` may be forgotten now. If not, the alarm is to be set to when to look again. */
    isDue({ name, isOverridden, limiter }: OpenBucket, nowMs: number): boolean;
    /** Whether an alarm is one for this, and not for callers that wait. */
    isAlarm({ name }: OpenBucket, alarmAtMs: number): boolean;
}
