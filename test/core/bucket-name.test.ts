import { describe, expect, test } from "vitest";

import { BUCKET_NAME_PATTERN, BUCKET_NAME_RULE, isBucketName } from "../../src/core/bucket-name.ts";

describe("isBucketName", () => {
  test.each(["a", "A-z_0.9:@/-", "user:42/uploads", "me@example.com", "x".repeat(128)])(
    "allows %j",
    (name) => {
      expect(isBucketName(name)).toBe(true);
    },
  );

  test.each([
    "",
    "x".repeat(129),
    "two words",
    "a\n",
    "\na",
    "ä",
    "50%",
    'quo"te',
    "*",
    "user:*",
    undefined,
    null,
    7,
    ["a"],
  ])("refuses %j", (name) => {
    expect(isBucketName(name)).toBe(false);
  });

  test("allows the characters that its rule lists and no others of ASCII", () => {
    const listed = BUCKET_NAME_RULE.replace("1 to 128 characters of A-Z a-z 0-9 ", "").split(" ");
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCodePoint(code));
    const punctuation = ascii.filter((text) => isBucketName(text) && !/^[A-Za-z0-9]$/.test(text));
    expect(punctuation.toSorted()).toEqual(listed.toSorted());
  });

  test("is what the pattern matches as a whole", () => {
    expect(new RegExp(BUCKET_NAME_PATTERN).test("a b")).toBe(false);
    expect(BUCKET_NAME_PATTERN).toMatch(/^\^.*\$$/);
  });
});
