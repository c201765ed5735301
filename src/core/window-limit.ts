/**
 * `limit = "100/1m"` with `burst = 10`: at most 100 tokens in any minute, 10 of them at once. It stands for
 * the numbers of a token bucket, and nothing but those is kept.
 *
 * **Which numbers.** In any window of length T, a bucket grants at most
 * `capacity + refillTokens × ticks`, with `ticks = floor(T / refillIntervalMs) + 1`: it may be full as the
 * window begins, and so many ticks can fall into it. The capacity is the burst. What is left of the limit,
 * `spare = limit - burst`, goes to the ticks: `refillTokens × ticks <= spare`. Of all whole numbers within
 * their ranges for which that holds, these are the ones that leave the least of the limit unused, and of
 * those that leave equally little, the ones with the shortest interval and so the smallest tick.
 *
 * **Why small ticks.** A tick that finds no room for all of its tokens loses some. Ticks of one token never
 * do while somebody waits. Ticks of the whole burst do whenever what waits doesn't divide it: with ticks of
 * 10 into a bucket of 10, callers who take 6 get 6 of each tick, and lose 40 % of the limit. What larger
 * ticks are good for is that fewer of them fall into the window, so that rounding the interval up to whole
 * milliseconds costs less. Hence they are taken where that leaves room for one token more, and not else.
 *
 * **No tick is larger than the burst**: the rest of it would always be lost.
 *
 * **The search** goes through pairs of ticks and tokens per tick, from the shortest possible interval to
 * longer ones. Each step takes as many tokens per tick as `spare` allows, and then the shortest interval
 * that allows one more. Nothing better is skipped. Let `r` and `i` be any pair that is possible. Of the
 * pairs visited, take the first whose tokens per tick are at least `r`. Its interval is the shortest that
 * allows a number above the one before it, which is at most `r`. So it isn't longer than `i`, as many ticks
 * or more fall into the window, and at least as much is granted in it.
 *
 * Each step has more tokens per tick and fewer ticks than the one before. As their product is at most
 * `spare`, one of the two is at most its square root, so there are at most `2 × sqrt(spare)` steps, and
 * likewise `2 × sqrt(T)`: at most 20,000 for a day, and 360,000 for the longest window. Most limits need a
 * few.
 */
import type { FieldWords } from "./fields.ts";
import type { TokenBucketFields } from "./limits/token-bucket-fields.ts";
import type { FieldFault } from "./values.ts";

import { DURATION_UNITS, durationMs, showDuration } from "./duration.ts";
import { tokenBucketFields } from "./limits/token-bucket-fields.ts";
import { integerFault, isIntegerWithin, showValue } from "./values.ts";

/** The fields that stand for those of a token bucket. */
export interface WindowLimitFields {
  /** Tokens per window, such as `100/1m`. */
  readonly limit: string;
  /** Default: a tenth of the limit, at least 1. */
  readonly burst?: number;
}

/** What people read of each field. */
export const windowLimitWords: FieldWords<keyof WindowLimitFields> = {
  limit: {
    unit: "tokens",
    description:
      'The most tokens granted in any window of a length, such as "100/1m". Stands for capacity, refillTokens, refillIntervalMs and initialTokens',
  },
  burst: {
    unit: "tokens",
    description:
      "The most of them granted at once, below the limit. The default is a tenth of it, at least 1",
  },
};

/** What a limit looks like: tokens, a slash, and a duration. */
export const WINDOW_LIMIT = /^(\d{1,16})\/(\d{1,20})(?:\.(\d{1,20}))?(ms|s|m|h|d)$/;
/** The longest window, a year. It bounds the search. */
const MAX_WINDOW_MS = 31_536_000_000;
/** The default of `burst` is the limit divided by this. */
const BURST_SHARE = 10;

/** At most so many tokens in any window of that length, and so many of them at once. */
export interface WindowLimit {
  readonly tokens: number;
  readonly windowMs: number;
  readonly burst: number;
}

/** A limit and the token bucket that it stands for, or what is wrong with it. */
export type WindowLimitCheck =
  | { readonly ok: true; readonly limit: WindowLimit; readonly fields: TokenBucketFields }
  | { readonly ok: false; readonly fault: FieldFault };

/**
 * Checks a limit as it was written, and finds its token bucket.
 *
 * @param burst `undefined` for the default.
 * @param prefix What messages put in front of each name, such as `limits.tpm.`.
 */
