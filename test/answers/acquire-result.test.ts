import { describe, expect, it } from "vitest";

import type { BucketState } from "../../src/answers/acquire-answer.ts";
import type { Grant } from "../../src/core/outcome.ts";

import {
  acquireResult,
  furtherMembers,
  granted,
  invalidRequest,
  rateLimitAfter,
} from "../../src/answers/acquire-result.ts";
import { Policy } from "../../src/core/policy.ts";

const policy = Policy.of({ capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 });
const counts = { waiters: 3, queuedTokens: 3, granted: 1, refused: 1, cancelled: 0 };
const bucket: BucketState = {
  name: "b",
  policyName: "b*",
  policy,
  view: { tokens: 1, nextTickAtMs: 250, ...counts },
  nowMs: 0,
};
const grant: Grant = { ok: true, tokens: 2, remaining: 3, waitedMs: 40, grantedAtMs: 0 };

describe("acquireResult", () => {
  it("of a grant shows the bucket as the grant left it, of a repeated one as it is now", () => {
    const asked = { tokens: 2 };
    const first = acquireResult({ kind: "outcome", outcome: grant, bucket, timeoutMs: 9, asked });
    const again = acquireResult({ kind: "replay", grant, bucket });
    if (first.kind !== "granted" || again.kind !== "granted") throw new Error("Not granted");
    expect(rateLimitAfter(first).remaining).toBe(3);
    expect(rateLimitAfter(again).remaining).toBe(1);
    expect(again.grant).toBe(grant);
  });

  it("of a refusal that waiting helps against has its bucket, and no other has", () => {
    const outcome = { ok: false, reason: "timeout", retryAfterMs: 40 } as const;
    const late = { kind: "outcome", outcome, bucket, timeoutMs: 9, asked: { tokens: 2 } } as const;
    expect(acquireResult(late)).toMatchObject({
      kind: "refused",
      reason: "timeout",
      details: {
        detail: "Cannot acquire 2 tokens within 9 ms: the earliest is in 40 ms",
        policy: "b*",
      },
      bucket: { name: "b" },
    });
    expect(acquireResult({ kind: "cancelled" })).not.toHaveProperty("bucket");
  });
});

describe("furtherMembers", () => {
  it("are those of a grant with a hold, a permit or several limits", () => {
    expect(furtherMembers(grant)).toBeUndefined();
    const hold = { id: "h", expiresAtMs: 9 };
    expect(furtherMembers({ ...grant, hold })).toEqual({ hold });
    expect(granted(bucket, { ...grant, hold }).now.remaining).toBe(3);
  });
});

describe("invalidRequest", () => {
  it("repeats five faults in its detail, and has all of them", () => {
    const errors = Array.from({ length: 7 }, (_, n) => ({ field: `f${n}`, message: `m${n}` }));
    const { details } = invalidRequest(errors);
    expect(details.detail).toBe("m0; m1; m2; m3; m4; and 2 more");
    expect(details.errors).toHaveLength(7);
  });
});
