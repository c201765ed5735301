import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { epochMs, policyOf } from "../../kit/model/limiters.ts";
import { anyMessage } from "../../kit/model/session-messages.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { holdFaults } from "../../src/core/ask.ts";
import { checkHoldCall } from "../../src/core/holds/hold-call.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { askFaults, costOf } from "../../src/core/limits/cost.ts";
import { isIdempotencyKey } from "../../src/protocol/idempotency-key.ts";
import { readCall, readFrame } from "../../src/protocol/session-calls.ts";

const ticketText = `v1.abc.${"x".repeat(22)}`;
const acquire = { op: "acquire", id: 1 };

/** What `readCall` has to say against a message. */
function faultsOf(message: unknown): [field: string, message: string][] {
  const read = readCall(message);
  return read.ok ? [] : read.errors.map(({ field, message: text }) => [field, text]);
}

describe("readFrame", () => {
  test.each([
    ['{"op":"cancel","id":7}', [{ op: "cancel", id: 7 }]],
    [' [ {"id":1} , 2 ]\n', [{ id: 1 }, 2]],
    ["[]", []],
    ["5", [5]],
    ["[[1]]", [[1]]],
  ])("takes %j apart", (text, messages) => {
    expect(readFrame(text)).toEqual({ ok: true, messages });
  });

  test.each(["", "ping", "[1", '{"op":"cancel"', "undefined", "[1],[2]"])("refuses %j", (text) => {
    const message = `A frame must be a JSON object or an array of them: got ${JSON.stringify(text)}`;
    const fault = { field: "frame", message };
    expect(readFrame(text)).toEqual({ ok: false, reason: "not-json", fault });
  });

  /** A frame of `bytes` bytes, which has as many two-byte characters as fit. */
  function umlauts(bytes: number): string {
    const [head, tail] = ['{"id":"', '"}'];
    const rest = bytes - head.length - tail.length;
    return head + "ä".repeat(Math.floor(rest / 2)) + "x".repeat(rest % 2) + tail;
  }

  test.each([
    ["x".repeat(65_537 - 2), 65_537],
    ["ä".repeat(32_768), 65_538],
    ["€".repeat(21_845), 65_537],
    ["😀".repeat(16_384), 65_538],
  ])("counts bytes of UTF-8, not characters", (text, bytes) => {
    const message = `A frame must be at most 65536 bytes: got ${bytes}`;
    const fault = { field: "frame", message };
    expect(readFrame(`"${text}"`)).toEqual({ ok: false, reason: "too-large", fault });
    expect(readFrame(`"${text.slice(0, -2)}"`).ok).toBe(true);
  });

  test("takes 65,536 bytes, and not one more", () => {
    expect(readFrame(umlauts(65_536)).ok).toBe(true);
    expect(readFrame(umlauts(65_537))).toMatchObject({ ok: false, reason: "too-large" });
  });

  test("takes 1,000 messages, and not one more", () => {
    expect(readFrame(`[${"1,".repeat(999)}1]`).ok).toBe(true);
    const message = "A frame must have at most 1000 messages: got 1001";
    const fault = { field: "frame", message };
    expect(readFrame(`[${"1,".repeat(1_000)}1]`)).toEqual({ ok: false, reason: "too-many", fault });
  });

  test("has something to say that a WebSocket can be closed with", () => {
    const bad = ["x".repeat(1e7), `[${"1,".repeat(32_000)}1]`, '"\u{1}'.repeat(1_000)];
    for (const text of bad) {
      const read = readFrame(text);
      const reason = read.ok ? "" : read.fault.message;
      expect(new TextEncoder().encode(reason).byteLength).toBeLessThanOrEqual(123);
      expect(reason).not.toBe("");
    }
  });
});

