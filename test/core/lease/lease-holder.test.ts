import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Lease, LeaseAsk, LeaseReport } from "../../../src/core/lease/lease.ts";

import { LeaseHolder } from "../../../src/core/lease/lease-holder.ts";
import { runs } from "../../../kit/runs.ts";

const ttlMs = 1_000;
const terms = { maxTokens: 100, ttlMs };
const startedAtMs = 5;

/** A lease of the bucket; `mark` tells it apart from others. */
function leaseOf(tokens: number, mark = 9_000): Lease {
  return { tokens, startedAtMs, untilMs: mark, ttlMs };
}

/** One to whom `tokens` were lent at 0, after as many single requests. */
function holderOf(tokens: number): LeaseHolder {
  const holder = new LeaseHolder(terms);
  for (let request = 0; request < tokens; request += 1) holder.tryTake(1, 0);
  holder.nextAsk(0);
  holder.lent(leaseOf(tokens), 0);
  return holder;
}

describe("LeaseHolder, what it wants", () => {
  test("is nothing before it has been asked for anything", () => {
    const holder = new LeaseHolder(terms);
    expect(holder.nextAsk(0)).toBeUndefined();
    expect(holder.expiresAtMs).toBeUndefined();
  });

  test("is nothing below four tokens in ttlMs", () => {
    const holder = new LeaseHolder(terms);
    for (let request = 1; request <= 3; request += 1) {
      expect(holder.tryTake(1, 0)).toBe(false);
      expect(holder.nextAsk(0)).toBeUndefined();
    }
    expect(holder.tryTake(1, 0)).toBe(false);
    expect(holder.nextAsk(0)).toEqual({ uses: [], granted: 0, wanted: 4 });
  });

  test("counts tokens, not requests", () => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(7, 0);
    expect(holder.nextAsk(0)?.wanted).toBe(7);
  });

  test("is maxTokens at most", () => {
    const holder = new LeaseHolder(terms);
    for (let request = 0; request < 5; request += 1) holder.tryTake(100, 0);
    expect(holder.nextAsk(0)?.wanted).toBe(100);
  });

  test("does not count a request that no lease would be enough for", () => {
    const holder = new LeaseHolder(terms);
    expect(holder.tryTake(101, 0)).toBe(false);
    expect(holder.nextAsk(0)).toBeUndefined();
  });

  test.each([
    [0, 50],
    [500, Math.ceil(50 / Math.exp(0.5))],
    [1_000, Math.ceil(50 / Math.E)],
    [2_500, Math.ceil(50 / Math.exp(2.5))],
    [2_600, undefined],
  ])("fades: %d ms after a rush of 50", (afterMs, wanted) => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(50, 0);
    expect(holder.nextAsk(afterMs)?.wanted).toBe(wanted);
  });

  test("at a steady rate comes to what is asked for in ttlMs", () => {
    const holder = new LeaseHolder(terms);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 20) holder.tryTake(1, nowMs);
    const { wanted = 0 } = holder.nextAsk(10_000) ?? {};
    expect(wanted).toBeGreaterThanOrEqual(49);
    expect(wanted).toBeLessThanOrEqual(51);
  });
});

