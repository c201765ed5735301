import { describe, expect, it } from "vitest";

import { readRateLimitState } from "../../../src/client/fields/rate-limit-state.ts";

describe("readRateLimitState", () => {
  it.each([
    [
      '"*";q=1;w=1',
      '"*";r=0;t=1',
      { policy: "*", capacity: 1, windowSeconds: 1, remaining: 0, resetSeconds: 1 },
    ],
    ['"a";q=5;w=60', '"a";r=5', { policy: "a", capacity: 5, windowSeconds: 60, remaining: 5 }],
  ])("reads %s and %s", (policy, limit, state) => {
    const fields = new Headers({ "RateLimit-Policy": policy, RateLimit: limit });
    expect(readRateLimitState(fields)).toEqual(state);
  });

  it.each([
    ["no fields", {}],
    ["one field of the two", { RateLimit: '"*";r=0;t=1' }],
    ["fields of two policies", { RateLimit: '"a";r=0;t=1', "RateLimit-Policy": '"b";q=1;w=1' }],
    ["a limit without a count", { RateLimit: '"a"', "RateLimit-Policy": '"a";q=1;w=1' }],
    ["a count that is not a number", { RateLimit: '"a";r=x', "RateLimit-Policy": '"a";q=1;w=1' }],
  ])("reads nothing from %s", (_what, fields) => {
    expect(readRateLimitState(new Headers(fields as Record<string, string>))).toBeUndefined();
  });
});
