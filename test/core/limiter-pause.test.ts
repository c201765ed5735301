import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Lease } from "../../src/core/lease/lease.ts";
import type { LimiterState } from "../../src/core/limiter-state.ts";
import type { TokenBucketState } from "../../src/core/limits/bucket-state.ts";
import type { Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { TokenBucket } from "../../src/core/limits/token-bucket.ts";
import { Policy } from "../../src/core/policy.ts";
import { anyPolicy, anyTokens } from "../../kit/model/arbitraries.ts";
import { Scene, bucketIn, bucketOf, epochMs } from "../../kit/model/limiters.ts";
import { runs } from "../../kit/runs.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";

/** Five tokens at the start, one a second. */
const five = { capacity: 5, initialTokens: 5 };

/** A scene in which `taken` tokens are gone at 0. */
function sceneAfter(taken: number, fields: ConstructorParameters<typeof Scene>[0] = {}): Scene {
  const scene = new Scene(fields);
  scene.acquire(0, "first", { tokens: taken });
  return scene;
}

describe("Limiter.pause", () => {
  test("keeps no token, brings none until its end, and then one a tick", () => {
    const scene = sceneAfter(1, five);
    scene.pause(500, 10_500);
    expect(scene.inspect(500)).toMatchObject({
      tokens: 0,
      nextTickAtMs: 11_000,
      pausedUntilMs: 10_500,
    });
    expect(scene.inspect(10_499).pausedUntilMs).toBe(10_500);
    expect(scene.inspect(10_500)).toMatchObject({ tokens: 0, nextTickAtMs: 11_000 });
    expect(scene.inspect(10_500)).not.toHaveProperty("pausedUntilMs");
    expect([10_999, 11_000, 12_000, 60_000].map((atMs) => scene.inspect(atMs).tokens)).toEqual([
      0, 1, 2, 5,
    ]);
  });

  test("a tick at the very end brings nothing, one a millisecond later does", () => {
    const scene = sceneAfter(1);
    scene.pause(0, 3_000);
    expect(scene.try(0, "Ann")).toEqual(["Ann refused: timeout, retry after 4000"]);
    expect(scene.try(3_000, "Ann")).toEqual(["Ann refused: timeout, retry after 1000"]);
    const other = sceneAfter(1);
    other.pause(0, 2_999);
    expect(other.try(0, "Ann")).toEqual(["Ann refused: timeout, retry after 3000"]);
    expect(other.try(3_000, "Ann")).toEqual(["Ann granted 1 at 3000 after 0, 0 left"]);
  });

  test("what it keeps is granted meanwhile, at the instant of the grant", () => {
    const scene = sceneAfter(1, five);
    scene.pause(0, 10_000, 2);
    expect(scene.try(2_500, "Ann")).toEqual(["Ann granted 1 at 2500 after 0, 1 left"]);
    expect(scene.acquire(2_500, "Bob", { tokens: 2 })).toEqual(["Bob waits"]);
    expect(scene.nextWakeAtMs).toBe(11_000);
    expect(scene.acquire(2_501, "Cat")).toEqual(["Cat waits"]);
    expect(scene.runDaemon(20_000)).toEqual([
      "Bob granted 2 at 11000 after 8500, 0 left",
      "Cat granted 1 at 12000 after 9499, 0 left",
    ]);
  });

  test("adds no token where it allows more than there are", () => {
    const scene = sceneAfter(4, five);
    scene.pause(0, 10_000, 1_000);
    expect(scene.inspect(9_000).tokens).toBe(1);
  });

  test("times those who wait anew: they keep their places, and nobody is woken before it ends", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    expect(scene.pause(200, 5_500)).toEqual([]);
    expect(scene.nextWakeAtMs).toBe(6_000);
    expect(scene.acquire(300, "Cat")).toEqual(["Cat waits"]);
    expect(scene.runDaemon(20_000)).toEqual([
      "Ann granted 1 at 6000 after 6000, 0 left",
      "Bob granted 1 at 7000 after 7000, 0 left",
      "Cat granted 1 at 8000 after 7700, 0 left",
    ]);
  });

  test("refuses with timeout those who now come too late, behind all who stay", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann", { timeoutMs: 7_000 });
    scene.acquire(0, "Bob", { timeoutMs: 6_999 });
    scene.acquire(0, "Cat", { timeoutMs: 8_000 });
    expect(scene.pause(200, 6_500)).toEqual(["Bob refused: timeout, retry after 8800"]);
    expect(scene.runDaemon(20_000)).toEqual([
      "Ann granted 1 at 7000 after 7000, 0 left",
      "Cat granted 1 at 8000 after 8000, 0 left",
    ]);
    expect(scene.try(9_000, "Bob")).toEqual(["Bob granted 1 at 9000 after 0, 0 left"]);
  });

  test("grants at once one that fits behind one that it refuses, out of what it keeps", () => {
    const scene = sceneAfter(2, five);
    scene.acquire(0, "large", { tokens: 5, timeoutMs: 2_000 });
    scene.acquire(0, "small", { tokens: 2, timeoutMs: 60_000 });
    expect(scene.pause(100, 30_100, 2)).toEqual([
      "large refused: timeout, retry after 34900",
      "small granted 2 at 100 after 100, 0 left",
    ]);
  });

  test("lets those through first who were due", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    expect(scene.pause(1_000, 9_000)).toEqual(["Ann granted 1 at 1000 after 1000, 0 left"]);
  });

  test("refuses a newcomer at the door that cannot be granted in time, and counts the queue", () => {
    const scene = sceneAfter(1);
    scene.pause(0, 9_500);
    expect(scene.acquire(100, "Ann", { timeoutMs: 9_899 })).toEqual([
      "Ann refused: timeout, retry after 9900",
    ]);
    expect(scene.acquire(100, "Ann", { timeoutMs: 9_900 })).toEqual(["Ann waits"]);
    expect(scene.try(100, "Bob")).toEqual(["Bob refused: timeout, retry after 10900"]);
  });

  test("after one left is forecast in a step, with what the first tick leaves over", () => {
    const scene = sceneAfter(5, { ...five, refillTokens: 2 });
    scene.pause(0, 9_500);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    scene.cancel(0, "Bob");
    expect(scene.try(0, "Cat")).toEqual(["Cat refused: timeout, retry after 10000"]);
  });

  test.each([
    ["an earlier end", 5_000, 0, 9_500],
    ["the same end", 9_500, 0, 9_500],
    ["a later end", 12_000, 3, 12_000],
  ])("of two, %s: the later and the lower count", (_, untilMs, tokens, endMs) => {
    const scene = sceneAfter(1, five);
    scene.pause(0, 9_500, 2);
    scene.pause(100, untilMs, tokens);
    expect(scene.inspect(100)).toMatchObject({
      pausedUntilMs: endMs,
      tokens: Math.min(2, tokens),
    });
  });

  test("again the same changes nothing, and is nothing to write", () => {
    const scene = sceneAfter(1, five);
    scene.acquire(0, "Ann", { tokens: 5 });
    scene.pause(0, 9_500);
    expect(scene.checkpoint(0)).toBeDefined();
    const before = scene.inspect(100);
    expect(scene.pause(100, 9_500)).toEqual([]);
    expect(scene.pause(100, 9_000)).toEqual([]);
    expect(scene.inspect(100)).toEqual(before);
    expect(scene.checkpoint(100)).toBeUndefined();
  });

  test.each([0, 4_999, 5_000])("until %i, which is over, changes nothing", (untilMs) => {
    const scene = sceneAfter(1, five);
    const before = scene.inspect(5_000);
    scene.pause(5_000, untilMs);
    expect(scene.inspect(5_000)).toEqual(before);
    const fresh = new Scene(five);
    fresh.pause(5_000, untilMs);
    expect(fresh.limiter.toJSON()).not.toHaveProperty("bucket");
  });

  test("starts a bucket: it holds what it may keep, and its grid begins", () => {
    const scene = new Scene(five);
    scene.pause(100, 2_100, 3);
    expect(scene.inspect(100)).toMatchObject({ tokens: 3, nextTickAtMs: 3_100 });
    expect(scene.try(200, "Ann", 3)).toEqual(["Ann granted 3 at 200 after 0, 0 left"]);
    expect(scene.try(200, "Ann")).toEqual(["Ann refused: timeout, retry after 2900"]);
  });

  test("within one interval takes the tokens and no tick", () => {
    const scene = sceneAfter(1, five);
    scene.pause(100, 900);
    expect(scene.inspect(100)).toMatchObject({ tokens: 0, nextTickAtMs: 1_000 });
    expect(scene.inspect(1_000).tokens).toBe(1);
  });

  test.each([
    [{ untilMs: 1.5, tokens: 0 }, "untilMs"],
    [{ untilMs: -1, tokens: 0 }, "untilMs"],
    [{ untilMs: Number.NaN, tokens: 0 }, "untilMs"],
    [{ untilMs: 2, tokens: -1 }, "tokens"],
    [{ untilMs: 2, tokens: 0.5 }, "tokens"],
  ])("%j is a fault, and changes nothing", (pause, field) => {
    const scene = sceneAfter(1, five);
    const before = scene.inspect(1);
    const fault = `${field} must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}: got ${pause[field as "tokens"]}`;
    expect(() => scene.limiter.pause(pause, epochMs + 1)).toThrow(new RangeError(fault));
    expect(scene.inspect(1)).toEqual(before);
  });
});