describe("LeaseHolder.tryTake", () => {
  test("takes nothing where nothing is held", () => {
    const holder = new LeaseHolder(terms);
    expect(holder.tryTake(1, 0)).toBe(false);
  });

  test("takes from what was lent until it is gone", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(6, 1)).toBe(true);
    expect(holder.tryTake(4, 2)).toBe(true);
    expect(holder.tryTake(1, 3)).toBe(false);
  });

  test("takes from two leases at once, the older first", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(8, 1)).toBe(true);
    expect(holder.nextAsk(1)?.wanted).toBeGreaterThan(0);
    holder.lent(leaseOf(10, 9_500), 2);
    expect(holder.tryTake(5, 3)).toBe(true);
    expect(holder.tryTake(100, 4)).toBe(false);
    expect(holder.returnAll()?.uses).toEqual([
      { startedAtMs, untilMs: 9_000, used: 2, returned: 0 },
      { startedAtMs, untilMs: 9_500, used: 3, returned: 7 },
    ]);
  });

  test("grants until ttlMs after the lease was asked for, however late it came", () => {
    const ask = (): LeaseHolder => {
      const holder = new LeaseHolder(terms);
      holder.tryTake(10, 100);
      holder.nextAsk(100);
      holder.lent(leaseOf(10), 700);
      return holder;
    };
    expect(ask().expiresAtMs).toBe(1_100);
    expect(ask().tryTake(1, 1_099)).toBe(true);
    expect(ask().tryTake(1, 1_100)).toBe(false);
  });

  test("goes by the bucket's terms of a lease, where its own are others", () => {
    const holder = new LeaseHolder({ maxTokens: 100, ttlMs: 20_000 });
    holder.tryTake(10, 0);
    holder.nextAsk(0);
    holder.lent({ ...leaseOf(10), ttlMs: 100 }, 1);
    expect(holder.expiresAtMs).toBe(100);
    expect(holder.tryTake(1, 99)).toBe(true);
    expect(holder.tryTake(1, 100)).toBe(false);
  });
});

describe("LeaseHolder, a request that does not fit", () => {
  test("takes what is left along, so that nobody who comes later is served by it", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(3, 1)).toBe(true);
    expect(holder.tryTake(8, 2)).toBe(false);
    expect(holder.returnAll()).toEqual({
      uses: [{ startedAtMs, untilMs: 9_000, used: 3, returned: 7 }],
      granted: 1,
    });
    expect(holder.tryTake(1, 3)).toBe(false);
    expect(holder.expiresAtMs).toBeUndefined();
    expect(holder.returnAll()).toBeUndefined();
  });

  test("is alone no reason to ask for more, which might be lent before it gets there", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(11, 1)).toBe(false);
    holder.returnAll();
    expect(holder.nextAsk(1)).toBeUndefined();
    expect(holder.tryTake(1, 2)).toBe(false);
    expect(holder.nextAsk(2)?.wanted).toBeGreaterThan(0);
  });

  test("leaves an ask that is under way as it is", () => {
    const holder = holderOf(10);
    holder.tryTake(8, 1);
    expect(holder.nextAsk(1)?.wanted).toBeGreaterThan(0);
    expect(holder.tryTake(5, 2)).toBe(false);
    expect(holder.returnAll()?.uses).toEqual([
      { startedAtMs, untilMs: 9_000, used: 0, returned: 2 },
    ]);
    holder.lent(leaseOf(20, 9_500), 3);
    expect(holder.tryTake(20, 4)).toBe(true);
  });
});

describe("LeaseHolder.nextAsk", () => {
  test("renews when half is left, and reports what was used", () => {
    const holder = holderOf(10);
    holder.tryTake(4, 0);
    // 14 were asked for in all: 6 are left of the 10, which is less than half of 14.
    expect(holder.nextAsk(0)).toEqual({
      uses: [{ startedAtMs, untilMs: 9_000, used: 4, returned: 0 }],
      granted: 1,
      wanted: 8,
    });
  });

  test("renews when half is left of what it was given, if that was less than it wanted", () => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(8, 0);
    holder.nextAsk(0);
    holder.lent(leaseOf(4), 0);
    expect(holder.tryTake(1, 0)).toBe(true);
    expect(holder.nextAsk(0)).toBeUndefined();
    expect(holder.tryTake(1, 0)).toBe(true);
    expect(holder.nextAsk(0)?.wanted).toBe(8);
  });

  test("has nothing to say while more than half is left", () => {
    const holder = holderOf(10);
    holder.tryTake(1, 0);
    expect(holder.nextAsk(0)).toBeUndefined();
  });

  test("is one ask at a time", () => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(10, 0);
    expect(holder.nextAsk(0)).toBeDefined();
    holder.tryTake(10, 1);
    expect(holder.nextAsk(1)).toBeUndefined();
    holder.lent(leaseOf(5), 2);
    expect(holder.tryTake(3, 2)).toBe(true);
    expect(holder.nextAsk(2)).toBeDefined();
  });

  test("gives back at the end what is left, and asks again where requests came", () => {
    const holder = holderOf(10);
    holder.tryTake(1, 500);
    expect(holder.nextAsk(999)).toBeUndefined();
    const ask = holder.nextAsk(1_000);
    expect(ask?.uses).toEqual([{ startedAtMs, untilMs: 9_000, used: 1, returned: 9 }]);
    expect(ask?.wanted).toBe(Math.ceil(10 / Math.E + 1 / Math.exp(0.5)));
    expect(holder.expiresAtMs).toBeUndefined();
  });

  test("asks for no more while no request comes, however much was asked for before", () => {
    const holder = holderOf(100);
    expect(holder.nextAsk(1_000)).toEqual({
      uses: [{ startedAtMs, untilMs: 9_000, used: 0, returned: 100 }],
      granted: 0,
      wanted: 0,
    });
  });

  test("says everything once", () => {
    const holder = holderOf(10);
    holder.tryTake(6, 1);
    expect(holder.nextAsk(1)?.uses[0]?.used).toBe(6);
    holder.failed(2);
    expect(holder.nextAsk(1_000)).toEqual({
      uses: [{ startedAtMs, untilMs: 9_000, used: 0, returned: 4 }],
      granted: 0,
      wanted: 0,
    });
  });
});

