import { describe, expect, it } from "vitest";

import { ManualClock } from "../../src/testing/manual-clock.ts";

function stepAll(clock: ManualClock, untilMs: number): void {
  while (clock.step(untilMs)) continue;
}

describe("ManualClock", () => {
  it("stands still until it is moved, and then stops at each timer", () => {
    const clock = new ManualClock(1_000);
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`late at ${clock.now()}`), 300);
    clock.setTimer(() => fired.push(`early at ${clock.now()}`), 100);
    expect(clock.now()).toBe(1_000);
    stepAll(clock, 1_299);
    expect([fired, clock.now()]).toEqual([["early at 1100"], 1_299]);
    stepAll(clock, 1_300);
    expect(fired).toEqual(["early at 1100", "late at 1300"]);
  });

  it("fires timers of one instant in the order in which they were set, once each", () => {
    const clock = new ManualClock(0);
    const fired: number[] = [];
    for (const number of [1, 2, 3]) clock.setTimer(() => fired.push(number), 10);
    stepAll(clock, 20);
    stepAll(clock, 40);
    expect(fired).toEqual([1, 2, 3]);
  });

  it("fires a timer that another one sets within the same move", () => {
    const clock = new ManualClock(0);
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.setTimer(again, 10);
    };
    clock.setTimer(again, 10);
    stepAll(clock, 35);
    expect([fired, clock.now()]).toEqual([[10, 20, 30], 35]);
  });

  it("never fires a timer that was cleared, and never goes back", () => {
    const clock = new ManualClock(100);
    const clear = clock.setTimer(() => expect.unreachable(), 10);
    clear();
    stepAll(clock, 200);
    clock.setTimer(() => undefined, -50);
    clock.step(200);
    expect(clock.now()).toBe(200);
  });
});
