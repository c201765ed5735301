import { describe, expect, test } from "vitest";

import { limitSpec } from "../../src/core/limits/limit.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";
import { Ledger } from "../../src/core/ledger.ts";
import { bucketOf, policyOf } from "../../kit/model/limiters.ts";

const ann = { caller: "Ann", tokens: 2, queuedAtMs: 70.4 };

/** With 5 tokens, or as many as are left of them. */
function limitsOf(tokens = 5): LimitSet {
  const fields = bucketOf({ capacity: 5, initialTokens: tokens });
  return LimitSet.start([limitSpec("rate", tokenBucket, fields)], 0);
}

function newId(): never {
  throw new Error("Nobody has a hold here");
}

function queueOf(size: number, tokens: number) {
  return { size, tokens, owed: undefined, headLimit: () => undefined };
}

describe("Ledger.endTurn", () => {
  test("settles everybody of the turn in order, and nobody of an earlier one", () => {
    const ledger = new Ledger<string>(false, { newId });
    ledger.granted(ann, limitsOf(3), 100);
    ledger.refused("Bob", "queue-full", 50);
    ledger.refused("Cid", "unavailable");
    expect(ledger.endTurn(undefined, 100).settled).toEqual([
      {
        caller: "Ann",
        outcome: { ok: true, tokens: 2, remaining: 3, waitedMs: 30, grantedAtMs: 100 },
      },
      { caller: "Bob", outcome: { ok: false, reason: "queue-full", retryAfterMs: 50 } },
      { caller: "Cid", outcome: { ok: false, reason: "unavailable" } },
    ]);
    expect(ledger.endTurn(undefined, 100).settled).toEqual([]);
  });

  test("passes on the effects that aren't booked", () => {
    const waiter = { ...ann, deadlineAtMs: 900 };
    const lease = { tokens: 1, startedAtMs: 0, untilMs: 100, ttlMs: 50 };
    const turn = new Ledger<string>(false, { newId }).endTurn(
      undefined,
      100,
      200,
      waiter,
      waiter,
      lease,
    );
    expect(turn).toMatchObject({ wakeAtMs: 200, waiter, cancelled: waiter, lease });
  });

  test("writes a grant with the counts, and again only if something changes", () => {
    const ledger = new Ledger<string>(true, { newId });
    const limits = limitsOf();
    limits.take(2);
    ledger.granted(ann, limitsOf(3), 100);
    const { write } = ledger.endTurn(limits, 100);
    expect(write).toMatchObject({ granted: 1, limits: limits.toJSON() });
    ledger.refused("Bob", "timeout");
    expect(ledger.endTurn(limits, 100).write).toBeUndefined();
    ledger.changed();
    expect(ledger.endTurn(limits, 100).write).toMatchObject({ granted: 1, refused: 1 });
  });

  test("writes nothing if nothing is durable", () => {
    const ledger = new Ledger<string>(false, { newId });
    ledger.granted(ann, limitsOf(3), 100);
    ledger.changed();
    expect(ledger.endTurn(limitsOf(), 100)).toMatchObject({
      write: undefined,
      flushInMs: undefined,
    });
  });
});

describe("Ledger.refused", () => {
  test.each([
    [-5, 0],
    [0, 0],
    [Number.MAX_SAFE_INTEGER + 10, Number.MAX_SAFE_INTEGER],
  ])("reports a time to retry of %d as %d", (retryInMs, retryAfterMs) => {
    const ledger = new Ledger<string>(false, { newId });
    ledger.refused("Ann", "timeout", retryInMs);
    const [settlement] = ledger.endTurn(undefined, 0).settled;
    expect(settlement?.outcome).toEqual({ ok: false, reason: "timeout", retryAfterMs });
  });
});

describe("Ledger.granted", () => {
  test("counts no wait for one that was queued later than it was granted, by a clock that jumped", () => {
    const ledger = new Ledger<string>(false, { newId });
    ledger.granted(ann, limitsOf(3), 60);
    const [settlement] = ledger.endTurn(undefined, 60).settled;
    expect(settlement?.outcome).toMatchObject({ waitedMs: 0, grantedAtMs: 60 });
  });
});

describe("Ledger.from", () => {
  test("goes on with the counts of a state, and writes nothing before something happens", () => {
    const ledger = new Ledger<string>(true, { newId });
    const limits = limitsOf();
    ledger.granted(ann, limitsOf(3), 100);
    ledger.cancelled();
    ledger.leased(7, 3);
    const state = ledger.state(limits.toJSON(), limits);
    const restored = Ledger.from<string>({ state, rows: [] }, limits, { newId });
    expect(restored.stats).toEqual(ledger.stats);
    expect(restored.view(limits, queueOf(0, 0), 0, policyOf())).toMatchObject({
      granted: 4,
      cancelled: 1,
    });
    expect(restored.endTurn(limits, 100).write).toBeUndefined();
  });
});

describe("Ledger.reset", () => {
  test("forgets the counts, and the next write has no limits", () => {
    const ledger = new Ledger<string>(true, { newId });
    ledger.granted(ann, limitsOf(3), 100);
    ledger.endTurn(limitsOf(), 100);
    ledger.reset();
    expect(ledger.endTurn(undefined, 100).write).toEqual(
      new Ledger(true, { newId }).state(undefined, undefined),
    );
  });
});

describe("Ledger.view", () => {
  test("shows the first limit and the queue, and what is on lease if there are leases", () => {
    const ledger = new Ledger<string>(false, { newId });
    const limits = limitsOf(1);
    const { first } = limits;
    first.lend(4, 900);
    const queue = queueOf(2, 3);
    const view = { waiters: 2, queuedTokens: 3, granted: 0, refused: 0, cancelled: 0 };
    // Below zero reads as empty.
    expect(ledger.view(limits, queue, 0, policyOf())).toEqual({
      ...view,
      tokens: 0,
      nextTickAtMs: 1_000,
    });
    first.pause(5_500, 0, 0);
    expect(
      ledger.view(limits, queue, 0, policyOf({ lease: { maxTokens: 5, ttlMs: 500 } })),
    ).toEqual({
      ...view,
      tokens: 0,
      nextTickAtMs: 6_000,
      pausedUntilMs: 5_500,
      leasedTokens: 4,
    });
  });
});
