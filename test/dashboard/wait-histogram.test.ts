import { describe, expect, it } from "vitest";

import { countWait, NO_WAITS, WAIT_BOUNDS_MS } from "../../src/dashboard/wait-histogram.ts";

describe("countWait", () => {
  it.each([
    [0, 0],
    [1, 1],
    [100, 1],
    [101, 2],
    [60_000, 8],
    [60_001, 9],
    [86_400_000, 9],
  ])("a wait of %i ms is in bin %i", (waitedMs, bin) => {
    const counts = countWait(NO_WAITS, waitedMs);
    expect(counts.map((count, index) => (count === 1 ? index : undefined))).toEqual(
      NO_WAITS.map((_, index) => (index === bin ? index : undefined)),
    );
  });

  it("adds to the counts before, and leaves them as they are", () => {
    const one = countWait(NO_WAITS, 50);
    const two = countWait(one, 60);
    expect([one[1], two[1]]).toEqual([1, 2]);
    expect(NO_WAITS).toEqual([...WAIT_BOUNDS_MS, Infinity].map(() => 0));
  });
});
