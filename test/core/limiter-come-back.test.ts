/** Waiters that leave and come back to their places, and those who joined while they were away. */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { Place } from "../../src/core/turn.ts";
import type { ComeBackOperation, PlainOperation } from "../../kit/model/arbitraries.ts";

import { cpuTimeMs } from "../../kit/cpu-time.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { arrivedBefore } from "../../src/core/queue/arrival-order.ts";
import { WaiterQueue } from "../../src/core/queue/waiter-queue.ts";
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
  policyFrom,
  policyOf,
  sceneOf,
} from "../../kit/model/limiters.ts";
import { OnDemandLimiter } from "../../kit/model/on-demand.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";
import { tokensOf } from "../../src/core/limits/cost.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 60_000 });

describe("Limiter.comeBack", () => {
  test("puts a waiter back where it stood, and its wait counts from its first arrival", () => {
    const scene = sceneOf("Ann", "Bob", "Cat");
    scene.cancel(100, "Bob");
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Cat 2 at 2000"]);
    expect(scene.comeBack(300, "Bob")).toEqual(["Bob waits"]);
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
    expect(scene.runDaemon(9_000)).toEqual([
      "Ann granted 1 at 1000 after 999, 0 left",
      "Bob granted 1 at 2000 after 1998, 0 left",
      "Cat granted 1 at 3000 after 2997, 0 left",
    ]);
  });

  test("puts it in front of those who joined while it was away", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Ann");
    scene.acquire(200, "Cat");
    expect(scene.comeBack(300, "Ann")).toEqual(["Ann waits"]);
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
    expect(scene.nextWakeAtMs).toBe(1_000);
  });

  test("puts it behind one that joined meanwhile and would be late, and no further back", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Ann");
    // Promised 2000, and not a millisecond later.
    scene.acquire(200, "Cat", { timeoutMs: 1_800 });
    scene.acquire(300, "Dan");
    expect(scene.comeBack(400, "Ann")).toEqual(["Ann waits"]);
    expect(placesOf(scene)).toEqual([
      "Bob 1 at 1000",
      "Cat 2 at 2000",
      "Ann 3 at 3000",
      "Dan 4 at 4000",
    ]);
  });

  test("does not stand behind one whose deadline is the very tick that is left for it", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Ann");
    scene.acquire(200, "Cat", { timeoutMs: 2_800 });
    scene.comeBack(400, "Ann");
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
  });

  test("looks again from its new place, where others may be late by what flows over", () => {
    const scene = new Scene({ capacity: 3, refillTokens: 2, initialTokens: 3 });
    scene.acquire(0, "first", { tokens: 3 });
    scene.acquire(1, "Ann", { tokens: 3 });
    scene.cancel(2, "Ann");
    scene.acquire(3, "Bob", { tokens: 1, timeoutMs: 997 });
    scene.acquire(4, "Cat", { tokens: 1, timeoutMs: 996 });
    scene.acquire(5, "Dan", { tokens: 2, timeoutMs: 1_995 });
    scene.acquire(6, "Eve", { tokens: 1 });
    expect(scene.comeBack(7, "Ann")).toEqual(["Ann waits"]);
    expect(placesOf(scene)).toEqual([
      "Bob 1 at 1000",
      "Cat 2 at 1000",
      "Dan 3 at 2000",
      "Ann 4 at 4000",
      "Eve 5 at 5000",
    ]);
  });

  test("grants it in that turn where its tokens are there", () => {
    const scene = sceneOf("Ann");
    scene.cancel(100, "Ann");
    scene.advance(1_700);
    expect(scene.comeBack(1_700, "Ann")).toEqual(["Ann granted 1 at 1700 after 1699, 0 left"]);
    expect(scene.inspect(1_700)).toMatchObject({ granted: 2, cancelled: 1, refused: 0 });
  });

  test("grants in that turn those who are due before it", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Bob");
    // The daemon has not come yet.
    expect(scene.comeBack(1_000, "Bob")).toEqual([
      "Ann granted 1 at 1000 after 999, 0 left",
      "Bob waits",
    ]);
  });

  test("refuses it after its deadline, and changes nothing", () => {
    const scene = new Scene();
    scene.acquire(0, "first");
    scene.acquire(0, "Ann", { timeoutMs: 5_000 });
    scene.cancel(100, "Ann");
    expect(scene.comeBack(5_001, "Ann")).toEqual(["Ann refused: timeout, retry after 0"]);
    expect(scene.inspect(5_001)).toMatchObject({ tokens: 1, waiters: 0, refused: 1 });
    expect(scene.comeBack(5_000, "Ann")).toEqual(["Ann granted 1 at 5000 after 5000, 0 left"]);
  });

  test("refuses it after its deadline where permits decide, even if it could be granted", () => {
    const scene = new Scene({ concurrency: { max: 2, ttlMs: 60_000 } });
    scene.acquire(0, "first");
    scene.acquire(0, "Ann", { timeoutMs: 5_000 });
    scene.cancel(100, "Ann");
    expect(scene.comeBack(5_001, "Ann")).toEqual(["Ann refused: timeout, retry after 0"]);
    expect(scene.inspect(5_001)).toMatchObject({ tokens: 1, waiters: 0, refused: 1 });
  });

  test("refuses it where the place that is left for it is too late, and changes nothing", () => {
    const scene = new Scene();
    scene.acquire(0, "first");
    scene.acquire(1, "Ann", { timeoutMs: 1_500 });
    scene.cancel(2, "Ann");
    scene.acquire(3, "Bob", { timeoutMs: 997 });
    scene.acquire(4, "Cat");
    const before = placesOf(scene);
    expect(scene.comeBack(500, "Ann")).toEqual(["Ann refused: timeout, retry after 2500"]);
    expect(placesOf(scene)).toEqual(before);
  });

  test("asks neither queueLimit nor maxWaitMs", () => {
    const scene = new Scene({ queueLimit: 2, maxWaitMs: 10_000 });
    for (const caller of ["first", "Ann", "Bob"]) scene.acquire(0, caller);
    scene.cancel(100, "Ann");
    scene.acquire(100, "Cat");
    scene.setPolicy(200, { maxWaitMs: 0 });
    expect(scene.comeBack(300, "Ann")).toEqual(["Ann waits"]);
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
    scene.setPolicy(400, { maxWaitMs: 10_000 });
    expect(scene.acquire(400, "Dan")).toEqual(["Dan refused: queue-full, retry after 3600"]);
  });

  test("refuses what the bucket cannot hold any more", () => {
    const scene = new Scene({ capacity: 3 });
    scene.acquire(0, "Ann", { tokens: 3 });
    scene.cancel(1, "Ann");
    scene.setPolicy(2, { capacity: 2 });
    expect(scene.comeBack(3, "Ann")).toEqual(["Ann refused: exceeds-capacity"]);
  });

  test("lets it leave and come back again, each time to the place of its first arrival", () => {
    const scene = sceneOf("Ann", "Bob", "Cat");
    scene.cancel(100, "Ann");
    scene.acquire(200, "Dan", { timeoutMs: 2_800 });
    scene.comeBack(300, "Ann");
    expect(placesOf(scene)[3]).toBe("Ann 4 at 4000");
    scene.cancel(400, "Ann");
    scene.cancel(500, "Cat");
    scene.comeBack(600, "Ann");
    expect(placesOf(scene)[0]).toBe("Ann 1 at 1000");
  });

  test("newcomers and those put back stand where they would among those in front of it", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Ann");
    scene.acquire(200, "Cat", { timeoutMs: 1_800 });
    scene.comeBack(300, "Ann");
    // Ann came at 1, and stands behind Cat of 200.
    expect(placesOf(scene).at(-1)).toBe("Ann 3 at 3000");
    scene.acquire(400, "Eve", { firstArrivalMs: 250 });
    scene.acquire(500, "Dan");
    scene.acquire(600, "Fay", { firstArrivalMs: 300 });
    expect(placesOf(scene)).toEqual([
      "Bob 1 at 1000",
      "Cat 2 at 2000",
      "Ann 3 at 3000",
      "Eve 4 at 4000",
      "Fay 5 at 5000",
      "Dan 6 at 6000",
    ]);
  });

  test("tells those apart who arrived at one instant", () => {
    const scene = new Scene();
    for (const caller of ["first", "Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    scene.cancel(0, "Ann");
    scene.cancel(0, "Bob");
    scene.acquire(0, "Dan");
    scene.comeBack(0, "Bob");
    scene.comeBack(0, "Ann");
    expect(placesOf(scene).map((line) => line.split(" ")[0])).toEqual(["Ann", "Bob", "Cat", "Dan"]);
  });

  test("two behind one that would be late stand in the order of their arrivals", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.cancel(100, "Ann");
    scene.cancel(100, "Bob");
    scene.acquire(200, "Cat", { timeoutMs: 800 });
    scene.comeBack(300, "Ann");
    scene.comeBack(300, "Bob");
    expect(placesOf(scene)).toEqual(["Cat 1 at 1000", "Ann 2 at 2000", "Bob 3 at 3000"]);
  });

  test("two that come back in the other order stand in that of their arrivals", () => {
    const scene = sceneOf("Ann", "Bob", "Cat");
    scene.cancel(100, "Ann");
    scene.cancel(100, "Bob");
    scene.comeBack(200, "Bob");
    scene.comeBack(300, "Ann");
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000", "Cat 3 at 3000"]);
  });

  test("throws where tokens are none, and changes nothing", () => {
    const limiter = new Limiter<string>(policyOf());
    const returner = { caller: "Ann", tokens: 0, queuedAtMs: epochMs, deadlineAtMs: epochMs };
    expect(() => limiter.comeBack(returner, epochMs)).toThrow(RangeError);
    expect(limiter.toJSON().limits).toBeUndefined();
  });

  test("puts one that came after everybody who waits at the end, whether or not the queue is full", () => {
    const scene = new Scene({ queueLimit: 2, maxWaitMs: 10_000 });
    for (const caller of ["first", "Ann", "Bob"]) scene.acquire(0, caller);
    scene.cancel(100, "Bob");
    scene.acquire(100, "Cat");
    scene.cancel(100, "Cat");
    scene.acquire(100, "Dan");
    scene.cancel(100, "Dan");
    scene.comeBack(200, "Bob");
    scene.comeBack(200, "Cat");
    scene.comeBack(200, "Dan");
    expect(placesOf(scene)).toEqual([
      "Ann 1 at 1000",
      "Bob 2 at 2000",
      "Cat 3 at 3000",
      "Dan 4 at 4000",
    ]);
  });

  test("refuses one that came last and would be late, and changes nothing", () => {
    const scene = sceneOf("Ann", "Bob");
    scene.acquire(3, "Cat", { timeoutMs: 2_997 });
    scene.cancel(4, "Cat");
    scene.cancel(4, "Ann");
    scene.acquire(5, "Zoe", { timeoutMs: 1_995 });
    scene.comeBack(6, "Ann");
    // Cat came before Zoe, and neither of them can wait for the tick of 4000.
    expect(scene.comeBack(7, "Cat")).toEqual(["Cat refused: timeout, retry after 3993"]);
    expect(scene.inspect(7)).toMatchObject({ waiters: 3 });
  });

  test("is a few steps for each of 10,000 that come back in order", () => {
    const waiters = 10_000;
    const policy = policyOf({ queueLimit: waiters, maxWaitMs: 3_600_000, refillIntervalMs: 100 });
    const limiter = new Limiter<number>(policy);
    const left = Array.from({ length: waiters + 1 }, (_, caller) => {
      return limiter.acquire({ caller }, epochMs + caller / 1_000).waiter;
    }).filter((waiter) => waiter !== undefined);
    for (const waiter of left) limiter.cancel(waiter, epochMs + 11);
    const walks = vi.spyOn(WaiterQueue.prototype, Symbol.iterator);
    for (const waiter of left) limiter.comeBack(waiter, epochMs + 12);
    // The first finds an empty queue, and what it is there is looked at twice.
    expect(walks.mock.calls.length).toBeLessThanOrEqual(2);
    expect([...limiter.places()].map(({ waiter }) => waiter.caller)).toEqual(
      left.map(({ caller }) => caller),
    );
    // One that doesn't come back in order looks for its place.
    const [head] = limiter.places();
    if (!head) throw new Error("Nobody waits");
    limiter.cancel(head.waiter, epochMs + 13);
    walks.mockClear();
    limiter.comeBack(head.waiter, epochMs + 13);
    expect(walks).toHaveBeenCalled();
    walks.mockRestore();
  });

  test("takes milliseconds in a queue of 10,000", () => {
    const policy = policyOf({ queueLimit: 10_000, maxWaitMs: 3_600_000, refillIntervalMs: 100 });
    const limiter = new Limiter<number>(policy);
    for (let caller = 0; caller <= 10_000; caller += 1) limiter.acquire({ caller }, epochMs);
    const tookMs = Array.from({ length: 5 }, () => {
      const [head] = limiter.places();
      if (!head) throw new Error("Nobody waits");
      limiter.cancel(head.waiter, epochMs);
      const startedAtMs = cpuTimeMs();
      limiter.comeBack(head.waiter, epochMs);
      return cpuTimeMs() - startedAtMs;
    });
    // About 0.5 ms.
    expect(Math.min(...tookMs)).toBeLessThan(200);
    expect(limiter.nextWakeAtMs).toBe(epochMs + 100);
  });
});

