import { expect, it, vi } from "vitest";

import { Timer } from "../../src/holding/timer.ts";

it("Timer calls what was set last, once, unless it is cleared", async () => {
  vi.useFakeTimers();
  const calls: string[] = [];
  const timer = new Timer();
  timer.clear();
  timer.set(5, () => calls.push("first"));
  timer.set(10, () => calls.push("second"));
  await vi.advanceTimersByTimeAsync(20);
  expect(calls).toEqual(["second"]);
  timer.set(-5, () => calls.push("at once"));
  await vi.advanceTimersByTimeAsync(0);
  timer.set(5, () => calls.push("never"));
  timer.clear();
  await vi.advanceTimersByTimeAsync(20);
  expect([calls, vi.getTimerCount()]).toEqual([["second", "at once"], 0]);
  vi.useRealTimers();
});
