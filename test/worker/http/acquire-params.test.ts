import { describe, expect, it } from "vitest";

import { readAcquireParams, readCancelParams } from "../../../src/worker/http/acquire-params.ts";

type Query = Record<string, string[]>;

const none = new Headers();
const key = new Headers({ "Idempotency-Key": "k" });

describe("readAcquireParams", () => {
  it.each<[Query, object, Headers, object]>([
    [{ bucket: ["x"] }, {}, none, { tokens: 1 }],
    [{}, { bucket: "x", tokens: 2 }, none, { tokens: 2 }],
    [
      { bucket: ["x"], tokens: ["3"] },
      { timeoutMs: 0 },
      key,
      { tokens: 3, timeoutMs: 0, idempotencyKey: "k" },
    ],
    [
      { bucket: ["x"], timeoutMs: ["3600000"], other: ["1"] },
      {},
      none,
      { tokens: 1, timeoutMs: 3_600_000 },
    ],
    [{ bucket: ["x"], holdMs: ["1000"] }, {}, none, { tokens: 1, holdMs: 1_000 }],
    [
      { bucket: ["x"] },
      { holdMs: 3_600_000 },
      key,
      { tokens: 1, holdMs: 3_600_000, idempotencyKey: "k" },
    ],
  ])("reads %j and %j", (query, body, headers, ask) => {
    const read = { ok: true, bucket: "x", ask };
    expect(readAcquireParams(query, { ...body }, headers)).toEqual(read);
  });

  it.each<[Query, object, string[]]>([
    [{}, {}, ["bucket"]],
    [{ bucket: ["a b"] }, {}, ["bucket"]],
    [{ bucket: ["x"], tokens: ["0"] }, {}, ["tokens"]],
    [{ bucket: ["x"], tokens: ["1e3"] }, {}, ["tokens"]],
    [{ bucket: ["x"] }, { tokens: "1" }, ["tokens"]],
    [{ bucket: ["x"], timeoutMs: ["3600001"] }, {}, ["timeoutMs"]],
    [{ bucket: ["x"], holdMs: ["999"] }, {}, ["holdMs"]],
    [{ bucket: ["x"] }, { holdMs: 3_600_001 }, ["holdMs"]],
    [{ bucket: ["x"], holdMs: ["1000"] }, { holdMs: 1_000 }, ["holdMs"]],
    [
      { tokens: ["-1"] },
      { timeoutMs: 0.5, patience: 1 },
      ["bucket", "tokens", "timeoutMs", "patience"],
    ],
  ])("names every fault of %j and %j", (query, body, fields) => {
    const read = readAcquireParams(query, { ...body }, none);
    expect(read.ok ? [] : read.errors.map(({ field }) => field)).toEqual(fields);
  });

  it("takes a field once, from the query or from the body", () => {
    const read = readAcquireParams({ bucket: ["x"] }, { bucket: "x" }, none);
    const errors = [{ field: "bucket", message: "bucket is given 2 times" }];
    expect(read).toEqual({ ok: false, errors });
  });

  it("says what a field must be, and what it got", () => {
    const read = readAcquireParams({ bucket: ["x"], timeoutMs: ["soon"] }, {}, none);
    const message = 'timeoutMs must be an integer from 0 to 3600000: got "soon"';
    expect(read).toEqual({ ok: false, errors: [{ field: "timeoutMs", message }] });
  });
});

describe("readCancelParams", () => {
  it("reads the bucket and the key", () => {
    const read = { ok: true, bucket: "x", idempotencyKey: "k" };
    expect(readCancelParams({ bucket: ["x"] }, key)).toEqual(read);
  });

  it.each<[Query, Headers, string[]]>([
    [{}, none, ["bucket", "Idempotency-Key"]],
    [{ bucket: ["x"] }, none, ["Idempotency-Key"]],
    [{ bucket: ["x", "y"] }, key, ["bucket"]],
  ])("names every fault of %j", (query, headers, fields) => {
    const read = readCancelParams(query, headers);
    expect(read.ok ? [] : read.errors.map(({ field }) => field)).toEqual(fields);
  });
});

describe("an idempotency key", () => {
  const headers = (text: string): Headers => new Headers({ "Idempotency-Key": text });

  it.each([
    ['"a"', "a"],
    ["a", "a"],
    ['"a b, c; d"', "a b, c; d"],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ["5f0c-11/x", "5f0c-11/x"],
    ["x".repeat(255), "x".repeat(255)],
  ])("is read from %s", (text, idempotencyKey) => {
    const read = readAcquireParams({ bucket: ["x"] }, {}, headers(text));
    expect(read).toEqual({ ok: true, bucket: "x", ask: { tokens: 1, idempotencyKey } });
    expect(readCancelParams({ bucket: ["x"] }, headers(text))).toMatchObject({ idempotencyKey });
  });

  it.each(["", '""', "x".repeat(256), '"a', "a b", "a,b", "a;b", String.raw`"a\b"`])(
    "is refused if it is %j, and shown",
    (text) => {
      for (const read of [
        readAcquireParams({ bucket: ["x"] }, {}, headers(text)),
        readCancelParams({ bucket: ["x"] }, headers(text)),
      ]) {
        const [fault] = read.ok ? [] : read.errors;
        expect(fault?.field).toBe("Idempotency-Key");
        expect(fault?.message).toMatch(
          /^Idempotency-Key must be 1 to 255 printable ASCII characters, .*: got "/,
        );
      }
    },
  );

  it("that is missing is a fault of a cancel alone", () => {
    const read = readCancelParams({ bucket: ["x"] }, none);
    expect(read.ok ? "" : read.errors[0]?.message).toMatch(/: it is missing$/);
  });
});
