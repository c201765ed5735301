import { describe, expect, it } from "vitest";

import { parseFieldList } from "../../../src/client/fields/field-list.ts";

describe("parseFieldList", () => {
  it.each<readonly [string, readonly (readonly [string, Record<string, string>])[]]>([
    ["", []],
    [" , ", []],
    ['"a";r=1', [["a", { r: "1" }]]],
    [
      '"a";r=1, "b" ; R=2;t = 3',
      [
        ["a", { r: "1" }],
        ["b", { r: "2", t: "3" }],
      ],
    ],
    ['"a, b;c";r=1', [["a, b;c", { r: "1" }]]],
    [String.raw`"a\"b\\c";r=1`, [[String.raw`a"b\c`, { r: "1" }]]],
    ['"a";r=1;r=2', [["a", { r: "2" }]]],
    ['"a";qu="requests"', [["a", { qu: "requests" }]]],
    [
      "limit=10, remaining=5",
      [
        ["limit=10", {}],
        ["remaining=5", {}],
      ],
    ],
    ['"open, "b";r=1', [['"open, "b";r=1', {}]]],
    ['"a";=1;r', [["a", {}]]],
  ])("reads %s", (text, items) => {
    expect(
      parseFieldList(text).map(({ name, parameters }) => [name, Object.fromEntries(parameters)]),
    ).toEqual(items);
  });

  it("never throws", () => {
    const pieces = ['"', "\\", ",", ";", "=", "a", "1", " ", ":"];
    let seed = 1;
    for (let round = 0; round < 20_000; round += 1) {
      let text = "";
      for (let length = 0; length < 12; length += 1) {
        seed = (seed * 48_271) % 2_147_483_647;
        text += pieces[seed % pieces.length];
      }
      for (const item of parseFieldList(text)) expect(typeof item.name).toBe("string");
    }
  });
});
