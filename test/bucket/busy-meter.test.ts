import { describe, expect, test } from "vitest";

import { BusyMeter, waitQuantileMs, type Counted } from "../../src/bucket/busy-meter.ts";
import { Stats } from "../../src/core/stats.ts";

/** A bucket whose sums grow. */
class Sums {
  readonly #stats = new Stats();
  #refused = 0;
  #cancelled = 0;

  grant(count: number, waitedMs = 0): void {
    for (let index = 0; index < count; index += 1) this.#stats.noteGrant(1, waitedMs);
  }

  refuse(count: number): void {
    this.#refused += count;
  }

  cancel(count: number): void {
    this.#cancelled += count;
  }

  counted({ waiters = 0, hasLongWait = false } = {}): Counted {
    return {
      granted: this.#stats.granted,
      refused: this.#refused,
      cancelled: this.#cancelled,
      waits: this.#stats.view().waits,
      waitedMs: this.#stats.view().waitedMs,
      waiters,
      hasLongWait,
    };
  }
}

/** A meter whose first turn was at 0. */
function meterAndSums(): [BusyMeter, Sums] {
  const sums = new Sums();
  const meter = new BusyMeter(sums.counted());
  expect(meter.turned(sums.counted(), 0)).toBeUndefined();
  return [meter, sums];
}

describe("BusyMeter", () => {
  test("is due five seconds after the first turn, and ten after each busy window", () => {
    const [meter, sums] = meterAndSums();
    expect(meter.dueAtMs).toBe(5_000);
    sums.grant(5);
    meter.turned(sums.counted(), 5_200);
    expect(meter.dueAtMs).toBe(15_200);
    meter.turned(sums.counted(), 15_300);
    expect(meter.dueAtMs).toBe(20_300);
  });

  test.each([
    ["nothing", 0, 0, 0, 5_000, false],
    ["four grants", 4, 0, 0, 5_000, false],
    ["five grants", 5, 0, 0, 5_000, true],
    ["five refusals", 0, 5, 0, 5_000, true],
    ["a grant, two refusals and two cancellations", 1, 2, 2, 5_000, true],
    ["a burst before 20 seconds of silence", 100, 0, 0, 20_001, false],
    ["a window that took a little longer", 5, 0, 0, 9_000, true],
  ])("%s is busy or not", (_, granted, refused, cancelled, atMs, isBusy) => {
    const [meter, sums] = meterAndSums();
    sums.grant(granted);
    sums.refuse(refused);
    sums.cancel(cancelled);
    const window = meter.turned(sums.counted({ waiters: 2 }), atMs);
    expect(meter.isBusy).toBe(isBusy);
    if (isBusy) expect(window).toMatchObject({ lengthMs: atMs, granted, refused, waiters: 2 });
    else expect(window).toBeUndefined();
  });

  test("a long wait makes a bucket busy in its very first turn", () => {
    const sums = new Sums();
    sums.grant(100);
    const meter = new BusyMeter(sums.counted());
    sums.grant(1, 12_000);
    const window = meter.turned(sums.counted({ waiters: 3, hasLongWait: true }), 0);
    // The object has slept for the rest of these ten seconds.
    expect(window).toMatchObject({ lengthMs: 10_000, granted: 1, refused: 0, waiters: 3 });
    expect(window?.waitP95Ms).toBeGreaterThan(10_000);
    expect(meter.dueAtMs).toBe(10_000);
  });

  test("many settled in the first turn are no sign of seconds of work", () => {
    const sums = new Sums();
    const meter = new BusyMeter(sums.counted());
    sums.grant(50);
    expect(meter.turned(sums.counted(), 0)).toBeUndefined();
  });

  test("after the last busy window there is one more, and then none", () => {
    const [meter, sums] = meterAndSums();
    sums.grant(50);
    expect(meter.turned(sums.counted({ waiters: 9 }), 5_000)).toMatchObject({ waiters: 9 });
    sums.grant(1);
    expect(meter.turned(sums.counted(), 15_000)).toMatchObject({ granted: 1, waiters: 0 });
    expect(meter.turned(sums.counted(), 20_000)).toBeUndefined();
    expect(meter.points.map(([atMs]) => atMs)).toEqual([5_000, 15_000]);
  });

  test("starts over when the sums shrink, as after a reset, and when the clock stands still", () => {
    const [meter, sums] = meterAndSums();
    sums.grant(50);
    meter.turned(sums.counted(), 5_000);
    const afterReset = new Sums();
    afterReset.grant(20);
    expect(meter.turned(afterReset.counted(), 15_000)).toBeUndefined();
    expect(meter.turned(afterReset.counted({ hasLongWait: true }), 15_000)).toBeUndefined();
    afterReset.grant(20);
    expect(meter.turned(afterReset.counted(), 20_000)).toMatchObject({ granted: 20 });
  });

  test("remembers an hour", () => {
    const [meter, sums] = meterAndSums();
    for (let window = 1; window <= 400; window += 1) {
      sums.grant(10, 20);
      meter.turned(sums.counted({ waiters: window }), window * 10_000);
    }
    expect(meter.points).toHaveLength(360);
    expect(meter.points[0]).toEqual([410_000, 10, 0, 41, 20, 25]);
    expect(meter.points.at(-1)?.[0]).toBe(4_000_000);
  });
});

describe("waitQuantileMs", () => {
  function waitsOf(...waits: readonly (readonly [count: number, waitedMs: number])[]) {
    const stats = new Stats();
    for (const [count, waitedMs] of waits) {
      for (let index = 0; index < count; index += 1) stats.noteGrant(1, waitedMs);
    }
    return stats.view();
  }

  /** Callers that have waited for one second, for two, and so on. */
  function oneASecond(count: number) {
    const each = Array.from({ length: count }, (_, index) => [1, 1_000 * (index + 1)] as const);
    return waitsOf(...each);
  }

  test.each([
    ["nobody", waitsOf(), 0.95, 0],
    ["nobody waited", waitsOf([100, 0]), 0.95, 0],
    ["all of a class", waitsOf([10, 200]), 0.5, 200],
    ["a class's upper bound", waitsOf([10, 200]), 1, 250],
    ["the lower half of a class", waitsOf([5, 160], [5, 180]), 1, 240],
    ["a class's lower bound", waitsOf([10, 60], [1, 101]), 1, 100],
    ["a queue of 12 at one a second", oneASecond(12), 0.95, 14_725],
    ["a queue of 46 at one a second", oneASecond(46), 0.95, 46_028],
    ["most didn't wait", waitsOf([96, 0], [4, 800]), 0.95, 0],
    ["few didn't wait", waitsOf([90, 0], [10, 800]), 0.95, 800],
    ["longer than an hour", waitsOf([10, 4_000_000]), 0.5, 3_600_000],
  ])("%s", (_, sums, quantile, waitMs) => {
    expect(waitQuantileMs(sums, quantile)).toBe(waitMs);
  });
});
