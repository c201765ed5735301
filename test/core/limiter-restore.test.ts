/** Waiters whose object slept while they waited, and is awake again. */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { ComeBackOperation, PlainOperation } from "../../kit/model/arbitraries.ts";

import { Limiter } from "../../src/core/limiter.ts";
import {
  anyComeBack,
  anyPlainOperation,
  anyPolicy,
  historyOf,
} from "../../kit/model/arbitraries.ts";
import {
  Scene,
  epochMs,
  placesOf,
  policyOf,
  savedWaiters,
  sceneOf,
} from "../../kit/model/limiters.ts";
import { OnDemandLimiter } from "../../kit/model/on-demand.ts";
import { runs, timesSeen } from "../../kit/runs.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 60_000 });

describe("Limiter.restore", () => {
  test("has everybody where they stood, and the next turn grants who is due", () => {
    const scene = sceneOf("Ann", "Bob", "Cat");
    scene.sleepUntil(1_000);
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
    expect(scene.advance(1_000)).toEqual(["Ann granted 1 at 1000 after 999, 0 left"]);
    expect(scene.nextWakeAtMs).toBe(2_000);
    scene.sleepUntil(2_000);
    expect(scene.runDaemon(9_000)).toEqual([
      "Bob granted 1 at 2000 after 1998, 0 left",
      "Cat granted 1 at 3000 after 2997, 0 left",
    ]);
  });

  test("settles nobody by itself, and returns the handles in the order given", () => {
    const scene = sceneOf("Ann", "Bob", "Cat");
    const waiters = savedWaiters(scene.limiter);
    const woken = Limiter.from<string>(scene.limiter.policy, scene.limiter.toJSON());
    const handles = woken.restore(waiters.toReversed(), epochMs + 60_000);
    expect(handles.map(({ caller }) => caller)).toEqual(["Cat", "Bob", "Ann"]);
    expect(woken.inspect(epochMs)).toMatchObject({ waiters: 3, granted: 1, refused: 0 });
    const [cat, , ann] = handles;
    if (!cat || !ann) throw new Error("Nobody was put back");
    expect(woken.cancel(cat, epochMs).cancelled).toBe(cat);
    expect(woken.advance(epochMs + 1_000).settled.map(({ caller }) => caller)).toEqual(["Ann"]);
    expect(woken.cancel(ann, epochMs + 1_000).cancelled).toBeUndefined();
  });

  test("times everybody anew if the alarm came so late that ticks were lost", () => {
    const scene = new Scene();
    scene.acquire(0, "first");
    scene.acquire(1, "Ann");
    scene.acquire(2, "Bob", { timeoutMs: 2_500 });
    scene.acquire(3, "Cat");
    scene.sleepUntil(2_700);
    // The tick of 2000 found a token that nobody had taken.
    expect(scene.advance(2_700)).toEqual([
      "Ann granted 1 at 2700 after 2699, 0 left",
      "Bob refused: timeout, retry after 1300",
    ]);
    expect(placesOf(scene)).toEqual(["Cat 1 at 3000"]);
  });

  test("lets newcomers in behind them, also of the same instant", () => {
    const scene = new Scene();
    for (const caller of ["first", "Ann", "Bob"]) scene.acquire(0, caller);
    scene.sleepUntil(0);
    scene.acquire(0, "Cat");
    scene.cancel(0, "Bob");
    scene.comeBack(0, "Bob");
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
  });

  test("applies neither queueLimit nor maxWaitMs, which apply to newcomers", () => {
    const scene = new Scene({ queueLimit: 2 });
    for (const caller of ["first", "Ann", "Bob"]) scene.acquire(0, caller);
    scene.sleepUntil(500);
    expect(scene.acquire(500, "Cat")).toEqual(["Cat refused: queue-full, retry after 2500"]);
  });

  test("has one that was moved back where it stood", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Ann");
    scene.acquire(200, "Cat", { timeoutMs: 1_800 });
    scene.comeBack(400, "Ann");
    const before = placesOf(scene);
    expect(before).toEqual(["Bob 1 at 1000", "Cat 2 at 2000", "Ann 3 at 3000"]);
    scene.sleepUntil(500);
    expect(placesOf(scene)).toEqual(before);
    // Again: it is known as one that was moved back.
    scene.sleepUntil(600);
    expect(placesOf(scene)).toEqual(before);
  });

  test("with permits, refuses at its deadline who has waited in vain", () => {
    const concurrency = { max: 1, ttlMs: 60_000 };
    const scene = new Scene({ capacity: 9, initialTokens: 9, concurrency });
    scene.acquire(0, "holder");
    scene.acquire(1, "Ann", { timeoutMs: 10_000 });
    scene.acquire(2, "Bob", { timeoutMs: 5_000 });
    scene.sleepUntil(3_000);
    expect(scene.nextWakeAtMs).toBe(5_002);
    expect(scene.advance(5_002)).toEqual(["Bob refused: timeout, retry after 114998"]);
    expect(scene.releasePermit(6_000, "g1")).toEqual(["Ann granted 1 at 6000 after 5999, 8 left"]);
  });

  test("starts a bucket whose state is lost, so nobody waits for ever", () => {
    const scene = sceneOf("Ann", "Bob");
    const limiter = new Limiter<string>(policyOf());
    limiter.restore(savedWaiters(scene.limiter), epochMs + 500);
    const turn = limiter.advance(epochMs + 500);
    expect(turn.settled.map(({ caller }) => caller)).toEqual(["Ann"]);
    expect([turn.write !== undefined, turn.wakeAtMs]).toEqual([true, epochMs + 1_500]);
  });

  test("does nothing without waiters: a bucket that hasn't started doesn't start", () => {
    const limiter = new Limiter<string>(policyOf());
    expect(limiter.restore([], epochMs)).toEqual([]);
    expect(limiter.toJSON().limits).toBeUndefined();
  });

  test("throws where tokens are none, and changes nothing", () => {
    const limiter = new Limiter<string>(policyOf());
    const [ann] = savedWaiters(sceneOf("Ann").limiter);
    if (!ann) throw new Error("Nobody waits");
    expect(() => limiter.restore([ann, { ...ann, tokens: 0 }], epochMs)).toThrow(RangeError);
    expect([limiter.waiters, limiter.toJSON().limits]).toEqual([0, undefined]);
  });
});

