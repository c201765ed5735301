import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { SessionPermits } from "../../../src/client/session/session-permits.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("SessionPermits", () => {
  const permit = (id: string, expiresAtMs: number) => ({ id, fence: 1, expiresAtMs });

  it("expires a permit after its time, from its grant and from each extension", async () => {
    const expired: string[] = [];
    const permits = new SessionPermits((id) => expired.push(id));
    permits.granted(permit("a", 5_000), 2_000);
    permits.granted(permit("b", 5_000), 3_000);
    await vi.advanceTimersByTimeAsync(1_999);
    permits.extended("a");
    await vi.advanceTimersByTimeAsync(1);
    expect([expired, permits.ids, permits.has("b")]).toEqual([["b"], ["a"], false]);
    await vi.advanceTimersByTimeAsync(2_998);
    expect(permits.size).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect([expired, permits.size]).toEqual([["b", "a"], 0]);
  });

  it("expires none that has ended, or that it doesn't know", async () => {
    const expired: string[] = [];
    const permits = new SessionPermits((id) => expired.push(id));
    permits.granted(permit("a", 5_000), 0);
    permits.granted(permit("b", 5_000), 0);
    permits.granted(permit("b", 5_000), 0);
    permits.ended("a");
    permits.extended("a");
    permits.ended("unknown");
    expect(permits.ids).toEqual(["b"]);
    permits.clear();
    expect([permits.size, vi.getTimerCount()]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(expired).toEqual([]);
  });
});
