import { describe, expect, test } from "vitest";

import type { LeaseTerms } from "../../src/core/policy.ts";

import { LeaseHolder } from "../../src/core/lease-holder.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";

const terms: LeaseTerms = { maxTokens: 1_000, ttlMs: 1_000 };
const mark = { startedAtMs: 0, untilMs: 4_000 };

/** Requests for a token each; answers how many of them the holder granted. */
function take(holder: LeaseHolder, count: number, nowMs: number): number {
  return Array.from({ length: count }, () => holder.tryTake(1, nowMs)).filter(Boolean).length;
}

/** A holder whose first ask for 8 tokens has been answered with `tokens`. */
function holderOf(tokens: number): LeaseHolder {
  const holder = new LeaseHolder(terms);
  take(holder, 8, 0);
  holder.nextAsk(0);
  holder.lent({ tokens, ...mark }, 0);
  return holder;
}

describe("LeaseHolder", () => {
  test("asks again when half is left of what it was given, if that was less than it wanted", () => {
    const holder = holderOf(4);
    expect(take(holder, 1, 0)).toBe(1);
    expect(holder.nextAsk(0)).toBeUndefined();
    expect(take(holder, 1, 0)).toBe(1);
    expect(holder.nextAsk(0)?.wanted).toBe(8);
  });
});

describe("Limiter.lend", () => {
  test("leaves half of the capacity to those who hold no lease, however many ask", () => {
    const lease = { maxTokens: 1_000, ttlMs: 1_000 };
    const fields = { capacity: 100, refillTokens: 100, refillIntervalMs: 1_000, lease };
    const limiter = new Limiter<string>(Policy.of(fields));
    limiter.acquire({ caller: "first" }, 0);
    const ask = { uses: [], granted: 0, wanted: 30 };
    const lent = [0, 0, 500, 1_000, 2_000].map((nowMs) => limiter.lend(ask, nowMs).lease?.tokens);
    expect(lent).toEqual([30, 20, undefined, undefined, undefined]);
    expect(limiter.inspect(2_000)).toMatchObject({ tokens: 50, leasedTokens: 50 });
  });
});
