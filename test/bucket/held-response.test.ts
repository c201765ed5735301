import { expect, it } from "vitest";

import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { HeldResponse } from "../../src/bucket/held-response.ts";
import { QueueSpan } from "../../src/bucket/queue-span.ts";
import { Policy } from "../../src/core/policy.ts";

const fields = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const policy = { name: "*", ...Policy.of(fields).toJSON() };
const call: AcquireCall = { bucket: "x", policy, tokens: 1 };

/** A span that keeps how it ended. */
function tracedSpan(): { readonly span: QueueSpan; readonly outcomes: unknown[] } {
  const outcomes: unknown[] = [];
  const setAttribute = (key: string, value: unknown): void => {
    if (key === "sluice.result") outcomes.push(value);
  };
  const started = { isTraced: true, setAttribute, end: () => undefined };
  return { span: new QueueSpan({ startSpan: () => started }, call, 1), outcomes };
}

it("HeldResponse: an answer that is there at once is no promise", async () => {
  const held = new HeldResponse();
  held.answered({ kind: "cancelled" });
  const { response } = held;
  expect(response).toBeInstanceOf(Response);
  expect((await response).status).toBe(499);
});

it("HeldResponse: one that waits resolves with the answer, and its span ends with it", async () => {
  const held = new HeldResponse();
  const { span, outcomes } = tracedSpan();
  held.waits(() => false, span);
  const { response } = held;
  expect(response).toBeInstanceOf(Promise);
  held.answered({ kind: "unavailable" });
  expect((await response).status).toBe(503);
  expect(held.response).toBe(response);
  expect(outcomes).toEqual(["unavailable"]);
});

it("HeldResponse: one whose signal aborts leaves its place and ends, as does its span", async () => {
  const held = new HeldResponse();
  const { span, outcomes } = tracedSpan();
  let hasLeft = false;
  held.waits(() => (hasLeft = true), span);
  const { response } = held;
  const caller = new AbortController();
  caller.signal.addEventListener("abort", held);
  caller.abort();
  expect((await response).status).toBe(499);
  expect(hasLeft).toBe(true);
  expect(outcomes).toEqual(["cancelled"]);
});