describe("Limiter.lift", () => {
  test("has the next tick bring a token, and no tick of before", () => {
    const scene = sceneAfter(1, five);
    scene.acquire(0, "Ann", { tokens: 5 });
    scene.pause(500, 50_000);
    scene.acquire(600, "Bob");
    expect(scene.resume(3_700)).toEqual([]);
    expect(scene.inspect(3_700)).toMatchObject({ tokens: 0, nextTickAtMs: 4_000 });
    expect(scene.inspect(3_700)).not.toHaveProperty("pausedUntilMs");
    expect(scene.nextWakeAtMs).toBe(8_000);
    expect(scene.runDaemon(20_000)).toEqual([
      "Ann granted 5 at 8000 after 8000, 0 left",
      "Bob granted 1 at 9000 after 8400, 0 left",
    ]);
  });

  test("has newcomers forecast without the pause", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.pause(0, 50_500);
    scene.acquire(0, "Bob");
    scene.resume(1);
    expect(scene.try(1, "Cat")).toEqual(["Cat refused: timeout, retry after 2999"]);
  });

  test("of a bucket that is not paused, or has not started, changes nothing", () => {
    const scene = sceneAfter(1, five);
    scene.checkpoint(0);
    const before = scene.inspect(100);
    expect(scene.resume(100)).toEqual([]);
    expect(scene.inspect(100)).toEqual(before);
    expect(scene.checkpoint(100)).toBeUndefined();
    const fresh = new Scene(five);
    fresh.resume(100);
    expect(fresh.limiter.toJSON()).not.toHaveProperty("bucket");
  });

  test("in turn with pauses, however often, mints nothing", () => {
    const scene = sceneAfter(5, five);
    let granted = 0;
    for (let atMs = 0; atMs < 60_000; atMs += 50) {
      scene.pause(atMs, atMs + 20_000, 5);
      scene.resume(atMs);
      if (scene.try(atMs, "Ann")[0]?.includes("granted")) granted += 1;
    }
    expect(granted).toBe(59);
  });
});

