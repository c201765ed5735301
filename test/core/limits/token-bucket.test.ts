import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { TokenBucketState } from "../../../src/core/limits/bucket-state.ts";
import type { TokenBucketFields } from "../../../src/core/limits/token-bucket-fields.ts";

import { limitSpec } from "../../../src/core/limits/limit.ts";
import { LimitSet } from "../../../src/core/limits/limit-set.ts";
import { LookAhead } from "../../../src/core/limits/look-ahead.ts";
import { TokenBucket, tokenBucket } from "../../../src/core/limits/token-bucket.ts";
import { anyBucket, anyTokens, foldTokens } from "../../../kit/model/arbitraries.ts";
import { bucketOf, epochMs } from "../../../kit/model/limiters.ts";
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
    return [atMs, ask, takeIfThere(bucket, ask), bucket.tokens];
  });
}

/** Takes `tokens` and returns `true` if they are there; otherwise takes nothing and returns `false`. */
function takeIfThere(bucket: TokenBucket, tokens: number): boolean {
  const isThere = bucket.msUntil(tokens, bucket.reachedAtMs) === 0;
  expect(bucket.tokens >= tokens).toBe(isThere);
  if (isThere) bucket.take(tokens);
  return isThere;
}

/** Takes `tokens` as soon as they are there. */
function takeWhenThere(bucket: TokenBucket, tokens: number): void {
  const { reachedAtMs } = bucket;
  bucket.advance(reachedAtMs + bucket.msUntil(tokens, reachedAtMs));
  bucket.take(tokens);
}

/** A bucket with these fields, run ahead of its time. */
function lookAheadOf(bucket: TokenBucket, fields: TokenBucketFields): LookAhead {
  const specs = [limitSpec("rate", tokenBucket, fields)];
  return new LookAhead(LimitSet.restore(specs, [bucket.toJSON()]));
}

/** The state of a bucket that has started at `t0`. */
function stateOf(changes: Partial<TokenBucketState>): TokenBucketState {
  return { kind: "bucket", startedAtMs: t0, tick: 0, tokens: 0, ...changes };
}

function heldIn(bucket: TokenBucket): number {
  return bucket.lent?.tokens ?? 0;
}

function startOf(
  capacity: number,
  refillTokens: number,
  initialTokens = refillTokens,
): TokenBucket {
  const fields = { capacity, refillTokens, refillIntervalMs: interval };
  return TokenBucket.start(
    bucketOf({ ...fields, initialTokens: Math.min(capacity, initialTokens) }),
    t0,
  );
}

describe("TokenBucket.take", () => {
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
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 0, tokens: 3 }));
    bucket.advance(t0);
    expect(bucket.tokens).toBe(3);
  });
});

