/**
 * What becomes of a bucket on the disk, computed from the record alone: as contract rules 1 and 8 and
 * the head of token-bucket.ts promise it, without any of their code.
 */
import type { BucketRecord } from "../../src/bucket/platform.ts";
import { bucketFieldsOf } from "../model/bucket-policy.ts";

/** What a bucket holds, and what it has lent. */
export interface Holding {
  /** May be below 0. */
  readonly tokens: number;
  readonly leasedTokens: number;
}

/** What a bucket restored from a record comes to at `atMs` if nobody takes anything. */
export function holdingAt({ policy, limiter }: BucketRecord, atMs: number): Holding {
  const { bucket } = limiter;
  if (!bucket) return { tokens: policy.initialTokens, leasedTokens: 0 };
  const { capacity, refillTokens, refillIntervalMs } = bucketFieldsOf(policy);
  const ticksBy = (ms: number): number => Math.floor((ms - bucket.startedAtMs) / refillIntervalMs);
  const { pausedUntilMs } = bucket;
  const lastHeldTick = pausedUntilMs === undefined ? -1 : ticksBy(pausedUntilMs);
  let { tick, tokens } = bucket;
  let leasedTokens = leasedIn(bucket);
  const fillTo = (lastTick: number): void => {
    if (lastTick <= tick) return;
    const ticks = Math.max(0, lastTick - Math.max(tick, lastHeldTick));
    const filled = Math.min(capacity - leasedTokens, tokens + ticks * refillTokens);
    tokens = Math.max(tokens, filled);
    tick = lastTick;
  };
  const ends = (bucket.leased ?? []).toSorted((one, other) => one.untilMs - other.untilMs);
  for (const { untilMs, tokens: ended } of ends) {
    if (untilMs > atMs) break;
    // A tick at the exact end of a lease finds its room free.
    fillTo(ticksBy(untilMs - 1));
    leasedTokens -= ended;
  }
  fillTo(ticksBy(atMs));
  return { tokens, leasedTokens };
}

/** Everything on lease in a bucket as written. */
export function leasedIn(bucket: NonNullable<BucketRecord["limiter"]["bucket"]>): number {
  return (bucket.leased ?? []).reduce((all, { tokens }) => all + tokens, 0);
}
