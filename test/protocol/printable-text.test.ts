import { describe, expect, it } from "vitest";

import {
  isPrintable,
  label as ofLabel,
  note,
  printableFault,
} from "../../src/protocol/printable-text.ts";

describe("a label", () => {
  it.each([
    "",
    "nightly export",
    "job 7/3 <b>&amp;</b>",
    "Jürgen 李 Ω",
    "👩‍👩‍👧",
    "x".repeat(64),
    // Two UTF-16 units each.
    "😀".repeat(64),
    "שלום",
    "می‌خواهم",
  ])("takes %j", (label) => {
    expect(isPrintable(label, ofLabel)).toBe(true);
  });

  it.each([
    "x".repeat(65),
    "😀".repeat(65),
    "x".repeat(100_000),
    "two\nlines",
    "\u0000",
    "tab\t",
    "\u001B[31mred",
    "\u007F",
    "\u0085",
    "\u009B31m",
    "\u2028",
    "\u202Egnp.exe",
    "\u2066",
    "mail\u200B",
    "mail\u200E",
    "ma\u00ADil",
    "\u{E0061}",
    "\uD83D",
    7,
    null,
    undefined,
    ["x"],
    {},
  ])("doesn't take %j", (label) => {
    expect(isPrintable(label, ofLabel)).toBe(false);
  });
});

describe("a note", () => {
  it("has up to 200 characters, and a fault that says so", () => {
    expect(isPrintable("😀".repeat(200), note)).toBe(true);
    expect(isPrintable("x".repeat(201), note)).toBe(false);
    expect(printableFault("note", "a\nb", note)).toEqual({
      field: "note",
      message: 'note must be at most 200 printable characters: got "a\\nb"',
    });
  });
});
