import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Again } from "../../src/worker/call-with-requeue.ts";

import { callWithRequeue } from "../../src/worker/call-with-requeue.ts";
import { BucketUnreachableError } from "../../src/wire/call-with-retry.ts";

describe("callWithRequeue", () => {
  beforeEach(() => {
    vi.spyOn(Math, "random").mockReturnValue(0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const reset = Object.assign(new Error("reset"), { durableObjectReset: true, remote: true });
  const lose = async (): Promise<never> => {
    throw reset;
  };

  interface Calls {
    readonly call?: () => Promise<unknown>;
    readonly callAgain?: (again: Again) => Promise<unknown>;
    readonly checkState?: () => Promise<void>;
  }

  /** An acquire whose first call is lost, if nothing else is said; resolves with its answer, or the error. */
  function outcomeOf(
    timeoutMs: number,
    { call = lose, callAgain = lose, checkState = async () => undefined }: Calls = {},
    controller = new AbortController(),
  ): Promise<unknown> {
    return callWithRequeue<unknown>({
      bucket: "a",
      arrivedAtMs: Date.now(),
      caller: controller,
      timeoutMs,
      maxWaitMs: 60_000,
      call: (again) => (again ? callAgain(again) : call()),
      checkState,
      timedOut: () => "timed out",
      explain: async (error) => error,
      failed: (error) => error,
    });
  }

  it("makes the call again with what is gone of the caller's time, 30 times if need be", async () => {
    const elapsed: number[] = [];
    const callAgain = async ({ elapsedMs }: Again): Promise<string> => {
      elapsed.push(elapsedMs);
      if (elapsed.length < 30) throw reset;
      return "answered";
    };
    expect(await outcomeOf(10_000, { callAgain })).toBe("answered");
    expect(elapsed).toHaveLength(30);
    expect(elapsed.every((ms) => Number.isInteger(ms) && ms >= 0)).toBe(true);
  });

  it("gives up at once where the object is overloaded or its code threw", async () => {
    for (const flags of [{ overloaded: true, retryable: true }, { remote: true }]) {
      const callAgain = vi.fn(lose);
      const call = async (): Promise<never> => {
        throw Object.assign(new Error("no"), flags);
      };
      const outcome = await outcomeOf(10_000, { call, callAgain });
      expect(outcome).toBeInstanceOf(BucketUnreachableError);
      expect(callAgain).not.toHaveBeenCalled();
    }
  });

  it("asks whether the state can be read before the second repetition, and ends if it can't", async () => {
    const error = Object.assign(new Error("damaged"), { name: "UnreadableStateError" });
    const callAgain = vi.fn(lose);
    const outcome = await outcomeOf(10_000, { callAgain, checkState: () => Promise.reject(error) });
    expect(outcome).toMatchObject({ name: "BucketUnreachableError", cause: error });
    expect(callAgain).toHaveBeenCalledOnce();
  });

  it("answers by itself where resets use up the caller's time", async () => {
    vi.mocked(Math.random).mockReturnValue(0.9);
    expect(await outcomeOf(50)).toBe("timed out");
  });

  it("does not wait for an object that says nothing once the caller's time is up", async () => {
    const signals: AbortSignal[] = [];
    const callAgain = ({ signal }: Again): Promise<never> => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    const startedAtMs = performance.now();
    const outcome = await outcomeOf(0, { callAgain });
    expect(outcome).toMatchObject({ message: "Cannot reach the bucket" });
    // About 500 ms; this is for a busy machine.
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    expect(signals[0]?.aborted).toBe(true);
  });

  it("stops when the caller leaves, in a pause too, with the signal's reason", async () => {
    vi.mocked(Math.random).mockReturnValue(0.99);
    const controller = new AbortController();
    const callAgain = async (): Promise<never> => {
      setTimeout(() => controller.abort(new Error("left")), 1);
      throw reset;
    };
    const outcome = await outcomeOf(10_000, { callAgain }, controller);
    expect(outcome).toMatchObject({ message: "left" });
  });
});
