/**
 * Limiters that pace callers within one process, each in the way that its own documentation shows for
 * one call an interval. All callers ask at once, in order; each notes when it may go.
 *
 *   node paced.ts LIMITER CALLERS INTERVAL_MS
 *
 * Prints the instants as a JSON list in order of asking, milliseconds of this process's own clock.
 */
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import pThrottle from "p-throttle";
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible";

import { createTokenBucketFilter } from "../../../src/local/token-bucket-filter.ts";
import { pacedLimiterNames } from "./paced-limiters.ts";

const MS_PER_SECOND = 1_000;
/** Longer than any of them waits here. */
const PATIENCE_MS = 600_000;

/** Makes what resolves when the next caller may go. */
const limiters: Readonly<
  Record<
    (typeof pacedLimiterNames)[number],
    (intervalMs: number, callers: number) => () => Promise<unknown>
  >
> = {
  sluice(refillIntervalMs, queueLimit) {
    const filter = createTokenBucketFilter(1, {
      refillTokens: 1,
      refillIntervalMs,
      queueLimit,
      maxWaitMs: PATIENCE_MS,
    });
    return async () => {
      const outcome = await filter.getToken();
      if (!outcome.ok) throw new Error(`Not granted: ${outcome.reason}`);
    };
  },
  limiter(interval) {
    const limiter = new RateLimiter({ tokensPerInterval: 1, interval });
    return () => limiter.removeTokens(1);
  },
  bottleneck(minTime) {
    const bottleneck = new Bottleneck({ minTime });
    return () => bottleneck.schedule(() => Promise.resolve());
  },
  "p-throttle"(interval) {
    return pThrottle({ limit: 1, interval, strict: true })(() => Promise.resolve());
  },
  "rate-limiter-flexible"(intervalMs) {
    const duration = intervalMs / MS_PER_SECOND;
    const queue = new RateLimiterQueue(new RateLimiterMemory({ points: 1, duration }));
    return () => queue.removeTokens(1);
  },
};

const [name = "", callers = "", intervalMs = ""] = process.argv.slice(2);
const limiterName = pacedLimiterNames.find((known) => known === name);
if (limiterName === undefined) {
  throw new RangeError(`LIMITER must be of ${pacedLimiterNames.join(", ")}: got ${name}`);
}
const next = limiters[limiterName](Number(intervalMs), Number(callers));
const instants = await Promise.all(
  Array.from({ length: Number(callers) }, async () => {
    await next();
    return performance.now();
  }),
);
console.log(JSON.stringify(instants));
