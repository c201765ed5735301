import { describe, expect, it } from "vitest";

import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { Policy } from "../../src/core/policy.ts";
import {
  decodeAcquireCall,
  encodeAcquireCall,
  encodeAsk,
  isAcquireCall,
} from "../../src/wire/acquire-call.ts";
import { socketRequest } from "../../src/wire/socket-call.ts";

const policy = {
  name: "default",
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  initialTokens: 1,
  queueLimit: 10,
  maxWaitMs: 60_000,
};

describe("acquire call", () => {
  it("comes out as it went in", () => {
    const call: AcquireCall = {
      bucket: "a&b?c",
      policy,
      tokens: 3,
      timeoutMs: 0,
      idempotencyKey: "100%",
      isStreamed: true,
      requeued: { arrivedAtMs: 1.5, elapsedMs: 2, spreadMs: 300 },
      returnedLeases: { uses: [], granted: 4 },
    };
    expect(decodeAcquireCall(encodeAcquireCall(call))).toEqual(call);
  });

  it("gives each call its own policy", () => {
    const other = { ...policy, name: "other", capacity: 2 };
    const urls = [policy, other, policy].map((each) =>
      encodeAcquireCall({ bucket: "a", policy: each, tokens: 1 }),
    );
    expect(urls.map((url) => decodeAcquireCall(url).policy)).toEqual([policy, other, policy]);
  });

  it.each([
    ["a", { tokens: 1 }],
    ["a/b:c@d._-", { tokens: 3, timeoutMs: 0 }],
    ["x".repeat(128), { tokens: Number.MAX_SAFE_INTEGER, timeoutMs: 3_600_000 }],
    ["keyed", { tokens: 1, idempotencyKey: '"&%' }],
    ["keyed", { tokens: 1, timeoutMs: 1, idempotencyKey: "k" }],
    ["held", { tokens: 1, holdMs: 1_000 }],
    ["labelled", { tokens: 1, label: "job 7, & %41 Ω 😀" }],
    ["held", { tokens: 2, timeoutMs: 0, holdMs: 3_600_000, idempotencyKey: "k" }],
  ])("encodeAsk of %s and %j makes the same call", (bucket, ask) => {
    const call = { bucket, policy, ...ask };
    const url = encodeAsk(policy, bucket, ask);
    expect(url.replaceAll("%3A", ":")).toBe(encodeAcquireCall(call).replaceAll("%3A", ":"));
    expect(decodeAcquireCall(url)).toEqual(call);
  });

  it.each([
    { tokens: 0, limits: { tpm: 1_200, rate: 0 } },
    // What a caller may send, before the object refuses it.
    {
      tokens: 1,
      limits: Object.fromEntries(["__proto__", "", '"&%#', "\ud800", "ä"].map((name) => [name, 1])),
    },
  ])("carries tokens of single limits as they are, %j", (ask) => {
    const url = encodeAsk(policy, "a", ask);
    expect(new Request(url).url).toBe(url);
    const { limits } = decodeAcquireCall(url);
    expect(Object.entries(limits ?? {})).toEqual(Object.entries(ask.limits));
  });

  it("of one limit has no member that 0.1.0 doesn't know, and its policy neither", () => {
    const { name, ...fields } = policy;
    const complete = { name, ...Policy.of(fields).toJSON() };
    expect(Object.keys(complete).toSorted()).toEqual(Object.keys(policy).toSorted());
    const { policy: sent, ...call } = decodeAcquireCall(encodeAsk(complete, "a", { tokens: 2 }));
    expect(sent).toEqual(policy);
    expect(call).toEqual({ bucket: "a", tokens: 2 });
  });

  it.each(["[a]{b}:c,d", "\"&%#?+ <>\\'é", "%2C%22"])(
    "is what 0.1.0 decodes, and what the runtime makes of a URL, with the key %s",
    (idempotencyKey) => {
      const call = { bucket: "a:b", policy, tokens: 1, idempotencyKey };
      const url = encodeAcquireCall(call);
      const parts = url.slice("https://bucket/acquire?".length).split("&");
      const decoded = parts.map((part): unknown => JSON.parse(decodeURIComponent(part)));
      expect(decoded).toEqual([policy, { bucket: "a:b", tokens: 1, idempotencyKey }]);
      // The cache of policies compares what has arrived with what was sent.
      expect(decodeAcquireCall(new Request(url).url)).toEqual(call);
      expect(new Request(encodeAsk(policy, "a:b", { tokens: 1 })).url).toContain(
        ",%22capacity%22:1,",
      );
    },
  );

  it("differs from a watcher's call by its URL", () => {
    const call = { bucket: "https://bucket/acquire?", policy };
    expect(isAcquireCall(encodeAcquireCall({ ...call, tokens: 1 }))).toBe(true);
    expect(isAcquireCall(socketRequest("watch", call).url)).toBe(false);
  });

  it("has its own policy, though another one's text begins alike", () => {
    const longer = { ...policy, queueLimit: Number(`${policy.queueLimit}0`) };
    for (const other of [policy, longer, policy]) {
      const url = encodeAcquireCall({ bucket: "a", policy: other, tokens: 1 });
      expect(decodeAcquireCall(url).policy).toEqual(other);
    }
  });

  it("throws for a URL that holds no call", () => {
    expect(() => decodeAcquireCall("https://bucket/acquire?x")).toThrow(
      "Cannot acquire: the URL holds no call",
    );
  });

  it("reads the members that 0.1.0 named otherwise, so that a deploy keeps the order", () => {
    const requeued = { arrivedAtMs: 1.5, elapsedMs: 2 };
    const returnedLeases = { uses: [], granted: 4 };
    const sent = (rest: object) =>
      `https://bucket/acquire?${[policy, { bucket: "a", tokens: 1, ...rest }]
        .map((part) => encodeURIComponent(JSON.stringify(part)))
        .join("&")}`;
    expect(decodeAcquireCall(sent({ putBack: requeued }))).toMatchObject({ requeued });
    expect(decodeAcquireCall(sent({ handedIn: returnedLeases }))).toMatchObject({ returnedLeases });
  });
});
