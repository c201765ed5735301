import { describe, expect, test } from "vitest";
import fc from "fast-check";

import type { Settlement } from "../../src/core/turn.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { policyOf } from "../../kit/model/limiters.ts";
import { runs } from "../../kit/runs.ts";

type Step =
  | { readonly verb: "acquire"; readonly tokens: number; readonly timeoutMs: number }
  | { readonly verb: "cancel"; readonly nth: number }
  | { readonly verb: "release" | "advance" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    verb: fc.constant("acquire" as const),
    tokens: fc.integer({ min: 1, max: 3 }),
    timeoutMs: fc.constantFrom(0, 500, 2_000, 10_000),
  }),
  fc.record({ verb: fc.constant("cancel" as const), nth: fc.nat(20) }),
  fc.record({ verb: fc.constantFrom("release" as const, "advance" as const) }),
);

/** A limiter beside the waiters and permits that it has given. */
class Played {
  readonly limiter: Limiter<number>;
  readonly settled: Settlement<number>[] = [];
  readonly #waiters: Waiter<number>[] = [];
  #callers = 0;
  #ids = 0;

  constructor(hasPermits: boolean) {
    const policy = policyOf({
      capacity: 3,
      ...(hasPermits && { concurrency: { max: 2, ttlMs: 5_000 } }),
    });
    this.limiter = new Limiter(policy, { newId: () => String((this.#ids += 1)) });
  }

  play(step: Step, nowMs: number): void {
    switch (step.verb) {
      case "acquire": {
        const { tokens, timeoutMs } = step;
        const turn = this.limiter.acquire({ caller: this.#callers++, tokens, timeoutMs }, nowMs);
        this.settled.push(...turn.settled);
        if (turn.waiter) this.#waiters.push(turn.waiter);
        return;
      }
      case "cancel": {
        const waiter = this.#waiters[step.nth];
        if (waiter) this.settled.push(...this.limiter.cancel(waiter, nowMs).settled);
        return;
      }
      case "release":
        // Ids are given in order of the grants, so both limiters release the same one.
        this.settled.push(...this.limiter.releasePermit(String(this.#ids), nowMs).settled);
        return;
      case "advance":
        this.settled.push(...this.limiter.advance(nowMs).settled);
        return;
      default:
        step satisfies never;
    }
  }
}

describe("Limiter, a batch", () => {
  test("settles the same callers in the same order as turns by themselves, in its last turn", () => {
    const batches = fc.array(fc.tuple(fc.nat(1_500), fc.array(step, { maxLength: 12 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.boolean(), batches, (hasPermits, frames) => {
        const single = new Played(hasPermits);
        const batched = new Played(hasPermits);
        let nowMs = 1_000;
        for (const [passedMs, steps] of frames) {
          nowMs += passedMs;
          batched.limiter.beginBatch();
          for (const one of steps) {
            single.play(one, nowMs);
            const before = batched.settled.length;
            batched.play(one, nowMs);
            expect(batched.settled).toHaveLength(before);
          }
          const turn = batched.limiter.endBatch(nowMs);
          batched.settled.push(...turn.settled);
          expect(batched.settled).toEqual(single.settled);
          expect(turn.wakeAtMs).toBe(single.limiter.nextWakeAtMs);
          expect(batched.limiter.inspect(nowMs)).toEqual(single.limiter.inspect(nowMs));
          expect(batched.limiter.toJSON()).toEqual(single.limiter.toJSON());
        }
      }),
      { numRuns: runs(1_000) },
    );
  });

  test("writes once, what covers all of its grants", () => {
    const limiter = new Limiter<string>(policyOf({ capacity: 5, initialTokens: 5 }));
    limiter.beginBatch();
    expect(limiter.acquire({ caller: "Ann" }, 0)).toMatchObject({ settled: [], write: undefined });
    expect(limiter.acquire({ caller: "Bob", tokens: 3 }, 0)).toMatchObject({ settled: [] });
    const { settled, write } = limiter.endBatch(0);
    expect(settled.map(({ caller }) => caller)).toEqual(["Ann", "Bob"]);
    expect(write?.limits).toMatchObject([{ tokens: 1 }]);
  });

  test("a waiter that the batch has granted no longer waits, before anybody hears of it", () => {
    const limiter = new Limiter<string>(policyOf({}));
    const head = limiter.acquire({ caller: "Ann", tokens: 1 }, 0);
    expect(head.settled).toHaveLength(1);
    const { waiter: first } = limiter.acquire({ caller: "Bob", timeoutMs: 5_000 }, 0);
    const { waiter: second } = limiter.acquire({ caller: "Cat", timeoutMs: 5_000 }, 0);
    if (!first || !second) throw new Error("Both must wait");
    limiter.beginBatch();
    limiter.advance(1_000);
    expect([first, second].map((waiter) => limiter.isWaiting(waiter))).toEqual([false, true]);
    expect(limiter.cancel(first, 1_000).cancelled).toBeUndefined();
    expect(limiter.endBatch(1_000).settled.map(({ caller }) => caller)).toEqual(["Bob"]);
  });
});
