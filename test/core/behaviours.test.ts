import type { Outcome } from "../../src/core/outcome.ts";
import type { Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { costOf } from "../../src/core/limits/cost.ts";
import { Policy } from "../../src/core/policy.ts";
import { timeZones } from "../../src/time-zones.ts";
import { describeBehaviours } from "../../kit/model/behaviours.ts";

interface Caller {
  outcome: Outcome | undefined;
}

describeBehaviours("Limiter", async (fields) => {
  const policy = Policy.of(fields, timeZones);
  const limiter = new Limiter<Caller>(policy);
  let nowMs = 1_000_000_000_000;
  const settle = (turn: Turn<Caller>): void => {
    for (const { caller, outcome } of turn.settled) caller.outcome = outcome;
  };
  return {
    get nowMs() {
      return nowMs;
    },
    acquire: async ({ tokens = 1, limits, ...rest } = {}) => {
      const caller: Caller = { outcome: undefined };
      const cost = costOf(policy.limits, { tokens, ...(limits && { limits }) });
      const turn = limiter.acquire({ caller, tokens: cost, ...rest }, nowMs);
      settle(turn);
      return {
        get outcome() {
          return caller.outcome;
        },
        leave: async () => {
          if (turn.waiter) settle(limiter.cancel(turn.waiter, nowMs));
        },
      };
    },
    inspect: async () => limiter.inspect(nowMs),
    pause: async ({ untilMs, tokens = 0, limits }) => {
      const pause = { untilMs, tokens, ...(limits && { limits }) };
      settle(untilMs > nowMs ? limiter.pause(pause, nowMs) : limiter.resume(nowMs, limits));
      return limiter.inspect(nowMs);
    },
    pass: async (durationMs) => {
      const untilMs = nowMs + durationMs;
      while ((limiter.nextWakeAtMs ?? Infinity) <= untilMs) {
        nowMs = limiter.nextWakeAtMs ?? nowMs;
        settle(limiter.advance(nowMs));
      }
      nowMs = untilMs;
    },
  };
});
