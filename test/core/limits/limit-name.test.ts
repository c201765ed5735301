import { expect, test } from "vitest";

import { FIRST_LIMIT, LIMIT_NAME } from "../../../src/core/limits/limit-name.ts";

test.each([FIRST_LIMIT, "a", "tpm", "per-day_2", "a".repeat(32)])(
  "LIMIT_NAME accepts %s",
  (name) => {
    expect(LIMIT_NAME.test(name)).toBe(true);
  },
);

test.each(["", "A", "1a", "-a", "a b", "a.b", "ä", "a\n", "a".repeat(33)])(
  "LIMIT_NAME refuses %o",
  (name) => {
    expect(LIMIT_NAME.test(name)).toBe(false);
  },
);
