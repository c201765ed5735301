import { expect, it } from "vitest";

import { newKey } from "../../src/client/new-key.ts";

it("newKey makes a different key each time, all of whose digits are random", () => {
  const keys = Array.from({ length: 2_000 }, () => newKey());
  expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
  expect(new Set(keys).size).toBe(keys.length);
  for (let place = 0; place < 32; place += 1) {
    expect(new Set(keys.map((key) => key[place])).size).toBe(16);
  }
});
