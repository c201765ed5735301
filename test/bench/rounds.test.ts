import { expect, test } from "vitest";

import { inTurn } from "../../bench/support/rounds.ts";

const ordersOf = (items: string) =>
  Array.from({ length: 6 }, (_, index) => inTurn(items.split(""), index + 1).join(""));

test.each([
  ["ab", ["ab", "ba", "ba", "ab", "ab", "ba"]],
  ["abc", ["abc", "cba", "bca", "acb", "cab", "bac"]],
  ["a", ["a", "a", "a", "a", "a", "a"]],
  ["", ["", "", "", "", "", ""]],
])("inTurn puts %j into these orders, round by round", (items, orders) => {
  expect(ordersOf(items)).toEqual(orders);
});

test("inTurn favours none while the machine grows slower", () => {
  const items = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  const places = new Map(items.map((item) => [item, 0]));
  for (let round = 1; round <= 6; round += 1) {
    for (const [place, item] of inTurn(items, round).entries()) {
      places.set(item, (places.get(item) ?? NaN) + place);
    }
  }
  expect(new Set(places.values())).toEqual(new Set([6 * 4]));
});
