/**
 * Predicts a bucket between two messages of its feed. Ticks are on a fixed grid and the queue is
 * served in order, so the tokens of an idle bucket and the grants of its waiters follow from the
 * last snapshot. The arithmetic is the object's own, not an approximation of it.
 */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";

import { LimitSet } from "../../core/limits/limit-set.ts";
import { LookAhead } from "../../core/limits/look-ahead.ts";
import { Policy } from "../../core/policy.ts";
import { timeZones } from "../../time-zones.ts";

/** At most this many waiters about which only their number is known are simulated individually. */
const MAX_UNKNOWN_WAITERS = 10_000;

/**
 * Tokens in the bucket at `nowMs` (epoch milliseconds), assuming no requests since the snapshot.
 */
export function tokensAt(snapshot: BucketSnapshot, nowMs: number): number {
  // Waiters take what the ticks bring, and the feed reports each of them.
  if (snapshot.waiters > 0 || !hasStarted(snapshot)) return snapshot.tokens;
  const limits = limitsOf(snapshot);
  limits.advance(nowMs);
  return limits.first.tokens;
}

/**
 * Whether the bucket has started to tick, which it does with the first request it could ever grant.
 * A refusal may be of a request it never could, so it is conclusive only if there were no initial
 * tokens.
 */
export function hasStarted(snapshot: BucketSnapshot): boolean {
  const { granted, cancelled, refused, waiters, policy } = snapshot;
  return granted + cancelled + waiters > 0 || (refused > 0 && policy.initialTokens === 0);
}

/** When tokens next come in after `nowMs`, both epoch milliseconds. */
export function nextTickAfter(snapshot: BucketSnapshot, nowMs: number): number {
  if (nowMs < snapshot.nextTickAtMs) return snapshot.nextTickAtMs;
  const limits = limitsOf(snapshot);
  limits.advance(nowMs);
  return limits.first.nextGainAtMs;
}

/**
 * Milliseconds until the bucket next changes without a request; `undefined` if it won't: a full
 * bucket changes only with a request, and the feed reports every change of a queue.
 */
export function untilChangeMs(snapshot: BucketSnapshot, nowMs: number): number | undefined {
  if (snapshot.waiters > 0 || !hasStarted(snapshot)) return undefined;
  if (tokensAt(snapshot, nowMs) >= snapshot.policy.capacity) return undefined;
  return nextTickAfter(snapshot, nowMs) - nowMs;
}

/**
 * When each of `asks` (tokens, in queue order) will be granted, as epoch milliseconds. Waiters that
 * the snapshot counts beyond `asks` arrived before the page did, and so are ahead of them.
 */
export function forecastGrants(snapshot: BucketSnapshot, asks: readonly number[]): number[] {
  const ahead = new LookAhead(limitsOf(snapshot));
  const known = asks.reduce((sum, tokens) => sum + tokens, 0);
  const unknown = Math.min(MAX_UNKNOWN_WAITERS, Math.max(0, snapshot.waiters - asks.length));
  const unknownTokens = Math.max(0, snapshot.queuedTokens - known);
  for (let index = 0; index < unknown; index++) {
    const share =
      Math.floor((unknownTokens * (index + 1)) / unknown) -
      Math.floor((unknownTokens * index) / unknown);
    serve(ahead, share, snapshot);
  }
  return asks.map((tokens) => serve(ahead, tokens, snapshot));
}

/** The limits of a snapshot, as if they had started just before tokens next come in. */
function limitsOf(snapshot: BucketSnapshot): LimitSet {
  const { name: _, ...fields } = snapshot.policy;
  const specs = Policy.of(fields, timeZones).limits;
  const states = specs.map(({ name, kind, fields: limit }) => {
    const { tokens, nextTickAtMs } = snapshot.limits?.[name] ?? snapshot;
    const startedAtMs =
      nextTickAtMs - ("refillIntervalMs" in limit ? Number(limit.refillIntervalMs) : 1);
    return kind.start({ ...limit, initialTokens: tokens }, startedAtMs).toJSON();
  });
  return LimitSet.restore(specs, states);
}

function serve(ahead: LookAhead, tokens: number, { policy }: BucketSnapshot): number {
  return ahead.serve(Math.min(tokens, policy.capacity));
}
