import { describe, expect, it } from "vitest";

import { policyFaults } from "../../src/bucket/policy-faults.ts";
import { Policy } from "../../src/core/policy.ts";

const policy = Policy.of({
  capacity: 5,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  maxWaitMs: 2_000,
  limits: { day: { capacity: 100, every: "day" } },
});
const call = { bucket: "x", policy: { name: "*", ...policy.toJSON() }, tokens: 1 };

describe("policyFaults", () => {
  it("finds nothing in a call that the policy allows", () => {
    expect(policyFaults(policy, call)).toBeUndefined();
    const all = { ...call, timeoutMs: 2_000, tokens: 0, limits: { day: 1 } };
    expect(policyFaults(policy, all)).toBeUndefined();
  });

  it("names everything that it forbids", () => {
    const faults = policyFaults(policy, {
      ...call,
      timeoutMs: 2_001,
      limits: { hour: 1 },
      holdMs: 1_000,
    });
    expect(faults?.map(({ field }) => field)).toEqual(["timeoutMs", "tokens.hour", "holdMs"]);
  });

  it("lets a requeued caller wait by the policy of its time", () => {
    const requeued = { arrivedAtMs: 0, elapsedMs: 0 };
    expect(policyFaults(policy, { ...call, timeoutMs: 2_001, requeued })).toBeUndefined();
  });
});
