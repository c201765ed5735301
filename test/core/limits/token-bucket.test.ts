import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Policy } from "../../../src/core/policy.ts";
import type { TokenBucketState } from "../../../src/core/limits/token-bucket.ts";

import { TokenBucket } from "../../../src/core/limits/token-bucket.ts";
import { anyPolicy, anyTokens, foldTokens } from "../../../kit/model/arbitraries.ts";
import { epochMs, policyOf } from "../../../kit/model/limiters.ts";
import { runs, timesSeen } from "../../../kit/runs.ts";

const interval = 100;
const t0 = epochMs;
const t1 = t0 + interval;
const t2 = t0 + 2 * interval;
const t3 = t0 + 3 * interval;
const t4 = t0 + 4 * interval;
const t5 = t0 + 5 * interval;
const t8 = t0 + 8 * interval;
const t9 = t0 + 9 * interval;

/** At an instant somebody asks for tokens; the answer, and the tokens left. */
type Row = readonly [atMs: number, ask: number, answer: boolean, left: number];

/** The rows as `bucket` answers them, to be compared with the rows as they should be. */
function play(bucket: TokenBucket, rows: readonly Row[]): Row[] {
  return rows.map(([atMs, ask]) => {
    bucket.advance(atMs);
    return [atMs, ask, bucket.tryTake(ask), bucket.tokens];
  });
}

function startOf(
  capacity: number,
  refillTokens: number,
  initialTokens = refillTokens,
): TokenBucket {
  const fields = { capacity, refillTokens, refillIntervalMs: interval };
  return TokenBucket.start(
    policyOf({ ...fields, initialTokens: Math.min(capacity, initialTokens) }),
    t0,
  );
}

describe("TokenBucket.tryTake", () => {
  test("gives one token a tick from a bucket of one", () => {
    const rows: Row[] = [
      [t0, 1, true, 0],
      [t0, 1, false, 0],
      [t1 - 1, 1, false, 0],
      [t1, 1, true, 0],
      [t1, 1, false, 0],
      [t3, 1, true, 0],
      [t3, 1, false, 0],
    ];
    expect(play(startOf(1, 1), rows)).toEqual(rows);
  });

  test("gives the whole of a full bucket at once, then what the ticks bring", () => {
    const rows: Row[] = [
      [t0, 1, true, 2],
      [t0, 2, true, 0],
      [t0, 1, false, 0],
      [t1, 1, true, 0],
      [t2, 2, false, 1],
      [t3, 2, true, 0],
    ];
    expect(play(startOf(3, 1, 3), rows)).toEqual(rows);
  });

  test("gives nothing to one that asks for more than there is, and keeps what there is", () => {
    const rows: Row[] = [
      [t0, 1, false, 0],
      [t1, 3, false, 2],
      [t1, 2, true, 0],
      [t3, 5, false, 4],
      [t4, 6, false, 5],
      [t4, 5, true, 0],
    ];
    expect(play(startOf(5, 2, 0), rows)).toEqual(rows);
  });

  test("gives as much as the capacity where a tick brings more", () => {
    const rows: Row[] = [
      [t0, 2, true, 0],
      [t1 - 1, 1, false, 0],
      [t1, 3, false, 2],
      [t1, 2, true, 0],
      [t9, 2, true, 0],
    ];
    expect(play(startOf(2, 1000), rows)).toEqual(rows);
  });
});

describe("TokenBucket.start", () => {
  test("puts tick 0 at the start and holds initialTokens", () => {
    const bucket = startOf(5, 2, 3);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 0, tokens: 3 });
    bucket.advance(t0);
    expect(bucket.tokens).toBe(3);
  });
});

