import { describe, expect, test } from "vitest";

import {
  areEqual,
  completeFields,
  excessFaults,
  type FieldTable,
  mergeFields,
  missingFaults,
  nestedFaults,
  rangeFaults,
} from "../../src/core/fields.ts";

/** A table with every kind of field: required, with a number for a default, and one that follows others. */
const table = {
  size: { min: 1, max: 100 },
  gain: { min: 1, max: 50 },
  delayMs: { min: 0, max: 9, default: 3 },
  start: { min: 0, max: 100, atMost: "size", default: { minOf: ["size", "gain"] } },
  mark: { min: 0, max: 100, atMost: "size", default: 0 },
} as const satisfies FieldTable<string>;
const names = Object.keys(table);

const given = { size: 10, gain: 4 };
const complete = { ...given, delayMs: 3, start: 4, mark: 0 };

const messagesOf = (faults: readonly { message: string }[]) => faults.map(({ message }) => message);

describe("rangeFaults", () => {
  test("is empty for legal fields, whichever are given", () => {
    expect(rangeFaults(table, complete, names)).toEqual([]);
    expect(rangeFaults(table, { start: 100, gain: undefined }, names)).toEqual([]);
    expect(rangeFaults(table, {}, names)).toEqual([]);
  });

  test("names fields in the order of the table, and then unknown ones in their own", () => {
    const faults = rangeFaults(table, { b: 1, gain: "4", a: undefined, size: 0 }, names);
    expect(faults).toEqual([
      { field: "size", message: "size must be an integer from 1 to 100: got 0" },
      { field: "gain", message: 'gain must be an integer from 1 to 50: got "4"' },
      { field: "b", message: '"b" is not one of size, gain, delayMs, start, mark' },
      { field: "a", message: '"a" is not one of size, gain, delayMs, start, mark' },
    ]);
  });

  test("counts null as given", () => {
    expect(messagesOf(rangeFaults(table, { delayMs: null }, names))).toEqual([
      "delayMs must be an integer from 0 to 9: got null",
    ]);
  });

  test("puts the prefix in front of each name, and lists the names that it is told", () => {
    expect(rangeFaults(table, { size: 0, b: 1 }, ["x.size", "more"], "x.")).toEqual([
      { field: "x.size", message: "x.size must be an integer from 1 to 100: got 0" },
      { field: "x.b", message: '"x.b" is not one of x.size, more' },
    ]);
  });

  test("does not know a field by what every object has", () => {
    expect(messagesOf(rangeFaults(table, { toString: 1 }, ["size"]))).toEqual([
      '"toString" is not one of size',
    ]);
  });
});

describe("missingFaults", () => {
  test("names required fields that are not given, in the order of the table", () => {
    expect(missingFaults(table, { size: undefined })).toEqual([
      { field: "size", message: "size is missing" },
      { field: "gain", message: "gain is missing" },
    ]);
    expect(missingFaults(table, given)).toEqual([]);
  });

  test("leaves one that is given and wrong to rangeFaults", () => {
    expect(missingFaults(table, { size: null, gain: "x" })).toEqual([]);
  });

  test("puts the prefix in front of each name", () => {
    expect(missingFaults(table, { size: 1 }, "x.")).toEqual([
      { field: "x.gain", message: "x.gain is missing" },
    ]);
  });
});

describe("excessFaults", () => {
  test("names both fields and both numbers", () => {
    expect(excessFaults(table, { ...given, start: 11, mark: 12 })).toEqual([
      { field: "start", message: "start must be at most the size, 10: got 11" },
      { field: "mark", message: "mark must be at most the size, 10: got 12" },
    ]);
  });

  test("accepts as much as the other, and a default", () => {
    expect(excessFaults(table, { ...given, start: 10 })).toEqual([]);
    expect(excessFaults(table, given)).toEqual([]);
  });

  test.each([
    ["the other is missing", { gain: 4, start: 11 }],
    ["the other is wrong", { size: "10", gain: 4, start: 11 }],
    ["the other is out of range", { size: 0, gain: 4, start: 11 }],
    ["it is out of range itself", { ...given, start: 101 }],
  ])("compares nothing if %s", (_, fields) => {
    expect(excessFaults(table, fields)).toEqual([]);
  });
});

