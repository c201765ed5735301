import { describe, expect, test } from "vitest";

import type { Lease, LeaseAsk } from "../../../src/core/lease/lease.ts";
import type { LeaseStep } from "../../../src/core/lease/lease-driver.ts";

import { LeaseDriver } from "../../../src/core/lease/lease-driver.ts";

const ttlMs = 1_000;
const terms = { maxTokens: 100, ttlMs };

function leaseOf(tokens: number, untilMs = 9_000): Lease {
  return { tokens, startedAtMs: 5, untilMs, ttlMs };
}

function lent(tokens: number): { lease: Lease; isPaused: boolean } {
  return { lease: leaseOf(tokens), isPaused: false };
}

function askIn({ ask }: LeaseStep): LeaseAsk {
  if (!ask) throw new Error("The step asks for nothing");
  return ask;
}

/** A driver after a request for `tokens` at 0, and the ask that followed. */
function asking(tokens: number): { driver: LeaseDriver; ask: LeaseAsk } {
  const driver = new LeaseDriver(terms);
  driver.tryTake(tokens, 0);
  return { driver, ask: askIn(driver.next(0)) };
}

/** A driver that was lent `tokens` at 0. */
function holding(tokens: number): LeaseDriver {
  const { driver, ask } = asking(tokens);
  driver.answered(ask, lent(tokens), 0);
  return driver;
}

describe("LeaseDriver.next", () => {
  test("does nothing before any request", () => {
    expect(new LeaseDriver(terms).next(0)).toEqual({});
  });

  test("asks once, and not again while the ask is pending", () => {
    const { driver, ask } = asking(10);
    expect(ask).toEqual({ uses: [], granted: 0, wanted: 10 });
    expect(driver.isPending(ask)).toBe(true);
    driver.tryTake(10, 500);
    expect(driver.next(500)).toEqual({});
  });

  test.each([
    [ttlMs - 1, true],
    [ttlMs, false],
  ])(
    "gives up an ask that has no answer after ttlMs: at %d it's pending: %s",
    (nowMs, isPending) => {
      const { driver, ask } = asking(10);
      expect(driver.next(nowMs)).toEqual({});
      expect(driver.isPending(ask)).toBe(isPending);
    },
  );

  test("asks again after an ask was given up, once the quiet time is over", () => {
    const { driver } = asking(100);
    driver.next(ttlMs);
    driver.tryTake(100, ttlMs + ttlMs / 4 - 1);
    expect(driver.next(ttlMs + ttlMs / 4 - 1)).toEqual({});
    expect(askIn(driver.next(ttlMs + ttlMs / 4)).wanted).toBe(100);
  });
});

describe("LeaseDriver.answered", () => {
  test("asks for a timer at the end of the lease, counted from the ask", () => {
    const { driver, ask } = asking(10);
    expect(driver.answered(ask, lent(10), 300)).toEqual({ wakeAtMs: ttlMs });
    expect(driver.isPending(ask)).toBe(false);
    expect(driver.tokensAt(300)).toBe(10);
  });

  test("asks for no timer if nothing was lent", () => {
    const { driver, ask } = asking(10);
    expect(driver.answered(ask, { lease: undefined, isPaused: false }, 10)).toEqual({});
  });

  test("ignores an answer to an ask that was given up", () => {
    const { driver, ask } = asking(10);
    driver.next(ttlMs);
    expect(driver.answered(ask, lent(10), ttlMs + 1)).toEqual({});
    expect(driver.tokensAt(ttlMs + 1)).toBe(0);
  });

  test("does not mistake a late answer for that of the next ask", () => {
    const { driver, ask } = asking(100);
    driver.next(ttlMs);
    driver.tryTake(100, 1_500);
    const second = askIn(driver.next(1_500));
    driver.answered(ask, lent(7), 1_600);
    expect(driver.tokensAt(1_600)).toBe(0);
    expect(driver.isPending(second)).toBe(true);
    expect(driver.answered(second, lent(50), 1_700)).toEqual({ wakeAtMs: 2_500 });
  });

  test("gives everything back if the bucket is paused", () => {
    const driver = holding(40);
    driver.tryTake(30, 100);
    const ask = askIn(driver.next(100));
    const step = driver.answered(ask, { lease: undefined, isPaused: true }, 200);
    const uses = [{ startedAtMs: 5, untilMs: 9_000, used: 0, returned: 10 }];
    expect(step).toEqual({ giveBack: { uses, granted: 0, wanted: 0 } });
    expect(driver.tokensAt(200)).toBe(0);
  });

  test("gives nothing back if the bucket is paused and nothing is held", () => {
    const { driver, ask } = asking(10);
    expect(driver.answered(ask, { lease: undefined, isPaused: true }, 200)).toEqual({});
    expect(driver.giveBack()).toBeUndefined();
  });
});

