import { expect, test } from "vitest";

import { onlyUtc } from "../../../src/core/limits/time-zones.ts";

test("onlyUtc knows UTC, where clocks never change, and no other zone", () => {
  const utc = onlyUtc.zoneOf("UTC");
  expect([utc?.offsetAt(0), utc?.offsetAt(2 ** 50), utc?.swingMs]).toEqual([0, 0, 0]);
  expect(["utc", "Etc/UTC", "Europe/Berlin", ""].map((name) => onlyUtc.zoneOf(name))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
