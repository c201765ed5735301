import { runInNewContext } from "node:vm";

import { describe, expect, test } from "vitest";

import { isPlainObject, isRecord, membersOf } from "../../src/core/is-record.ts";

const records = [{}, { a: 1 }, Object.create(null), new Error("of a class"), new Date(0)];
const others = [undefined, null, "text", 7, true, [], [{ a: 1 }], () => ({})];

describe("isRecord", () => {
  test.each(records)("is true for %o", (value) => expect(isRecord(value)).toBe(true));
  test.each(others)("is false for %o", (value) => expect(isRecord(value)).toBe(false));
});

describe("isPlainObject", () => {
  const plain = [
    {},
    { a: 1 },
    Object.create(null),
    JSON.parse("{}"),
    runInNewContext("({ a: 1 })"),
  ];
  const ofClasses = [
    new Date(0),
    new Map(),
    new Error("of a class"),
    new (class Fields {
      capacity = 1;
    })(),
    Object.create({ a: 1 }),
    new Proxy([], {}),
  ];
  test.each(plain)("is true for %o", (value) => expect(isPlainObject(value)).toBe(true));
  test.each([...others, ...ofClasses])("is false for %o", (value) => {
    expect(isPlainObject(value)).toBe(false);
  });
});

describe("membersOf", () => {
  test("is the record itself", () => {
    const record = { a: 1 };
    expect(membersOf(record)).toBe(record);
  });
  test.each(others)("is empty for %o", (value) => expect(membersOf(value)).toEqual({}));
});
