import { describe, expect, it } from "vitest";

import { readRateLimitState } from "../../src/client/fields/rate-limit-state.ts";
import {
  type RateLimitState,
  ceilSeconds,
  rateLimitFields,
} from "../../src/protocol/rate-limit-fields.ts";

describe("rateLimitFields", () => {
  const rows: [RateLimitState, string, string][] = [
    [
      { policy: "*", capacity: 1, windowSeconds: 1, remaining: 0, resetSeconds: 1 },
      '"*";q=1;w=1',
      '"*";r=0;t=1',
    ],
    [{ policy: "a", capacity: 5, windowSeconds: 60, remaining: 5 }, '"a";q=5;w=60', '"a";r=5'],
    [
      { policy: 'a"\\b', capacity: 2, windowSeconds: 3, remaining: 1, resetSeconds: 2 },
      String.raw`"a\"\\b";q=2;w=3`,
      String.raw`"a\"\\b";r=1;t=2`,
    ],
  ];

  it.each(rows)("%j is written as the draft has it", (state, policy, limit) => {
    expect(rateLimitFields(state)).toEqual({ "RateLimit-Policy": policy, RateLimit: limit });
  });

  it.each(rows)("%j is read back by a client as it was", (state) => {
    expect(readRateLimitState(new Headers(rateLimitFields(state)))).toEqual(state);
  });
});

describe("ceilSeconds", () => {
  it.each([
    [0, 0],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
  ])("%i ms are %i s", (durationMs, seconds) => {
    expect(ceilSeconds(durationMs)).toBe(seconds);
  });
});
