import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { BucketUnreachableError, callWithRetry } from "../../src/wire/call-with-retry.ts";

const RESET = Object.assign(new Error("reset"), { durableObjectReset: true, remote: true });

// Pauses are drawn at random; a draw of 0 leaves only their number.
beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A call that fails with each of `errors` in turn, then answers. */
function failing(...errors: unknown[]): () => Promise<string> {
  let failures = 0;
  return async () => {
    if (failures === errors.length) return `answered after ${failures} failures`;
    failures += 1;
    throw errors[failures - 1];
  };
}

const caller = new AbortController();

it("reach calls again after a reset, a retryable failure and a broken connection", async () => {
  const retryable = Object.assign(new Error("retry"), { retryable: true, remote: true });
  const call = failing(RESET, retryable, new Error("Network connection lost"));
  expect(await callWithRetry(call, caller)).toBe("answered after 3 failures");
});

it("reach gives up after nine failures in a row, with the last as the cause", async () => {
  const call = vi.fn(failing(...Array.from({ length: 20 }, () => RESET)));
  const failed = await callWithRetry(call, caller).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(BucketUnreachableError);
  expect(failed).toMatchObject({ cause: RESET });
  expect(call).toHaveBeenCalledTimes(9);
});

it("reach gives up at once where the object is overloaded or its code threw", async () => {
  for (const flags of [{ overloaded: true, retryable: true }, { remote: true }]) {
    const call = vi.fn(failing(Object.assign(new Error("no"), flags)));
    await expect(callWithRetry(call, caller)).rejects.toBeInstanceOf(BucketUnreachableError);
    expect(call).toHaveBeenCalledTimes(1);
  }
});

it("reach stops when the caller leaves, with the signal's reason", async () => {
  const controller = new AbortController();
  const call = async (): Promise<never> => {
    controller.abort(new Error("left"));
    throw RESET;
  };
  await expect(callWithRetry(call, controller)).rejects.toThrow("left");
});

it("reach ends its pause when the caller leaves", async () => {
  vi.mocked(Math.random).mockReturnValue(1_000);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("left")), 1);
  await expect(callWithRetry(failing(RESET), controller)).rejects.toThrow("left");
});
