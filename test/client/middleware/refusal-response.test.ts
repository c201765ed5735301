/** A refusal passed on reads as the one that Sluice itself answers with. */
import { afterEach, expect, it, vi } from "vitest";

import type { Refused } from "../../../src/client/acquire-outcome.ts";

import { refusalResponse } from "../../../src/client/middleware/refusal-response.ts";
import { problemResponse } from "../../../src/answers/problem.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const later = { detail: "Not now", retryAfterMs: 1_001 };

it.each<Pick<Refused, "reason" | "detail" | "retryAfterMs" | "violatedPolicies">>([
  { reason: "timeout", ...later, violatedPolicies: ["p"] },
  { reason: "queue-full", ...later, violatedPolicies: ["p"] },
  { reason: "exceeds-capacity", detail: "Never" },
  { reason: "exceeds-capacity", detail: "Never", violatedPolicies: ["p/tpm"] },
  { reason: "bucket-reset", detail: "Reset" },
  { reason: "cancelled", detail: "Cancelled" },
  { reason: "cancelled-by-admin", detail: "Removed" },
  { reason: "unavailable", ...later },
])("refusalResponse says $reason as the service does", async (refusal) => {
  // The service logs its own.
  vi.spyOn(console, "info").mockReturnValue();
  const passedOn = refusalResponse({ ok: false, bucket: "b", tokens: 1, ...refusal });
  const { reason, ...details } = refusal;
  const own = problemResponse(reason, details);
  expect(passedOn.status).toBe(own.status);
  for (const field of ["Content-Type", "Cache-Control", "Retry-After"]) {
    expect(passedOn.headers.get(field)).toBe(own.headers.get(field));
  }
  const text = await passedOn.text();
  expect(text).toBe(await own.text());
  expect(text).toMatch(/^\{.*\}\n$/);
});