describe("TokenBucket.advance", () => {
  test("adds a tick at its instant and not a millisecond before", () => {
    const bucket = startOf(9, 2, 0);
    bucket.advance(t1 - 1);
    expect([bucket.reachedAtMs, bucket.tokens]).toEqual([t0, 0]);
    bucket.advance(t1);
    expect([bucket.reachedAtMs, bucket.tokens]).toEqual([t1, 2]);
    bucket.advance(t1);
    bucket.advance(t2 - 1);
    expect([bucket.reachedAtMs, bucket.tokens]).toEqual([t1, 2]);
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
      const tick = Math.floor((atMs - t0) / interval);
      expect(bucket.toJSON().tick).toBe(tick);
      expect([bucket.reachedAtMs, bucket.nextGainAtMs]).toEqual([
        t0 + tick * interval,
        t0 + (tick + 1) * interval,
      ]);
    }
    expect(atMs).toBeGreaterThan(t0 + 50_000);
  });

  test("adds and removes nothing when the clock goes back", () => {
    const bucket = startOf(9, 1, 0);
    bucket.advance(t5);
    bucket.take(2);
    for (const atMs of [t4, t0, t0 - 1_000_000, 0]) {
      bucket.advance(atMs);
      expect(bucket.toJSON()).toEqual(stateOf({ tick: 5, tokens: 3 }));
    }
    bucket.advance(t5 + 99);
    expect(bucket.tokens).toBe(3);
    bucket.advance(t8);
    expect(bucket.tokens).toBe(6);
  });

  test("fills to the capacity and stays exact after a year of ticks", () => {
    const policy = bucketOf({
      capacity: 1_000_000_000,
      refillTokens: 1_000_000_000,
      refillIntervalMs: 10,
    });
    const bucket = TokenBucket.start(policy, t0);
    bucket.take(1_000_000_000);
    const year = 365 * 86_400_000;
    bucket.advance(t0 + year + 9);
    expect(bucket.toJSON()).toEqual(stateOf({ tick: year / 10, tokens: 1_000_000_000 }));
  });

  test("in many steps does what it does in one", () => {
    const anySteps = fc.array(fc.integer({ min: -50, max: 200 }), { maxLength: 30 });
    fc.assert(
      fc.property(anyBucket, anyTokens, anySteps, (policy, taken, steps) => {
        const split = TokenBucket.start(policy, t0);
        const bulk = TokenBucket.start(policy, t0);
        takeIfThere(split, taken);
        takeIfThere(bulk, taken);
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

describe("TokenBucket.reachedAtMs and nextGainAtMs", () => {
  test("are ticks counted from the start, whether or not there is room for them", () => {
    const bucket = startOf(1, 1);
    expect([bucket.reachedAtMs, bucket.nextGainAtMs]).toEqual([t0, t1]);
    bucket.advance(t5 + 50);
    expect([bucket.reachedAtMs, bucket.nextGainAtMs]).toEqual([t5, t5 + interval]);
  });

  test("in a pause are the last tick that the clock has reached, and the first after the pause", () => {
    const bucket = startOf(9, 1);
    bucket.pause(t8 + 1, 9, t1);
    bucket.advance(t2 + 50);
    expect([bucket.reachedAtMs, bucket.nextGainAtMs]).toEqual([t2, t9]);
  });

  test("are reported as 2^53 - 1 at most", () => {
    const last = Number.MAX_SAFE_INTEGER;
    const bucket = TokenBucket.start(bucketOf({ refillIntervalMs: interval }), last - interval);
    expect([bucket.reachedAtMs, bucket.nextGainAtMs]).toEqual([last - interval, last]);
    bucket.advance(last + interval + 1);
    expect([bucket.reachedAtMs, bucket.nextGainAtMs]).toEqual([last, last]);
  });
});

describe("TokenBucket.msUntil", () => {
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
  ])(
    "with %d tokens and a refill of %d until %d is %d ticks",
    (had, refillTokens, asked, ticks) => {
      const bucket = startOf(9, refillTokens, had);
      expect(bucket.msUntil(asked, t0)).toBe(ticks * interval);
    },
  );

  test("counts from the instant given, before and after ticks were added", () => {
    const bucket = startOf(9, 1, 0);
    expect([t0 - 7, t0, t0 + 30].map((fromMs) => bucket.msUntil(9, fromMs))).toEqual([
      907, 900, 870,
    ]);
    bucket.advance(t5 + 50);
    expect([t5, t5 + 50].map((fromMs) => bucket.msUntil(9, fromMs))).toEqual([400, 350]);
    // Five are there, since the last tick.
    expect(bucket.msUntil(5, t5 + 50)).toBe(-50);
  });

  test("is the time from the last tick that the clock has reached for what a pause has left", () => {
    const bucket = startOf(9, 1, 5);
    bucket.pause(t8, 3, t1);
    bucket.advance(t2 + 50);
    expect([3, 4].map((asked) => bucket.msUntil(asked, t2 + 50))).toEqual([-50, 650]);
  });

  test("is exact at the largest numbers of a policy", () => {
    const policy = bucketOf({
      capacity: 1_000_000_000,
      refillTokens: 999_999_999,
      initialTokens: 0,
    });
    const bucket = TokenBucket.start(policy, t0);
    expect(bucket.msUntil(999_999_999, t0)).toBe(1000);
    expect(bucket.msUntil(1_000_000_000, t0)).toBe(2000);
  });

  test("is exact where the instant itself is beyond 2^53", () => {
    const fields = { capacity: 1_000_000_000, initialTokens: 0, refillIntervalMs: 10_000_000 };
    const bucket = TokenBucket.start(bucketOf(fields), t0);
    const ms = 900_600_000 * 10_000_000;
    expect(t0 + ms).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    expect(bucket.msUntil(900_600_000, t0)).toBe(ms);
    expect(bucket.msUntil(900_600_000, t0 + 1)).toBe(ms - 1);
  });
});

describe("A LookAhead of a token bucket", () => {
  test("moves on to the first tick that has the tokens, and loses what flows over on the way", () => {
    const fields = { capacity: 5, refillTokens: 3, refillIntervalMs: interval, initialTokens: 0 };
    const ahead = lookAheadOf(TokenBucket.start(fields, t0), fields);
    expect(ahead.serve(2)).toBe(t1);
    expect([1, 2].map((tokens) => ahead.availableAt(tokens))).toEqual([t1, t2]);
    expect(ahead.serve(1)).toBe(t1);
    expect([3, 4].map((tokens) => ahead.availableAt(tokens))).toEqual([t2, t3]);
    // 3 and then 5: one of the second tick's three flows over.
    expect(ahead.serve(5)).toBe(t3);
    expect([3, 4].map((tokens) => ahead.availableAt(tokens))).toEqual([t4, t5]);
  });
});

describe("TokenBucket.covers", () => {
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
            startOf(capacity, refillTokens).covers(asked),
            `${asked} of ${capacity} by ${refillTokens}`,
          ).toBe(!isOver);
        }
      }
    }
  });
});

