import { describe, expect, it } from "vitest";

import { problemDocument } from "../../src/protocol/problem-document.ts";

describe("problemDocument", () => {
  it("has the members in one order, on one line", () => {
    const document = problemDocument("timeout", {
      violatedPolicies: ["login:*"],
      retryAfterMs: 1_001,
      detail: "Not now",
    });
    expect(document).toEqual({
      status: 429,
      headers: { "Content-Type": "application/problem+json", "Retry-After": "2" },
      text: '{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Cannot be granted in time","status":429,"detail":"Not now","reason":"timeout","retryAfterMs":1001,"violated-policies":["login:*"]}\n',
    });
  });

  it("has every fault of an invalid request", () => {
    const errors = [{ field: "tokens", message: "tokens is missing" }];
    const { text } = problemDocument("invalid-request", { detail: "tokens is missing", errors });
    expect(JSON.parse(text)).toEqual({
      type: "about:blank",
      title: "Invalid request",
      status: 400,
      detail: "tokens is missing",
      reason: "invalid-request",
      errors,
    });
  });

  it.each([
    [0, "1"],
    [1, "1"],
    [1_000, "1"],
    [1_001, "2"],
  ])("after %i ms has Retry-After: %s, at least a second", (retryAfterMs, seconds) => {
    const { headers } = problemDocument("unavailable", { detail: "Later", retryAfterMs });
    expect(headers["Retry-After"]).toBe(seconds);
  });

  it("has no Retry-After when waiting does not help", () => {
    const { headers } = problemDocument("exceeds-capacity", { detail: "Never" });
    expect(headers).toEqual({ "Content-Type": "application/problem+json" });
  });
});
