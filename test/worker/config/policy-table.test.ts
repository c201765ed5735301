import { describe, expect, it } from "vitest";

import { ONE_A_SECOND as one } from "../../../kit/edge/deployed.ts";
import {
  PolicyTable,
  isBucketPattern,
  matchesPattern,
} from "../../../src/worker/config/policy-table.ts";

describe("PolicyTable", () => {
  const table = new PolicyTable({
    "*": one,
    "api:*": { ...one, capacity: 2 },
    "api:v2:*": { ...one, capacity: 3 },
    "api:v2:login": { ...one, capacity: 4 },
  });

  it.each([
    ["api:v2:login", "api:v2:login"],
    ["api:v2:logins", "api:v2:*"],
    ["api:v2:", "api:v2:*"],
    ["api:v2", "api:*"],
    ["api", "*"],
  ])("gives %s the policy %s: the exact name, then the longest prefix", (name, pattern) => {
    expect(table.find(name)?.name).toBe(pattern);
  });

  it("finds nothing where no pattern matches", () => {
    expect(new PolicyTable({ "api:*": one }).find("web:1")).toBeUndefined();
    expect(new PolicyTable({}).find("x")).toBeUndefined();
  });

  it("takes the table as JSON text, too", () => {
    expect(new PolicyTable(JSON.stringify({ "*": one })).find("x")).toMatchObject(one);
  });

  it.each([
    [undefined, "POLICIES must be a table"],
    ["{", "POLICIES is not JSON"],
    [[], "POLICIES must be a table"],
    [{ "*": 1 }, 'POLICIES."*": must be a table of numbers: got 1'],
    [{ "a b": one }, 'POLICIES."a b": a pattern is "*"'],
    [{ "a*b": one }, 'POLICIES."a*b": a pattern is "*"'],
    [{ "**": one }, 'POLICIES."**": a pattern is "*"'],
    [{ "": one }, 'POLICIES."": a pattern is "*"'],
    [{ x: { ...one, capacity: 0 } }, 'POLICIES."x": capacity must be an integer from 1 to'],
    [{ x: { ...one, capacity: "1" } }, 'capacity must be an integer from 1 to 1000000000: got "1"'],
    [{ x: { capacity: 1 } }, 'refillTokens is missing; POLICIES."x": refillIntervalMs is missing'],
    [{ x: { ...one, capactiy: 1 } }, '"capactiy" is not one of capacity'],
    [{ x: { ...one, initialTokens: 2 } }, "initialTokens must be at most the capacity, 1: got 2"],
  ])("refuses %j and says what is wrong", (configured, message) => {
    expect(() => new PolicyTable(configured)).toThrow(message);
  });
});

describe("isBucketPattern", () => {
  it.each(["*", "x", "api:*", "api:ann", `${"x".repeat(100)}*`])("takes %s", (pattern) => {
    expect(isBucketPattern(pattern)).toBe(true);
  });

  it.each(["", "**", "a*b", "a b", "*x", "é", 1, null, ["x"]])("refuses %j", (value) => {
    expect(isBucketPattern(value)).toBe(false);
  });
});

describe("matchesPattern", () => {
  it.each([
    ["*", "x", true],
    ["x", "x", true],
    ["x", "xx", false],
    ["api:*", "api:ann", true],
    ["api:*", "api:", true],
    ["api:*", "api", false],
    ["api:*", "web:api:ann", false],
  ])("%s matches %s: %s", (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });
});