describe("readCall", () => {
  const plain = { isFollowing: false, hasFields: false };

  test.each([
    [acquire, { ...acquire, ...plain, ask: { tokens: 1 } }],
    [
      { ...acquire, id: "seven", tokens: 3, timeoutMs: 0, key: "k" },
      {
        op: "acquire",
        id: "seven",
        ...plain,
        ask: { tokens: 3, timeoutMs: 0, idempotencyKey: "k" },
      },
    ],
    [
      { ...acquire, fields: true },
      { ...acquire, ...plain, hasFields: true, ask: { tokens: 1 } },
    ],
    [
      { ...acquire, label: "job 7" },
      { ...acquire, ...plain, ask: { tokens: 1, label: "job 7" } },
    ],
    [
      { ...acquire, tokens: 0, "tokens.tpm": 5, holdMs: 1_000, follow: true, fields: true },
      {
        ...acquire,
        isFollowing: true,
        hasFields: true,
        ask: { tokens: 0, limits: { tpm: 5 }, holdMs: 1_000 },
      },
    ],
    [
      { ...acquire, ticket: ticketText, key: "k" },
      { ...acquire, ...plain, ask: { tokens: 1, idempotencyKey: "k", ticket: ticketText } },
    ],
    [
      { op: "cancel", id: -7 },
      { op: "cancel", id: -7 },
    ],
    [
      { op: "settle", id: 1, hold: "h", used: 5 },
      { op: "settle", id: 1, hold: "h", call: { used: 5 } },
    ],
    [
      { op: "settle", id: 1, hold: "h", used: { rate: 0, tpm: 9 } },
      { op: "settle", id: 1, hold: "h", call: { used: { rate: 0, tpm: 9 } } },
    ],
    [
      { op: "extend", id: 1, permit: "p" },
      { op: "extend", id: 1, permit: "p" },
    ],
    [
      { op: "release", id: 1, permit: "p" },
      { op: "release", id: 1, permit: "p" },
    ],
  ])("reads %o", (message, call) => {
    expect(readCall(message)).toStrictEqual({ ok: true, call });
  });

  test.each(["", "__proto__", "x".repeat(64), "😀".repeat(64)])("takes the id %j", (id) => {
    expect(readCall({ op: "cancel", id })).toStrictEqual({ ok: true, call: { op: "cancel", id } });
  });

  const idRule = "id must be an integer or a string of at most 64 characters: ";
  const ofAcquire =
    "op, id, tokens, timeoutMs, key, holdMs, follow, fields, ticket, label, tokens.NAME";
  test.each<[unknown, [field: string, message: string][]]>([
    [5, [["message", "A message must be an object: got 5"]]],
    [null, [["message", "A message must be an object: got null"]]],
    [[acquire], [["message", 'A message must be an object: got [{"op":"acquire","id":1}]']]],
    [
      {},
      [
        ["id", `${idRule}it is missing`],
        ["op", "op must be one of acquire, cancel, settle, extend, release: it is missing"],
      ],
    ],
    [
      { op: "toString", id: 1 },
      [["op", 'op must be one of acquire, cancel, settle, extend, release: got "toString"']],
    ],
    [{ op: "acquire" }, [["id", `${idRule}it is missing`]]],
    [{ op: "acquire", id: 1.5 }, [["id", `${idRule}got 1.5`]]],
    [{ op: "acquire", id: 2 ** 53 }, [["id", `${idRule}got 9007199254740992`]]],
    [{ op: "acquire", id: null }, [["id", `${idRule}got null`]]],
    [{ op: "cancel", id: "x".repeat(65) }, [["id", `${idRule}got "${"x".repeat(39)}…`]]],
    [{ op: "cancel", id: "ü".repeat(63) + "😀x" }, [["id", `${idRule}got "${"ü".repeat(39)}…`]]],
    [
      { ...acquire, bucket: "x", hold: "h" },
      [
        ["bucket", `"bucket" is not one of ${ofAcquire}`],
        ["hold", `"hold" is not one of ${ofAcquire}`],
      ],
    ],
    [
      { ...acquire, tokens: "1", timeoutMs: null, key: "", holdMs: 1, follow: 1, fields: "" },
      [
        ["tokens", 'tokens must be an integer from 1 to 9007199254740991: got "1"'],
        ["timeoutMs", "timeoutMs must be an integer from 0 to 3600000: got null"],
        ["holdMs", "holdMs must be an integer from 1000 to 3600000: got 1"],
        ["key", 'key must be 1 to 255 printable ASCII characters: got ""'],
        ["follow", "follow must be true or false: got 1"],
        ["fields", 'fields must be true or false: got ""'],
      ],
    ],
    [
      { ...acquire, ticket: 5 },
      [["ticket", "ticket must be the ticket of a queued event, as it was sent: got 5"]],
    ],
    [
      { op: "cancel", id: 7, tokens: 1, "tokens.tpm": 1 },
      [
        ["tokens", '"tokens" is not one of op, id'],
        ["tokens.tpm", '"tokens.tpm" is not one of op, id'],
      ],
    ],
    [
      { op: "settle", id: 7 },
      [
        ["hold", "hold must be the id of a grant's hold: it is missing"],
        ["used", "used is missing"],
      ],
    ],
    [
      { op: "settle", id: 7, hold: "h", used: -1, atLeast: 1 },
      [
        ["used", "used must be an integer from 0 to 1000000000: got -1"],
        ["atLeast", '"atLeast" is not one of op, id, hold, used'],
      ],
    ],
    [
      { op: "extend", id: 7, permit: "" },
      [["permit", 'permit must be the id of a grant\'s permit: got ""']],
    ],
    [
      { op: "release", id: 7, permit: 7, hold: "h" },
      [
        ["permit", "permit must be the id of a grant's permit: got 7"],
        ["hold", '"hold" is not one of op, id, permit'],
      ],
    ],
  ])("finds everything wrong with %o", (message, faults) => {
    expect(faultsOf(message)).toEqual(faults);
  });

  test("keeps the id of a message that has one", () => {
    expect(readCall({ op: "acquire", id: "a", tokens: -1 })).toMatchObject({ ok: false, id: "a" });
    expect(readCall({ op: "fly", id: 0 })).toMatchObject({ ok: false, id: 0 });
    expect(readCall({ op: "acquire", id: {} })).toMatchObject({ ok: false, id: null });
  });
});

