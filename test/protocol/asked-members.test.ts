import { describe, expect, test } from "vitest";

import { FieldReader, readAskedMembers, unknownMembers } from "../../src/protocol/asked-members.ts";

/** Reads fields with these values. */
function readerOf(values: Readonly<Record<string, readonly unknown[]>>): FieldReader {
  return new FieldReader((field) => values[field] ?? []);
}

describe("readAskedMembers", () => {
  test.each<[Record<string, unknown>, object]>([
    [{}, { tokens: 1 }],
    [
      { tokens: 3, timeoutMs: 0, other: 1 },
      { tokens: 3, timeoutMs: 0 },
    ],
    [{ "tokens.tpm": 0 }, { tokens: 1, limits: { tpm: 0 } }],
    [
      { tokens: 0, "tokens.tpm": 5, holdMs: 1_000 },
      { tokens: 0, limits: { tpm: 5 }, holdMs: 1_000 },
    ],
    [{ label: "job 7" }, { tokens: 1, label: "job 7" }],
    [{ label: "" }, { tokens: 1 }],
  ])("reads %o", (given, asked) => {
    const values = Object.entries(given).map(([name, value]) => [name, [value]] as const);
    const reader = readerOf(Object.fromEntries(values));
    expect(readAskedMembers(reader, Object.keys(given))).toStrictEqual(asked);
    expect(reader.faults).toEqual([]);
  });

  test("takes the name of a limit as it is", () => {
    const reader = readerOf({ ["tokens.__proto__"]: [2] });
    const { limits = {} } = readAskedMembers(reader, ["tokens.__proto__"]);
    expect(Object.entries(limits)).toEqual([["__proto__", 2]]);
  });

  test("notes every fault", () => {
    const values = { tokens: [1, 2], "tokens.tpm": [-1], timeoutMs: ["1s"], holdMs: [null] };
    const reader = readerOf(values);
    readAskedMembers(reader, Object.keys(values));
    expect(reader.faults).toEqual([
      { field: "tokens", message: "tokens is given 2 times" },
      {
        field: "tokens.tpm",
        message: "tokens.tpm must be an integer from 0 to 9007199254740991: got -1",
      },
      {
        field: "timeoutMs",
        message: 'timeoutMs must be an integer from 0 to 3600000: got "1s"',
      },
      { field: "holdMs", message: "holdMs must be an integer from 1000 to 3600000: got null" },
    ]);
  });

  test.each([
    [["a\nb"], 'label must be at most 64 printable characters: got "a\\nb"'],
    [[5], "label must be at most 64 printable characters: got 5"],
    [["a", "b"], "label is given 2 times"],
  ])("notes what is wrong with the label in %j", (label, message) => {
    const reader = readerOf({ label });
    expect(readAskedMembers(reader, ["label"])).toEqual({ tokens: 1 });
    expect(reader.faults).toEqual([{ field: "label", message }]);
  });

  test("refuses 0 tokens of every limit, and more limits than a bucket has", () => {
    const nothing = readerOf({ tokens: [0] });
    readAskedMembers(nothing, ["tokens"]);
    const message =
      "tokens must be at least 1, unless tokens.NAME asks for at least 1 of a limit: got 0";
    expect(nothing.faults).toEqual([{ field: "tokens", message }]);
    const many = readerOf({});
    readAskedMembers(
      many,
      Array.from({ length: 9 }, (_, index) => `tokens.l${index}`),
    );
    const tooMany = "tokens.NAME may be given for at most 8 limits: got 9";
    expect(many.faults).toEqual([{ field: "tokens.", message: tooMany }]);
  });
});

describe("unknownMembers", () => {
  test("names what it doesn't know, and what there is", () => {
    expect(unknownMembers(["a", "tokens.x", "b"], ["a"], true)).toEqual([
      { field: "b", message: '"b" is not one of a, tokens.NAME' },
    ]);
    expect(unknownMembers(["tokens.x"], ["a"], false)).toEqual([
      { field: "tokens.x", message: '"tokens.x" is not one of a' },
    ]);
  });
});
