import { describe, expect, it } from "vitest";

import {
  isBucketPattern,
  isPrefix,
  matchesPattern,
} from "../../../src/worker/config/bucket-pattern.ts";

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

  it("isPrefix tells a prefix from a name", () => {
    expect(["*", "api:*", "api"].map(isPrefix)).toEqual([true, true, false]);
  });
});
