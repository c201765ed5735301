import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { LosableAcquire } from "../../src/worker/call-with-requeue.ts";

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

  function acquire(
    call: LosableAcquire<string>["call"],
    timeoutMs: number,
  ): LosableAcquire<string> {
    return { bucket: "a", call, timeoutMs, maxWaitMs: 60_000, timedOut: () => "timed out" };
  }

  it("makes the call again with what is gone of the caller's time, 30 times if need be", async () => {
    let calls = 0;
    const call: LosableAcquire<string>["call"] = async (again) => {
      calls += 1;
      if (calls <= 30) throw reset;
      return `after ${calls - 1}: ${typeof again?.elapsedMs}`;
    };
    expect(await callWithRequeue(acquire(call, 10_000), new AbortController())).toBe(
      "after 30: number",
    );
  });

  it("gives up at once where the object is overloaded or its code threw", async () => {
    for (const flags of [{ overloaded: true, retryable: true }, { remote: true }]) {
      const call = vi.fn(async () => {
        throw Object.assign(new Error("no"), flags);
      });
      const failed = callWithRequeue(acquire(call, 10_000), new AbortController());
      await expect(failed).rejects.toBeInstanceOf(BucketUnreachableError);
      expect(call).toHaveBeenCalledTimes(1);
    }
  });

  it("answers by itself where resets use up the caller's time", async () => {
    vi.mocked(Math.random).mockReturnValue(0.9);
    const call = async (): Promise<never> => {
      throw reset;
    };
    expect(await callWithRequeue(acquire(call, 50), new AbortController())).toBe("timed out");
  });

  it("does not wait for an object that says nothing once the caller's time is up", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const call: LosableAcquire<string>["call"] = (again) => {
      signals.push(again?.signal);
      return again ? new Promise(() => undefined) : Promise.reject(reset);
    };
    const startedAtMs = performance.now();
    const failed = callWithRequeue(acquire(call, 0), new AbortController());
    await expect(failed).rejects.toThrow("Cannot reach the bucket");
    // About 500 ms; this is for a busy machine.
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    expect(signals[1]?.aborted).toBe(true);
  });

  it("stops when the caller leaves, in a pause too, with the signal's reason", async () => {
    vi.mocked(Math.random).mockReturnValue(0.99);
    const controller = new AbortController();
    const call = async (): Promise<never> => {
      setTimeout(() => controller.abort(new Error("left")), 1);
      throw reset;
    };
    await expect(callWithRequeue(acquire(call, 10_000), controller)).rejects.toThrow("left");
  });
});
