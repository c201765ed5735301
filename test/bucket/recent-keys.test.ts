import { describe, expect, it } from "vitest";

import { RecentKeys } from "../../src/bucket/recent-keys.ts";

describe("RecentKeys", () => {
  it.each([
    [0, 7],
    [1_000, 7],
    [1_001, undefined],
    // The clock was set back: by as much as an entry lasts, and by more.
    [-1_000, 7],
    [-1_001, undefined],
  ])("finds a key %i ms after it was noted: %s", (laterMs, value) => {
    const keys = new RecentKeys<number>(1_000, 2);
    keys.note("a", 7, 5_000);
    expect(keys.find("a", 5_000 + laterMs)).toBe(value);
  });

  it("drops the oldest entry beyond its maximum", () => {
    const keys = new RecentKeys<number>(1_000, 2);
    keys.note("a", 1, 0);
    keys.note("b", 2, 0);
    keys.note("a", 3, 0);
    keys.note("c", 4, 0);
    expect(["a", "b", "c"].map((key) => keys.find(key, 0))).toEqual([3, undefined, 4]);
  });

  it("renews an entry that is noted again", () => {
    const keys = new RecentKeys<number>(1_000, 2);
    keys.note("a", 1, 0);
    keys.note("a", 2, 900);
    expect(keys.find("a", 1_900)).toBe(2);
  });

  it("forgets one key, or all", () => {
    const keys = new RecentKeys<number>(1_000, 3);
    for (const key of ["a", "b", "c"]) keys.note(key, 1, 0);
    keys.forget("a");
    expect([keys.find("a", 0), keys.find("b", 0)]).toEqual([undefined, 1]);
    keys.forgetAll();
    expect(keys.find("b", 0)).toBeUndefined();
  });
});
