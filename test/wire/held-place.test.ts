import { expect, it } from "vitest";

import { isSamePlace, queuedBody } from "../../src/wire/held-place.ts";

const place = { position: 2, etaMs: 500, grantAtMs: 1_500 };

it("isSamePlace goes by position and instant, and not by the time until then", () => {
  expect(isSamePlace(place, { ...place, etaMs: 400 })).toBe(true);
  expect(isSamePlace(place, { ...place, position: 1 })).toBe(false);
  expect(isSamePlace(place, { ...place, grantAtMs: 1_400 })).toBe(false);
  expect(isSamePlace(undefined, place)).toBe(false);
});

it("queuedBody is the position and the time until then, and says if that is an estimate", () => {
  expect(queuedBody(place)).toEqual({ position: 2, etaMs: 500 });
  const guessed = { ...place, estimate: true } as const;
  expect(queuedBody(guessed)).toEqual({ position: 2, etaMs: 500, estimate: true });
});