describe("Limiter, a paused bucket", () => {
  test("comes back from the disk as it was, with the tick that the clock had reached", () => {
    const scene = sceneAfter(1, five);
    scene.pause(0, 20_500, 3);
    scene.try(4_200, "Ann");
    scene.restore();
    expect(bucketIn(scene.limiter.toJSON())).toEqual({
      kind: "bucket",
      startedAtMs: epochMs,
      tick: 4,
      tokens: 2,
      pausedUntilMs: epochMs + 20_500,
    });
    expect(scene.inspect(5_000)).toMatchObject({ tokens: 2, pausedUntilMs: 20_500 });
    scene.resume(5_000);
    expect(scene.inspect(5_999)).toMatchObject({ tokens: 2, nextTickAtMs: 6_000 });
    expect(scene.inspect(6_000).tokens).toBe(3);
  });

  test("keeps its pause under another policy, on the new grid", () => {
    const scene = sceneAfter(1, five);
    scene.pause(0, 10_000, 4);
    scene.setPolicy(2_500, { refillIntervalMs: 3_000, capacity: 2 });
    expect(scene.inspect(2_500)).toMatchObject({
      tokens: 2,
      pausedUntilMs: 10_000,
      nextTickAtMs: 12_000,
    });
    scene.setPolicy(2_600, { refillIntervalMs: 400, capacity: 5 });
    expect(scene.inspect(2_600)).toMatchObject({ tokens: 2, nextTickAtMs: 10_400 });
    scene.resume(2_700);
    // The tick at 2,400 was reached before.
    expect(scene.inspect(2_700)).toMatchObject({ tokens: 2, nextTickAtMs: 2_800 });
  });

  test("forgets its pause when it is drained", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.pause(0, 20_000);
    expect(scene.reset()).toEqual(["Ann refused: bucket-reset"]);
    expect(scene.try(100, "Bob")).toEqual(["Bob granted 1 at 100 after 0, 0 left"]);
  });

  test("stands still while a clock that has jumped back catches up, and mints nothing", () => {
    const scene = sceneAfter(1, five);
    scene.pause(10_000, 12_500, 5);
    expect(scene.try(12_200, "Ann", 5)).toEqual(["Ann granted 5 at 12200 after 0, 0 left"]);
    // The pause is lifted while the clock shows a time at which ticks were to come.
    scene.resume(2_000);
    expect(scene.inspect(2_000)).toMatchObject({ tokens: 0, nextTickAtMs: 13_000 });
    expect(scene.try(12_999, "Bob")).toEqual(["Bob refused: timeout, retry after 1"]);
    expect(scene.try(13_000, "Bob")).toEqual(["Bob granted 1 at 13000 after 0, 0 left"]);
  });

  test("grants by a clock that has jumped back at no instant before the tick it had reached", () => {
    const scene = sceneAfter(1, five);
    scene.pause(10_400, 30_000, 5);
    expect(scene.try(3_000, "Ann")).toEqual(["Ann granted 1 at 10000 after 0, 4 left"]);
  });

  test("goes on behind its pause when the clock jumps ahead", () => {
    const scene = sceneAfter(5, five);
    scene.acquire(0, "Ann");
    scene.pause(0, 9_500);
    expect(scene.advance(3_600_000)).toEqual(["Ann granted 1 at 3600000 after 3600000, 4 left"]);
    // And back: what the ticks have brought is there.
    expect(scene.inspect(1_000)).toMatchObject({ tokens: 4 });
    expect(scene.inspect(1_000)).not.toHaveProperty("pausedUntilMs");
  });
});

