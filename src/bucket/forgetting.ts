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
import type { BucketDisk, BucketPlatform } from "./platform.ts";

import { shardOf } from "../directory/shards.ts";
import { keptLongerMs } from "./stored-rows.ts";

/** The distance of the instants at which a bucket's alarm for this may be. */
const ALARM_EVERY_MS = 60_000;

/** When one bucket may be forgotten. */
export class Forgetting {
  readonly #disk: BucketDisk;
  readonly #byAlarm: boolean;
  /** As of the last write; `undefined`: never. */
  #fromMs: number | undefined = undefined;
  #alarmAtMs: number | undefined = undefined;

  constructor({ disk, forgetsByAlarm = false }: BucketPlatform) {
    this.#disk = disk;
    this.#byAlarm = forgetsByAlarm;
  }

  /** From when on the bucket may be forgotten as far as its state goes, epoch milliseconds; `undefined`: never. */
  get fromMs(): number | undefined {
    return this.#fromMs;
  }

  /** What the alarm is to be set to while nobody waits, epoch milliseconds; `undefined`: it is not to be set. */
  get alarmAtMs(): number | undefined {
    return this.#alarmAtMs;
  }

  /** `bucket` has been read, with what it says of this. */
  loaded({ name }: OpenBucket, fromMs: number | undefined): void {
    this.#set(name, fromMs);
  }

  /** `state` of `bucket` is about to be written, which was used at `nowMs`. */
  written({ name, isOverridden, limiter }: OpenBucket, state: LimiterState, nowMs: number): void {
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
  isDue({ name, isOverridden, limiter }: OpenBucket, nowMs: number): boolean {
    if (this.#fromMs === undefined || isOverridden || limiter.waiters > 0) return false;
    const longerMs = keptLongerMs(hasOtherRows(this.#disk), limiter.policy.maxWaitMs);
    const dueAtMs = Math.max(this.#fromMs + longerMs, limiter.forgettableAtMs(nowMs));
    if (dueAtMs <= nowMs) return true;
    this.#alarmAtMs = Number.isFinite(dueAtMs) ? this.#alarmFrom(name, dueAtMs) : undefined;
    return false;
  }

  /** Whether an alarm is one for this, and not for callers that wait. */
  isAlarm({ name }: OpenBucket, alarmAtMs: number): boolean {
    return this.#alarmFrom(name, alarmAtMs) === alarmAtMs;
  }

  #set(name: string, fromMs: number | undefined): void {
    this.#fromMs = fromMs;
    this.#alarmAtMs = fromMs === undefined ? undefined : this.#alarmFrom(name, fromMs);
  }

  /** The first instant for the alarm that isn't before `fromMs`. */
  #alarmFrom(name: string, fromMs: number): number | undefined {
    if (!this.#byAlarm) return undefined;
    const offsetMs = shardOf(name, ALARM_EVERY_MS);
    return Math.ceil((fromMs - offsetMs) / ALARM_EVERY_MS) * ALARM_EVERY_MS + offsetMs;
  }
}

function hasOtherRows({ keyedGrants, ticketSecret, removedCallers }: BucketDisk): boolean {
  if ((ticketSecret.read() ?? removedCallers.read()) !== undefined) return true;
  for (const rows of [keyedGrants.list(), keyedGrants.earlier.list()]) {
    for (const _ of rows) return true;
  }
  return false;
}