describe("LeaseHolder, refused or failed", () => {
  test.each(["lent", "failed"] as const)("is quiet for a quarter of ttlMs: %s", (how) => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(50, 0);
    holder.nextAsk(0);
    if (how === "lent") holder.lent(undefined, 10);
    else holder.failed(10);
    holder.tryTake(1, 11);
    expect(holder.nextAsk(259)).toBeUndefined();
    expect(holder.nextAsk(260)?.wanted).toBeGreaterThan(0);
  });

  test("is not quiet after a mere report", () => {
    const holder = holderOf(10);
    expect(holder.nextAsk(1_000)?.wanted).toBe(0);
    holder.lent(undefined, 1_001);
    holder.tryTake(1, 1_002);
    expect(holder.nextAsk(1_002)?.wanted).toBeGreaterThan(0);
  });

  test("still reports what it holds", () => {
    const holder = holderOf(10);
    holder.tryTake(6, 1);
    holder.nextAsk(1);
    holder.lent(undefined, 2);
    expect(holder.tryTake(2, 3)).toBe(true);
    expect(holder.nextAsk(3)).toBeUndefined();
    expect(holder.nextAsk(1_000)?.uses).toEqual([
      { startedAtMs, untilMs: 9_000, used: 2, returned: 2 },
    ]);
  });
});

describe("LeaseHolder, an overloaded bucket", () => {
  test("is sent no requests for a quarter of ttlMs", () => {
    const holder = new LeaseHolder(terms);
    expect(holder.backOffMs(0)).toBe(0);
    holder.overloaded(10);
    expect(holder.backOffMs(10)).toBe(250);
    expect(holder.backOffMs(259)).toBe(1);
    expect(holder.backOffMs(260)).toBe(0);
  });

  test("is asked for a lease all the same", () => {
    const holder = new LeaseHolder(terms);
    holder.overloaded(10);
    holder.tryTake(10, 11);
    expect(holder.nextAsk(11)?.wanted).toBeGreaterThan(0);
    holder.lent(leaseOf(10), 12);
    expect(holder.tryTake(1, 13)).toBe(true);
  });

  test("is not shunned for longer by a clock that jumps back", () => {
    const holder = new LeaseHolder(terms);
    holder.overloaded(100_000);
    expect(holder.backOffMs(0)).toBe(0);
  });
});

