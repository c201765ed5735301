import { describe, expect, it } from "vitest";

import { label as ofLabel, note } from "../../src/protocol/printable-text.ts";

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
  ])("takes %j", (label) => {
    expect(ofLabel.has(label)).toBe(true);
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
    "\uD83D",
    7,
    null,
    undefined,
    ["x"],
    {},
  ])("doesn't take %j", (label) => {
    expect(ofLabel.has(label)).toBe(false);
  });
});

describe("a note", () => {
  it("has up to 200 characters, and a fault that says so", () => {
    expect(note.has("😀".repeat(200))).toBe(true);
    expect(note.has("x".repeat(201))).toBe(false);
    expect(note.fault("note", "a\nb")).toEqual({
      field: "note",
      message: 'note must be at most 200 printable characters: got "a\\nb"',
    });
  });
});