describe("TokenBucket.takeRun", () => {
  test("is the same as taking when there for each, where none of them can overflow", () => {
    let longRuns = 0;
    const anyAsks = fc.array(anyTokens, { maxLength: 30 });
    fc.assert(
      fc.property(anyBucket, anyAsks, (policy, drawn) => {
        const single = TokenBucket.start(policy, t0);
        const run = TokenBucket.start(policy, t0);
        const asks = drawn
          .map((tokens) => foldTokens(policy, tokens))
          .filter((tokens) => single.covers(tokens));
        if (asks.length > 5) longRuns += 1;
        for (const asked of asks) takeWhenThere(single, asked);
        run.takeRun(asks.reduce((sum, asked) => sum + asked, 0));
        expect(run.toJSON()).toEqual(single.toJSON());
      }),
      { numRuns: runs(500) },
    );
    expect(longRuns).toBeGreaterThanOrEqual(timesSeen(50));
  });

  test("is exact for the longest queue of the largest requests", () => {
    const policy = bucketOf({ capacity: 1_000_000_000, refillTokens: 1, initialTokens: 0 });
    const bucket = TokenBucket.start(policy, t0);
    bucket.takeRun(10_000 * 1_000_000_000);
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 1e13, tokens: 0 }));
  });
});

describe("TokenBucket.reconfigure", () => {
  const slow = bucketOf({ capacity: 10, refillTokens: 2, refillIntervalMs: 100 });
  const fast = bucketOf({ capacity: 10, refillTokens: 2, refillIntervalMs: 30 });

  test("adds the ticks up to now by the old policy, and none by the change", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.reconfigure(
      bucketOf({ capacity: 100, refillTokens: 50, refillIntervalMs: 100 }),
      t2 + 5,
    );
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 2, tokens: 6 }));
    bucket.advance(t3 - 1);
    expect(bucket.tokens).toBe(6);
    bucket.advance(t3);
    expect(bucket.tokens).toBe(56);
  });

  test("mints nothing, however often it is repeated", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.take(2);
    for (let change = 0; change < 1000; change += 1) {
      bucket.reconfigure(change % 2 === 0 ? fast : slow, t0 + 99);
      expect(bucket.tokens).toBe(0);
    }
    bucket.reconfigure(slow, t0 + 99);
    bucket.advance(t1);
    expect(bucket.tokens).toBe(2);
  });

  test("keeps the grid's origin where the interval changes", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.take(2);
    // Reached: t0 + 250, tick 2 of the slow grid. The fast one's next is 9 × 30 = 270.
    bucket.reconfigure(fast, t0 + 250);
    expect([bucket.tokens, bucket.nextGainAtMs]).toEqual([4, t0 + 270]);
    bucket.advance(t0 + 269);
    expect(bucket.tokens).toBe(4);
    bucket.advance(t0 + 270);
    expect(bucket.tokens).toBe(6);
    bucket.reconfigure(slow, t0 + 275);
    expect([bucket.tokens, bucket.nextGainAtMs]).toEqual([6, t3]);
  });

  test("counts a tick of the new grid that falls on now as added", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.take(2);
    bucket.reconfigure(fast, t0 + 90);
    bucket.advance(t0 + 90);
    expect([bucket.tokens, bucket.nextGainAtMs]).toEqual([0, t0 + 120]);
  });

  test("cuts the tokens to a smaller capacity, and does not bring them back", () => {
    const bucket = TokenBucket.start(bucketOf({ capacity: 10, initialTokens: 9 }), t0);
    bucket.reconfigure(bucketOf({ capacity: 4 }), t0);
    expect(bucket.tokens).toBe(4);
    bucket.reconfigure(bucketOf({ capacity: 10 }), t0);
    expect(bucket.tokens).toBe(4);
    bucket.advance(t0 + 100_000);
    expect(bucket.tokens).toBe(10);
  });

  test("after the clock went back counts from the last tick, not from now", () => {
    const bucket = TokenBucket.start(slow, t0);
    bucket.take(2);
    bucket.advance(t3);
    bucket.take(6);
    bucket.reconfigure(fast, t1);
    // 300 is tick 10 of the fast grid: it and all before are spent.
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 10, tokens: 0 }));
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
        const slowGrid = bucketOf({ ...wide, refillIntervalMs: 100 });
        const fastGrid = bucketOf({ ...wide, refillIntervalMs: 30 });
        const bucket = TokenBucket.start(slowGrid, t0);
        let intervalMs = 100;
        let passedMs = 0;
        let expected = 0;
        for (const { ms, isFast } of changes) {
          for (let step = 0; step < ms; step += 1) {
            passedMs += 1;
            if (passedMs % intervalMs === 0) expected += 1;
          }
          bucket.reconfigure(isFast ? fastGrid : slowGrid, t0 + passedMs);
          intervalMs = isFast ? 30 : 100;
          expect(bucket.tokens).toBe(expected);
        }
      }),
      { numRuns: runs(200) },
    );
  });
});

