import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { Step } from "../../kit/model/holding-steps.ts";
import type { LimiterPolicy } from "../../src/core/limiter-state.ts";

import { HoldingOwner } from "../../kit/model/holding-owner.ts";
import { anyPolicyOf, anyStepOf, large, play, small } from "../../kit/model/holding-steps.ts";
import { epochMs, policyOf, Scene } from "../../kit/model/limiters.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 300_000 });

/** When a scene's bucket may be forgotten, from its start. */
function forgettableAt({ limiter }: Scene, atMs: number): number {
  return limiter.forgettableAtMs(epochMs + atMs) - epochMs;
}

describe("Limiter.forgettableAtMs", () => {
  test("is now for a bucket that hasn't started", () => {
    expect(forgettableAt(new Scene(), 70)).toBe(70);
  });

  test("is when the bucket is full", () => {
    const scene = new Scene({ capacity: 5, refillTokens: 2, initialTokens: 3 });
    scene.acquire(0, "Ann", { tokens: 2 });
    // 1 at 0, 3 at 1,000, 5 at 2,000.
    expect(forgettableAt(scene, 0)).toBe(2_000);
    expect(forgettableAt(scene, 1_999)).toBe(2_000);
    expect(forgettableAt(scene, 2_001)).toBe(2_001);
  });

  test("is when the last of several limits is full", () => {
    const day = { capacity: 10, every: "day" } as const;
    const policy = Policy.of({
      capacity: 5,
      refillTokens: 1,
      refillIntervalMs: 1_000,
      limits: { day },
    });
    const limiter = new Limiter<string>(policy);
    limiter.acquire({ caller: "Ann" }, epochMs);
    const midnight = Math.ceil(epochMs / 86_400_000) * 86_400_000;
    expect(limiter.forgettableAtMs(epochMs)).toBe(midnight);
  });

  test("is never while anybody waits", () => {
    const scene = new Scene();
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    expect(forgettableAt(scene, 0)).toBe(Infinity);
    scene.advance(1_000);
    expect(forgettableAt(scene, 1_000)).toBe(2_000);
  });

  test("is after a pause, even if the bucket is full", () => {
    const scene = new Scene();
    scene.pause(0, 9_000, 1);
    expect(forgettableAt(scene, 0)).toBe(9_000);
    scene.resume(10);
    expect(forgettableAt(scene, 10)).toBe(10);
  });

  test("is after a debt is made good", () => {
    const scene = new Scene({ hold: { maxMs: 3_600_000 } });
    scene.acquire(0, "Ann", { holdMs: 1_000 });
    scene.changeHold(10, "g1", { used: 701 });
    expect(forgettableAt(scene, 10)).toBe(701_000);
  });

  test("is ten minutes after the end of a hold, or after it was settled late", () => {
    const scene = new Scene({ hold: { maxMs: 3_600_000 } });
    scene.acquire(0, "Ann", { holdMs: 5_000 });
    expect(forgettableAt(scene, 0)).toBe(605_000);
    scene.changeHold(20_000, "g1", { used: 1 });
    expect(forgettableAt(scene, 20_000)).toBe(620_000);
  });

  test("is after the last permit, and never while a session has one", () => {
    const concurrency = { max: 3, ttlMs: 60_000 };
    const policy = policyOf({ capacity: 3, refillTokens: 3, concurrency });
    const sessionOf = (caller: string) => (caller === "Bob" ? "s1" : undefined);
    let ids = 0;
    const newId = () => `g${(ids += 1)}`;
    const limiter = new Limiter<string>(policy, { newId, sessionOf });
    const at = (atMs: number) => limiter.forgettableAtMs(epochMs + atMs) - epochMs;
    limiter.acquire({ caller: "Ann" }, epochMs);
    expect(at(0)).toBe(60_000);
    limiter.acquire({ caller: "Bob" }, epochMs + 10);
    expect(at(10)).toBe(Infinity);
    limiter.endSessions(() => true, epochMs + 20);
    expect(at(20)).toBe(60_000);
    limiter.releasePermit("g1", epochMs + 30);
    expect(at(30)).toBe(1_000);
  });

  test("is after the fences that are ahead of the clock", () => {
    const concurrency = { max: 10_000, ttlMs: 1_000 };
    const policy = policyOf({
      capacity: 1_000,
      refillTokens: 1_000,
      refillIntervalMs: 10,
      concurrency,
    });
    let ids = 0;
    const limiter = new Limiter<string>(policy, { newId: () => `g${(ids += 1)}` });
    for (let atMs = 0; atMs < 50; atMs += 10) {
      for (let times = 0; times < 1_000; times += 1) {
        limiter.acquire({ caller: "Ann" }, epochMs + atMs);
        limiter.releasePermit(`g${ids}`, epochMs + atMs);
      }
    }
    expect(limiter.lastFence).toBe(epochMs + 4_999);
    expect(limiter.forgettableAtMs(epochMs + 50)).toBe(epochMs + 5_000);
  });
});

