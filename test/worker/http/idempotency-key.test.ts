import { describe, expect, it } from "vitest";

import {
  readIdempotencyKey,
  requireIdempotencyKey,
} from "../../../src/worker/http/idempotency-key.ts";

function headers(text: string): Headers {
  return new Headers({ "Idempotency-Key": text });
}

describe("readIdempotencyKey", () => {
  it.each([
    ['"a"', "a"],
    ["a", "a"],
    ['"a b, c; d"', "a b, c; d"],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ["5f0c-11/x", "5f0c-11/x"],
    ["x".repeat(255), "x".repeat(255)],
  ])("reads %s", (text, key) => {
    expect(readIdempotencyKey(headers(text))).toEqual({ ok: true, key });
  });

  it("reads no key from no header", () => {
    expect(readIdempotencyKey(new Headers())).toEqual({ ok: true, key: undefined });
  });

  it.each(["", '""', "x".repeat(256), '"a', "a b", "a,b", "a;b", String.raw`"a\b"`])(
    "refuses %j, and shows it",
    (text) => {
      const read = readIdempotencyKey(headers(text));
      expect(read).toMatchObject({ ok: false, fault: { field: "Idempotency-Key" } });
      expect(read.ok ? "" : read.fault.message).toMatch(
        /^Idempotency-Key must be 1 to 255 printable ASCII characters, .*: got "/,
      );
    },
  );
});

describe("requireIdempotencyKey", () => {
  it("reads a key", () => {
    expect(requireIdempotencyKey(headers("a"))).toEqual({ ok: true, key: "a" });
  });

  it.each([
    [new Headers(), /: it is missing$/],
    [headers("a b"), /: got "a b"$/],
  ])("refuses a request without a legal one", (without, message) => {
    const read = requireIdempotencyKey(without);
    expect(read.ok ? "" : read.fault.message).toMatch(message);
  });
});