describe("Limiter, a paused calendar", () => {
  /** Midnight is at 0; three are taken of ten a day. */
  function dayAfterThree(): Limiter<string> {
    const limiter = new Limiter<string>(Policy.of({ capacity: 10, every: "day" }));
    limiter.acquire({ caller: "first", tokens: 3 }, 0);
    return limiter;
  }

  const granted = ({ settled }: Turn<string>) =>
    settled.map(({ caller, outcome }) => [caller, outcome.ok && outcome.grantedAtMs]);

  test("shows what it has put aside, with what comes in until its end", () => {
    const limiter = dayAfterThree();
    limiter.pause({ untilMs: 5_000, tokens: 2 }, 1_000);
    expect(limiter.inspect(1_000)).toMatchObject({
      tokens: 2,
      pausedUntilMs: 5_000,
      pausedTokens: 5,
      nextTickAtMs: 5_000,
    });
    limiter.pause({ untilMs: 86_400_000, tokens: 2 }, 1_000);
    expect(limiter.inspect(1_000)).toMatchObject({ tokens: 2, pausedTokens: 8 });
    const ended = limiter.inspect(86_400_000);
    expect(ended.tokens).toBe(10);
    expect(ended).not.toHaveProperty("pausedUntilMs");
    expect(ended).not.toHaveProperty("pausedTokens");
  });

  test("grants what it leaves at once, and the rest when it ends", () => {
    const limiter = dayAfterThree();
    limiter.pause({ untilMs: 5_000, tokens: 2 }, 1_000);
    expect(granted(limiter.acquire({ caller: "Ann", tokens: 2 }, 1_000))).toEqual([["Ann", 1_000]]);
    const refused = limiter.acquire({ caller: "Bob", timeoutMs: 3_999 }, 1_000).settled[0]?.outcome;
    expect(refused).toMatchObject({ reason: "timeout", retryAfterMs: 4_000 });
    limiter.acquire({ caller: "Cat", tokens: 5 }, 1_000);
    expect(limiter.nextWakeAtMs).toBe(5_000);
    expect(granted(limiter.advance(5_000))).toEqual([["Cat", 5_000]]);
    expect(limiter.inspect(5_000).tokens).toBe(0);
  });

  test("serves its waiters in the turn that ends the pause", () => {
    const limiter = dayAfterThree();
    limiter.pause({ untilMs: 5_000, tokens: 0 }, 1_000);
    limiter.acquire({ caller: "Ann", tokens: 6 }, 1_000);
    limiter.acquire({ caller: "Bob", tokens: 1 }, 1_000);
    const turn = limiter.resume(2_000);
    expect(granted(turn)).toEqual([
      ["Ann", 2_000],
      ["Bob", 2_000],
    ]);
    expect([turn.wakeAtMs, limiter.inspect(2_000).tokens]).toEqual([undefined, 0]);
  });

  test("comes back from the disk with what it has put aside", () => {
    const limiter = dayAfterThree();
    const { write } = limiter.pause({ untilMs: 5_000, tokens: 2 }, 1_000);
    const state: LimiterState = JSON.parse(JSON.stringify(write));
    const restored = Limiter.from<string>(limiter.policy, state);
    expect(restored.inspect(5_000).tokens).toBe(7);
  });

  test("loses what it has put aside if it becomes a token bucket", () => {
    const limiter = dayAfterThree();
    limiter.pause({ untilMs: 5_000, tokens: 2 }, 1_000);
    const policy = Policy.of({ capacity: 10, refillTokens: 1, refillIntervalMs: 1_000 });
    limiter.setPolicy(policy, 1_500);
    expect(limiter.inspect(1_500)).toMatchObject({ tokens: 2, pausedUntilMs: 5_000 });
    expect(limiter.inspect(5_500).tokens).toBe(3);
  });
});