describe("Limiter.writtenForgettableAtMs", () => {
  test("is after the batch that is on the disk", () => {
    const limiter = new Limiter<string>(policyOf({ capacity: 4_000, refillTokens: 4_000 }));
    limiter.acquire({ caller: "Ann" }, epochMs);
    const { write } = limiter.acquire({ caller: "Bob" }, epochMs + 10);
    if (!write) throw new Error("Nothing is written");
    expect(limiter.forgettableAtMs(epochMs + 10)).toBe(epochMs + 1_000);
    // The loan ends after 20 s, and the next tick makes up for it.
    expect(limiter.writtenForgettableAtMs(write, epochMs + 10)).toBe(epochMs + 21_000);
    const { write: settled } = limiter.advance(epochMs + 2_000);
    if (!settled) throw new Error("The rest of the batch isn't returned");
    expect(limiter.writtenForgettableAtMs(settled, epochMs + 2_000)).toBe(epochMs + 2_000);
  });

  test("doesn't count those who wait", () => {
    const limiter = new Limiter<string>(policyOf());
    limiter.acquire({ caller: "Ann" }, epochMs);
    limiter.acquire({ caller: "Bob" }, epochMs);
    const { write } = limiter.pause({ untilMs: epochMs + 5_000, tokens: 0 }, epochMs);
    if (!write) throw new Error("Nothing is written");
    expect(limiter.writtenForgettableAtMs(write, epochMs)).toBe(epochMs + 6_000);
  });
});

/** Without holds and permits, which outlast all else. */
function plainStep(step: Step): Step {
  if (step.kind === "change") return { ...step, policy: plainPolicy(step.policy) };
  return step.kind === "acquire" ? { ...step, holdMs: undefined } : step;
}

function plainPolicy(policy: LimiterPolicy): LimiterPolicy {
  return { ...policy, hold: undefined, concurrency: undefined };
}

test.each([
  ["small numbers", small],
  ["large numbers, and batches", large],
])(
  "a bucket that is forgotten and starts anew gives no more than one that isn't: %s",
  (_, scale) => {
    const seen = new Map<string, number>();
    const anyStep = anyStepOf(scale).map(plainStep);
    const anyHistory = fc.array(anyStep, { minLength: 20, maxLength: 60, size: "max" });
    fc.assert(
      fc.property(anyPolicyOf(scale).map(plainPolicy), anyHistory, (policy, history) => {
        const owner = new HoldingOwner(policy, epochMs);
        for (const { death, ...operation } of history) {
          if (death) owner.dieIn(death, () => play(owner, operation));
          else play(owner, operation);
          expect(owner.book.faults).toEqual([]);
        }
        owner.finish();
        expect(owner.book.faults).toEqual([]);
        for (const [what, times] of owner.book.seen) seen.set(what, (seen.get(what) ?? 0) + times);
      }),
      { numRuns: runs(1_000) },
    );
    for (const what of ["granted", "crash", "forgotten by memory", "forgotten by disk"]) {
      expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(30));
    }
  },
);
