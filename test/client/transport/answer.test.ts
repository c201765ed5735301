import { describe, expect, it } from "vitest";

import {
  errorOf,
  grantIn,
  parseJson,
  problemIn,
  readAnswer,
  unexpectedAnswer,
  type Answer,
} from "../../../src/client/transport/answer.ts";

const GRANT = { bucket: "x", tokens: 1, remaining: 4, waitedMs: 0, grantedAtMs: 5 };
const TIMEOUT = { status: 429, reason: "timeout", detail: "Cannot acquire 1 token" };

describe("readAnswer", () => {
  it("reads status, JSON, Retry-After and the RateLimit fields", async () => {
    const response = Response.json(GRANT, {
      status: 201,
      headers: {
        "Retry-After": "3",
        "RateLimit-Policy": '"a";q=5;w=10',
        RateLimit: '"a";r=4;t=2',
      },
    });
    expect(await readAnswer(response)).toEqual({
      status: 201,
      body: GRANT,
      retryAfterMs: 3_000,
      rateLimit: { policy: "a", capacity: 5, windowSeconds: 10, remaining: 4, resetSeconds: 2 },
    });
  });

  it.each(["", "-1", "1.5", "soon", "Tue, 24 Nov 2026 12:00:00 GMT", "1234567890"])(
    "ignores Retry-After: %s",
    async (value) => {
      const answer = await readAnswer(new Response("", { headers: { "Retry-After": value } }));
      expect(answer.retryAfterMs).toBeUndefined();
    },
  );
});

describe("parseJson", () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ["null", null],
    ["<html>", "<html>"],
    ["", ""],
  ])("parses %o", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });
});

describe("grantIn", () => {
  it("reads what a grant took of each limit", () => {
    const limits = { tpm: { tokens: 5, remaining: 7 } };
    expect(grantIn(200, { ...GRANT, limits })).toEqual({ ...GRANT, limits });
    const odd = { tpm: { tokens: 5, remaining: 7, more: 1 }, day: { tokens: 5 }, hour: 6 };
    expect(grantIn(200, { ...GRANT, limits: odd })).toEqual({ ...GRANT, limits });
    expect(grantIn(200, { ...GRANT, limits: 7 })).toEqual(GRANT);
  });

  it("reads the hold and the permit of a grant, and leaves out what has another form", () => {
    const hold = { id: "h", expiresAtMs: 7 };
    const permit = { id: "h", fence: 9, expiresAtMs: 8 };
    expect(grantIn(200, { ...GRANT, hold: { ...hold, more: 1 }, permit })).toEqual({
      ...GRANT,
      hold,
      permit,
    });
    expect(grantIn(200, { ...GRANT, hold: { id: 5 }, permit: hold })).toEqual(GRANT);
  });
});

describe("problemIn", () => {
  const NONE = { status: undefined, errors: undefined, retryAfterMs: undefined };

  it.each<readonly [string, Answer, object | undefined]>([
    ["a grant", { status: 200, body: GRANT }, undefined],
    [
      "a refusal",
      {
        status: 429,
        body: { ...TIMEOUT, retryAfterMs: 250, "violated-policies": ["a"] },
      },
      { ...TIMEOUT, errors: undefined, retryAfterMs: 250, violatedPolicies: ["a"] },
    ],
    [
      "a reason of a later Sluice, without a detail",
      { status: 418, body: { reason: "of-tomorrow" } },
      { ...NONE, reason: "of-tomorrow", detail: "of-tomorrow", violatedPolicies: undefined },
    ],
    [
      "members of the wrong type",
      { status: 400, body: { reason: "timeout", detail: 7, retryAfterMs: -1, errors: [{}, 7] } },
      { ...NONE, reason: "timeout", detail: "timeout", errors: [], violatedPolicies: undefined },
    ],
  ])("reads %s", (_, answer, problem) => {
    expect(problemIn(answer)).toEqual(problem);
  });

  it.each<readonly [string, Answer, object]>([
    ["unavailable", { status: 503, body: { reason: "unavailable", detail: "d" } }, {}],
    ["internal-error", { status: 500, body: { reason: "internal-error", detail: "d" } }, {}],
    ["408 without a problem", { status: 408, body: "" }, { message: "Got status 408" }],
    ["425 without a problem", { status: 425, body: "" }, { message: "Got status 425" }],
    [
      "429 without a problem",
      { status: 429, body: "busy", retryAfterMs: 2_000 },
      { message: "Got status 429", status: 429, retryAfterMs: 2_000 },
    ],
    ["502 without a problem", { status: 502, body: "<html>" }, { message: "Got status 502" }],
  ])("throws a TransportError for %s, which is worth a retry", (_, answer, fields) => {
    expect(() => problemIn(answer)).toThrow(
      expect.objectContaining({ name: "TransportError", ...fields }),
    );
  });

  it("throws a SluiceError for a failure that is not from Sluice", () => {
    expect(() => problemIn({ status: 404, body: "<html>" })).toThrow(
      expect.objectContaining({ name: "SluiceError", reason: "unexpected-answer", status: 404 }),
    );
  });
});

describe("errorOf", () => {
  it("carries the reason, the status and every fault", () => {
    const errors = [{ field: "tokens", message: "tokens must be an integer" }];
    const problem = problemIn({
      status: 400,
      body: { status: 400, reason: "invalid-request", detail: "d", errors },
    });
    expect(problem && errorOf(problem)).toMatchObject({
      name: "SluiceError",
      message: "invalid-request: d",
      status: 400,
      errors,
    });
  });
});

describe("grantIn", () => {
  it("reads a grant, and only its own members", () => {
    expect(grantIn(200, { ...GRANT, more: true })).toEqual(GRANT);
  });

  it.each(Object.keys(GRANT))("throws without %s", (name) => {
    expect(() => grantIn(200, { ...GRANT, [name]: undefined })).toThrow(
      "unexpected-answer: Not an answer from Sluice: 200 {",
    );
  });
});

describe("unexpectedAnswer", () => {
  it("shows the status and the body", () => {
    expect(unexpectedAnswer(200, "hello").message).toBe(
      'unexpected-answer: Not an answer from Sluice: 200 "hello"',
    );
  });
});
