/** The limiter over several limits: a token bucket, the fixed window that kit/model has for tests, a calendar. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Cost } from "../../src/core/limits/cost.ts";
import type { LimiterPolicy, LimiterState } from "../../src/core/limiter-state.ts";
import type { LimitSpec, LimitState } from "../../src/core/limits/limit.ts";
import type { Turn } from "../../src/core/turn.ts";

import { calendarOf } from "../../kit/model/calendars.ts";
import { anyAmount, fold } from "../../kit/model/driven-limit.ts";
import { fixedWindow } from "../../kit/model/fixed-window.ts";
import { epochMs, LimiterScene, placesOf } from "../../kit/model/limiters.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { calendar } from "../../src/core/limits/calendar.ts";
import { limitSpec } from "../../src/core/limits/limit.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";

/** A token in 100 ms, full at the start. */
function rateOf(capacity: number, refillTokens = 1, refillIntervalMs = 100): LimitSpec {
  const fields = { capacity, refillTokens, refillIntervalMs, initialTokens: capacity };
  return limitSpec("rate", tokenBucket, fields);
}

function windowOf(capacity: number, windowMs = 1_000): LimitSpec {
  return limitSpec("window", fixedWindow, { capacity, windowMs });
}

function policyWith(...limits: LimitSpec[]): LimiterPolicy {
  return { limits, queueLimit: 1_000, maxWaitMs: 60_000, lease: undefined };
}

function sceneWith(...limits: LimitSpec[]): LimiterScene<LimiterPolicy> {
  return new LimiterScene(policyWith(...limits));
}

/** What is left in each limit that has been written down, as it is then. */
function tokensIn(specs: readonly LimitSpec[], states: readonly LimitState[] = []): number[] {
  return states.length === 0 ? [] : LimitSet.restore(specs, states).all.map(({ tokens }) => tokens);
}

function tokensOf({ limiter }: LimiterScene<LimiterPolicy>): number[] {
  return tokensIn(limiter.policy.limits, limiter.toJSON().limits);
}

