import { describe, expect, it } from "vitest";

import type { AcquireAnswer, BucketState } from "../../src/answers/acquire-answer.ts";

import { acquireResponse, invalidRequestResponse } from "../../src/answers/acquire-response.ts";
import { type Grant, type Refusal } from "../../src/core/outcome.ts";
import { Policy } from "../../src/core/policy.ts";

const NOW_MS = 1_700_000_000_000;

/** A bucket of five that gets one token a second, the next in 250 ms. */
function bucketWith(tokens: number): BucketState {
  const policy = Policy.of({
    capacity: 5,
    refillTokens: 1,
    refillIntervalMs: 1_000,
    queueLimit: 3,
  });
  const counts = { waiters: 3, queuedTokens: 3, granted: 1, refused: 1, cancelled: 0 };
  const view = { tokens, nextTickAtMs: NOW_MS + 250, ...counts };
  return { name: "b", policyName: "b*", policy, view, nowMs: NOW_MS };
}

const grant: Grant = { ok: true, tokens: 2, remaining: 3, waitedMs: 40, grantedAtMs: NOW_MS };

function refused(refusal: Omit<Refusal, "ok">, tokens = 1): AcquireAnswer {
  const outcome: Refusal = { ok: false, ...refusal };
  return { kind: "outcome", outcome, bucket: bucketWith(0), timeoutMs: 20, asked: { tokens } };
}

describe("acquireResponse", () => {
  it("of a grant has the grant, and the bucket as the grant left it", async () => {
    const answer = { kind: "outcome", outcome: grant, bucket: bucketWith(3) } as const;
    const response = acquireResponse({ ...answer, timeoutMs: 20, asked: { tokens: 2 } });
    expect(response.status).toBe(200);
    const { ok: _, ...fields } = grant;
    expect(await response.json()).toEqual({ bucket: "b", ...fields });
    expect(response.headers.get("RateLimit-Policy")).toBe('"b*";q=5;w=5');
    expect(response.headers.get("RateLimit")).toBe('"b*";r=3;t=1');
  });

  it("of a grant has the policy of its own bucket, whichever was answered before", () => {
    const of = (policyName: string): Response => {
      const bucket = { ...bucketWith(3), policyName };
      return acquireResponse({
        kind: "outcome",
        outcome: grant,
        bucket,
        timeoutMs: 20,
        asked: { tokens: 2 },
      });
    };
    const [one, other, again] = [of("one"), of("other"), of("one")];
    for (const [response, name] of [
      [one, "one"],
      [other, "other"],
      [again, "one"],
    ] as const) {
      expect(response.headers.get("RateLimit-Policy")).toBe(`"${name}";q=5;w=5`);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(response.headers.get("Content-Type")).toBe("application/json");
    }
  });

  it("of a grant has its hold and its permit", async () => {
    const hold = { id: "h", expiresAtMs: NOW_MS + 5_000 };
    const permit = { id: "h", fence: NOW_MS, expiresAtMs: NOW_MS + 1_000 };
    const bucket = bucketWith(3);
    const response = acquireResponse({ kind: "replay", grant: { ...grant, hold, permit }, bucket });
    expect(await response.json()).toMatchObject({ tokens: 2, hold, permit });
  });

  it("of a refusal says that the time of a retry is an estimate", async () => {
    const response = acquireResponse(
      refused({ reason: "timeout", retryAfterMs: 1_250, estimate: true }),
    );
    expect(await response.json()).toMatchObject({
      detail: "Cannot acquire 1 token within 20 ms: the earliest is in 1250 ms by estimate",
      retryAfterMs: 1_250,
      estimate: true,
    });
  });

  it("of a repeated grant has the grant as it was, and the bucket as it is", async () => {
    const response = acquireResponse({ kind: "replay", grant, bucket: bucketWith(5) });
    expect(await response.json()).toMatchObject({ remaining: 3 });
    // A full bucket has no next tick to wait for.
    expect(response.headers.get("RateLimit")).toBe('"b*";r=5');
  });

  const rows: [AcquireAnswer, number, string, string, string | null][] = [
    [
      refused({ reason: "exceeds-capacity" }, 7),
      422,
      "exceeds-capacity",
      "Cannot acquire 7 tokens: capacity is 5",
      null,
    ],
    [
      refused({ reason: "timeout", retryAfterMs: 1_250 }),
      429,
      "timeout",
      "Cannot acquire 1 token within 20 ms: the earliest is in 1250 ms",
      "2",
    ],
    [
      refused({ reason: "queue-full", retryAfterMs: 3_250 }, 2),
      429,
      "queue-full",
      "Cannot wait for 2 tokens: 3 callers are waiting, queueLimit is 3",
      "4",
    ],
    [
      refused({ reason: "holds-full", retryAfterMs: 1_250 }, 2),
      429,
      "holds-full",
      "Cannot hold 2 tokens: the bucket has 10000 open holds, the most it can have; the first ends in 1250 ms",
      "2",
    ],
    [
      { kind: "place-crowded", key: "k", requests: 8, retryAfterMs: 90, bucket: bucketWith(0) },
      429,
      "queue-full",
      'Cannot wait under the key "k": 8 requests already do',
      "1",
    ],
    [
      refused({ reason: "bucket-reset" }),
      503,
      "bucket-reset",
      "The bucket was reset while this request was waiting",
      null,
    ],
    [
      { kind: "reset" },
      503,
      "bucket-reset",
      "The bucket was reset while this request was waiting",
      null,
    ],
    [
      { kind: "key-reused", key: "k" },
      422,
      "idempotency-key-reused",
      'The key "k" was already used with different tokens, timeoutMs or holdMs',
      null,
    ],
    [
      { kind: "cancelled" },
      499,
      "cancelled",
      "This request was cancelled by its Idempotency-Key; nothing was taken",
      null,
    ],
    [
      { kind: "cancelled-by-admin" },
      503,
      "cancelled-by-admin",
      "An admin removed this request from the queue; nothing was taken",
      null,
    ],
    [
      { kind: "unavailable" },
      503,
      "unavailable",
      "Sluice is shutting down; nothing was taken",
      "1",
    ],
  ];

  it.each(rows)("of %j is %i %s", async (answer, status, reason, detail, retryAfter) => {
    const response = acquireResponse(answer);
    expect(response.status).toBe(status);
    expect(response.headers.get("Retry-After")).toBe(retryAfter);
    // The state of the bucket and the policy that refused go with a 429 alone.
    expect(response.headers.has("RateLimit")).toBe(status === 429);
    const body: Record<string, unknown> = await response.json();
    expect(body).toMatchObject({ status, reason, detail });
    const isOfPolicy = status === 429 || reason === "exceeds-capacity";
    expect(body["violated-policies"]).toEqual(isOfPolicy ? ["b*"] : undefined);
  });
});

describe("invalidRequestResponse", () => {
  it("lists every fault, and the first five in its detail", async () => {
    const errors = Array.from({ length: 7 }, (_, index) => {
      return { field: `f${index}`, message: `f${index} is wrong` };
    });
    const response = invalidRequestResponse(errors);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      detail: "f0 is wrong; f1 is wrong; f2 is wrong; f3 is wrong; f4 is wrong; and 2 more",
      errors,
    });
  });
});
