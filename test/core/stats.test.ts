import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { LimiterState } from "../../src/core/limiter-state.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { Stats, WAIT_BOUNDS_MS } from "../../src/core/stats.ts";
import { anyPlainOperation, anyPolicy, historyOf } from "../../kit/model/arbitraries.ts";
import { Scene, epochMs, policyOf } from "../../kit/model/limiters.ts";
import { OnDemandLimiter } from "../../kit/model/on-demand.ts";
import { runs, timesSeen } from "../../kit/runs.ts";

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The classes that somebody is in, by their longest wait. */
function classesOf(waits: readonly number[]): [number, number][] {
  const classes = waits.map((count, index): [number, number] => {
    return [WAIT_BOUNDS_MS[index] ?? Infinity, count];
  });
  return classes.filter(([, count]) => count > 0);
}

describe("Stats", () => {
  test.each([
    [0, 0],
    [1, 10],
    [10, 10],
    [11, 25],
    [1_000, 1_000],
    [1_001, 2_500],
    [3_600_000, 3_600_000],
    [3_600_001, Infinity],
    [Number.MAX_SAFE_INTEGER, Infinity],
  ])("a wait of %i ms is in the class of at most %i ms", (waitedMs, boundMs) => {
    const tally = new Stats();
    tally.noteGrant(3, waitedMs);
    const { waits, ...sums } = tally.view();
    expect(waits).toHaveLength(WAIT_BOUNDS_MS.length + 1);
    expect(classesOf(waits)).toEqual([[boundMs, 1]]);
    expect(sums).toEqual({ grantedTokens: 3, waitedMs, refused: {} });
  });

  test("bounds ascend from 0 to the longest wait that a policy allows", () => {
    expect(WAIT_BOUNDS_MS).toEqual(WAIT_BOUNDS_MS.toSorted((one, other) => one - other));
    expect(new Set(WAIT_BOUNDS_MS).size).toBe(WAIT_BOUNDS_MS.length);
    expect([WAIT_BOUNDS_MS[0], WAIT_BOUNDS_MS.at(-1)]).toEqual([0, 3_600_000]);
  });

  test("leased grants have not waited", () => {
    const tally = new Stats();
    tally.noteLeased(7, 3);
    expect(classesOf(tally.view().waits)).toEqual([[0, 3]]);
    expect(tally.view()).toMatchObject({ grantedTokens: 7, waitedMs: 0 });
  });

  test("writes nothing where there is nothing, and no empty classes at the end", () => {
    const tally = new Stats();
    expect(tally.toJSON()).toEqual({ granted: 0, refused: 0, cancelled: 0 });
    tally.noteGrant(1, 0);
    expect(tally.toJSON().tally).toEqual({
      grantedTokens: 1,
      refused: {},
      waits: [1],
      waitedMs: 0,
    });
    tally.noteGrant(1, 20);
    expect(tally.toJSON().tally?.waits).toEqual([1, 0, 1]);
  });

  test("writes refusals though nobody was granted", () => {
    const tally = new Stats();
    tally.noteRefusal("timeout");
    tally.noteRefusal("timeout");
    tally.noteRefusal("queue-full");
    const refused = { timeout: 2, "queue-full": 1 };
    expect(tally.toJSON().tally).toEqual({ grantedTokens: 0, refused, waits: [], waitedMs: 0 });
  });

  test("what was written or shown stays as it was", () => {
    const tally = new Stats();
    tally.noteRefusal("timeout");
    tally.noteGrant(1, 5);
    const [view, state] = [tally.view(), tally.toJSON()];
    const before = structuredClone([view, state]);
    const other = Stats.from(state);
    for (const one of [tally, other]) {
      one.noteRefusal("timeout");
      one.noteGrant(1, 5);
    }
    expect([view, state]).toEqual(before);
    expect(other.view()).toEqual(tally.view());
  });
});

