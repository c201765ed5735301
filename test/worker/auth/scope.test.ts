import { describe, expect, it } from "vitest";

import type { Right, Scope } from "../../../src/worker/auth/scope.ts";

import { isInScope } from "../../../src/worker/auth/scope.ts";

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