describe("LeaseHolder, a clock that jumps back", () => {
  test("hands in what is held: it would last too long", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(1, 500)).toBe(true);
    expect(holder.tryTake(1, 499)).toBe(false);
    expect(holder.nextAsk(499)?.uses).toEqual([
      { startedAtMs, untilMs: 9_000, used: 1, returned: 9 },
    ]);
  });

  test("is noticed by the timer that comes too early, too", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(1, 500)).toBe(true);
    expect(holder.nextAsk(400)?.uses[0]?.returned).toBe(9);
  });

  test("makes a lease that was under way over as it comes", () => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(10, 100_000);
    holder.nextAsk(100_000);
    expect(holder.tryTake(1, 0)).toBe(false);
    holder.lent(leaseOf(10), 1);
    expect(holder.tryTake(1, 2)).toBe(false);
    expect(holder.nextAsk(3)?.uses).toEqual([
      { startedAtMs, untilMs: 9_000, used: 0, returned: 10 },
    ]);
  });

  test("is noticed by the answer, too", () => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(10, 100_000);
    holder.nextAsk(100_000);
    holder.lent(leaseOf(10), 0);
    expect(holder.tryTake(1, 1)).toBe(false);
  });

  test("by less than it had been quiet is noticed by the timer, which says when it was due", () => {
    const holder = holderOf(10);
    expect(holder.tryTake(1, 100)).toBe(true);
    // By the clock it is 600, and the lease would last for another 400 ms.
    expect(holder.nextAsk(1_000)?.uses[0]?.returned).toBe(9);
    holder.lent(undefined, 600);
    expect(holder.tryTake(1, 600)).toBe(false);
  });

  test("does not keep it quiet", () => {
    const holder = new LeaseHolder(terms);
    holder.tryTake(10, 100_000);
    holder.nextAsk(100_000);
    holder.failed(100_000);
    holder.tryTake(10, 0);
    expect(holder.nextAsk(0)?.wanted).toBeGreaterThan(0);
  });
});

test("LeaseHolder reports every token of its leases at most once, and grants no other", () => {
  const anyStep = fc.record({
    kind: fc.constantFrom("take", "take", "take or hand in", "ask", "answer"),
    ms: fc.integer({ min: -20, max: 200 }),
    tokens: fc.integer({ min: 1, max: 12 }),
  });
  const property = fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
    const holder = new LeaseHolder({ maxTokens: 20, ttlMs: 300 });
    let nowMs = 1_000;
    let pending: LeaseAsk | undefined;
    const lent = new Map<number, number>();
    const totals = { lent: 0, granted: 0, callers: 0, used: 0, returned: 0, reported: 0 };
    const note = (report: LeaseReport | undefined): void => {
      totals.reported += report?.granted ?? 0;
      for (const { untilMs, used, returned } of report?.uses ?? []) {
        const left = (lent.get(untilMs) ?? 0) - used - returned;
        expect(left).toBeGreaterThanOrEqual(0);
        lent.set(untilMs, left);
        totals.used += used;
        totals.returned += returned;
      }
    };
    for (const { kind, ms, tokens } of steps) {
      nowMs += ms;
      if (kind === "take" || kind === "take or hand in") {
        if (holder.tryTake(tokens, nowMs)) {
          totals.granted += tokens;
          totals.callers += 1;
        } else if (kind !== "take") {
          note(holder.returnAll());
        }
      } else if (kind === "ask") {
        const ask = holder.nextAsk(nowMs);
        if (!ask) continue;
        expect(pending).toBeUndefined();
        pending = ask;
        note(ask);
      } else if (pending) {
        const given = Math.min(pending.wanted, tokens);
        pending = undefined;
        if (given === 0) {
          holder.failed(nowMs);
          continue;
        }
        const untilMs = 100_000 + lent.size;
        lent.set(untilMs, given);
        totals.lent += given;
        holder.lent({ tokens: given, startedAtMs, untilMs, ttlMs: 300 }, nowMs);
      }
      expect(totals.granted + totals.returned).toBeLessThanOrEqual(totals.lent);
      expect(totals.used).toBeLessThanOrEqual(totals.granted);
    }
    // When all is over, nothing is left untold.
    if (pending) holder.failed(nowMs);
    note(holder.nextAsk(nowMs + 100_000));
    expect(totals.used).toBe(totals.granted);
    expect(totals.returned).toBe(totals.lent - totals.granted);
    expect(totals.reported).toBe(totals.callers);
  });
  fc.assert(property, { numRuns: runs(1_000) });
});
