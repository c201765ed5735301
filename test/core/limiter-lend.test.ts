import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { TokenBucketState } from "../../src/core/limits/bucket-state.ts";
import type { Lease, LeaseAsk } from "../../src/core/lease/lease.ts";
import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import type { PolicyOptions } from "../../src/core/policy.ts";
import type { Turn } from "../../src/core/turn.ts";

import { leaseEndAtMs } from "../../src/core/lease/lease.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { Scene, epochMs, policyOf, bucketIn } from "../../kit/model/limiters.ts";
import { runs } from "../../kit/runs.ts";

const lease = { maxTokens: 1_000, ttlMs: 1_000 };
const hundred = { capacity: 100, refillTokens: 10, refillIntervalMs: 1_000, initialTokens: 100 };

/** A scene that has granted one token, and what an isolate asks of it. */
class LendingScene extends Scene {
  constructor(fields: Partial<TokenBucketFields> & PolicyOptions = {}) {
    super({ ...hundred, lease, ...fields });
    this.try(0, "first");
  }

  /** Asks for tokens, or reports what became of `of`. */
  lend(atMs: number, wanted: number, of?: Lease, used = 0, returned = 0): Lease | undefined {
    const ask = askOf(wanted, of, used, returned);
    return this.limiter.lend(ask, epochMs + atMs).lease;
  }

  lendTurn(atMs: number, ask: LeaseAsk): string[] {
    const { settled } = this.limiter.lend(ask, epochMs + atMs);
    return settled.map(({ caller, outcome }) => `${caller} ${outcome.ok ? "granted" : "refused"}`);
  }

  /** Tokens there and on lease. */
  held(atMs: number): [number, number | undefined] {
    const { tokens, leasedTokens } = this.inspect(atMs);
    return [tokens, leasedTokens];
  }
}

function askOf(wanted: number, of?: Lease, used = 0, returned = 0): LeaseAsk {
  const uses = of ? [{ startedAtMs: of.startedAtMs, untilMs: of.untilMs, used, returned }] : [];
  return { uses, granted: used, wanted };
}

function given(found: Lease | undefined): Lease {
  if (!found) throw new Error("No lease was given");
  return found;
}

describe("leaseEndAtMs", () => {
  test("is ttlMs and two seconds away at least, and a sixteenth of that later at most", () => {
    for (const ttlMs of [100, 333, 1_000, 20_000]) {
      const lifeMs = ttlMs + 2_000;
      const ends = new Set<number>();
      for (let nowMs = epochMs; nowMs < epochMs + lifeMs; nowMs += 1) {
        const endAtMs = leaseEndAtMs(nowMs, { maxTokens: 1, ttlMs });
        expect(endAtMs - nowMs).toBeGreaterThanOrEqual(lifeMs);
        expect(endAtMs - nowMs).toBeLessThanOrEqual(lifeMs + Math.ceil(lifeMs / 16));
        ends.add(endAtMs);
      }
      expect(ends.size).toBeLessThanOrEqual(17);
    }
  });
});

describe("Limiter.lend", () => {
  test("lends what is wanted, and takes it out", () => {
    const scene = new LendingScene();
    expect(scene.lend(5, 20)).toEqual({
      tokens: 20,
      startedAtMs: epochMs,
      untilMs: leaseEndAtMs(epochMs + 5, lease),
      ttlMs: 1_000,
    });
    expect(scene.held(5)).toEqual([79, 20]);
  });

  test.each([
    ["half of what is there, rounded down", 99, lease, 49],
    ["maxTokens", 99, { maxTokens: 7, ttlMs: 1_000 }, 7],
    ["what is wanted", 3, lease, 3],
  ])("lends at most %s", (_, wanted, terms, tokens) => {
    expect(new LendingScene({ lease: terms }).lend(1, wanted)?.tokens).toBe(tokens);
  });

  test("lends half of the rest to the next, and nothing of a single token", () => {
    const scene = new LendingScene({ capacity: 100, initialTokens: 9, refillTokens: 1 });
    expect(scene.lend(1, 99)?.tokens).toBe(4);
    expect(scene.lend(1, 99)?.tokens).toBe(2);
    expect(scene.lend(1, 99)?.tokens).toBe(1);
    expect(scene.lend(1, 99)).toBeUndefined();
    expect(scene.held(1)).toEqual([1, 7]);
  });

  test("leaves half of the capacity to those who hold no lease, however many ask", () => {
    const scene = new LendingScene({ capacity: 100, initialTokens: 100, refillTokens: 100 });
    const lent = [1, 1, 500, 1_000, 2_000].map((atMs) => scene.lend(atMs, 30)?.tokens);
    expect(lent).toEqual([30, 20, undefined, undefined, undefined]);
    expect(scene.held(2_000)).toEqual([50, 50]);
  });

  test("lends nothing where the policy has no lease, and says nothing of leases", () => {
    const scene = new Scene(hundred);
    scene.try(0, "first");
    expect(scene.limiter.lend(askOf(10), epochMs)).toEqual({ settled: [] });
    expect(scene.inspect(0)).not.toHaveProperty("leasedTokens");
  });

  test("lends nothing to one that only reports", () => {
    expect(new LendingScene().lend(1, 0)).toBeUndefined();
  });

  test("neither lends of a bucket that has not started, nor starts it", () => {
    const limiter = new Limiter<string>(policyOf({ ...hundred, lease }));
    expect(limiter.lend(askOf(10), epochMs)).toEqual({ settled: [] });
    expect(limiter.toJSON()).toEqual({ granted: 0, refused: 0, cancelled: 0 });
  });

  test("lends nothing while somebody waits, and again when nobody does", () => {
    const scene = new LendingScene();
    scene.acquire(1, "big", { tokens: 100 });
    expect(scene.lend(2, 10)).toBeUndefined();
    scene.cancel(3, "big");
    expect(scene.lend(4, 10)?.tokens).toBe(10);
  });

  test("first grants those who were due", () => {
    const scene = new LendingScene();
    scene.acquire(1, "big", { tokens: 100 });
    expect(scene.lendTurn(1_000, askOf(10))).toEqual(["big granted"]);
    expect(scene.held(1_000)).toEqual([0, 0]);
  });

  test("keeps the room of what is out, and counts it as spent at the end", () => {
    const scene = new LendingScene();
    const { untilMs } = given(scene.lend(0, 40));
    expect(scene.held(2_000)).toEqual([60, 40]);
    expect(scene.held(untilMs - epochMs - 1)).toEqual([60, 40]);
    expect(scene.held(untilMs - epochMs)[1]).toBe(0);
    expect(scene.held(10_000)).toEqual([100, 0]);
  });
});