type Step = PlainOperation | ComeBackOperation;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: anyPlainOperation },
  { weight: 1, arbitrary: anyComeBack },
);

function placesIn({ limiter }: OnDemandLimiter): Place<string>[] {
  return [...limiter.places()];
}

describe("with callers that leave and come back", () => {
  test("nobody who was let in misses its deadline because somebody came back", () => {
    let cameBack = 0;
    let movedBack = 0;
    fc.assert(
      fc.property(anyPolicy, historyOf(anyStep), (policy, history) => {
        const world = new OnDemandLimiter(new Limiter(policy));
        const deadlines = new Map<string, number>();
        for (const step of history) {
          world.wake();
          const before = placesIn(world);
          if (step.kind === "come back") world.comeBack(step.pick);
          else world.perform(step);
          for (const { waiter, grantAtMs } of placesIn(world)) {
            deadlines.set(waiter.caller, waiter.deadlineAtMs);
            expect(grantAtMs).toBeLessThanOrEqual(waiter.deadlineAtMs);
            const was = before.find((place) => place.waiter === waiter);
            if (was && was.grantAtMs < grantAtMs) movedBack += 1;
          }
          if (step.kind === "come back") cameBack += 1;
        }
        world.wake();
        world.finish();
        for (const { caller, outcome } of world.settled) {
          const deadlineAtMs = deadlines.get(caller);
          // One that came back too late is refused; whoever waits is not.
          if (outcome.ok && deadlineAtMs !== undefined) {
            expect(outcome.grantedAtMs).toBeLessThanOrEqual(deadlineAtMs);
          }
        }
        expect(world.standing.size).toBe(0);
      }),
      { numRuns: runs(1_000) },
    );
    expect(cameBack).toBeGreaterThanOrEqual(timesSeen(1_000));
    expect(movedBack).toBeGreaterThanOrEqual(timesSeen(100));
  });

  test("the queue is in order of arrival, but for the guard", () => {
    let inFront = 0;
    let guarded = 0;
    // One token a tick: what flows over does not hang on the order, so one place tells.
    const anySimplePolicy = anyPolicy.map((policy) => {
      return policyFrom(policy.merge({ refillTokens: 1, maxWaitMs: 3_600_000 }));
    });
    fc.assert(
      fc.property(anySimplePolicy, historyOf(anyStep), (policy, history) => {
        const world = new OnDemandLimiter(new Limiter(policy));
        for (const step of history) {
          world.wake();
          if (step.kind !== "come back") {
            world.perform(step);
            continue;
          }
          const returner = world.comeBack(step.pick);
          const places = placesIn(world);
          const index = places.findIndex(({ waiter }) => waiter.caller === returner?.caller);
          const own = places[index];
          if (!own) continue;
          if (index < places.length - 1) inFront += 1;
          const tokens = tokensOf(own.waiter.tokens, 0);
          // Who stands right behind it came later.
          const next = places[index + 1];
          if (next) expect(arrivedBefore(own.waiter, next.waiter)).toBe(true);
          const isLater = ({ waiter }: Place<string>): boolean => arrivedBefore(own.waiter, waiter);
          const passed = places.slice(0, index);
          const firstLater = passed.findIndex(isLater);
          if (firstLater < 0) continue;
          guarded += 1;
          // In front of those it would hold one of them up for too long: by what its tokens take.
          const heldUpMs = tokens * bucketFieldsOf(policy).refillIntervalMs;
          const isLate = ({ waiter, grantAtMs }: Place<string>): boolean =>
            grantAtMs + heldUpMs > waiter.deadlineAtMs;
          expect(passed.slice(firstLater).some(isLate)).toBe(true);
        }
      }),
      { numRuns: runs(2_000) },
    );
    expect(inFront).toBeGreaterThanOrEqual(timesSeen(500));
    expect(guarded).toBeGreaterThanOrEqual(timesSeen(50));
  });
});