describe("Limiter.passedAtMs", () => {
  test("is no earlier than the arrival of anybody who waits", () => {
    const scene = sceneOf("Ann");
    expect(scene.limiter.passedAtMs).toBe(epochMs + 1);
    scene.acquire(700, "Bob");
    scene.sleepUntil(0);
    expect(scene.limiter.passedAtMs).toBe(epochMs + 700);
  });
});

describe("Limiter.isOwing", () => {
  test("says that what is on the disk counts a debt as taken before those in front of it", () => {
    const hold = { maxMs: 60_000, debt: "queue" } as const;
    const scene = new Scene({ capacity: 2, initialTokens: 2, hold });
    scene.acquire(0, "holder", { tokens: 2, holdMs: 60_000 });
    scene.acquire(1, "Ann");
    expect(scene.limiter.isOwing).toBe(false);
    scene.changeHold(2, "g1", { used: 3 });
    expect(scene.limiter.isOwing).toBe(true);
    scene.runDaemon(1_000);
    expect(scene.limiter.isOwing).toBe(false);
  });
});

type Step = PlainOperation | ComeBackOperation;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: anyPlainOperation },
  { weight: 1, arbitrary: anyComeBack },
);

describe("an object that sleeps between any two turns", () => {
  test("has everybody where they stood, and when it is their turn", () => {
    let slept = 0;
    let movedBack = 0;
    fc.assert(
      fc.property(anyPolicy, historyOf(fc.tuple(anyStep, fc.boolean())), (policy, history) => {
        const world = new OnDemandLimiter(new Limiter(policy));
        for (const [step, sleeps] of history) {
          world.wake();
          if (step.kind === "come back") world.comeBack(step.pick);
          else world.perform(step);
          if (!sleeps) continue;
          const { limiter } = world;
          const before = [...limiter.places()];
          const woken = Limiter.from<string>(limiter.policy, limiter.toJSON());
          woken.restore(savedWaiters(limiter).toReversed(), world.nowMs);
          const after = [...woken.places()];
          const [callers, again] = [before, after].map((places) => {
            return places.map(({ waiter, grantAtMs }) => [waiter.caller, grantAtMs]);
          });
          expect(again).toEqual(callers);
          if (before.some(({ waiter }) => waiter.behindLater)) movedBack += 1;
          if (before.length > 1) slept += 1;
        }
      }),
      { numRuns: runs(1_000) },
    );
    expect(slept).toBeGreaterThanOrEqual(timesSeen(1_000));
    expect(movedBack).toBeGreaterThanOrEqual(timesSeen(20));
  });
});