describe("Limiter.lend, a report", () => {
  test("gives back what is returned, and counts the callers that were granted", () => {
    const scene = new LendingScene();
    const first = given(scene.lend(0, 40));
    scene.lend(10, 0, first, 15, 5);
    expect(scene.held(10)).toEqual([64, 20]);
    expect(scene.inspect(10).granted).toBe(1 + 15);
  });

  test("lends of what has just come back", () => {
    const scene = new LendingScene({ capacity: 40, initialTokens: 40, refillTokens: 1 });
    const first = given(scene.lend(0, 19));
    scene.try(0, "rest", 20);
    expect(scene.held(0)).toEqual([0, 19]);
    expect(scene.lend(10, 9, first, 0, 19)?.tokens).toBe(9);
    expect(scene.held(10)).toEqual([10, 9]);
  });

  test("of a lease that has ended changes no tokens, and counts the callers", () => {
    const scene = new LendingScene();
    const first = given(scene.lend(0, 40));
    const endMs = first.untilMs - epochMs;
    const before = scene.held(endMs);
    scene.lend(endMs, 0, first, 15, 25);
    expect(scene.held(endMs)).toEqual(before);
    expect(scene.inspect(endMs).granted).toBe(16);
  });

  test("of a bucket that has been drained changes nothing", () => {
    const scene = new LendingScene();
    const first = given(scene.lend(0, 40));
    scene.reset();
    scene.try(5, "second");
    // The new one has a lease that ends at the same instant.
    expect(scene.lend(5, 40)?.untilMs).toBe(first.untilMs);
    scene.lend(6, 0, first, 15, 25);
    expect(scene.held(6)).toEqual([59, 40]);
    expect(scene.inspect(6).granted).toBe(1);
  });

  test("is taken though the policy lends no more", () => {
    const scene = new LendingScene();
    const first = given(scene.lend(0, 40));
    scene.setPolicy(1, { lease: null });
    expect(scene.lend(2, 10, first, 0, 40)).toBeUndefined();
    expect(scene.inspect(2).tokens).toBe(99);
  });

  test("grants at once those who waited for what comes back", () => {
    const scene = new LendingScene();
    const first = given(scene.lend(0, 49));
    scene.acquire(1, "Ann", { tokens: 60 });
    scene.acquire(1, "Bob", { tokens: 30 });
    expect(scene.lendTurn(2, askOf(10, first, 0, 40))).toEqual(["Ann granted", "Bob granted"]);
    expect(scene.held(2)).toEqual([0, 9]);
  });

  test("improves what is promised to those who come after it", () => {
    const scene = new LendingScene();
    const first = given(scene.lend(0, 40));
    scene.try(0, "rest", 29);
    scene.acquire(1, "Ann", { tokens: 50 });
    expect(scene.acquire(1, "Bob", { tokens: 20, timeoutMs: 0 })).toEqual([
      "Bob refused: timeout, retry after 3999",
    ]);
    expect(scene.nextWakeAtMs).toBe(2_000);
    scene.lend(2, 0, first, 0, 10);
    expect(scene.nextWakeAtMs).toBe(1_000);
    expect(scene.acquire(3, "Bob", { tokens: 20, timeoutMs: 0 })).toEqual([
      "Bob refused: timeout, retry after 2997",
    ]);
  });

  test("has to be on the disk, and so has a lease", () => {
    const scene = new LendingScene();
    const written = (turn: Turn<string>): TokenBucketState | undefined => {
      return turn.write && bucketIn(turn.write);
    };
    expect(scene.checkpoint(0)).toBeDefined();
    expect(scene.checkpoint(0)).toBeUndefined();
    const turn = scene.limiter.lend(askOf(10), epochMs + 1);
    const first = given(turn.lease);
    expect(written(turn)?.leased).toContainEqual({ untilMs: first.untilMs, tokens: 10 });
    expect(scene.checkpoint(1)).toBeUndefined();
    const report = askOf(0, first, 10, 0);
    expect(written(scene.limiter.lend(report, epochMs + 2))).not.toHaveProperty("leased");
  });
});