describe("Limiter, leases in a pause", () => {
  const lease = { maxTokens: 1_000, ttlMs: 1_000 };
  const hundred = { capacity: 100, refillTokens: 10, initialTokens: 100, lease };

  function lent(scene: Scene, atMs: number, wanted: number): Lease | undefined {
    return scene.limiter.lend({ uses: [], granted: 0, wanted }, epochMs + atMs).lease;
  }

  function report(scene: Scene, atMs: number, of: Lease | undefined, returned: number): void {
    if (!of) throw new Error("No lease was given");
    const uses = [{ ...of, used: of.tokens - returned, returned }];
    scene.limiter.lend({ uses, granted: of.tokens - returned, wanted: 0 }, epochMs + atMs);
  }

  test("none is given, and after it they are", () => {
    const scene = sceneAfter(1, hundred);
    scene.pause(0, 5_500, 50);
    expect(lent(scene, 0, 20)).toBeUndefined();
    expect(lent(scene, 5_499, 20)).toBeUndefined();
    expect(lent(scene, 5_500, 20)?.tokens).toBe(20);
  });

  test("what comes back is gone, and was granted or not", () => {
    const scene = sceneAfter(1, hundred);
    const given = lent(scene, 0, 40);
    scene.pause(0, 5_500, 5);
    expect(scene.inspect(0)).toMatchObject({ tokens: 5, leasedTokens: 40 });
    report(scene, 100, given, 30);
    expect(scene.inspect(100)).toMatchObject({ tokens: 5, leasedTokens: 0, granted: 11 });
    expect(scene.inspect(6_000).tokens).toBe(15);
  });

  test("what comes back after it comes back", () => {
    const scene = sceneAfter(1, hundred);
    const given = lent(scene, 0, 40);
    scene.pause(0, 500, 5);
    report(scene, 600, given, 30);
    expect(scene.inspect(600)).toMatchObject({ tokens: 35, leasedTokens: 0 });
  });

  test("those that end meanwhile make room for the ticks after it", () => {
    const scene = sceneAfter(1, hundred);
    lent(scene, 0, 49);
    scene.pause(0, 10_500, 100);
    expect(scene.inspect(10_500)).toMatchObject({ tokens: 50, leasedTokens: 0 });
    expect(scene.try(10_500, "Ann", 100)).toEqual(["Ann refused: timeout, retry after 4500"]);
    expect(scene.inspect(15_000).tokens).toBe(100);
  });

  test("a waiter is forecast with what they leave room for, behind the pause", () => {
    const scene = sceneAfter(1, { ...hundred, lease: { maxTokens: 1_000, ttlMs: 20_000 } });
    lent(scene, 0, 49);
    scene.pause(0, 10_500);
    // Room for 51 until the lease ends after 22 s and a bit, at 23,000 at the latest.
    const { nextTickAtMs } = scene.inspect(0);
    expect(nextTickAtMs).toBe(11_000);
    expect(scene.acquire(0, "Ann", { tokens: 51 })).toEqual(["Ann waits"]);
    expect(scene.nextWakeAtMs).toBe(16_000);
  });
});

