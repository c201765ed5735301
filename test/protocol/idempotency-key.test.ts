import { describe, expect, test } from "vitest";

import { isIdempotencyKey } from "../../src/protocol/idempotency-key.ts";

describe("isIdempotencyKey", () => {
  test.each(["a", " ", "~", 'a "b" \\c', "k".repeat(255)])("takes %j", (key) => {
    expect(isIdempotencyKey(key)).toBe(true);
  });

  test.each(["", "k".repeat(256), "a\n", "a\u{7f}", "ä", 1, null, undefined])(
    "refuses %j",
    (key) => {
      expect(isIdempotencyKey(key)).toBe(false);
    },
  );
});
