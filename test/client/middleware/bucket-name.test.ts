import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isBucketName } from "../../../src/core/bucket-name.ts";
import { bucketName, legalBucketName } from "../../../src/client/middleware/bucket-name.ts";
import { runs } from "../../../kit/runs.ts";

/** Any text, half surrogate pairs included. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});
/** Texts that come near to what is special. */
const text = fc.oneof(
  anyText,
  fc.string({ maxLength: 140 }),
  fc.stringMatching(/^hash@[A-Za-z0-9_-]{21,23}$/),
);

const hashOf = (input: string) =>
  `hash@${createHash("sha256").update(input).digest().subarray(0, 16).toString("base64url")}`;

describe("bucketName", () => {
  it.each([
    ["ann", "api:ann"],
    ["ann@example.com", "api:ann@example.com"],
    ["a:b/c.d_e-F9", "api:a:b/c.d_e-F9"],
    ["", "api:"],
  ])("leaves %s readable", (given, name) => {
    expect(bucketName("api", given)).toBe(name);
  });

  it.each([undefined, null, 7])("refuses %s, which would be one bucket for all", (given) => {
    // @ts-expect-error: JavaScript has no types.
    expect(() => bucketName("api", given)).toThrow(`text must be a string: got ${given}`);
  });

  it.each([
    "a b",
    "ann+1@example.com",
    "x".repeat(130),
    "müller",
    "1.2.3.4, 5.6.7.8",
    "\n",
    "日本",
  ])("hashes %s under the same prefix", (given) => {
    expect(bucketName("api", given)).toBe(`api:${hashOf(given)}`);
  });

  it("hashes a text that looks like a hash: nobody can send somebody else's", () => {
    const other = hashOf("a b");
    expect(bucketName("api", other)).toBe(`api:${hashOf(other)}`);
    expect(bucketName("api", other.slice(0, -1))).toBe(`api:${other.slice(0, -1)}`);
  });

  it("is legal for any text, and another one for another text", () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const names = [bucketName("api:free", one), bucketName("api:free", other)];
        expect(names.every((name) => isBucketName(name) && name.startsWith("api:free:"))).toBe(
          true,
        );
        expect(names[0] === names[1]).toBe(one === other);
      }),
      { numRuns: runs(100) },
    );
    expect(bucketName("a", "\ud800")).not.toBe(bucketName("a", "\ud801"));
  });

  it("has room for a hash behind the longest prefix", () => {
    expect(bucketName("p".repeat(100), "a b")).toHaveLength(128);
    for (const prefix of ["p".repeat(101), "", "a b"]) {
      expect(() => bucketName(prefix, "x")).toThrow("prefix must be 1 to 100 characters of");
    }
  });
});

describe("legalBucketName", () => {
  it.each([
    ["api:ann", "api:ann"],
    ["api:a b", `api:${hashOf("a b")}`],
    ["login:from:1.2.3.4, 5.6.7.8", `login:from:${hashOf("1.2.3.4, 5.6.7.8")}`],
    [`login:user:${"x".repeat(130)}`, `login:user:${hashOf("x".repeat(130))}`],
    ["a b:c", hashOf("a b:c")],
    ["", hashOf("")],
    [`${"p".repeat(120)}:a b`, hashOf(`${"p".repeat(120)}:a b`)],
  ])("makes %s legal, under the prefix that it has", (given, name) => {
    expect(legalBucketName(given)).toBe(name);
  });

  it("is legal for any text", () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(isBucketName(legalBucketName(given))).toBe(true);
      }),
      { numRuns: runs(100) },
    );
  });
});
