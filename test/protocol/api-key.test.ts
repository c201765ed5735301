import { describe, expect, it } from "vitest";

import { isApiKey } from "../../src/protocol/api-key.ts";

describe("isApiKey", () => {
  it.each(["a", "!~", "sk-1.2_3=", "x".repeat(10_000)])("is true for %j", (text) => {
    expect(isApiKey(text)).toBe(true);
  });

  it.each(["", " ", "a b", "a\n", "a\t", "\u007F", "é", "\u0000", undefined, null, 7, ["a"]])(
    "is false for %j",
    (value) => {
      expect(isApiKey(value)).toBe(false);
    },
  );
});
