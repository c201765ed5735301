import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { fullestWindow } from "../../kit/model/fullest-window.ts";
import { policyOf } from "../../kit/model/limiters.ts";
import { windowsWithTooMuch } from "../../kit/model/virtual-time.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";

const anyGrants = fc.array(
  fc.record({ tokens: fc.integer({ min: 1, max: 3 }), grantedAtMs: fc.nat(120) }),
  { maxLength: 25 },
);

describe("fullestWindow", () => {
  it("is over its limit just where looking at every pair of grants finds one that is", () => {
    const counts = { kept: 0, broken: 0 };
    const anyPolicy = fc.record({
      capacity: fc.integer({ min: 1, max: 12 }),
      refillTokens: fc.integer({ min: 1, max: 6 }),
      refillIntervalMs: fc.constantFrom(10, 13, 25),
    });
    fc.assert(
      fc.property(anyPolicy, anyGrants, (fields, grants) => {
        const policy = policyOf(fields);
        const { tokens, most } = fullestWindow(bucketFieldsOf(policy), grants) ?? {
          tokens: 0,
          most: 0,
        };
        const isBroken = windowsWithTooMuch(policy, grants).length > 0;
        counts[isBroken ? "broken" : "kept"] += 1;
        expect(tokens > most).toBe(isBroken);
      }),
      { numRuns: runs(2_000) },
    );
    // Both have to come, or there was nothing to tell apart.
    expect(Math.min(counts.kept, counts.broken)).toBeGreaterThanOrEqual(timesSeen(100));
  });

  it.for([
    { lastAtMs: 19, fullest: { tokens: 6, most: 4, fromMs: 0, lengthMs: 19 } },
    { lastAtMs: 20, fullest: { tokens: 6, most: 5, fromMs: 0, lengthMs: 29 } },
  ])("allows one interval more from its next instant on: $lastAtMs", ({ lastAtMs, fullest }) => {
    const policy = policyOf({ capacity: 2, refillTokens: 1, refillIntervalMs: 10 });
    const grants = [0, lastAtMs].map((grantedAtMs) => ({ tokens: 3, grantedAtMs }));
    expect(fullestWindow(bucketFieldsOf(policy), grants)).toEqual(fullest);
  });

  it("is none without grants", () => {
    expect(fullestWindow(bucketFieldsOf(policyOf()), [])).toBeUndefined();
  });
});