describe("A limiter of several limits", () => {
  test("takes of all of them or of none", () => {
    const scene = sceneWith(rateOf(5), windowOf(2));
    expect(scene.try(0, "Ann", 2)).toEqual(["Ann granted 2 at 0 after 0, 3 left"]);
    expect(scene.try(0, "Bob")).toEqual(["Bob refused: timeout, retry after 1000"]);
    expect(tokensOf(scene)).toEqual([3, 0]);
    expect(scene.try(1_000, "Bob")).toEqual(["Bob granted 1 at 1000 after 0, 4 left"]);
    expect(tokensOf(scene)).toEqual([4, 1]);
  });

  test("grants at the first instant at which each of them has enough", () => {
    const scene = sceneWith(rateOf(1), windowOf(3));
    for (const caller of ["Ann", "Bob", "Cid", "Dan", "Eve"]) scene.acquire(0, caller);
    expect(placesOf(scene)).toEqual([
      "Bob 1 at 100",
      "Cid 2 at 200",
      "Dan 3 at 1000",
      "Eve 4 at 1100",
    ]);
    expect(scene.runDaemon(2_000)).toEqual([
      "Bob granted 1 at 100 after 100, 0 left",
      "Cid granted 1 at 200 after 200, 0 left",
      "Dan granted 1 at 1000 after 1000, 0 left",
      "Eve granted 1 at 1100 after 1100, 0 left",
    ]);
  });

  test("grants at a calendar's boundary what is there of the others by then", () => {
    // 55.269 seconds after the start; the next one is an hour later.
    const boundaryMs = 60_000 - (epochMs % 60_000);
    const at = new Date(epochMs + boundaryMs).toISOString().slice(11, 16);
    const hourly = limitSpec("hourly", calendar, calendarOf({ capacity: 3, every: "hour", at }));
    const scene = sceneWith(rateOf(2), hourly);
    for (const caller of ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay"]) scene.acquire(0, caller);
    expect(placesOf(scene)).toEqual([
      "Cid 1 at 100",
      "Dan 2 at 55269",
      "Eve 3 at 55269",
      "Fay 4 at 55300",
    ]);
    expect(scene.acquire(0, "Gil")).toEqual(["Gil refused: timeout, retry after 3655269"]);
    scene.runDaemon(100);
    scene.restore();
    expect(scene.acquire(200, "Dan", { timeoutMs: 55_068 })).toEqual([
      "Dan refused: timeout, retry after 55069",
    ]);
    expect(scene.try(55_269, "Dan", 2)).toEqual(["Dan granted 2 at 55269 after 0, 0 left"]);
    expect(tokensOf(scene)).toEqual([0, 1]);
  });

  test("lets nobody past a waiter that one of them holds up", () => {
    const scene = sceneWith(rateOf(5), windowOf(3));
    scene.acquire(0, "Ann", { tokens: 2 });
    expect(scene.acquire(0, "Bob", { tokens: 2 })).toEqual(["Bob waits"]);
    // One is left in both of them, and Bob is in front.
    expect(scene.acquire(0, "Cid")).toEqual(["Cid waits"]);
    expect(scene.try(0, "Dan")).toEqual(["Dan refused: timeout, retry after 2000"]);
    expect(scene.advance(1_000)).toEqual([
      "Bob granted 2 at 1000 after 1000, 3 left",
      "Cid granted 1 at 1000 after 1000, 2 left",
    ]);
  });

  test("refuses on arrival what would be too late, and the time to retry is exact", () => {
    const scene = sceneWith(rateOf(1), windowOf(2));
    for (const caller of ["Ann", "Bob"]) scene.acquire(0, caller);
    expect(scene.acquire(0, "Cid", { timeoutMs: 999 })).toEqual([
      "Cid refused: timeout, retry after 1000",
    ]);
    expect(scene.acquire(0, "Cid", { timeoutMs: 1_000 })).toEqual(["Cid waits"]);
    scene.cancel(1, "Cid");
    scene.runDaemon(999);
    expect(scene.try(999, "Cid")).toEqual(["Cid refused: timeout, retry after 1"]);
    expect(scene.try(1_000, "Cid")).toEqual(["Cid granted 1 at 1000 after 0, 0 left"]);
  });

  test("lets those behind one that leaves move up at once", () => {
    const scene = sceneWith(rateOf(5), windowOf(3));
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.acquire(0, "Bob", { tokens: 2 });
    scene.acquire(0, "Cid");
    expect(scene.cancel(500, "Bob")).toEqual(["Cid granted 1 at 500 after 500, 4 left"]);
  });

  test("refuses for good what exceeds the smallest of them, and starts none for it", () => {
    const scene = sceneWith(rateOf(5), windowOf(3));
    expect(scene.acquire(0, "Ann", { tokens: 4 })).toEqual(["Ann refused: exceeds-capacity"]);
    expect(tokensOf(scene)).toEqual([]);
  });

  test("names the limits that are to blame for a refusal", () => {
    const limits = [rateOf(5), windowOf(3)];
    const { limiter } = new LimiterScene({ ...policyWith(...limits), queueLimit: 2 });
    const blamed = (tokens: Cost, timeoutMs?: number) => {
      const request = timeoutMs === undefined ? { tokens } : { tokens, timeoutMs };
      const [own] = limiter.acquire({ caller: "Ann", ...request }, epochMs).settled;
      return own?.outcome.ok === false ? [own.outcome.reason, own.outcome.violatedLimits] : [];
    };
    expect(blamed(6)).toEqual(["exceeds-capacity", ["rate", "window"]]);
    expect(blamed([1, 4])).toEqual(["exceeds-capacity", ["window"]]);
    expect(blamed([5, 3])).toEqual([]);
    expect(blamed(1, 0)).toEqual(["timeout", ["rate", "window"]]);
    expect(blamed(1, 100)).toEqual(["timeout", ["window"]]);
    expect(blamed([1, 0], 99)).toEqual(["timeout", ["rate"]]);
    expect(blamed([0, 2])).toEqual([]);
    expect(limiter.inspect(epochMs).headLimit).toBe("window");
    // There is enough of its own limit by then: it is late because of the head.
    expect(blamed([1, 0], 999)).toEqual(["timeout", ["window"]]);
    expect(blamed([1, 0])).toEqual([]);
    expect(blamed([1, 0])).toEqual(["queue-full", ["window"]]);
  });

  test("names the limit that a caller would wait for, if nobody may wait", () => {
    const scene = new LimiterScene({ ...policyWith(rateOf(5), windowOf(3)), queueLimit: 0 });
    scene.acquire(0, "Ann", { tokens: 3 });
    const { settled } = scene.limiter.acquire({ caller: "Bob" }, epochMs);
    const outcome = { ok: false, reason: "queue-full", retryAfterMs: 1_000 };
    expect(settled).toEqual([
      { caller: "Bob", outcome: { ...outcome, violatedLimits: ["window"] } },
    ]);
  });

  test("doesn't hold up a caller by a limit of which it takes nothing, even below zero", () => {
    const scene = sceneWith(rateOf(100, 10), windowOf(400));
    for (let grant = 0; grant < 2; grant += 1) scene.try(0, "Ann", 1);
    const { limits: [rate, window] = [] } = scene.limiter.toJSON();
    const owed = { ...window, tokens: -8 };
    const state = { ...scene.limiter.toJSON(), limits: [rate, owed] as LimitState[] };
    scene.limiter = Limiter.from(scene.limiter.policy, state);
    expect(scene.acquire(0, "Bob", { tokens: [98, 0] })).toEqual([
      "Bob granted 98 at 0 after 0, 0 left",
    ]);
    scene.acquire(0, "Cid", { tokens: [10, 0] });
    scene.acquire(0, "Dan", { tokens: [0, 1] });
    expect(placesOf(scene)).toEqual(["Cid 1 at 100", "Dan 2 at 1000"]);
  });

  test("is paused as a whole, by its first limit", () => {
    const scene = sceneWith(rateOf(1), windowOf(3));
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob", { timeoutMs: 1_599 });
    scene.acquire(0, "Cid");
    expect(scene.pause(50, 1_500)).toEqual(["Bob refused: timeout, retry after 1650"]);
    expect(placesOf(scene)).toEqual(["Cid 1 at 1600"]);
    expect(scene.resume(1_250)).toEqual([]);
    expect(scene.runDaemon(2_000)).toEqual(["Cid granted 1 at 1300 after 1300, 0 left"]);
  });

  test("comes back from JSON, with all of them", () => {
    const scene = sceneWith(rateOf(5), windowOf(2));
    scene.acquire(0, "Ann");
    scene.pause(250, 400, 5);
    const before = scene.limiter.toJSON();
    scene.restore();
    expect(scene.limiter.toJSON()).toEqual(before);
    expect(before.limits?.map(({ kind }) => kind)).toEqual(["bucket", "window"]);
    expect(() => Limiter.from(policyWith(rateOf(5)), before)).toThrow(
      new RangeError("Cannot restore 1 limits from 2 states"),
    );
    const swapped = policyWith(windowOf(2), rateOf(5));
    expect(() => Limiter.from(swapped, before)).toThrow(
      new RangeError("Cannot restore a limit of kind window from bucket"),
    );
  });
});

describe("Limiter.setPolicy, of several limits", () => {
  test("a limit that is added starts then, and waiters are timed by it", () => {
    const scene = sceneWith(rateOf(2));
    for (const caller of ["Ann", "Bob", "Cid", "Dan", "Eve"]) scene.acquire(0, caller);
    scene.acquire(0, "Fay", { timeoutMs: 1_049 });
    expect(scene.switchTo(50, policyWith(rateOf(2), windowOf(2)))).toEqual([
      "Fay refused: timeout, retry after 1000",
    ]);
    expect(placesOf(scene)).toEqual(["Cid 1 at 100", "Dan 2 at 200", "Eve 3 at 1050"]);
    expect(tokensOf(scene)).toEqual([0, 2]);
  });

  test("a limit that is taken out holds up nobody any more", () => {
    const scene = sceneWith(rateOf(5), windowOf(1));
    for (const caller of ["Ann", "Bob", "Cid"]) scene.acquire(0, caller);
    expect(scene.switchTo(50, policyWith(rateOf(5)))).toEqual([
      "Bob granted 1 at 50 after 50, 3 left",
      "Cid granted 1 at 50 after 50, 2 left",
    ]);
  });

  test("limits of the same name and kind go on, in whatever order", () => {
    const scene = sceneWith(rateOf(5), windowOf(3));
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.switchTo(50, policyWith(windowOf(4), rateOf(2)));
    expect(tokensOf(scene)).toEqual([1, 2]);
    expect(scene.try(50, "Bob", 2)).toEqual(["Bob refused: timeout, retry after 950"]);
  });

  test("a limit of another kind goes on with the tokens of the one of its name", () => {
    const scene = sceneWith(rateOf(5), windowOf(3));
    scene.acquire(0, "Ann", { tokens: 3 });
    const fields = { capacity: 3, windowMs: 1_000 };
    const named = [limitSpec("rate", fixedWindow, fields), limitSpec("other", fixedWindow, fields)];
    scene.switchTo(50, policyWith(...named));
    expect(tokensOf(scene)).toEqual([2, 3]);
  });

  test("a waiter that a new limit can never grant is refused for good", () => {
    const scene = sceneWith(rateOf(5));
    scene.acquire(0, "Ann", { tokens: 5 });
    scene.acquire(0, "Bob", { tokens: 4 });
    expect(scene.switchTo(50, policyWith(rateOf(5), windowOf(3)))).toEqual([
      "Bob refused: exceeds-capacity",
    ]);
  });
});

describe("Turn.write, of several limits", () => {
  /** Tokens of each limit in each of the writes that single grants made. */
  function writesOf(grants: number, ...limits: LimitSpec[]): number[][] {
    const scene = sceneWith(...limits);
    return Array.from({ length: grants }, () => {
      scene.try(0, "Ann");
      return tokensIn(limits, scene.checkpoint(0)?.limits);
    }).filter((tokens) => tokens.length > 0);
  }

  test("comes as soon as the batch of any of them is used up, and renews all batches", () => {
    const limits = [rateOf(10_000, 10_000, 1_000), windowOf(400)];
    expect(limits.map(({ kind, fields }) => kind.maxBatch(fields))).toEqual([250, 10]);
    expect(writesOf(24, ...limits)).toEqual([
      [9_999, 399],
      [9_998 - 250, 398 - 10],
      [9_987 - 250, 387 - 10],
      [9_976 - 250, 376 - 10],
    ]);
  });

  test("comes with every grant, and with no batch of the others, if one of them has none", () => {
    const limits = [rateOf(10_000, 10_000, 1_000), windowOf(39)];
    expect(writesOf(3, ...limits)).toEqual([
      [9_999, 38],
      [9_998, 37],
      [9_997, 36],
    ]);
  });

  test("counts from anew once they are others", () => {
    const rate = rateOf(10_000, 10_000, 1_000);
    const scene = sceneWith(rate);
    for (let grant = 0; grant < 5; grant += 1) scene.try(0, "Ann");
    const both = policyWith(windowOf(400), rate);
    scene.switchTo(0, both);
    const writes = Array.from({ length: 14 }, () => {
      const { limits } = scene.checkpoint(0) ?? {};
      scene.try(0, "Ann");
      return tokensIn(both.limits, limits);
    });
    expect(writes.filter((tokens) => tokens.length > 0)).toEqual([
      [400, 9_995],
      [399, 9_994],
      [398 - 10, 9_993 - 250],
      [387 - 10, 9_982 - 250],
    ]);
  });

  test("is exact once it is quiet", () => {
    const scene = sceneWith(rateOf(10_000, 10_000, 1_000), windowOf(400));
    for (let grant = 0; grant < 5; grant += 1) scene.try(0, "Ann");
    expect(scene.flushInMs).toBe(1_250);
    const { limits } = scene.checkpoint(1_250) ?? {};
    expect(tokensIn(scene.limiter.policy.limits, limits)).toEqual([10_000, 400]);
    expect(scene.flushInMs).toBeUndefined();
  });
});

/** A limiter's owner, which dies at any point between two turns. */
class Owner {
  limiter: Limiter<string, LimiterPolicy>;
  disk: LimiterState;

  constructor(policy: LimiterPolicy) {
    this.limiter = new Limiter<string, LimiterPolicy>(policy);
    this.disk = this.limiter.toJSON();
  }

  restart(): void {
    this.limiter = this.restored();
  }

  restored(): Limiter<string, LimiterPolicy> {
    return Limiter.from(this.limiter.policy, JSON.parse(JSON.stringify(this.disk)));
  }

  /** Whether the turn granted, once it is written. */
  carryOut({ write, settled }: Turn<string>): boolean {
    this.disk = write ?? this.disk;
    return settled.some(({ outcome }) => outcome.ok);
  }
}

test("Several limits mint nothing, whenever their owner dies, and lose a batch of each at most", () => {
  let batched = 0;
  let restarts = 0;
  const anyRateWithBatch = fc
    .tuple(fc.integer({ min: 40, max: 600 }), fc.integer({ min: 1, max: 300 }))
    .map(([capacity, refillTokens]) => rateOf(capacity, refillTokens));
  const anyWindowWithBatch = fc
    .tuple(fc.integer({ min: 20, max: 400 }), fc.constantFrom(100, 1_000, 30_000))
    .map(([capacity, windowMs]) => windowOf(capacity, windowMs));
  const kinds = ["take", "take", "take", "take", "take", "pass", "pass", "restart"] as const;
  const anyStep = fc.record({
    kind: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...kinds) },
      { weight: 1, arbitrary: fc.constant("change" as const) },
    ),
    tokens: fc.oneof(fc.constant(1), anyAmount),
    ms: fc.oneof(fc.nat(30), fc.nat(300), fc.nat(2_000), fc.constant(20_000)),
  });
  const anyHistory = fc.array(anyStep, { minLength: 20, maxLength: 60, size: "max" });
  fc.assert(
    fc.property(anyRateWithBatch, anyWindowWithBatch, anyHistory, (rate, window, history) => {
      const choices = [[rate, window], [window, rate], [rate], [window]];
      const owner = new Owner(policyWith(rate, window));
      let nowMs = epochMs;
      owner.carryOut(owner.limiter.pause({ untilMs: nowMs + 1, tokens: 1_000 }, nowMs));
      // What each limit would have if nobody ever died.
      const single = LimitSet.start([rate, window], nowMs);
      for (const { kind, tokens: drawn, ms } of history) {
        if (kind === "pass") nowMs += ms;
        if (kind === "restart") {
          owner.restart();
          restarts += 1;
        }
        if (kind === "change") {
          const policy = policyWith(...(choices[drawn % choices.length] ?? []));
          owner.carryOut(owner.limiter.setPolicy(policy, nowMs));
          single.reconfigure(policy.limits, nowMs);
        }
        if (kind !== "take") continue;
        const tokens = fold(drawn, 20);
        const before = owner.disk;
        const request = { caller: "Ann", tokens, timeoutMs: 0 };
        if (!owner.carryOut(owner.limiter.acquire(request, nowMs))) continue;
        if (owner.disk === before) batched += 1;
        single.advance(nowMs);
        expect(single.tryTake(tokens)).toBe(true);
        const restored = owner.restored();
        for (const one of [owner.limiter, restored]) one.advance(nowMs);
        const { limits } = owner.limiter.policy;
        const inMemory = tokensIn(limits, owner.limiter.toJSON().limits);
        const onDisk = tokensIn(limits, restored.toJSON().limits);
        for (const [index, { kind: limitKind, fields }] of limits.entries()) {
          const lost = Number(inMemory[index]) - Number(onDisk[index]);
          expect(lost).toBeGreaterThanOrEqual(0);
          expect(lost).toBeLessThanOrEqual(limitKind.maxBatch(fields));
        }
      }
    }),
    { numRuns: runs(1_000) },
  );
  expect(batched).toBeGreaterThanOrEqual(timesSeen(1_000));
  expect(restarts).toBeGreaterThanOrEqual(timesSeen(1_000));
});
