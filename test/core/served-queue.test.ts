import { describe, expect, test } from "vitest";

import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { policyOf } from "../../kit/model/limiters.ts";
import { Ledger } from "../../src/core/ledger.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { ServedQueue } from "../../src/core/served-queue.ts";

/** A served queue over a bucket that is empty at first and gets a token every 100 ms, up to 5. */
class Line {
  readonly ledger = new Ledger<string>(false, { newId: () => "" });
  readonly queue = new ServedQueue(this.ledger);
  readonly limits = LimitSet.start(
    policyOf({ capacity: 5, refillIntervalMs: 100, initialTokens: 0 }).limits,
    0,
  );

  join(caller: string, tokens = 1, deadlineAtMs = 60_000): Waiter<string> {
    const newcomer = { caller, tokens, queuedAtMs: 0, deadlineAtMs };
    const waiter = this.queue.joinEnd(this.limits, newcomer, Infinity, 0);
    if (!waiter) throw new Error(`${caller} doesn't wait`);
    return waiter;
  }

  /** Everybody settled since it was last asked. */
  get settled(): string[] {
    return this.ledger.endTurn(this.limits, 0).settled.map(({ caller, outcome }) => {
      if (outcome.ok) return `${caller} granted at ${outcome.grantedAtMs}`;
      const retry = outcome.retryAfterMs === undefined ? "" : `, ${outcome.retryAfterMs}`;
      return `${caller} refused: ${outcome.reason}${retry}`;
    });
  }
}

describe("ServedQueue.serveDue", () => {
  test("grants from the head on, and nobody past one that doesn't fit", () => {
    const line = new Line();
    for (const [caller, tokens] of [
      ["Ann", 1],
      ["Bob", 3],
      ["Cid", 1],
    ] as const) {
      line.join(caller, tokens);
    }
    expect([line.queue.size, line.queue.tokens, line.queue.dueAtMs(line.limits)]).toEqual([
      3, 5, 100,
    ]);
    line.queue.serveDue(line.limits, 100);
    expect(line.settled).toEqual(["Ann granted at 100"]);
    line.queue.serveDue(line.limits, 350);
    expect(line.settled).toEqual([]);
    line.queue.serveDue(line.limits, 500);
    expect(line.settled).toEqual(["Bob granted at 500", "Cid granted at 500"]);
    expect([line.queue.size, line.queue.dueAtMs(line.limits)]).toEqual([0, undefined]);
  });

  test("refuses after a late daemon who can't be served in time any more", () => {
    const line = new Line();
    line.join("Ann", 5, 500);
    line.join("Bob", 5, 1_000);
    line.queue.serveDue(line.limits, 900);
    expect(line.settled).toEqual(["Ann granted at 900", "Bob refused: timeout, 500"]);
  });
});

describe("ServedQueue.joinEnd", () => {
  const newcomer = { caller: "Cid", tokens: 1, queuedAtMs: 0, deadlineAtMs: 300 };

  test("lets a newcomer in that is served by its deadline, if there is a place", () => {
    const line = new Line();
    for (const caller of ["Ann", "Bob"]) line.join(caller);
    expect(line.queue.joinEnd(line.limits, newcomer, 3, 0)).toMatchObject(newcomer);
    expect(line.queue.lastPlace(line.limits)).toMatchObject({ position: 3, grantAtMs: 300 });
  });

  test("refuses one that would be late, and one that finds no place", () => {
    const line = new Line();
    for (const caller of ["Ann", "Bob"]) line.join(caller);
    const late = { ...newcomer, deadlineAtMs: 299 };
    expect(line.queue.joinEnd(line.limits, late, 2, 0)).toBeUndefined();
    expect(line.queue.joinEnd(line.limits, newcomer, 2, 0)).toBeUndefined();
    expect(line.settled).toEqual(["Cid refused: timeout, 300", "Cid refused: queue-full, 300"]);
    expect(line.queue.size).toBe(2);
  });
});

describe("ServedQueue.leave", () => {
  test("takes a waiter out once", () => {
    const line = new Line();
    const ann = line.join("Ann", 5);
    const bob = line.join("Bob");
    expect([line.queue.leave(line.limits, ann), line.queue.leave(line.limits, ann)]).toEqual([
      true,
      false,
    ]);
    expect([line.queue.ifWaiting(ann), line.queue.ifWaiting(bob)]).toEqual([undefined, bob]);
    expect(line.queue.lastPlace(line.limits)).toMatchObject({ position: 1, grantAtMs: 100 });
  });
});

describe("ServedQueue.joinGuarded", () => {
  test("puts a returner where it makes nobody late", () => {
    const line = new Line();
    line.join("Ann", 1, 100);
    const returner = { caller: "Zoe", tokens: 1, queuedAtMs: -5, deadlineAtMs: 60_000 };
    line.queue.joinGuarded(line.limits, returner, 0);
    const places = [...line.queue.places(line.limits)];
    expect(places.map(({ waiter, grantAtMs }) => [waiter.caller, grantAtMs])).toEqual([
      ["Ann", 100],
      ["Zoe", 200],
    ]);
  });

  test("lets nobody in who would be late there", () => {
    const line = new Line();
    line.join("Ann", 1, 100);
    const returner = { caller: "Zoe", tokens: 1, queuedAtMs: -5, deadlineAtMs: 199 };
    expect(line.queue.joinGuarded(line.limits, returner, 0)).toBeUndefined();
    expect(line.settled).toEqual(["Zoe refused: timeout, 200"]);
    expect(line.queue.size).toBe(1);
  });
});

describe("ServedQueue.settleLeases", () => {
  test("serves waiters with what comes back", () => {
    const line = new Line();
    line.limits.advance(500);
    line.limits.first.lend(4, 2_000);
    line.join("Ann", 3);
    const uses = [{ startedAtMs: 0, untilMs: 2_000, used: 1, returned: 3 }];
    line.queue.settleLeases(line.limits, { uses, granted: 1 }, 510);
    expect(line.settled).toEqual(["Ann granted at 510"]);
    expect(line.ledger.stats).toMatchObject({ grantedTokens: 4 });
  });
});

describe("ServedQueue.rejectAll", () => {
  test("refuses everybody in order, and takes no token", () => {
    const line = new Line();
    line.join("Ann");
    line.join("Bob");
    line.queue.rejectAll("bucket-reset", line.limits, 0);
    expect(line.settled).toEqual(["Ann refused: bucket-reset", "Bob refused: bucket-reset"]);
    line.queue.serveDue(line.limits, 500);
    expect(line.limits.first.tokens).toBe(5);
    expect(line.join("Cid", 1).caller).toBe("Cid");
  });
});
