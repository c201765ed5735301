import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { anyWrittenPolicy } from "../../../kit/model/written-policies.ts";
import { runs } from "../../../kit/runs.ts";
import {
  changesBetween,
  completeChanges,
  policyOf,
  rowsOf,
} from "../../../src/cli/policy/policy-rows.ts";
import { Policy, type CompletePolicyFields } from "../../../src/core/policy.ts";
import { checkWrittenPolicy } from "../../../src/core/written-policy.ts";
import { timeZones } from "../../../src/time-zones.ts";

function complete(written: Record<string, unknown>): CompletePolicyFields {
  const check = checkWrittenPolicy(written, timeZones);
  if (!check.ok) throw new Error(check.faults.map(({ message }) => message).join("; "));
  return check.policy.toJSON();
}

const slow = complete({ capacity: 1, refillTokens: 1, refillInterval: "1s" });

describe("rowsOf", () => {
  it("has exact names first and then the longest prefix, so that the first that matches is it", () => {
    const names = ["*", "api:*", "api:v2:*", "api:v2:x"];
    const rows = rowsOf(names.map((name) => ({ name, ...slow })));
    expect(rows.map(({ name }) => name)).toEqual(names.toReversed());
    expect(policyOf(rows, "api:v2:y")).toEqual({ name: "api:v2:*", ...slow });
    expect(policyOf(rows, "web")?.name).toBe("*");
    expect(policyOf(rows.slice(0, 3), "web")).toBeUndefined();
  });
});

describe("changesBetween", () => {
  it("names what differs, with both values", () => {
    const before = complete({ limit: "100/1m", limits: { day: { capacity: 9, every: "day" } } });
    const after = complete({
      limit: "100/1m",
      maxWait: "5s",
      hold: { max: "1m" },
      limits: { day: { capacity: 9, every: "day", at: "06:00" } },
    });
    expect(changesBetween(before, after)).toEqual([
      "maxWaitMs 60000 -> 5000",
      "limits.day.at 00:00 -> 06:00",
      "hold.maxMs none -> 60000",
      "hold.debt none -> queue",
    ]);
    expect(changesBetween(after, { ...after })).toEqual([]);
    const named = { name: "x", ...slow };
    expect(changesBetween(named, slow)).toEqual([]);
  });
});

describe("completeChanges", () => {
  it("makes any policy the other as a whole, but for when it is forgotten", () => {
    let pairs = 0;
    fc.assert(
      fc.property(anyWrittenPolicy, anyWrittenPolicy, (one, other) => {
        const [before, after] = [one, other].map((each) => checkWrittenPolicy(each, timeZones));
        if (!before?.ok || !after?.ok) return;
        pairs += 1;
        const { policy } = before;
        const changes = completeChanges({ ...after.policy.toJSON() }, policy.toJSON());
        const changed = Policy.check(policy.merge(changes), timeZones);
        const result = changed.ok ? changed.policy.toJSON() : undefined;
        const differences = result && changesBetween(after.policy.toJSON(), result);
        expect(differences?.filter((line) => !line.startsWith("forgetAfterMs "))).toEqual([]);
      }),
      { numRuns: runs(5_000) },
    );
    expect(pairs).toBeGreaterThan(runs(5_000) / 20);
  });
});
