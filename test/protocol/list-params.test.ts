import { expect, it } from "vitest";

import { busySorts, listRange } from "../../src/protocol/list-params.ts";

it("a list has 1 to 1,000 entries, the most waiters first unless it is asked for something else", () => {
  expect(listRange).toEqual({ min: 1, max: 1_000 });
  expect(busySorts).toEqual(["waiters", "granted", "refused", "name"]);
});