describe("TokenBucket.advance", () => {
  test("adds a tick at its instant and not a millisecond before", () => {
    const bucket = startOf(9, 2, 0);
    bucket.advance(t1 - 1);
    expect([bucket.tick, bucket.tokens]).toEqual([0, 0]);
    bucket.advance(t1);
    expect([bucket.tick, bucket.tokens]).toEqual([1, 2]);
    bucket.advance(t1);
    bucket.advance(t2 - 1);
    expect([bucket.tick, bucket.tokens]).toEqual([1, 2]);
  });

  test("catches a late tick up by whole ticks, capped at the capacity", () => {
    const rows: Row[] = [
      [t3 + 99, 6, true, 0],
      [t4, 2, true, 0],
      [t9, 10, false, 9],
      [t9 + 1_000_000, 9, true, 0],
    ];
    expect(play(startOf(9, 2, 0), rows)).toEqual(rows);
  });

  test("stays on the grid, however late each tick is added", () => {
    const bucket = startOf(1000, 1, 0);
    let atMs = t0;
    for (let touch = 0; touch < 500; touch += 1) {
      atMs += 37 + (touch % 7) * 31;
      bucket.advance(atMs);
      expect(bucket.tick).toBe(Math.floor((atMs - t0) / interval));
    }
    expect(bucket.timeOfTick(bucket.tick + 1)).toBe(atMs - ((atMs - t0) % interval) + interval);
  });

  test("adds and removes nothing when the clock goes back", () => {
    const bucket = startOf(9, 1, 0);
    bucket.advance(t5);
    bucket.tryTake(2);
    for (const atMs of [t4, t0, t0 - 1_000_000, 0]) {
      bucket.advance(atMs);
      expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 5, tokens: 3 });
    }
    bucket.advance(t5 + 99);
    expect(bucket.tokens).toBe(3);
    bucket.advance(t8);
    expect(bucket.tokens).toBe(6);
  });

  test("fills to the capacity and stays exact after a year of ticks", () => {
    const policy = policyOf({
      capacity: 1_000_000_000,
      refillTokens: 1_000_000_000,
      refillIntervalMs: 10,
    });
    const bucket = TokenBucket.start(policy, t0);
    bucket.tryTake(1_000_000_000);
    const year = 365 * 86_400_000;
    bucket.advance(t0 + year + 9);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: year / 10, tokens: 1_000_000_000 });
  });

  test("in many steps does what it does in one", () => {
    const anySteps = fc.array(fc.integer({ min: -50, max: 200 }), { maxLength: 30 });
    fc.assert(
      fc.property(anyPolicy, anyTokens, anySteps, (policy, taken, steps) => {
        const split = TokenBucket.start(policy, t0);
        const bulk = TokenBucket.start(policy, t0);
        split.tryTake(taken);
        bulk.tryTake(taken);
        let atMs = t0;
        let latestMs = t0;
        for (const step of steps) {
          atMs += step;
          latestMs = Math.max(latestMs, atMs);
          split.advance(atMs);
        }
        bulk.advance(latestMs);
        expect(split.toJSON()).toEqual(bulk.toJSON());
      }),
      { numRuns: runs(300) },
    );
  });
});

describe("TokenBucket.timeOfTick", () => {
  test("counts from the start, before and after ticks were added", () => {
    const bucket = startOf(9, 1);
    expect([0, 1, 9].map((tick) => bucket.timeOfTick(tick))).toEqual([t0, t1, t9]);
    bucket.advance(t5 + 50);
    expect([0, 1, 9].map((tick) => bucket.timeOfTick(tick))).toEqual([t0, t1, t9]);
  });
});

describe("TokenBucket.ticksUntil", () => {
  test.each([
    [0, 1, 0, 0],
    [0, 1, 1, 1],
    [0, 1, 9, 9],
    [0, 4, 4, 1],
    [0, 4, 5, 2],
    [3, 4, 3, 0],
    [3, 4, 4, 1],
    [3, 4, 7, 1],
    [3, 4, 8, 2],
    [9, 1, 1, 0],
    [0, 20, 9, 1],
  ])("with %d tokens and a refill of %d until %d is %d", (held, refillTokens, asked, ticks) => {
    expect(startOf(9, refillTokens, held).ticksUntil(asked)).toBe(ticks);
  });

  test("is exact at the largest numbers of a policy", () => {
    const policy = policyOf({
      capacity: 1_000_000_000,
      refillTokens: 999_999_999,
      initialTokens: 0,
    });
    const bucket = TokenBucket.start(policy, t0);
    expect(bucket.ticksUntil(999_999_999)).toBe(1);
    expect(bucket.ticksUntil(1_000_000_000)).toBe(2);
  });
});

describe("TokenBucket.takeAtEarliestTick", () => {
  test("moves on to the first tick that has the tokens, and loses what flows over on the way", () => {
    const bucket = startOf(5, 3, 0);
    bucket.takeAtEarliestTick(2);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 1, tokens: 1 });
    bucket.takeAtEarliestTick(1);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 1, tokens: 0 });
    // 3 and then 5: one of the second tick's three flows over.
    bucket.takeAtEarliestTick(5);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 3, tokens: 0 });
  });
});

