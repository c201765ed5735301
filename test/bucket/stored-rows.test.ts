/** The limiter's newest state, among the rows of a bucket. */
import { expect, it } from "vitest";

import { newestState } from "../../src/bucket/stored-rows.ts";

it("newestState is the bucket's own, unless a row has a newer one", () => {
  const own = { seq: 5, limiter: "own" };
  expect(newestState(own, [])).toEqual(own);
  expect(newestState({ limiter: "own" }, [])).toEqual({ seq: 0, limiter: "own" });
  expect(newestState(own, [[0, { seq: 4, limiter: "older" }]])).toEqual(own);
  const rows = [
    [0, { seq: 7, limiter: "newest" }],
    [1, { seq: 6, limiter: "newer" }],
    [2, {}],
  ] as const;
  expect(newestState(own, rows)).toEqual({ seq: 7, limiter: "newest" });
});
