import { describe, expect, test } from "vitest";

import { backoffMs } from "../../src/core/backoff.ts";

const backoff = { firstMs: 100, maxMs: 5_000 };

describe("backoffMs", () => {
  test.each([
    [1, 100],
    [2, 200],
    [6, 3_200],
    [7, 5_000],
    [8, 5_000],
    [2_000, 5_000],
  ])("after %i failures is at most %i ms", (failures, boundMs) => {
    expect(backoffMs(backoff, failures, 1)).toBe(boundMs);
    expect(backoffMs(backoff, failures, 0.25)).toBe(boundMs / 4);
    expect(backoffMs(backoff, failures, 0)).toBe(0);
  });
});