describe("TokenBucket.neverOverflows", () => {
  test("answers for every small bucket what ticking it one by one shows", () => {
    for (let capacity = 1; capacity <= 9; capacity += 1) {
      for (let refillTokens = 1; refillTokens <= 10; refillTokens += 1) {
        for (let asked = 1; asked <= capacity; asked += 1) {
          let isOver = false;
          for (let held = 0; held < asked; held += 1) {
            let tokens = held;
            while (tokens < asked) tokens += refillTokens;
            if (tokens > capacity) isOver = true;
          }
          expect(
            startOf(capacity, refillTokens).neverOverflows(asked),
            `${asked} of ${capacity} by ${refillTokens}`,
          ).toBe(!isOver);
        }
      }
    }
  });
});

describe("TokenBucket.takeRunAtEarliestTicks", () => {
  test("is takeAtEarliestTick for each, where none of them can overflow", () => {
    let longRuns = 0;
    const anyAsks = fc.array(anyTokens, { maxLength: 30 });
    fc.assert(
      fc.property(anyPolicy, anyAsks, (policy, drawn) => {
        const single = TokenBucket.start(policy, t0);
        const run = TokenBucket.start(policy, t0);
        const asks = drawn
          .map((tokens) => foldTokens(policy, tokens))
          .filter((tokens) => single.neverOverflows(tokens));
        if (asks.length > 5) longRuns += 1;
        for (const asked of asks) single.takeAtEarliestTick(asked);
        run.takeRunAtEarliestTicks(asks.reduce((sum, asked) => sum + asked, 0));
        expect(run.toJSON()).toEqual(single.toJSON());
      }),
      { numRuns: runs(500) },
    );
    expect(longRuns).toBeGreaterThanOrEqual(timesSeen(50));
  });

  test("is exact for the longest queue of the largest requests", () => {
    const policy = policyOf({ capacity: 1_000_000_000, refillTokens: 1, initialTokens: 0 });
    const bucket = TokenBucket.start(policy, t0);
    bucket.takeRunAtEarliestTicks(10_000 * 1_000_000_000);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 1e13, tokens: 0 });
  });
});

