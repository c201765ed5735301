import { describe, expect, it } from "vitest";

import { AcquireRequest } from "../../../src/client/transport/acquire-request.ts";

const PLACE = { position: 2, etaMs: 900 };

describe("AcquireRequest", () => {
  const ask = { tokens: 2, limits: { tpm: 5 }, timeoutMs: 9, holdMs: 1_000, idempotencyKey: 'k"' };

  it("is one call, and one message", () => {
    const request = new AcquireRequest("a/b", ask, true);
    expect(request.call(true)).toEqual({
      method: "POST",
      path: "/acquire?bucket=a%2Fb&tokens=2&timeoutMs=9&holdMs=1000&tokens.tpm=5",
      headers: { "Idempotency-Key": '"k\\""', Accept: "text/event-stream, application/json" },
    });
    expect(JSON.parse(request.message(7))).toEqual({
      op: "acquire",
      id: 7,
      tokens: 2,
      "tokens.tpm": 5,
      timeoutMs: 9,
      holdMs: 1_000,
      key: 'k"',
      follow: true,
      fields: true,
    });
  });

  it("brings its label along, in ASCII", () => {
    const request = new AcquireRequest("x", { label: "Ω & 😀" }, false);
    expect(request.call(false).path).toBe("/acquire?bucket=x&label=%CE%A9+%26+%F0%9F%98%80");
    const message = request.message(1);
    expect(message).toMatch(/^[ -~]+$/);
    expect(JSON.parse(message)).toMatchObject({ op: "acquire", label: "Ω & 😀" });
    expect(new AcquireRequest("x", { label: "" }, false).call(false).path).toBe(
      "/acquire?bucket=x",
    );
  });

  it("leaves out what isn't asked", () => {
    const request = new AcquireRequest("x", {}, false);
    expect(request.call(false)).toEqual({ method: "POST", path: "/acquire?bucket=x", headers: {} });
    expect(JSON.parse(request.message(1))).toEqual({ op: "acquire", id: 1, fields: true });
    expect([request.timeoutMs, request.cancelCall()]).toEqual([Infinity, undefined]);
  });

  it("brings its last ticket along, which its caller doesn't see", () => {
    const request = new AcquireRequest("x", {}, false);
    expect(request.placed({ ...PLACE, ticket: "t1" })).toEqual(PLACE);
    request.placed({ ...PLACE, ticket: "t2" });
    request.placed(PLACE);
    expect(request.call(false).headers).toEqual({ "Sluice-Ticket": "t2" });
    expect(JSON.parse(request.message(1))).toMatchObject({ ticket: "t2" });
  });

  it("drops a ticket that Sluice doesn't take, once", () => {
    const request = new AcquireRequest("x", {}, false);
    const refusal = { status: 400, body: { reason: "invalid-request" } };
    expect(request.dropsTicket(refusal)).toBe(false);
    request.placed({ ...PLACE, ticket: "t" });
    expect(request.dropsTicket({ status: 200, body: { bucket: "x" } })).toBe(false);
    expect(request.dropsTicket({ status: 429, body: { reason: "timeout" } })).toBe(false);
    expect(request.dropsTicket(refusal)).toBe(true);
    expect(request.call(false).headers).toEqual({});
    expect(request.dropsTicket(refusal)).toBe(false);
  });
});
