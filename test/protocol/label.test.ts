import { describe, expect, it } from "vitest";

import { isLabel } from "../../src/protocol/label.ts";

describe("isLabel", () => {
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
    expect(isLabel(label)).toBe(true);
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
    expect(isLabel(label)).toBe(false);
  });
});
