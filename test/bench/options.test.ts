import { expect, test } from "vitest";

import { namesFrom, positiveInteger } from "../../kit/options.ts";

const known = ["limit", "limit, routed", "hop", "sluice", "sluice leased"];

test.each([
  ["hop", ["hop"]],
  ["sluice,hop", ["hop", "sluice"]],
  ["sluice, hop", ["hop", "sluice"]],
  ["sluice leased,sluice", ["sluice", "sluice leased"]],
  ["hop,hop", ["hop"]],
  ["limit, routed", ["limit, routed"]],
  ["limit, routed,limit", ["limit", "limit, routed"]],
  ["hop,limit, routed", ["limit, routed", "hop"]],
])("namesFrom %j finds %j", (text, names) => {
  expect(namesFrom("--only", text, known)).toEqual(names);
});

test.each(["", "hop,", ",hop", "hopp", "hop,slice", "Hop"])(
  "namesFrom %j shows what there is",
  (text) => {
    expect(() => namesFrom("--only", text, known)).toThrow(
      `--only must be some of limit; limit, routed; hop; sluice; sluice leased: got ${text}`,
    );
  },
);

test("positiveInteger takes digits alone", () => {
  expect(positiveInteger("--rounds", "6")).toBe(6);
  for (const text of ["0", "-1", "1.5", "1e3", "", " 6", "six"]) {
    expect(() => positiveInteger("--rounds", text)).toThrow("--rounds must be a positive integer");
  }
});