describe("TokenBucket.setPolicy", () => {
  const slow = policyOf({ capacity: 10, refillTokens: 2, refillIntervalMs: 100 });
  const fast = policyOf({ capacity: 10, refillTokens: 2, refillIntervalMs: 30 });

  test("adds the ticks up to now by the old policy, and none by the change", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.setPolicy(policyOf({ capacity: 100, refillTokens: 50, refillIntervalMs: 100 }), t2 + 5);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 2, tokens: 6 });
    bucket.advance(t3 - 1);
    expect(bucket.tokens).toBe(6);
    bucket.advance(t3);
    expect(bucket.tokens).toBe(56);
  });

  test("mints nothing, however often it is repeated", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.tryTake(2);
    for (let change = 0; change < 1000; change += 1) {
      bucket.setPolicy(change % 2 === 0 ? fast : slow, t0 + 99);
      expect(bucket.tokens).toBe(0);
    }
    bucket.setPolicy(slow, t0 + 99);
    bucket.advance(t1);
    expect(bucket.tokens).toBe(2);
  });

  test("keeps the grid's origin where the interval changes", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.tryTake(2);
    // Reached: t0 + 250, tick 2 of the slow grid. The fast one's next is 9 × 30 = 270.
    bucket.setPolicy(fast, t0 + 250);
    expect([bucket.tokens, bucket.timeOfTick(bucket.tick + 1)]).toEqual([4, t0 + 270]);
    bucket.advance(t0 + 269);
    expect(bucket.tokens).toBe(4);
    bucket.advance(t0 + 270);
    expect(bucket.tokens).toBe(6);
    bucket.setPolicy(slow, t0 + 275);
    expect([bucket.tokens, bucket.timeOfTick(bucket.tick + 1)]).toEqual([6, t3]);
  });

  test("counts a tick of the new grid that falls on now as added", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.tryTake(2);
    bucket.setPolicy(fast, t0 + 90);
    bucket.advance(t0 + 90);
    expect([bucket.tokens, bucket.timeOfTick(bucket.tick + 1)]).toEqual([0, t0 + 120]);
  });

  test("cuts the tokens to a smaller capacity, and does not bring them back", () => {
    const bucket = TokenBucket.start(policyOf({ capacity: 10, initialTokens: 9 }), t0);
    bucket.setPolicy(policyOf({ capacity: 4 }), t0);
    expect(bucket.tokens).toBe(4);
    bucket.setPolicy(policyOf({ capacity: 10 }), t0);
    expect(bucket.tokens).toBe(4);
    bucket.advance(t0 + 100_000);
    expect(bucket.tokens).toBe(10);
  });

  test("after the clock went back counts from the last tick, not from now", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.tryTake(2);
    bucket.advance(t3);
    bucket.tryTake(6);
    bucket.setPolicy(fast, t1);
    // 300 is tick 10 of the fast grid: it and all before are spent.
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 10, tokens: 0 });
    bucket.advance(t3 + 29);
    expect(bucket.tokens).toBe(0);
    bucket.advance(t3 + 30);
    expect(bucket.tokens).toBe(2);
  });

  test("never lets a tick of either grid count twice", () => {
    const anyChanges = fc.array(
      fc.record({ ms: fc.integer({ min: 0, max: 120 }), isFast: fc.boolean() }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const wide = { capacity: 1_000_000, refillTokens: 1, initialTokens: 0 };
        const slowGrid = policyOf({ ...wide, refillIntervalMs: 100 });
        const fastGrid = policyOf({ ...wide, refillIntervalMs: 30 });
        const bucket = TokenBucket.start(slowGrid, t0);
        let intervalMs = 100;
        let passedMs = 0;
        let expected = 0;
        for (const { ms, isFast } of changes) {
          for (let step = 0; step < ms; step += 1) {
            passedMs += 1;
            if (passedMs % intervalMs === 0) expected += 1;
          }
          bucket.setPolicy(isFast ? fastGrid : slowGrid, t0 + passedMs);
          intervalMs = isFast ? 30 : 100;
          expect(bucket.tokens).toBe(expected);
        }
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("TokenBucket.from", () => {
  const policy = policyOf({ capacity: 5, refillTokens: 2, refillIntervalMs: interval });
  const good: TokenBucketState = { startedAtMs: t0, tick: 7, tokens: 5 };

  test("goes on where toJSON left off, through JSON text", () => {
    fc.assert(
      fc.property(anyPolicy, anyTokens, fc.nat(500), fc.nat(500), (drawn, taken, before, after) => {
        const bucket = TokenBucket.start(drawn, t0);
        bucket.tryTake(taken);
        bucket.advance(t0 + before);
        const state: TokenBucketState = JSON.parse(JSON.stringify(bucket));
        const restored = TokenBucket.from(drawn, state);
        expect(restored.toJSON()).toEqual(bucket.toJSON());
        bucket.advance(t0 + before + after);
        restored.advance(t0 + before + after);
        expect(restored.toJSON()).toEqual(bucket.toJSON());
      }),
      { numRuns: runs(200) },
    );
  });

  test.each([
    ["an empty bucket", { tokens: 0 }],
    ["one with tokens reserved that are still to come in", { tokens: -1_000_000_000 }],
    ["a full one", { tokens: 5 }],
    ["one at its start", { tick: 0 }],
    ["one that started before 1970", { startedAtMs: -1 }],
  ])("restores %s", (_, changes) => {
    const state = { ...good, ...changes };
    expect(TokenBucket.from(policy, state).toJSON()).toEqual(state);
  });

  test.each([
    { tokens: -1_000_000_001 },
    { tokens: 6 },
    { tokens: 0.5 },
    { tokens: Number.NaN },
    { tokens: "3" },
    { tokens: null },
    { tokens: undefined },
    { tick: -1 },
    { tick: 1.5 },
    { tick: 2 ** 53 },
    { tick: undefined },
    { startedAtMs: 0.5 },
    { startedAtMs: Number.POSITIVE_INFINITY },
    { startedAtMs: "0" },
    { startedAtMs: undefined },
  ])("refuses %j, and shows the state and the capacity", (changes) => {
    const state = { ...good, ...changes } as unknown as TokenBucketState;
    expect(() => TokenBucket.from(policy, state)).toThrow(
      new RangeError(`Cannot restore a bucket from ${JSON.stringify(state)}: capacity is 5`),
    );
  });
});

describe("TokenBucket.lend", () => {
  test("lends what is not there, and ticks make up for it before anything can be taken", () => {
    const bucket = startOf(10, 2, 3);
    bucket.lend(6, t9);
    expect(bucket.tokens).toBe(-3);
    expect(bucket.tryTake(1)).toBe(false);
    expect(bucket.ticksUntil(1)).toBe(2);
    bucket.advanceToTick(2);
    expect(bucket.tokens).toBe(1);
    bucket.advanceToTick(1);
    const leased = [{ untilMs: t9, tokens: 6 }];
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 2, tokens: 1, leased });
  });
});

/** A bucket with leases, one tick after the other and with nothing but what the rules say. */
class TickedBucket {
  readonly #policy: Policy;
  #nowMs = t0;
  tokens: number;
  leases: { tokens: number; readonly untilMs: number }[] = [];
  tick = 0;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.tokens = policy.initialTokens;
  }

  get leasedTokens(): number {
    return this.leases.reduce((all, { tokens }) => all + tokens, 0);
  }

  advance(nowMs: number): void {
    for (; this.#nowMs < nowMs; this.#nowMs += 1) {
      const atMs = this.#nowMs + 1;
      this.leases = this.leases.filter(({ untilMs }) => untilMs > atMs);
      if ((atMs - t0) % this.#policy.refillIntervalMs === 0) this.#add();
    }
  }

  #add(): void {
    this.tick += 1;
    const mark = this.#policy.capacity - this.leasedTokens;
    for (let added = 0; added < this.#policy.refillTokens; added += 1) {
      if (this.tokens < mark) this.tokens += 1;
    }
  }

  settle(untilMs: number, used: number, returned: number): void {
    for (let token = 0; token < used + returned; token += 1) {
      const lease = this.leases.find((one) => one.untilMs === untilMs && one.tokens > 0);
      if (!lease) return;
      lease.tokens -= 1;
      if (token >= used) this.tokens += 1;
    }
  }

  /** Ticks that it takes until `tokens` are there; it is not the same afterwards. */
  wearOutUntil(tokens: number): number {
    const { tick } = this;
    while (this.tokens < tokens) this.advance(this.#nowMs + 1);
    return this.tick - tick;
  }
}

describe("TokenBucket, tokens on lease", () => {
  test("occupy the bucket until their lease ends, and are spent then", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t3);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([6, 4]);
    bucket.advance(t2);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([6, 4]);
    bucket.advance(t3 - 1);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([6, 4]);
    // The tick at their very end finds the room free.
    bucket.advance(t3);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([8, 0]);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 3, tokens: 8 });
  });

  test("end between two ticks, too", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t1 + 1);
    bucket.advance(t1 + 1);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([6, 0]);
    bucket.advance(t2);
    expect(bucket.tokens).toBe(8);
  });

  test("leave room when they are used, and come back when they are returned", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(6, t9);
    bucket.settle(t9, 2, 1);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([5, 3]);
    bucket.advance(t5);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([7, 3]);
  });

  test.each([
    ["more than is out", t9, 5, 5, [5, 0]],
    ["another instant", t8, 3, 3, [4, 6]],
    ["nothing", t9, 0, 0, [4, 6]],
  ])("are settled for no more than is out: %s", (_, untilMs, used, returned, after) => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(6, t9);
    bucket.settle(untilMs, used, returned);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual(after);
  });

  test("are not settled once they have ended", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(6, t1);
    bucket.advance(t1);
    bucket.settle(t1, 0, 6);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([6, 0]);
  });

  test("come back only as far as a capacity that was cut has room", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(8, t9);
    const cut = policyOf({ capacity: 5, refillTokens: 2, refillIntervalMs: interval });
    bucket.setPolicy(cut, t0);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([0, 8]);
    bucket.settle(t9, 0, 4);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([1, 4]);
    expect(TokenBucket.from(cut, bucket.toJSON()).toJSON()).toEqual(bucket.toJSON());
    bucket.settle(t9, 0, 4);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([5, 0]);
  });

  test("that are more than a capacity that was cut let no tick in, and take nothing away", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(8, t3);
    bucket.setPolicy(policyOf({ capacity: 5, refillTokens: 2, refillIntervalMs: interval }), t0);
    bucket.advance(t2);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([0, 8]);
    bucket.advance(t4);
    expect([bucket.tokens, bucket.leasedTokens]).toEqual([4, 0]);
  });

  test("hold back one that asks for more than the room beside them", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t5);
    expect(bucket.ticksUntil(6)).toBe(0);
    expect(bucket.tryTake(6)).toBe(true);
    expect(bucket.ticksUntil(6)).toBe(3);
    // Six are there at tick 3, no more fit before tick 5.
    expect(bucket.ticksUntil(7)).toBe(5);
    expect(bucket.ticksUntil(10)).toBe(6);
    bucket.takeAtEarliestTick(9);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 6, tokens: 1 });
  });

  test.each([
    { leased: [{ untilMs: t9, tokens: 3 }], tokens: 3 },
    { leased: [{ untilMs: t9, tokens: 0 }] },
    { leased: [{ untilMs: t9, tokens: 1.5 }] },
    { leased: [{ untilMs: Number.NaN, tokens: 1 }] },
  ])("in a state that cannot be are refused: %j", (changes) => {
    const state = { startedAtMs: t0, tick: 0, tokens: 0, ...changes };
    const policy = policyOf({ capacity: 5 });
    expect(() => TokenBucket.from(policy, state)).toThrow(RangeError);
  });

  const anyStep = fc.oneof(
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat({ max: 60 }) }),
    fc.record({ kind: fc.constant("take" as const), tokens: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      kind: fc.constant("lend" as const),
      tokens: fc.integer({ min: 1, max: 8 }),
      ms: fc.integer({ min: 1, max: 90 }),
    }),
    fc.record({
      kind: fc.constant("settle" as const),
      lease: fc.nat(),
      used: fc.nat({ max: 8 }),
      returned: fc.nat({ max: 8 }),
    }),
  );

  test("go as in a bucket that ticks one by one, and what is promised of it holds", () => {
    const anyFields = fc.record({
      capacity: fc.integer({ min: 1, max: 12 }),
      refillTokens: fc.integer({ min: 1, max: 4 }),
      refillIntervalMs: fc.integer({ min: 10, max: 30 }),
    });
    const property = fc.property(
      anyFields,
      fc.array(anyStep, { maxLength: 25 }),
      fc.integer({ min: 1, max: 12 }),
      (fields, steps, ask) => {
        const policy = policyOf(fields);
        const bucket = TokenBucket.start(policy, t0);
        const model = new TickedBucket(policy);
        const ends: number[] = [];
        let nowMs = t0;
        for (const step of steps) {
          if (step.kind === "wait") nowMs += step.ms;
          bucket.advance(nowMs);
          model.advance(nowMs);
          if (step.kind === "take" && bucket.tryTake(step.tokens)) model.tokens -= step.tokens;
          if (step.kind === "lend") {
            // Nobody lends more than that, of what is not there either.
            const tokens = Math.min(step.tokens, policy.capacity - model.leasedTokens);
            if (tokens < 1) continue;
            bucket.lend(tokens, nowMs + step.ms);
            model.tokens -= tokens;
            model.leases.push({ tokens, untilMs: nowMs + step.ms });
            ends.push(nowMs + step.ms);
          }
          if (step.kind === "settle" && ends.length > 0) {
            const untilMs = ends[step.lease % ends.length] ?? 0;
            bucket.settle(untilMs, step.used, step.returned);
            model.settle(untilMs, step.used, step.returned);
          }
          expect([bucket.tokens, bucket.leasedTokens, bucket.tick]).toEqual([
            model.tokens,
            model.leasedTokens,
            model.tick,
          ]);
          expect(bucket.tokens + bucket.leasedTokens).toBeLessThanOrEqual(policy.capacity);
          expect(TokenBucket.from(policy, bucket.toJSON()).toJSON()).toEqual(bucket.toJSON());
        }
        const tokens = Math.min(ask, policy.capacity);
        const ahead = bucket.copy();
        ahead.takeAtEarliestTick(tokens);
        const ticks = bucket.ticksUntil(tokens);
        expect(ticks).toBe(model.wearOutUntil(tokens));
        expect([ahead.tick, ahead.tokens]).toEqual([model.tick, model.tokens - tokens]);
      },
    );
    fc.assert(property, { numRuns: runs(1_000) });
  });
});

describe("TokenBucket.copy", () => {
  test("is in the same state and goes its own way", () => {
    const bucket = startOf(5, 2, 3);
    bucket.advance(t1);
    const copy = bucket.copy();
    expect(copy.toJSON()).toEqual(bucket.toJSON());
    copy.takeAtEarliestTick(5);
    copy.advance(t9);
    expect(bucket.toJSON()).toEqual({ startedAtMs: t0, tick: 1, tokens: 5 });
  });
});
