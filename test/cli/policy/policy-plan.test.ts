import { describe, expect, it } from "vitest";

import { PolicyPlan } from "../../../src/cli/policy/policy-plan.ts";
import { rowsOf } from "../../../src/cli/policy/policy-rows.ts";

const one = {
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  initialTokens: 1,
  queueLimit: 1_000,
  maxWaitMs: 60_000,
};
const two = { ...one, capacity: 2 };

function row(name: string, fields: typeof one = one) {
  return { name, ...fields };
}

const overrides = ["mail", "web:1", "api:1"].map((bucket) => {
  return { bucket, policy: one, hasPrevious: false };
});

const inForce = {
  buckets: ["*"],
  policies: rowsOf([row("*"), row("mail"), row("web:*"), row("old")]),
  overrides,
};

describe("PolicyPlan", () => {
  it("is empty if the file is what is in force", () => {
    const plan = new PolicyPlan(inForce, inForce.policies);
    expect(plan).toMatchObject({ isEmpty: true, added: [], removed: [], changed: [], hidden: [] });
    expect(plan.concerned("mail")).toBeUndefined();
  });

  it("has what is added, removed and changed, and the overrides that hide it", () => {
    const file = rowsOf([row("*"), row("mail", two), row("web:*"), row("api:*", two)]);
    const plan = new PolicyPlan(inForce, file);
    expect(plan.isEmpty).toBe(false);
    expect(plan.added).toEqual([row("api:*", two)]);
    expect(plan.removed).toEqual([row("old")]);
    expect(plan.changed).toEqual([{ pattern: "mail", changes: ["capacity 1 -> 2"], raised: [] }]);
    expect(plan.outside).toEqual([]);
    expect(plan.hidden.map(({ bucket }) => bucket)).toEqual(["mail", "api:1"]);
  });

  it("concerns the buckets for which other numbers would be configured, by whatever pattern", () => {
    const file = rowsOf([row("mail", two), row("web:*"), row("web:1")]);
    const plan = new PolicyPlan(inForce, file);
    expect(plan.concerned("mail")).toEqual({ before: row("mail"), after: row("mail", two) });
    expect(plan.concerned("web:1")).toBeUndefined();
    expect(plan.concerned("x")).toEqual({ before: row("*"), after: undefined });
  });

  it("says nothing of patterns that the key may not see", () => {
    const seen = {
      buckets: ["web:*", "mail"],
      policies: [row("mail"), row("web:*")],
      overrides: [],
    };
    const file = rowsOf([row("*", two), row("mail"), row("web:*"), row("web:2", two)]);
    const plan = new PolicyPlan(seen, file);
    expect(plan.outside).toEqual(["*"]);
    expect(plan.added).toEqual([row("web:2", two)]);
    expect([plan.removed, plan.changed]).toEqual([[], []]);
    expect(plan.concerned("x")).toBeUndefined();
  });
});
