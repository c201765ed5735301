import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { leaseEndAtMs } from "../../../src/core/lease/lease.ts";
import { leaseFields } from "../../../src/core/policy-tables.ts";
import { epochMs } from "../../../kit/model/limiters.ts";
import { runs } from "../../../kit/runs.ts";

/** How long what is left can still be returned. */
const REPORT_MS = 2_000;

const anyTtlMs = fc.integer(leaseFields.ttlMs);
const anyNowMs = fc.integer({ min: epochMs, max: epochMs + 86_400_000 });

describe("leaseEndAtMs", () => {
  test.each([
    // Ends fall on multiples of a 16th of the ttl and the time to report, here of 188 ms.
    [0, 1_000, 3_008],
    [8, 1_000, 3_008],
    [9, 1_000, 3_196],
    [0, 100, 2_112],
    [0, 20_000, 22_000],
  ])("at %d, with a ttl of %d ms, is %d", (nowMs, ttlMs, endAtMs) => {
    expect(leaseEndAtMs(nowMs, { maxTokens: 1, ttlMs })).toBe(endAtMs);
  });

  test("leaves time to report, and a 16th more at most", () => {
    const property = fc.property(anyNowMs, anyTtlMs, (nowMs, ttlMs) => {
      const lifeMs = leaseEndAtMs(nowMs, { maxTokens: 1, ttlMs }) - nowMs;
      expect(lifeMs).toBeGreaterThanOrEqual(ttlMs + REPORT_MS);
      expect(lifeMs).toBeLessThan(ttlMs + REPORT_MS + Math.ceil((ttlMs + REPORT_MS) / 16));
    });
    fc.assert(property, { numRuns: runs(1_000) });
  });

  test("is one of 17 instants within the life of a lease", () => {
    const ends = new Set<number>();
    for (let nowMs = epochMs; nowMs <= epochMs + 3_000; nowMs += 1) {
      ends.add(leaseEndAtMs(nowMs, { maxTokens: 1, ttlMs: 1_000 }));
    }
    expect(ends.size).toBeLessThanOrEqual(17);
  });
});
