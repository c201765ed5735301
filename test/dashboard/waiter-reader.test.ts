import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { WaiterReader } from "../../src/dashboard/waiter-reader.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A reader whose readings take `tookMs`, and when each began. */
function scene(tookMs = 0) {
  const readAtMs: number[] = [];
  const startedAtMs = performance.now();
  const reader = new WaiterReader(async () => {
    readAtMs.push(Math.round((performance.now() - startedAtMs) / 10) * 10);
    if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
  });
  return { reader, readAtMs };
}

describe("WaiterReader", () => {
  it("reads at once, then once a second however much changes, and not while nothing does", async () => {
    const { reader, readAtMs } = scene();
    for (let step = 0; step < 25; step++) {
      reader.changed();
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readAtMs).toEqual([0, 1_000, 2_000, 3_000]);
    reader.changed();
    await vi.advanceTimersByTimeAsync(0);
    expect(readAtMs).toHaveLength(5);
  });

  it("reads once more after a reading during which something changed, and never twice at a time", async () => {
    const { reader, readAtMs } = scene(1_700);
    reader.changed();
    await vi.advanceTimersByTimeAsync(1_000);
    reader.changed();
    reader.changed();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readAtMs).toEqual([0, 1_700]);
  });

  it("reads nothing once it is stopped", async () => {
    const { reader, readAtMs } = scene();
    reader.changed();
    reader.stop();
    reader.changed();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readAtMs).toEqual([]);
  });
});