export function checkWindowLimit(limit: unknown, burst: unknown, prefix = ""): WindowLimitCheck {
  const fault = (
    field: keyof WindowLimitFields,
    rule: string,
    value: unknown,
  ): WindowLimitCheck => {
    const message = `${prefix}${field} must be ${rule}: got ${showValue(value)}`;
    return { ok: false, fault: { field: prefix + field, message } };
  };
  const text = typeof limit === "string" && WINDOW_LIMIT.test(limit) ? limit : "";
  const [digits, length = ""] = text.split("/");
  const [tokens, windowMs] = [Number(digits), durationMs(length)];
  if (!Number.isSafeInteger(tokens) || windowMs === undefined) {
    const rule = `tokens per window, such as "100/1m", with a unit of ${DURATION_UNITS}`;
    return fault("limit", rule, limit);
  }
  if (!isIntegerWithin(windowMs, { min: 1, max: MAX_WINDOW_MS })) {
    const rule = `per whole milliseconds, from 1ms to ${showDuration(MAX_WINDOW_MS)}`;
    return fault("limit", rule, limit);
  }
  if (tokens < 2) {
    const rule =
      "at least 2 tokens per window, a burst of 1 and another (for one at a time, use capacity, refillTokens and refillInterval)";
    return fault("limit", rule, limit);
  }
  const capacity = burst === undefined ? Math.max(1, Math.floor(tokens / BURST_SHARE)) : burst;
  if (!isIntegerWithin(capacity, tokenBucketFields.capacity)) {
    if (burst !== undefined) {
      return {
        ok: false,
        fault: integerFault(`${prefix}burst`, burst, tokenBucketFields.capacity),
      };
    }
    const { max } = tokenBucketFields.capacity;
    return fault(
      "limit",
      `at most ${max * BURST_SHARE + BURST_SHARE - 1} tokens without a burst`,
      limit,
    );
  }
  if (capacity >= tokens) {
    return fault(
      "burst",
      `below the limit, so at most ${tokens - 1} of ${showValue(limit)}`,
      capacity,
    );
  }
  const checked = { tokens, windowMs, burst: capacity };
  const fields = tokenBucketOf(checked);
  if (fields) return { ok: true, limit: checked, fields };
  const { max: dayMs } = tokenBucketFields.refillIntervalMs;
  const ticks = Math.floor(windowMs / dayMs) + 1;
  const least = burst === undefined ? leastWithDefaultBurst(ticks) : capacity + ticks;
  const rule = `at least ${least} tokens per ${length}, the burst and ${ticks} ticks, as ticks are at most ${showDuration(dayMs)} apart`;
  return fault("limit", rule, limit);
}

/**
 * The token bucket that grants as much of the limit as whole tokens and milliseconds allow, and never
 * more; `undefined` if even one token a tick, at the longest interval, is more.
 */
export function tokenBucketOf({
  tokens,
  windowMs,
  burst: capacity,
}: WindowLimit): TokenBucketFields | undefined {
  const spare = tokens - capacity;
  const { min: minMs, max: maxMs } = tokenBucketFields.refillIntervalMs;
  const maxRefill = Math.min(capacity, tokenBucketFields.refillTokens.max);
  let best: TokenBucketFields | undefined;
  let mostRefilled = 0;
  for (let refillTokens = 0; refillTokens < maxRefill && mostRefilled < spare;) {
    const maxTicks = Math.floor(spare / (refillTokens + 1));
    const refillIntervalMs = Math.max(minMs, Math.floor(windowMs / maxTicks) + 1);
    if (refillIntervalMs > maxMs) break;
    const ticks = Math.floor(windowMs / refillIntervalMs) + 1;
    refillTokens = Math.min(maxRefill, Math.floor(spare / ticks));
    if (refillTokens * ticks > mostRefilled) {
      mostRefilled = refillTokens * ticks;
      best = { capacity, refillTokens, refillIntervalMs, initialTokens: capacity };
    }
  }
  return best;
}

/**
 * What a limit stands for, in one line.
 *
 * @example
 * showWindowLimit({ tokens: 100, windowMs: 60_000, burst: 10 }, fields);
 * // limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10
 */
export function showWindowLimit(limit: WindowLimit, fields: TokenBucketFields): string {
  const { tokens, windowMs, burst } = limit;
  const numbers = Object.entries(fields).map(([name, number]) => `${name} ${number}`);
  return `limit ${tokens}/${showDuration(windowMs)}, burst ${burst} = ${numbers.join(", ")}`;
}

/** The lowest limit that leaves so many tokens to its ticks if its burst is the default. */
function leastWithDefaultBurst(ticks: number): number {
  const leavesEnough = Math.floor((BURST_SHARE * (ticks - 1)) / (BURST_SHARE - 1)) + 1;
  return Math.max(ticks + 1, leavesEnough);
}
