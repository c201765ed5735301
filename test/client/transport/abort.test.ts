import { getEventListeners } from "node:events";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { orAborted, sleep } from "../../../src/client/transport/abort.ts";

const never = new Promise<never>(() => undefined);

function abortListeners(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("orAborted", () => {
  it("settles as the promise does", async () => {
    const { signal } = new AbortController();
    const error = new Error("failed");
    expect(await orAborted(Promise.resolve(7), signal)).toBe(7);
    await expect(orAborted(Promise.reject(error), signal)).rejects.toBe(error);
    expect(await orAborted(Promise.resolve(8), undefined)).toBe(8);
    expect(abortListeners(signal)).toBe(0);
  });

  it("rejects with the signal's reason as soon as it aborts", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const waiting = orAborted(never, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(abortListeners(controller.signal)).toBe(0);
  });

  it("rejects at once if the signal has already aborted", async () => {
    const reason = new Error("before");
    await expect(orAborted(never, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe("sleep", () => {
  it("resolves after its duration, and not before", async () => {
    let isOver = false;
    const sleeping = sleep(1_000, undefined).then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleeping;
    expect(isOver).toBe(true);
  });

  it("rejects with the signal's reason, and leaves no timer", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const sleeping = sleep(1_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});