describe("TokenBucket.from", () => {
  const policy = bucketOf({ capacity: 5, refillTokens: 2, refillIntervalMs: interval });
  const good = stateOf({ tick: 7, tokens: 5 });

  test("goes on where toJSON left off, through JSON text", () => {
    fc.assert(
      fc.property(anyBucket, anyTokens, fc.nat(500), fc.nat(500), (drawn, taken, before, after) => {
        const bucket = TokenBucket.start(drawn, t0);
        takeIfThere(bucket, taken);
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
});

describe("TokenBucket.hold", () => {
  test("lets out what is not there, and ticks make up for it before anything can be taken", () => {
    const bucket = startOf(10, 2, 3);
    bucket.lend(6, t9);
    expect(bucket.tokens).toBe(-3);
    expect(takeIfThere(bucket, 1)).toBe(false);
    expect(bucket.msUntil(1, t0)).toBe(2 * interval);
    bucket.advance(t2);
    expect(bucket.tokens).toBe(1);
    bucket.advance(t1);
    const leased = [{ untilMs: t9, tokens: 6 }];
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 2, tokens: 1, leased }));
  });
});

/** A bucket with holds, one tick after the other and with nothing but what the rules say. */
class TickedBucket {
  readonly #policy: TokenBucketFields;
  #nowMs = t0;
  tokens: number;
  holds: { tokens: number; readonly untilMs: number }[] = [];
  tick = 0;

  constructor(policy: TokenBucketFields) {
    this.#policy = policy;
    this.tokens = policy.initialTokens;
  }

  get heldTokens(): number {
    return this.holds.reduce((all, { tokens }) => all + tokens, 0);
  }

  advance(nowMs: number): void {
    for (; this.#nowMs < nowMs; this.#nowMs += 1) {
      const atMs = this.#nowMs + 1;
      this.holds = this.holds.filter(({ untilMs }) => untilMs > atMs);
      if ((atMs - t0) % this.#policy.refillIntervalMs === 0) this.#add();
    }
  }

  #add(): void {
    this.tick += 1;
    const mark = this.#policy.capacity - this.heldTokens;
    for (let added = 0; added < this.#policy.refillTokens; added += 1) {
      if (this.tokens < mark) this.tokens += 1;
    }
  }

  settle(untilMs: number, spent: number, returned: number): void {
    for (let token = 0; token < spent + returned; token += 1) {
      const hold = this.holds.find((one) => one.untilMs === untilMs && one.tokens > 0);
      if (!hold) return;
      hold.tokens -= 1;
      if (token >= spent) this.tokens += 1;
    }
  }

  /** Ticks that it takes until `tokens` are there; it is not the same afterwards. */
  wearOutUntil(tokens: number): number {
    const { tick } = this;
    while (this.tokens < tokens) this.advance(this.#nowMs + 1);
    return this.tick - tick;
  }
}

describe("TokenBucket, tokens that are out", () => {
  test("occupy the bucket until their hold ends, and are spent then", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t3);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([6, 4]);
    bucket.advance(t2);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([6, 4]);
    bucket.advance(t3 - 1);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([6, 4]);
    // The tick at their very end finds the room free.
    bucket.advance(t3);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([8, 0]);
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 3, tokens: 8 }));
  });

  test("end between two ticks, too", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t1 + 1);
    bucket.advance(t1 + 1);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([6, 0]);
    bucket.advance(t2);
    expect(bucket.tokens).toBe(8);
  });

  test("leave room when they are spent, and come back when they are returned", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(6, t9);
    bucket.endLoan(t9, 2, 1);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([5, 3]);
    bucket.advance(t5);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([7, 3]);
  });

  test.each([
    ["more than is out", t9, 5, 5, [5, 0]],
    ["another instant", t8, 3, 3, [4, 6]],
    ["nothing", t9, 0, 0, [4, 6]],
  ])("are settled for no more than is out: %s", (_, untilMs, spent, returned, after) => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(6, t9);
    bucket.endLoan(untilMs, spent, returned);
    expect([bucket.tokens, heldIn(bucket)]).toEqual(after);
  });

  test("are not settled once they have ended", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(6, t1);
    bucket.advance(t1);
    bucket.endLoan(t1, 0, 6);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([6, 0]);
  });

  test("come back only as far as a capacity that was cut has room", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(8, t9);
    const cut = bucketOf({ capacity: 5, refillTokens: 2, refillIntervalMs: interval });
    bucket.reconfigure(cut, t0);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([0, 8]);
    bucket.endLoan(t9, 0, 4);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([1, 4]);
    expect(TokenBucket.from(cut, bucket.toJSON()).toJSON()).toEqual(bucket.toJSON());
    bucket.endLoan(t9, 0, 4);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([5, 0]);
  });

  test("that are more than a capacity that was cut let no tick in, and take nothing away", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(8, t3);
    bucket.reconfigure(bucketOf({ capacity: 5, refillTokens: 2, refillIntervalMs: interval }), t0);
    bucket.advance(t2);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([0, 8]);
    bucket.advance(t4);
    expect([bucket.tokens, heldIn(bucket)]).toEqual([4, 0]);
  });

  test("hold back one that asks for more than the room beside them", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t5);
    expect(bucket.msUntil(6, t0)).toBe(0);
    expect(takeIfThere(bucket, 6)).toBe(true);
    expect(bucket.msUntil(6, t0)).toBe(3 * interval);
    // Six are there at tick 3, no more fit before tick 5.
    expect(bucket.msUntil(7, t0)).toBe(5 * interval);
    expect(bucket.msUntil(10, t0)).toBe(6 * interval);
    takeWhenThere(bucket, 9);
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 6, tokens: 1 }));
  });

  test.each([
    { leased: [{ untilMs: t9, tokens: 3 }], tokens: 3 },
    { leased: [{ untilMs: t9, tokens: 0 }] },
    { leased: [{ untilMs: t9, tokens: 1.5 }] },
    { leased: [{ untilMs: Number.NaN, tokens: 1 }] },
  ])("in a state that cannot be are refused: %j", (changes) => {
    const state = stateOf(changes);
    const policy = bucketOf({ capacity: 5 });
    expect(() => TokenBucket.from(policy, state)).toThrow(RangeError);
  });

  const anyStep = fc.oneof(
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat({ max: 60 }) }),
    fc.record({ kind: fc.constant("take" as const), tokens: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      kind: fc.constant("hold" as const),
      tokens: fc.integer({ min: 1, max: 8 }),
      ms: fc.integer({ min: 1, max: 90 }),
    }),
    fc.record({
      kind: fc.constant("settle" as const),
      hold: fc.nat(),
      spent: fc.nat({ max: 8 }),
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
        const policy = bucketOf(fields);
        const bucket = TokenBucket.start(policy, t0);
        const model = new TickedBucket(policy);
        const ends: number[] = [];
        let nowMs = t0;
        for (const step of steps) {
          if (step.kind === "wait") nowMs += step.ms;
          bucket.advance(nowMs);
          model.advance(nowMs);
          if (step.kind === "take" && takeIfThere(bucket, step.tokens)) model.tokens -= step.tokens;
          if (step.kind === "hold") {
            // Nobody lets more out than that, of what is not there either.
            const tokens = Math.min(step.tokens, policy.capacity - model.heldTokens);
            if (tokens < 1) continue;
            bucket.lend(tokens, nowMs + step.ms);
            model.tokens -= tokens;
            model.holds.push({ tokens, untilMs: nowMs + step.ms });
            ends.push(nowMs + step.ms);
          }
          if (step.kind === "settle" && ends.length > 0) {
            const untilMs = ends[step.hold % ends.length] ?? 0;
            bucket.endLoan(untilMs, step.spent, step.returned);
            model.settle(untilMs, step.spent, step.returned);
          }
          expect([bucket.tokens, heldIn(bucket), bucket.toJSON().tick]).toEqual([
            model.tokens,
            model.heldTokens,
            model.tick,
          ]);
          expect(bucket.tokens + heldIn(bucket)).toBeLessThanOrEqual(policy.capacity);
          expect(TokenBucket.from(policy, bucket.toJSON()).toJSON()).toEqual(bucket.toJSON());
        }
        const tokens = Math.min(ask, policy.capacity);
        const ahead = lookAheadOf(bucket, policy);
        const servedAtMs = ahead.serve(tokens);
        const { reachedAtMs } = bucket;
        const ms = bucket.msUntil(tokens, reachedAtMs);
        expect(bucket.msUntil(tokens, nowMs)).toBe(ms - (nowMs - reachedAtMs));
        expect(ms).toBe(model.wearOutUntil(tokens) * policy.refillIntervalMs);
        takeWhenThere(bucket, tokens);
        expect([bucket.toJSON().tick, bucket.tokens]).toEqual([model.tick, model.tokens - tokens]);
        expect(servedAtMs).toBe(bucket.reachedAtMs);
      },
    );
    fc.assert(property, { numRuns: runs(1_000) });
  });
});

describe("TokenBucket.copy", () => {
  test("shares neither what is out nor a pause", () => {
    const bucket = startOf(10, 2, 10);
    bucket.lend(4, t9);
    bucket.pause(t8, 10, t0);
    const copy = bucket.copy();
    expect(copy.toJSON()).toEqual(bucket.toJSON());
    copy.endLoan(t9, 4, 0);
    copy.resume(t1);
    const leased = [{ untilMs: t9, tokens: 4 }];
    expect(bucket.toJSON()).toEqual(stateOf({ tokens: 6, leased, pausedUntilMs: t8 }));
  });

  test("is in the same state and goes its own way", () => {
    const bucket = startOf(5, 2, 3);
    bucket.advance(t1);
    const copy = bucket.copy();
    expect(copy.toJSON()).toEqual(bucket.toJSON());
    takeWhenThere(copy, 5);
    copy.advance(t9);
    expect(bucket.toJSON()).toEqual(stateOf({ tick: 1, tokens: 5 }));
  });
});
