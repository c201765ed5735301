import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { BoundedCalls } from "../../src/wire/bounded-calls.ts";

describe("BoundedCalls", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("makes so many calls at a time, and more when some have ended", async () => {
    const calls = new BoundedCalls(2, 5_000);
    const ends: (() => void)[] = [];
    const call = () => new Promise<string>((resolve) => ends.push(() => resolve("done")));
    const running = [calls.run(call), calls.run(call)];
    expect(await calls.run(call)).toBeUndefined();
    ends[0]?.();
    expect(await running[0]).toBe("done");
    running.push(calls.run(call));
    expect(ends).toHaveLength(3);
    for (const end of ends) end();
    expect(await Promise.all(running)).toEqual(["done", "done", "done"]);
  });

  it("counts a call that has failed as ended", async () => {
    const calls = new BoundedCalls(1, 5_000);
    const failed = calls.run(async () => {
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(await calls.run(async () => "yes")).toBe("yes");
  });

  it.each([5_001, -1])("forgets a call that never ends once its time is up: %i ms", async (ms) => {
    const calls = new BoundedCalls(1, 5_000);
    void calls.run(() => new Promise(() => undefined));
    expect(await calls.run(async () => "yes")).toBeUndefined();
    vi.setSystemTime(1_000_000 + ms);
    expect(await calls.run(async () => "yes")).toBe("yes");
  });
});