describe("nestedFaults", () => {
  test.each([undefined, null, complete, given])("is empty for %j", (value) => {
    expect(nestedFaults("x", table, value)).toEqual([]);
  });

  test.each([
    [7, "7"],
    ["text", '"text"'],
    [[1, 2], "[1,2]"],
  ])("refuses %j, which has no fields", (value, shown) => {
    const { size, gain } = table;
    expect(nestedFaults("x", { size, gain }, value)).toEqual([
      { field: "x", message: `x must be a table of size and gain: got ${shown}` },
    ]);
  });

  test("names wrong fields, unknown ones and then missing ones, by their full names", () => {
    const { size, gain } = table;
    expect(messagesOf(nestedFaults("x", { size, gain }, { b: 1, gain: 0 }))).toEqual([
      "x.gain must be an integer from 1 to 50: got 0",
      '"x.b" is not one of x.size, x.gain',
      "x.size is missing",
    ]);
  });
});

describe("completeFields", () => {
  test("fills in the defaults", () => {
    expect(completeFields(table, given)).toEqual(complete);
    expect(completeFields(table, { ...given, start: undefined })).toEqual(complete);
    expect(completeFields(table, { size: 3, gain: 50 })).toMatchObject({ start: 3 });
  });

  test("takes what is given over a default", () => {
    const fields = { ...given, delayMs: 0, start: 0, mark: 7 };
    expect(completeFields(table, fields)).toEqual(fields);
  });

  test("leaves out what the table does not have", () => {
    expect(completeFields(table, { ...given, b: 1 })).toEqual(complete);
  });

  test.each([
    { size: 10 },
    { ...given, gain: "4" },
    { ...given, delayMs: 10 },
    { ...given, mark: null },
  ])("is nothing for %j: it never runs with a guess", (fields) => {
    expect(completeFields(table, fields)).toBeUndefined();
  });
});

describe("mergeFields", () => {
  test("keeps what is not changed, and takes what is", () => {
    const current = { ...complete, start: 2 };
    expect(mergeFields(table, current, { delayMs: 9 })).toEqual({ ...current, delayMs: 9 });
    expect(mergeFields(table, current, {})).toEqual(current);
    expect(mergeFields(table, current, { b: 1, gain: "x" })).toEqual({
      ...current,
      gain: "x",
      b: 1,
    });
  });

  test("lets a default that follows other fields follow the new ones", () => {
    const merged = mergeFields(table, complete, { gain: 7 });
    expect(merged).not.toHaveProperty("start");
    expect(completeFields(table, merged)).toEqual({ ...complete, gain: 7, start: 7 });
  });

  test("cuts a chosen number to the new maximum, and no further", () => {
    const current = { ...complete, start: 9, mark: 8 };
    expect(mergeFields(table, current, { size: 9 })).toMatchObject({ start: 9, mark: 8 });
    expect(mergeFields(table, current, { size: 3 })).toMatchObject({ start: 3, mark: 3 });
  });

  test("does not correct what the change itself names", () => {
    const changes = { size: 3, start: 9 };
    expect(mergeFields(table, complete, changes)).toMatchObject(changes);
  });

  test.each([null, 0, "3", 2.5])("blames a maximum of %j on nothing else", (size) => {
    const merged = mergeFields(table, { ...complete, start: 9 }, { size });
    expect(merged).toMatchObject({ size, start: 9 });
    expect(excessFaults(table, merged)).toEqual([]);
  });

  test("changes neither of the two", () => {
    const [current, changes] = [Object.freeze({ ...complete }), Object.freeze({ size: 1 })];
    expect(mergeFields(table, current, changes)).toMatchObject({ size: 1 });
  });
});

