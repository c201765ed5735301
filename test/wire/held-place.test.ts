import { expect, it } from "vitest";

import { isSamePlace } from "../../src/wire/held-place.ts";

const place = { position: 2, etaMs: 500, grantAtMs: 1_500 };

it("isSamePlace goes by position and instant, and not by the time until then", () => {
  expect(isSamePlace(place, { ...place, etaMs: 400 })).toBe(true);
  expect(isSamePlace(place, { ...place, position: 1 })).toBe(false);
  expect(isSamePlace(place, { ...place, grantAtMs: 1_400 })).toBe(false);
  expect(isSamePlace(undefined, place)).toBe(false);
});
