/** Sluice as a contender among those that give promises. */
import type { Outcome } from "../../src/core/outcome.ts";
import type { Contender, OpenLimiter } from "./contender.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { Policy, queueFields } from "../../src/core/policy.ts";
import { createTokenBucketFilter } from "../../src/local/token-bucket-filter.ts";

const QUEUE_LIMIT = queueFields.queueLimit.max;
const MAX_WAIT_MS = queueFields.maxWaitMs.max;

/** The filter of one process: what a user of the library has. */
export const filter: Contender = {
  name: "Sluice, in-process filter",
  isOurs: true,
  how: `\`getToken\`, with the policy's highest \`queueLimit\`, ${QUEUE_LIMIT.toLocaleString("en")}`,
  cannot: {},
  acquires: 200_000,
  mostWaiters: QUEUE_LIMIT,
  mostCallers: Infinity,
  settleMs: 1,
  mostTokens: 5,
  operations: 20_000,
  open(tokens, intervalMs): OpenLimiter {
    const limiter = createTokenBucketFilter(tokens, {
      refillTokens: tokens,
      refillIntervalMs: intervalMs,
      queueLimit: QUEUE_LIMIT,
      maxWaitMs: MAX_WAIT_MS,
    });
    return {
      acquire: (count) => limiter.getToken({ tokens: count }),
      isGrant,
      tryAcquire: () => limiter.tryGetToken().ok,
      acquireWithExit: (reason) => {
        const controller = new AbortController();
        return [limiter.getToken({ signal: controller.signal }), () => controller.abort(reason)];
      },
      empty: async () => void (await limiter.getToken({ tokens })),
      close: () => limiter.close(),
    };
  },
};

/**
 * The core with a promise for each caller, as the Durable Object holds its callers. More of them than
 * a policy allows are let in as callers that are put back after a reset: `queueLimit` does not count
 * for those.
 */
export const promised: Contender = {
  name: "Sluice core, a promise each",
  isOurs: true,
  how:
    "`Limiter` as the Durable Object calls it (`Date.now()` and the verb, whose turn says when to wake and what to write), " +
    "a promise for each caller; beyond `queueLimit` as callers that are put back after a reset",
  cannot: { try: "that is the core itself" },
  acquires: 200_000,
  mostWaiters: Infinity,
  mostCallers: Infinity,
  settleMs: 1,
  mostTokens: 5,
  operations: 0,
  open(tokens): OpenLimiter {
    const policy = Policy.of({
      capacity: tokens,
      refillTokens: tokens,
      // `tick` is told the time of the next tick: none is to come by itself.
      refillIntervalMs: MAX_WAIT_MS,
      queueLimit: QUEUE_LIMIT,
      maxWaitMs: MAX_WAIT_MS,
    });
    const limiter = new Limiter<(outcome: Outcome) => void>(policy);
    let waiting = 0;
    const finish = (turn: ReturnType<typeof limiter.advance>) => {
      for (const { caller, outcome } of turn.settled) caller(outcome);
    };
    const ask = (count: number, resolve: (outcome: Outcome) => void) => {
      const nowMs = Date.now();
      const request =
        waiting < QUEUE_LIMIT
          ? { caller: resolve, tokens: count }
          : { caller: resolve, tokens: count, firstArrivalMs: nowMs };
      const turn = limiter.acquire(request, nowMs);
      if (turn.waiter) waiting += 1;
      finish(turn);
      return turn.waiter;
    };
    return {
      acquire: (count) => new Promise<Outcome>((resolve) => void ask(count, resolve)),
      isGrant,
      acquireWithExit: (reason) => {
        let leave = () => {};
        const outcome = new Promise<Outcome>((resolve, reject) => {
          const waiter = ask(1, resolve);
          if (!waiter) throw new Error("Granted, where it should have had to wait");
          leave = () => {
            const nowMs = Date.now();
            finish(limiter.cancel(waiter, nowMs));
            reject(reason);
          };
        });
        return [outcome, () => leave()];
      },
      empty: async () => void (await new Promise<Outcome>((resolve) => void ask(tokens, resolve))),
      tick: () => {
        const wakeAtMs = limiter.nextWakeAtMs;
        if (wakeAtMs !== undefined) finish(limiter.advance(wakeAtMs));
      },
    };
  },
};

function isGrant(outcome: unknown): boolean {
  return (outcome as Outcome).ok;
}