describe("TokenBucket.advance, a paused bucket", () => {
  test("in many steps does what it does in one, and never holds more than without the pause", () => {
    const anySteps = fc.array(fc.integer({ min: -50, max: 200 }), { maxLength: 30 });
    const anyPause = fc.record({ forMs: fc.nat(500), tokens: fc.nat(12), leaseMs: fc.nat(500) });
    fc.assert(
      fc.property(anyPolicy, anyTokens, anyPause, anySteps, (policy, taken, pause, steps) => {
        const start = (isPaused: boolean): TokenBucket => {
          const bucket = TokenBucket.start(bucketFieldsOf(policy), epochMs);
          if (bucket.tokens >= taken) bucket.take(taken);
          if (bucket.tokens >= 1) bucket.lend(1, epochMs + 1 + pause.leaseMs);
          if (isPaused) bucket.pause(epochMs + pause.forMs, pause.tokens, epochMs);
          return bucket;
        };
        const [split, bulk, free] = [start(true), start(true), start(false)];
        let atMs = epochMs;
        let latestMs = epochMs;
        for (const step of steps) {
          atMs += step;
          latestMs = Math.max(latestMs, atMs);
          split.advance(atMs);
          free.advance(atMs);
          expect(split.tokens).toBeLessThanOrEqual(free.tokens);
          expect(split.lent?.tokens).toBe(free.lent?.tokens);
        }
        bulk.advance(latestMs);
        expect(split.toJSON()).toEqual(bulk.toJSON());
        expect(TokenBucket.from(bucketFieldsOf(policy), split.toJSON()).toJSON()).toEqual(
          split.toJSON(),
        );
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe("TokenBucket.from, a paused bucket", () => {
  const paused = {
    kind: "bucket",
    startedAtMs: 0,
    tick: 3,
    tokens: 1,
    pausedUntilMs: 9_500,
  } as const;

  test("holds its ticks", () => {
    const bucket = TokenBucket.from(bucketOf(five), paused);
    const { nextGainAtMs, pausedUntilMs, reachedAtMs } = bucket;
    expect([nextGainAtMs, pausedUntilMs, reachedAtMs]).toEqual([10_000, 9_500, 3_000]);
    expect(bucket.toJSON()).toEqual(paused);
    expect(bucket.copy().toJSON()).toEqual(paused);
  });

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses %f as its end",
    (pausedUntilMs) => {
      const state: TokenBucketState = { ...paused, pausedUntilMs };
      expect(() => TokenBucket.from(bucketOf(five), state)).toThrow(RangeError);
    },
  );
});