describe("Limiter.tally", () => {
  test("tells what was granted, how long it waited, and why others were refused", () => {
    const scene = new Scene({ capacity: 2, queueLimit: 2 });
    scene.acquire(0, "Ann");
    scene.acquire(250, "Bob");
    scene.acquire(300, "Cid", { tokens: 2 });
    scene.acquire(400, "Dot");
    scene.acquire(400, "Eve", { tokens: 3 });
    scene.acquire(400, "Fay", { timeoutMs: 10 });
    scene.advance(1_000);
    scene.advance(3_000);
    const { waits, ...sums } = scene.limiter.stats();
    expect(classesOf(waits)).toEqual([
      [0, 1],
      [1_000, 1],
      [5_000, 1],
    ]);
    expect(sums).toEqual({
      grantedTokens: 4,
      waitedMs: 750 + 2_700,
      refused: { "queue-full": 1, "exceeds-capacity": 1, timeout: 1 },
    });
  });

  describe("of several limits", () => {
    const tpm = { capacity: 1_000, refillTokens: 1_000, refillIntervalMs: 1_000 };
    const constructor = { capacity: 5, every: "day" } as const;

    function granted(): Limiter<string> {
      const limiter = new Limiter<string>(
        policyOf({ capacity: 9, initialTokens: 9, limits: { tpm, constructor } }),
      );
      limiter.acquire({ caller: "Ann", tokens: [1, 300, 0] }, epochMs);
      limiter.acquire({ caller: "Bob", tokens: [2, 400, 1] }, epochMs);
      limiter.acquire({ caller: "Cid", tokens: [1, 400, 1], timeoutMs: 0 }, epochMs);
      return limiter;
    }

    test("counts the tokens of each", () => {
      const furtherTokens = { tpm: 700, constructor: 1 };
      expect(granted().stats()).toMatchObject({ grantedTokens: 3, furtherTokens });
    });

    test("goes on from what was written, and starts at 0 in a state that lacks it", () => {
      const { policy, ...limiter } = { policy: granted().policy, state: granted().toJSON() };
      const restored = Limiter.from<string>(policy, structuredClone(limiter.state));
      restored.acquire({ caller: "Dot", tokens: [0, 100, 0] }, epochMs);
      expect(restored.stats().furtherTokens).toEqual({ tpm: 800, constructor: 1 });
      const { furtherTokens: _, ...tally } = limiter.state.tally ?? new Stats().view();
      const older = Limiter.from<string>(policy, { ...limiter.state, tally });
      older.acquire({ caller: "Dot", tokens: [0, 100, 0] }, epochMs);
      expect(older.stats().furtherTokens).toEqual({ tpm: 100 });
    });

    test("forgets a limit that is removed, so that one of its name starts at 0", () => {
      const limiter = granted();
      limiter.setPolicy(policyOf({ capacity: 9, limits: { constructor } }), epochMs);
      expect(limiter.stats().furtherTokens).toEqual({ constructor: 1 });
      limiter.setPolicy(policyOf({ capacity: 9, limits: { tpm, constructor } }), epochMs);
      limiter.acquire({ caller: "Dot", tokens: [0, 100, 0] }, epochMs);
      expect(limiter.stats().furtherTokens).toEqual({ constructor: 1, tpm: 100 });
      limiter.setPolicy(policyOf({ capacity: 9 }), epochMs);
      expect(limiter.stats()).not.toHaveProperty("furtherTokens");
      expect(limiter.stats().grantedTokens).toBe(3);
    });
  });

  test("counts what isolates report of their leases, once, and as granted at once", () => {
    const lease = { maxTokens: 100, ttlMs: 1_000 };
    const fields = { capacity: 100, initialTokens: 100, lease };
    const limiter = new Limiter<string>(policyOf(fields));
    limiter.acquire({ caller: "Ann", tokens: 2, timeoutMs: 0 }, epochMs);
    const ask = { uses: [], granted: 0, wanted: 10 };
    const { startedAtMs = 0, untilMs = 0 } = limiter.lend(ask, epochMs).lease ?? {};
    const use = { startedAtMs, untilMs, used: 7, returned: 3 };
    limiter.lend({ uses: [use], granted: 4, wanted: 0 }, epochMs + 1);
    // Of a bucket that is none of this one's.
    limiter.lend({ uses: [{ ...use, startedAtMs: 1 }], granted: 4, wanted: 0 }, epochMs + 2);
    expect(limiter.inspect(epochMs + 3).granted).toBe(5);
    const { waits, ...sums } = limiter.stats();
    expect(classesOf(waits)).toEqual([[0, 5]]);
    expect(sums).toEqual({ grantedTokens: 9, waitedMs: 0, refused: {} });
  });

  test("forgets with the bucket", () => {
    const scene = new Scene();
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    scene.reset();
    expect(scene.limiter.stats()).toEqual(new Stats().view());
    expect(scene.limiter.toJSON()).not.toHaveProperty("tally");
  });

  test("begins anew from a state of before it was kept, whose counts go on", () => {
    const scene = new Scene();
    scene.acquire(0, "Ann");
    const { tally: _, ...older } = scene.limiter.toJSON();
    const limiter = Limiter.from<string>(policyOf(), older);
    limiter.acquire({ caller: "Bob", timeoutMs: 0 }, epochMs + 1_000);
    expect(limiter.inspect(epochMs + 1_000).granted).toBe(2);
    expect(limiter.stats().grantedTokens).toBe(1);
    expect(sumOf(limiter.stats().waits)).toBe(1);
  });

  test("adds up to what the callers were told, restored at any point or not", () => {
    let waits = 0;
    let refusals = 0;
    fc.assert(
      fc.property(
        anyPolicy,
        historyOf(anyPlainOperation),
        historyOf(anyPlainOperation),
        (policy, before, after) => {
          const world = new OnDemandLimiter(new Limiter(policy));
          for (const operation of before) world.perform(operation);
          world.finish();
          const state: LimiterState = JSON.parse(JSON.stringify(world.limiter));
          const restored = new OnDemandLimiter(Limiter.from(policy, state), world.nowMs);
          expect(restored.limiter.stats()).toEqual(world.limiter.stats());
          for (const operation of after) restored.perform(operation);
          restored.finish();

          const outcomes = [...world.settled, ...restored.settled].map(({ outcome }) => outcome);
          const grants = outcomes.filter((outcome) => outcome.ok);
          const tally = restored.limiter.stats();
          const { granted, refused } = restored.limiter.inspect(restored.nowMs);
          expect(sumOf(tally.waits)).toBe(granted);
          expect(sumOf(Object.values(tally.refused))).toBe(refused);
          expect(tally.grantedTokens).toBe(sumOf(grants.map(({ tokens }) => tokens)));
          expect(tally.waitedMs).toBe(sumOf(grants.map(({ waitedMs }) => waitedMs)));
          for (const [index, boundMs] of WAIT_BOUNDS_MS.entries()) {
            const within = grants.filter(({ waitedMs }) => waitedMs <= boundMs).length;
            expect(sumOf(tally.waits.slice(0, index + 1))).toBe(within);
          }
          waits += grants.filter(({ waitedMs }) => waitedMs > 0).length;
          refusals += refused;
        },
      ),
      { numRuns: runs(500) },
    );
    expect(Math.min(waits, refusals)).toBeGreaterThanOrEqual(timesSeen(100));
  });
});
