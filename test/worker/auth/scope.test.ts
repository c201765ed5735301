import { describe, expect, it } from "vitest";

import type { Right, Scope } from "../../../src/worker/auth/scope.ts";

import { isInScope, isPatternInScope, patternsOf } from "../../../src/worker/auth/scope.ts";

const scopes: readonly Scope[] = [
  { rights: ["acquire"], buckets: ["api:*", "web"] },
  { rights: ["read", "admin"], buckets: ["web"] },
];

describe("isInScope", () => {
  it.each<[Right, string, boolean]>([
    ["acquire", "api:1", true],
    ["acquire", "web", true],
    ["acquire", "webs", false],
    ["read", "api:1", false],
    ["read", "web", true],
    // Who may change a bucket may pause it.
    ["pause", "web", true],
    ["pause", "api:1", false],
  ])("%s on %s: %s", (right, bucket, expected) => {
    expect(isInScope(scopes, right, bucket)).toBe(expected);
  });

  it("is false without scopes", () => {
    expect(isInScope([], "read", "web")).toBe(false);
  });
});

describe("isPatternInScope", () => {
  it.each<[Right, string, boolean]>([
    ["acquire", "api:*", true],
    ["acquire", "api:v2:*", true],
    ["acquire", "api:ann", true],
    ["acquire", "api*", false],
    ["acquire", "*", false],
    ["acquire", "web", true],
    ["acquire", "web*", false],
    ["admin", "web", true],
    ["admin", "api:ann", false],
    ["pause", "web", true],
  ])("%s on all of %s: %s", (right, pattern, expected) => {
    expect(isPatternInScope(scopes, right, pattern)).toBe(expected);
  });

  it("is true of everything for a token without a restriction", () => {
    const all = [{ rights: ["admin"], buckets: ["*"] }] as const;
    expect(["*", "api:*", "x"].every((each) => isPatternInScope(all, "admin", each))).toBe(true);
  });
});

describe("patternsOf", () => {
  it("has each pattern once", () => {
    expect(patternsOf([...scopes, ...scopes], "acquire")).toEqual(["api:*", "web"]);
    expect(patternsOf(scopes, "pause")).toEqual(["web"]);
  });
});