describe("whatever arrives", () => {
  test("a frame is taken apart or refused, and never throws", () => {
    const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.json());
    const property = fc.property(anyText, (text) => {
      const read = readFrame(text);
      for (const message of read.ok ? read.messages : []) readCall(message);
    });
    fc.assert(property, { numRuns: runs(20_000) });
  });

  test("a value that JSON doesn't have is refused, and never throws", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true });
    const property = fc.property(anything, (message) => {
      const read = readCall(message);
      expect(read.ok).toBe(false);
      JSON.stringify(read);
    });
    fc.assert(property, { numRuns: runs(20_000) });
  });

  test("a call that is read has what the core takes", () => {
    const policy = policyOf({
      capacity: 1e9,
      maxWaitMs: 3_600_000,
      hold: { maxMs: 3_600_000 },
      limits: { tpm: { capacity: 1e9, refillTokens: 1, refillIntervalMs: 1_000 } },
    });
    let acquired = 0;
    const property = fc.property(anyMessage, (message) => {
      const read = readCall(message);
      if (!read.ok) {
        expect(read.errors).not.toEqual([]);
        return;
      }
      const { call } = read;
      if (call.op === "settle") expect(checkHoldCall({ ...call.call }).ok).toBe(true);
      if (call.op !== "acquire") return;
      const { ask } = call;
      const { idempotencyKey = "k", timeoutMs = 0, holdMs } = ask;
      expect(isIdempotencyKey(idempotencyKey)).toBe(true);
      // What only the bucket can tell: names of limits, and nothing of each.
      if (askFaults(policy.limits, ask).length > 0) return;
      expect(holdFaults(policy.hold, ask)).toEqual([]);
      const tokens = costOf(policy.limits, ask);
      const limiter = new Limiter<string>(policy, { newId: () => "g1" });
      limiter.acquire({ caller: "Ann", tokens, timeoutMs, holdMs }, epochMs);
      acquired += 1;
    });
    fc.assert(property, { numRuns: runs(20_000) });
    expect(acquired).toBeGreaterThan(timesSeen(300));
  });

  test("a plain acquire is the same however it is read", () => {
    let plain = 0;
    const property = fc.property(anyMessage, (message) => {
      if (typeof message !== "object" || message === null || "follow" in message) return;
      if (!("op" in message) || message.op !== "acquire") return;
      const read = readCall(message);
      // A member that changes nothing, with which a message is read member by member.
      expect(readCall({ ...message, follow: false })).toEqual(read);
      if (read.ok) plain += 1;
    });
    fc.assert(property, { numRuns: runs(20_000) });
    expect(plain).toBeGreaterThan(timesSeen(300));
  });
});