describe("Limiter, what is promised while tokens are out", () => {
  test("a large request waits for the end of a lease, and is told so", () => {
    const scene = new LendingScene();
    const { untilMs } = given(scene.lend(0, 40));
    const endTickMs = Math.ceil((untilMs - epochMs) / 1_000) * 1_000;
    // 60 at most are there until then, and the four ticks from then on bring the rest.
    expect(scene.acquire(0, "big", { tokens: 100, timeoutMs: 0 })).toEqual([
      `big refused: timeout, retry after ${endTickMs + 3_000}`,
    ]);
    expect(scene.try(endTickMs + 2_999, "big", 100)).toEqual([
      "big refused: timeout, retry after 1",
    ]);
    expect(scene.try(endTickMs + 3_000, "big", 100)).toHaveLength(1);
    expect(scene.inspect(endTickMs + 3_000).tokens).toBe(0);
  });

  const anyRun = fc.record({
    capacity: fc.integer({ min: 2, max: 30 }),
    refillTokens: fc.integer({ min: 1, max: 5 }),
    refillIntervalMs: fc.integer({ min: 10, max: 900 }),
    wanted: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
    asked: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
    reports: fc.array(
      fc.record({
        atMs: fc.nat({ max: 4_000 }),
        lease: fc.nat({ max: 2 }),
        used: fc.nat({ max: 10 }),
        returned: fc.nat({ max: 10 }),
      }),
      { maxLength: 4 },
    ),
  });

  test("is kept: nobody is refused later, and reports only make it sooner", () => {
    const property = fc.property(anyRun, ({ wanted, asked, reports, ...fields }) => {
      /** When each is granted, with the reports or without. */
      const play = (isReported: boolean): Map<string, number> => {
        const policy = policyOf({
          ...fields,
          initialTokens: fields.capacity,
          lease,
          maxWaitMs: 3_600_000,
        });
        const limiter = new Limiter<string>(policy);
        limiter.acquire({ caller: "first", timeoutMs: 0 }, epochMs);
        const leases = wanted.map((tokens) => limiter.lend(askOf(tokens), epochMs).lease);
        const grantedAtMs = new Map<string, number>();
        const note = (turn: ReturnType<typeof limiter.advance>): void => {
          for (const { caller, outcome } of turn.settled) {
            expect(outcome.ok, caller).toBe(true);
            if (outcome.ok) grantedAtMs.set(caller, outcome.grantedAtMs);
          }
        };
        for (const [number, tokens] of asked.entries()) {
          const caller = `caller ${number}`;
          const most = Math.min(tokens, policy.capacity);
          // What it is told is when it is granted, where nothing comes back.
          const tried = limiter.acquire({ caller, tokens: most, timeoutMs: 0 }, epochMs).settled[0]
            ?.outcome;
          const waitMs = tried && !tried.ok ? Number(tried.retryAfterMs) : 0;
          if (tried?.ok) continue;
          note(limiter.acquire({ caller, tokens: most, timeoutMs: waitMs }, epochMs));
          grantedAtMs.set(`${caller} at the latest`, epochMs + waitMs);
        }
        const wakeUntil = (atMs: number): void => {
          for (let wakeAtMs = limiter.nextWakeAtMs; wakeAtMs !== undefined;) {
            if (wakeAtMs > atMs) break;
            note(limiter.advance(wakeAtMs));
            wakeAtMs = limiter.nextWakeAtMs;
          }
        };
        for (const report of reports.toSorted((one, other) => one.atMs - other.atMs)) {
          const of = leases[report.lease];
          if (!isReported || !of) continue;
          wakeUntil(epochMs + report.atMs);
          note(limiter.lend(askOf(0, of, report.used, report.returned), epochMs + report.atMs));
        }
        wakeUntil(Infinity);
        return grantedAtMs;
      };
      const [without, reported] = [play(false), play(true)];
      for (const [caller, atMs] of without) {
        const latestAtMs = without.get(`${caller} at the latest`);
        if (latestAtMs === undefined) continue;
        expect(atMs, caller).toBe(latestAtMs);
        expect(reported.get(caller), caller).toBeLessThanOrEqual(latestAtMs);
      }
    });
    fc.assert(property, { numRuns: runs(500) });
  });
});