describe("LeaseDriver.woke", () => {
  test("returns what is left of a lease that has ended", () => {
    const driver = holding(10);
    driver.tryTake(3, 100);
    const uses = [{ startedAtMs: 5, untilMs: 9_000, used: 3, returned: 7 }];
    expect(askIn(driver.woke(ttlMs, ttlMs))).toEqual({ uses, granted: 1, wanted: 5 });
  });

  test("uses the timer's instant if the clock has jumped back behind it", () => {
    const driver = holding(10);
    const { uses } = askIn(driver.woke(ttlMs, 100));
    expect(uses).toMatchObject([{ used: 0, returned: 10 }]);
  });

  test("sets no second timer while one is set", () => {
    const driver = holding(10);
    driver.tryTake(1, 100);
    expect(driver.next(100)).toEqual({});
  });

  test("counts an overdue timer as lost: the next request reports instead", () => {
    const driver = holding(10);
    driver.tryTake(1, ttlMs + 500);
    const { uses } = askIn(driver.next(ttlMs + 500));
    expect(uses).toMatchObject([{ used: 0, returned: 10 }]);
  });

  test("sets the next timer when the ask that it led to is answered", () => {
    const driver = holding(10);
    driver.tryTake(6, 900);
    const ask = askIn(driver.next(900));
    // The first lease ends while the ask is pending: its answer leads back to it.
    expect(driver.woke(ttlMs, ttlMs)).toEqual({});
    expect(driver.answered(ask, lent(8), 1_100)).toEqual({ wakeAtMs: ttlMs });
    const second = askIn(driver.woke(ttlMs, 1_101));
    expect(second.uses).toMatchObject([{ returned: 4 }]);
    expect(driver.answered(second, { lease: undefined, isPaused: false }, 1_200)).toEqual({
      wakeAtMs: 1_900,
    });
  });

  test("a late timer doesn't clear a newer one", () => {
    const driver = holding(10);
    // The first timer is overdue, so a second one is asked for once the report has been answered.
    driver.tryTake(50, 1_200);
    const ask = askIn(driver.next(1_200));
    expect(driver.answered(ask, lent(50), 1_300)).toEqual({ wakeAtMs: 2_200 });
    expect(driver.woke(ttlMs, 1_400)).toEqual({});
    expect(driver.next(1_500)).toEqual({});
  });
});

describe("LeaseDriver, when its clock jumps back", () => {
  test("grants from no lease, and returns it at once", () => {
    const driver = holding(10);
    driver.tryTake(2, 500);
    expect(driver.tryTake(1, 400)).toBe(false);
    expect(askIn(driver.next(400)).uses).toMatchObject([{ used: 2, returned: 8 }]);
  });

  test("a lease on its way has ended by the time it arrives", () => {
    const { driver, ask } = asking(10);
    driver.next(-5_000);
    driver.answered(ask, lent(10), -4_900);
    expect(driver.tokensAt(-4_900)).toBe(0);
  });
});

describe("LeaseDriver, when the bucket is overloaded", () => {
  test("holds requests back for a quarter of ttlMs and goes on asking", () => {
    const driver = new LeaseDriver(terms);
    driver.tryTake(10, 0);
    driver.overloaded(0);
    expect([0, 100, 250].map((nowMs) => driver.backOffMs(nowMs))).toEqual([250, 150, 0]);
    expect(askIn(driver.next(250)).wanted).toBeGreaterThan(0);
  });
});
