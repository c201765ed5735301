/** Two limits as one, in the way that each library's own documentation has for it. */
import Bottleneck from "bottleneck";
import { TokenBucket } from "limiter";
import { RateLimiterMemory, RateLimiterUnion } from "rate-limiter-flexible";

import { createTokenBucketFilter } from "../../src/local/index.ts";

/** A limit of so many tokens a second, and one of so many a day. */
export interface TwoLimits {
  readonly perSecond: number;
  readonly perDay: number;
}

/** Tokens that are gone from each limit. */
export interface Taken {
  readonly perSecond: number;
  readonly perDay: number;
}

/** Both limits, full. */
export interface OpenLimits {
  /** Whether they grant so many tokens at once. */
  attempt(tokens: number): boolean | Promise<boolean>;
  /** Resolves once they are granted; absent if callers can't wait for both limits. */
  wait?(tokens: number): Promise<unknown>;
  /** Since they were opened. */
  taken(): Taken | Promise<Taken>;
  close?(): void;
}

export interface Contender {
  readonly name: string;
  /** What is called, in Markdown. */
  readonly how: string;
  /** @param isToWait Whether some of the callers will wait. */
  open(limits: TwoLimits, isToWait: boolean): OpenLimits;
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const KEY = "caller";

const union: Contender = {
  name: "rate-limiter-flexible",
  how: "`RateLimiterUnion` of two `RateLimiterMemory`; its callers can't wait, as `RateLimiterQueue` takes a single limiter",
  open({ perSecond, perDay }) {
    const taken = { perSecond: 0, perDay: 0 };
    const limiterOf = (name: keyof Taken, points: number, durationMs: number) => {
      const limiter = new RateLimiterMemory({
        keyPrefix: name,
        points,
        duration: durationMs / SECOND_MS,
      });
      const consume = limiter.consume.bind(limiter);
      // Points beyond the limit are counted as consumed, too, but they are no tokens of anybody.
      limiter.consume = async (key, tokens = 1) => {
        const result = await consume(key, tokens);
        taken[name] += tokens;
        return result;
      };
      return limiter;
    };
    const both = new RateLimiterUnion(
      limiterOf("perSecond", perSecond, SECOND_MS),
      limiterOf("perDay", perDay, DAY_MS),
    );
    return {
      attempt: (tokens) =>
        both.consume(KEY, tokens).then(
          () => true,
          () => false,
        ),
      taken: () => taken,
    };
  },
};

const parent: Contender = {
  name: "limiter",
  how: "`TokenBucket` with a `parentBucket`; `tryRemoveTokens`, and `removeTokens` to wait",
  open({ perSecond, perDay }) {
    const parentBucket = new TokenBucket({
      bucketSize: perDay,
      tokensPerInterval: perDay,
      interval: DAY_MS,
    });
    const child = new TokenBucket({
      bucketSize: perSecond,
      tokensPerInterval: perSecond,
      interval: SECOND_MS,
      parentBucket,
    });
    // Buckets of this library start empty.
    parentBucket.content = perDay;
    child.content = perSecond;
    const taken = { perSecond: 0, perDay: 0 };
    return {
      attempt(tokens) {
        child.getWaitTime(1);
        const before = [child.content, parentBucket.content] as const;
        const isGranted = child.tryRemoveTokens(tokens);
        taken.perSecond += Math.max(0, Math.round(before[0] - child.content));
        taken.perDay += Math.max(0, Math.round(before[1] - parentBucket.content));
        return isGranted;
      },
      wait: (tokens) => child.removeTokens(tokens),
      taken: () => taken,
    };
  },
};

const chained: Contender = {
  name: "bottleneck",
  how: "two limiters with a reservoir, `perSecond.chain(perDay)`; `highWater: 0` refuses, and `check` where others wait",
  open({ perSecond, perDay }, isToWait) {
    const taken = { perSecond: 0, perDay: 0 };
    const limiterOf = (name: keyof Taken, amount: number, intervalMs: number) => {
      const limiter = new Bottleneck({
        reservoir: amount,
        reservoirRefreshAmount: amount,
        reservoirRefreshInterval: intervalMs,
        ...(!isToWait && { highWater: 0, strategy: Bottleneck.strategy.OVERFLOW }),
      });
      limiter.on("executing", ({ options }) => {
        taken[name] += options.weight ?? 1;
      });
      return limiter;
    };
    const first = limiterOf("perSecond", perSecond, SECOND_MS);
    const second = limiterOf("perDay", perDay, DAY_MS);
    first.chain(second);
    const schedule = (tokens: number) => first.schedule({ weight: tokens }, async () => {});
    return {
      async attempt(tokens) {
        if (isToWait && !((await first.check(tokens)) && (await second.check(tokens))))
          return false;
        return schedule(tokens).then(
          () => true,
          () => false,
        );
      },
      wait: schedule,
      taken: () => taken,
      close: () => void Promise.all([first.disconnect(), second.disconnect()]),
    };
  },
};

const sluice: Contender = {
  name: "Sluice, in-process filter",
  how: "one filter with two limits; `tryGetToken`, and `getToken` to wait",
  open({ perSecond, perDay }) {
    const filter = createTokenBucketFilter(perSecond, {
      refillTokens: perSecond,
      refillInterval: "1s",
      limits: { day: { capacity: perDay, refillTokens: perDay, refillInterval: "1d" } },
    });
    const taken = { perSecond: 0, perDay: 0 };
    const left = () => {
      const { tokens, limits } = filter.inspect();
      return { perSecond: tokens, perDay: limits?.["day"]?.tokens ?? NaN };
    };
    return {
      attempt(tokens) {
        const before = left();
        const { ok } = filter.tryGetToken({ tokens });
        const after = left();
        taken.perSecond += Math.max(0, before.perSecond - after.perSecond);
        taken.perDay += Math.max(0, before.perDay - after.perDay);
        return ok;
      },
      wait: (tokens) => filter.getToken({ tokens }),
      taken: () => taken,
      close: () => filter.close(),
    };
  },
};

/** In the order of the table. */
export const contenders: readonly Contender[] = [union, parent, chained, sluice];
