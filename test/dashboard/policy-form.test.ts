import { describe, expect, it } from "vitest";

import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";

import { compileChanges } from "../../src/core/written-policy.ts";
import { Policy, type PolicyFields } from "../../src/core/policy.ts";
import { changeOf, policyForm } from "../../src/dashboard/policy-form.ts";

function named(fields: PolicyFields): NamedPolicyFields {
  return { ...Policy.of(fields).toJSON(), name: "*" };
}

const simple = named({ capacity: 10, refillTokens: 5, refillIntervalMs: 1_500, maxWaitMs: 90_000 });
const rich = named({
  capacity: 100,
  every: "week",
  on: "monday",
  limits: {
    tpm: { capacity: 1_000, refillTokens: 500, refillIntervalMs: 1_000 },
    cold: { capacity: 10, refillTokens: 5, refillIntervalMs: 1_000, initialTokens: 8 },
  },
  hold: { maxMs: 60_000 },
  concurrency: { max: 3, ttlMs: 30_000, graceMs: 0 },
});

/** The policy that a server makes of the change. */
function after(policy: NamedPolicyFields, edited: Record<string, string>): unknown {
  const { name: _, ...fields } = policy;
  const change = changeOf(policy, edited) ?? {};
  const { compiled, faults } = compileChanges(change);
  expect(faults).toEqual([]);
  const check = Policy.check(Policy.of(fields).merge(compiled.fields));
  return check.ok ? check.policy.toJSON() : check.faults;
}

describe("policyForm", () => {
  it("names each field as a fault does, and shows durations with their unit", () => {
    const fields = policyForm(simple).flatMap((group) => group.fields);
    expect(fields.map(({ name, text }) => [name, text])).toEqual([
      ["capacity", "10"],
      ["refillTokens", "5"],
      ["refillInterval", "1500ms"],
      ["queueLimit", "1000"],
      ["maxWait", "90s"],
    ]);
  });

  it("has a group for each limit and each table", () => {
    const form = policyForm(rich);
    const titles = ["Limit rate", "Limit tpm", "Limit cold", "Queue", "Holds", "Permits"];
    expect(form.map(({ title }) => title)).toEqual(titles);
    const names = form.flatMap(({ fields }) => fields.map(({ name }) => name));
    expect(names.join(" ")).toBe(
      "capacity every on at timeZone " +
        "limits.tpm.capacity limits.tpm.refillTokens limits.tpm.refillInterval " +
        "limits.cold.capacity limits.cold.refillTokens limits.cold.refillInterval " +
        "queueLimit maxWait hold.max hold.debt concurrency.max concurrency.ttl concurrency.grace",
    );
  });
});

describe("changeOf", () => {
  it("is nothing if nothing was typed, or what was there", () => {
    expect(changeOf(simple, {})).toBeUndefined();
    expect(changeOf(simple, { capacity: " 10 ", maxWait: "90s" })).toBeUndefined();
  });

  it("has what was typed: numbers as numbers, and anything else for the server to judge", () => {
    const edited = { capacity: "12", maxWait: "2m", queueLimit: "many", refillTokens: "" };
    const change = { capacity: 12, maxWait: "2m", queueLimit: "many", refillTokens: "" };
    expect(changeOf(simple, edited)).toEqual(change);
  });

  it("gives a further limit and a table as a whole, and leaves the others out", () => {
    const edited = { "limits.tpm.refillInterval": "2s", "concurrency.max": "5", on: "friday" };
    expect(changeOf(rich, edited)).toEqual({
      on: "friday",
      limits: { tpm: { capacity: 1_000, refillTokens: 500, refillInterval: "2s" } },
      concurrency: { max: 5, ttlMs: 30_000, graceMs: 0 },
    });
    const { name: _, ...fields } = rich;
    expect(after(rich, edited)).toEqual({
      ...fields,
      on: "friday",
      limits: { ...rich.limits, tpm: { ...rich.limits?.["tpm"], refillIntervalMs: 2_000 } },
      concurrency: { max: 5, ttlMs: 30_000, graceMs: 0 },
    });
  });

  it("cuts the tokens that a further limit starts with to its capacity, and lets a default follow", () => {
    expect(after(rich, { "limits.cold.capacity": "6" })).toMatchObject({
      limits: { cold: { capacity: 6, initialTokens: 6 } },
    });
    expect(after(rich, { "limits.tpm.refillTokens": "700" })).toMatchObject({
      limits: { tpm: { refillTokens: 700, initialTokens: 700 } },
    });
  });

  it("every field can be edited, and changes what it says", () => {
    for (const { name, choices } of policyForm(rich).flatMap(({ fields }) => fields)) {
      const text = choices?.map(([value]) => value).at(-1) ?? "7";
      const change = changeOf(rich, { [name]: text });
      expect(change, name).toBeDefined();
    }
  });
});
