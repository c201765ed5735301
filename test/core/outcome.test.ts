import { expect, test } from "vitest";

import type { Outcome } from "../../src/core/outcome.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { limiterReasons } from "../../src/core/outcome.ts";
import { policyOf } from "../../kit/model/limiters.ts";

/** The outcomes of a limiter of one token with room for one waiter, from its first caller to its end. */
function outcomesOf(end: (limiter: Limiter<string>) => ReturnType<Limiter<string>["reset"]>): {
  readonly [caller: string]: Outcome;
} {
  const limiter = new Limiter<string>(policyOf({ queueLimit: 1 }));
  const turns = [
    limiter.acquire({ caller: "Ann" }, 0),
    limiter.acquire({ caller: "Bob" }, 0),
    limiter.acquire({ caller: "Cat" }, 0),
    limiter.acquire({ caller: "Dan", timeoutMs: 0 }, 0),
    limiter.acquire({ caller: "Eve", tokens: 2 }, 0),
    end(limiter),
  ];
  const settled = turns.flatMap((turn) => turn.settled);
  return Object.fromEntries(settled.map(({ caller, outcome }) => [caller, outcome]));
}

const refused = { ok: false } as const;

test("Outcome: a refusal says why, and when to retry if the queue was the reason", () => {
  expect(outcomesOf((limiter) => limiter.reset(0))).toEqual({
    Ann: { ok: true, tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 0 },
    Bob: { ...refused, reason: "bucket-reset" },
    Cat: { ...refused, reason: "queue-full", retryAfterMs: 2_000 },
    Dan: { ...refused, reason: "timeout", retryAfterMs: 2_000 },
    Eve: { ...refused, reason: "exceeds-capacity" },
  });
});

test("limiterReasons: lists every reason that a limiter without holds gives", () => {
  const outcomes = [
    ...Object.values(outcomesOf((limiter) => limiter.reset(0))),
    ...Object.values(outcomesOf((limiter) => limiter.rejectAll(0))),
  ];
  const reasons = new Set(outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.reason])));
  const expected = limiterReasons.filter((reason) => reason !== "holds-full");
  expect([...reasons].toSorted()).toEqual(expected.toSorted());
});
