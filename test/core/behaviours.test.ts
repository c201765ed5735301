import type { Outcome } from "../../src/core/outcome.ts";
import type { Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";
import { describeBehaviours } from "../../kit/model/behaviours.ts";

interface Caller {
  outcome: Outcome | undefined;
}

describeBehaviours("Limiter", async (fields) => {
  const limiter = new Limiter<Caller>(Policy.of(fields));
  let nowMs = 1_000_000_000_000;
  const settle = (turn: Turn<Caller>): void => {
    for (const { caller, outcome } of turn.settled) caller.outcome = outcome;
  };
  return {
    get nowMs() {
      return nowMs;
    },
    acquire: async (ask) => {
      const caller: Caller = { outcome: undefined };
      const turn = limiter.acquire({ caller, ...ask }, nowMs);
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
    pause: async ({ untilMs, tokens = 0 }) => {
      settle(untilMs > nowMs ? limiter.pause({ untilMs, tokens }, nowMs) : limiter.resume(nowMs));
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
