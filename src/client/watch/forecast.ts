/**
 * What a bucket does while its feed says nothing of it. Ticks are on a grid and the queue is served in order, so
 * both the tokens of an idle bucket and the grants of those who wait follow from the last snapshot. They
 * are worked out by the object's own arithmetic, not by one that resembles it.
 */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";

import { Policy } from "../../core/policy.ts";
import { TokenBucket } from "../../core/limits/token-bucket.ts";

/** Of waiters that nothing is known of but their number, so many are looked at one by one. */
const MAX_UNKNOWN_WAITERS = 10_000;

/** Tokens in the bucket at `nowMs`, if nobody has asked since the snapshot. */
export function tokensAt(snapshot: BucketSnapshot, nowMs: number): number {
  // Those who wait get what ticks bring, and each of them is told of.
  if (snapshot.waiters > 0 || !hasStarted(snapshot)) return snapshot.tokens;
  const bucket = bucketOf(snapshot);
  bucket.advance(nowMs);
  return bucket.tokens;
}

/**
 * Whether the bucket ticks. It starts with the first request that it could ever grant; a refusal may also
 * be of one that it could not, and says something only where there was no token to begin with.
 */
export function hasStarted(snapshot: BucketSnapshot): boolean {
  const { granted, cancelled, refused, waiters, policy } = snapshot;
  return granted + cancelled + waiters > 0 || (refused > 0 && policy.initialTokens === 0);
}

/** The first tick after `nowMs`, epoch milliseconds. */
export function nextTickAfter(snapshot: BucketSnapshot, nowMs: number): number {
  const { nextTickAtMs, policy } = snapshot;
  if (nowMs < nextTickAtMs) return nextTickAtMs;
  const missed = Math.floor((nowMs - nextTickAtMs) / policy.refillIntervalMs) + 1;
  return nextTickAtMs + missed * policy.refillIntervalMs;
}

/**
 * Milliseconds until the bucket changes by itself; `undefined` where it does not: a full one changes when
 * somebody asks, and of a queue the feed tells.
 */
export function untilChangeMs(snapshot: BucketSnapshot, nowMs: number): number | undefined {
  if (snapshot.waiters > 0 || !hasStarted(snapshot)) return undefined;
  if (tokensAt(snapshot, nowMs) >= snapshot.policy.capacity) return undefined;
  return nextTickAfter(snapshot, nowMs) - nowMs;
}

/**
 * When each of `asks`, tokens in the order of the queue, will be granted as things stand. Waiters that
 * the snapshot counts beyond them came before the page did, and so are ahead of them.
 */
export function forecastGrants(snapshot: BucketSnapshot, asks: readonly number[]): number[] {
  const bucket = bucketOf(snapshot);
  const known = asks.reduce((sum, tokens) => sum + tokens, 0);
  const strangers = Math.min(MAX_UNKNOWN_WAITERS, Math.max(0, snapshot.waiters - asks.length));
  const theirs = Math.max(0, snapshot.queuedTokens - known);
  for (let index = 0; index < strangers; index++) {
    const share =
      Math.floor((theirs * (index + 1)) / strangers) - Math.floor((theirs * index) / strangers);
    takeNext(bucket, share, snapshot);
  }
  return asks.map((tokens) => takeNext(bucket, tokens, snapshot));
}

/** The bucket of a snapshot, on a grid whose first tick after it is tick 1. */
function bucketOf({ policy, tokens, nextTickAtMs }: BucketSnapshot): TokenBucket {
  const { name: _, ...fields } = policy;
  return TokenBucket.from(Policy.of(fields), {
    startedAtMs: nextTickAtMs - policy.refillIntervalMs,
    tick: 0,
    tokens,
  });
}

function takeNext(bucket: TokenBucket, tokens: number, { policy }: BucketSnapshot): number {
  bucket.takeAtEarliestTick(Math.min(tokens, policy.capacity));
  return bucket.timeOfTick(bucket.tick);
}
