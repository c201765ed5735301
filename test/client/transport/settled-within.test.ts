import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { settledWithin } from "../../../src/client/transport/settled-within.ts";

const never = new Promise<never>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("settledWithin", () => {
  it.each([
    ["resolves", (): Promise<unknown> => Promise.resolve(1)],
    ["rejects", (): Promise<unknown> => Promise.reject(new Error("failed"))],
  ])("resolves when the promise %s, and leaves no timer", async (_, start) => {
    expect(await settledWithin(start(), 1_000)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("resolves after the time at the latest", async () => {
    let isOver = false;
    const waiting = settledWithin(never, 1_000).then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(isOver).toBe(true);
  });

  it("rejects with the signal's reason if it aborts first", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = settledWithin(never, 1_000, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
