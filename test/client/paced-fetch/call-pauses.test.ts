import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Client } from "../../../src/client/client.ts";

import { CallPauses } from "../../../src/client/paced-fetch/call-pauses.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const request = { tokens: 0, aheadMs: 0, onFailed: () => undefined };

/** A client whose bucket can't be paused. */
function newClient(): Client {
  return { pause: () => Promise.reject(new Error("down")) } as unknown as Client;
}

function pausesOf(client: Client, taken: readonly string[]): CallPauses {
  return new CallPauses(client, "b", ["rate", "tpm"], (limit) => taken.includes(limit));
}

it("CallPauses is held by the longest pause of the limits that the call takes of", async () => {
  const client = newClient();
  const both = pausesOf(client, ["rate", "tpm"]);
  const rateOnly = pausesOf(client, ["rate"]);
  await both.of("rate").refuse({ ...request, durationMs: 1_000 });
  await rateOnly.of("tpm").refuse({ ...request, durationMs: 5_000 });
  expect([both.heldMs(), rateOnly.heldMs()]).toEqual([5_000, 1_000]);
  const released: string[] = [];
  void both.released(undefined).then(() => released.push("both"));
  void rateOnly.released(undefined).then(() => released.push("rateOnly"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(released).toEqual(["rateOnly"]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(released).toEqual(["rateOnly", "both"]);
});

it("CallPauses voids a token only for a pause of a limit that the call takes of", async () => {
  const client = newClient();
  const [both, rateOnly] = [pausesOf(client, ["rate", "tpm"]), pausesOf(client, ["rate"])];
  const askedAtMs = performance.now();
  await vi.advanceTimersByTimeAsync(10);
  await both.of("tpm").refuse({ ...request, durationMs: 1_000 });
  expect([both, rateOnly].map((pauses) => pauses.hasBegunSince(askedAtMs))).toEqual([true, false]);
});

it("CallPauses knows no pause of a limit that it hasn't joined", () => {
  expect(() => pausesOf(newClient(), []).of("day")).toThrow(RangeError);
});
