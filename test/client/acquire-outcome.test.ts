/** Every answer of the service, as the outcome that a client returns. */
import { describe, expect, it } from "vitest";

import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";

import { createClient } from "../../src/client/client.ts";
import { reasonFields, type Reason } from "../../src/protocol/reasons.ts";

const GRANT = { bucket: "x", tokens: 2, remaining: 3, waitedMs: 10, grantedAtMs: 5 };
const FIELDS = { "RateLimit-Policy": '"a";q=5;w=10', RateLimit: '"a";r=3;t=2' };
const rateLimit = {
  policy: "a",
  capacity: 5,
  windowSeconds: 10,
  remaining: 3,
  resetSeconds: 2,
};

function outcomeOf(body: object, status: number, headers = {}): Promise<AcquireOutcome> {
  const fetch = async (): Promise<Response> => Response.json(body, { status, headers });
  const client = createClient({ url: "http://sluice.test", fetch, retryForMs: 0 });
  return client.acquire("x", { tokens: 2 });
}

/** Exhaustive: a new reason that is an outcome fails to compile here. */
function kindOf(outcome: AcquireOutcome): string {
  if (outcome.ok) return outcome.isUnmetered ? "unmetered" : "granted";
  switch (outcome.reason) {
    case "timeout":
    case "queue-full":
    case "holds-full":
      return "later";
    case "exceeds-capacity":
      return "never";
    case "bucket-reset":
    case "cancelled":
    case "cancelled-by-admin":
    case "unavailable":
      return "gone";
    default:
      return outcome.reason satisfies never;
  }
}

describe("the outcome of an acquire", () => {
  it("of a grant is the grant, with the state of its bucket", async () => {
    const outcome = await outcomeOf(GRANT, 200, FIELDS);
    expect(outcome).toEqual({ ok: true, ...GRANT, rateLimit });
    expect(kindOf(outcome)).toBe("granted");
  });

  it("has the hold and the permit of a grant", async () => {
    const hold = { id: "h", expiresAtMs: 7 };
    const permit = { id: "h", fence: 9, expiresAtMs: 8 };
    const outcome = await outcomeOf({ ...GRANT, hold, permit }, 200);
    expect(outcome).toEqual({ ok: true, ...GRANT, hold, permit });
  });

  it("says that the time of a retry is an estimate", async () => {
    const problem = { status: 429, reason: "timeout", detail: "why", retryAfterMs: 250 };
    expect(await outcomeOf({ ...problem, estimate: true }, 429)).toMatchObject({
      retryAfterMs: 250,
      estimate: true,
    });
    expect(await outcomeOf(problem, 429)).not.toHaveProperty("estimate");
  });

  it.each([
    ["timeout", 429, "later"],
    ["queue-full", 429, "later"],
    ["holds-full", 429, "later"],
    ["exceeds-capacity", 422, "never"],
    ["bucket-reset", 503, "gone"],
    ["cancelled", 499, "gone"],
  ] as const)("of %s is a refusal", async (reason, status, kind) => {
    const problem = {
      status,
      reason,
      detail: "why",
      retryAfterMs: 250,
      "violated-policies": ["a"],
    };
    const outcome = await outcomeOf(problem, status, FIELDS);
    expect(outcome).toEqual({
      ok: false,
      bucket: "x",
      tokens: 2,
      reason,
      detail: "why",
      retryAfterMs: 250,
      violatedPolicies: ["a"],
      rateLimit,
    });
    expect(kindOf(outcome)).toBe(kind);
  });

  it.each(
    Object.entries(reasonFields)
      .filter(([, { isOutcome }]) => !isOutcome)
      .map(([reason, { status }]) => [reason as Reason, status] as const),
  )("of %s is thrown", async (reason, status) => {
    const problem = { status, reason, detail: "why" };
    await expect(outcomeOf(problem, status)).rejects.toMatchObject({ name: "SluiceError" });
  });
});