describe("areEqual", () => {
  test("compares the fields of the table, and nothing else", () => {
    expect(areEqual(table, complete, complete)).toBe(true);
    expect(areEqual(table, complete, { ...complete })).toBe(true);
    const named = { ...complete, name: "x" };
    expect(areEqual(table, complete, named)).toBe(true);
  });

  test.each(names)("sees another %s", (name) => {
    expect(areEqual(table, complete, { ...complete, [name]: 99 })).toBe(false);
  });

  test("is true for two that are absent, and false for one", () => {
    expect(areEqual(table, undefined, undefined)).toBe(true);
    expect(areEqual(table, complete, undefined)).toBe(false);
    expect(areEqual(table, undefined, complete)).toBe(false);
  });
});

describe("A table with choices, texts and a field that depends on a choice", () => {
  const mixed = {
    size: { min: 1, max: 100 },
    kind: { oneOf: ["round", "square", "plain"] },
    colour: { pattern: /^#[0-9a-f]{3}$/, form: "a colour, such as #fa0", default: "#000" },
    side: {
      by: "kind",
      when: {
        round: { min: 1, max: 9, default: 2 },
        square: { oneOf: ["left", "right"], default: "left" },
      },
    },
  } as const satisfies FieldTable<string>;
  const members = Object.keys(mixed);
  const round = { size: 5, kind: "round" };

  test.each([
    [{ ...round, side: 9 }, []],
    [{ ...round, kind: "square", side: "right", colour: "#fa0" }, []],
    [{ ...round, kind: "plain" }, []],
    // Which kind it will be isn't said.
    [{ side: 9 }, []],
    [{ side: "left" }, []],
    [{ kind: "Round" }, ['kind must be one of round, square, plain: got "Round"']],
    [{ kind: 1 }, ["kind must be one of round, square, plain: got 1"]],
    [{ colour: "red" }, ['colour must be a colour, such as #fa0: got "red"']],
    [{ colour: 7 }, ["colour must be a colour, such as #fa0: got 7"]],
    [{ ...round, side: 10 }, ["side must be an integer from 1 to 9: got 10"]],
    [{ kind: "square", side: 1 }, ["side must be one of left, right: got 1"]],
    [
      { kind: "plain", side: 1 },
      [
        'side must be an integer from 1 to 9 if kind is "round", one of left, right if kind is "square", and left out otherwise: got 1',
      ],
    ],
    [
      { side: "up" },
      [
        'side must be an integer from 1 to 9 if kind is "round", one of left, right if kind is "square", and left out otherwise: got "up"',
      ],
    ],
  ])("rangeFaults of %j", (fields, messages) => {
    expect(messagesOf(rangeFaults(mixed, fields, members))).toEqual(messages);
  });

  test("missingFaults doesn't miss a field that depends on a choice", () => {
    expect(messagesOf(missingFaults(mixed, {}))).toEqual(["size is missing", "kind is missing"]);
    expect(missingFaults(mixed, { size: 1, kind: "plain" })).toEqual([]);
  });

  test.each([
    [round, { ...round, colour: "#000", side: 2 }],
    [
      { ...round, kind: "square" },
      { size: 5, kind: "square", colour: "#000", side: "left" },
    ],
    [
      { ...round, kind: "plain" },
      { size: 5, kind: "plain", colour: "#000" },
    ],
    [{ ...round, kind: "other" }, undefined],
    [{ ...round, colour: "red" }, undefined],
    [{ ...round, side: "left" }, undefined],
    [{ ...round, kind: "plain", side: 1 }, undefined],
  ])("completeFields of %j are %j", (fields, all) => {
    expect(completeFields(mixed, fields)).toEqual(all);
  });

  test.each([
    ["a default follows the new choice", { side: 2 }, { kind: "square" }, undefined],
    ["what a new choice doesn't allow is left out", { side: 7 }, { kind: "square" }, undefined],
    ["what it must not have is left out", { side: 7 }, { kind: "plain" }, undefined],
    ["a chosen one stays while the choice does", { side: 7 }, { size: 6 }, 7],
    ["a default stays while the choice does", { side: 2 }, { size: 6 }, 2],
    ["the change itself isn't corrected", { side: 7 }, { kind: "plain", side: 3 }, 3],
  ])("mergeFields: %s", (_, current, changes, side) => {
    const before = { ...round, colour: "#000", ...current };
    expect(mergeFields(mixed, before, changes)["side"]).toBe(side);
  });
});
