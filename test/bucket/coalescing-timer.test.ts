import { describe, expect, it } from "vitest";

import { CoalescingTimer } from "../../src/bucket/coalescing-timer.ts";

/** A timer whose delays are recorded, and whose clock fires when told to. */
function recorded(fired: (timer: CoalescingTimer) => void) {
  const delays: number[] = [];
  const callbacks: (() => void)[] = [];
  const clock = {
    now: () => 0,
    setTimer: (callback: () => void, delayMs: number) => {
      delays.push(delayMs);
      callbacks.push(callback);
      return () => undefined;
    },
  };
  const timer: CoalescingTimer = new CoalescingTimer(clock, () => fired(timer));
  return { timer, delays, fire: () => callbacks.shift()?.() };
}

describe("CoalescingTimer", () => {
  it("runs one timer at a time, and fires once for everything that was set meanwhile", () => {
    let rounds = 0;
    const { timer, delays, fire } = recorded(() => (rounds += 1));
    for (const delayMs of [50, 10, 90]) timer.set(delayMs);
    expect(delays).toEqual([50]);
    fire();
    expect(rounds).toBe(1);
    timer.set(20);
    expect(delays).toEqual([50, 20]);
  });

  it("may be set again by what it fires", () => {
    const { timer, delays, fire } = recorded((again) => again.set(7));
    timer.set(1);
    fire();
    fire();
    expect(delays).toEqual([1, 7, 7]);
  });
});
