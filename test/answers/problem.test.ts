import { afterEach, expect, it, vi } from "vitest";

import { problemResponse } from "../../src/answers/problem.ts";
import { switchRefusalLog } from "../../src/answers/refusal-log.ts";

afterEach(() => {
  vi.restoreAllMocks();
  switchRefusalLog("false");
});

it("problemResponse has the fields of its own on top of those of all answers", async () => {
  const headers = { Allow: "GET", "Cache-Control": "private" };
  const response = problemResponse("method-not-allowed", { detail: '"PUT" is not GET', headers });
  expect(response.status).toBe(405);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(response.headers.get("Allow")).toBe("GET");
  expect(response.headers.get("Cache-Control")).toBe("private");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Method not allowed",
    status: 405,
    detail: '"PUT" is not GET',
    reason: "method-not-allowed",
  });
});

it("problemResponse names a violated policy in the document and the log, another in the log", async () => {
  const lines: unknown[] = [];
  vi.spyOn(console, "info").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  switchRefusalLog(undefined);
  const name = `violated-${crypto.randomUUID()}`;
  const details = { detail: "No", retryAfterMs: 5, policy: name, violatedPolicies: [name] };
  const violated = problemResponse("timeout", details);
  expect(await violated.json()).toMatchObject({ "violated-policies": [name] });
  const policy = `other-${crypto.randomUUID()}`;
  const other = problemResponse("exceeds-capacity", { detail: "No", policy });
  expect(await other.json()).not.toHaveProperty("violated-policies");
  expect(lines).toEqual([
    { event: "refused", reason: "timeout", policy: name },
    { event: "refused", reason: "exceeds-capacity", policy },
  ]);
});
