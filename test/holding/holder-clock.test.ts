import { expect, it, vi } from "vitest";

import { holderClockOf, realClock, setHolderClock } from "../../src/holding/holder-clock.ts";

it("holderClockOf is this machine's, unless another one is set for that limiter", () => {
  const [limiter, other] = [{}, {}];
  const clock = { now: () => 7, setTimer: () => () => undefined };
  setHolderClock(limiter, clock);
  expect(holderClockOf(limiter)).toBe(clock);
  expect(holderClockOf(other)).toBe(realClock);
});

it("realClock's timers can be cleared", async () => {
  vi.useFakeTimers();
  const calls: string[] = [];
  realClock.setTimer(() => calls.push("kept"), 5);
  realClock.setTimer(() => calls.push("cleared"), 5)();
  await vi.advanceTimersByTimeAsync(5);
  expect(calls).toEqual(["kept"]);
  vi.useRealTimers();
});
