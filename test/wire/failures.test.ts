import { describe, expect, it } from "vitest";

import {
  UNREADABLE_STATE,
  UNWRITABLE,
  isUnreadableState,
  isUnwritable,
} from "../../src/wire/failures.ts";

describe("isUnwritable", () => {
  it.each([
    [UNWRITABLE, true],
    ["database or disk is full: SQLITE_FULL", true],
    [UNREADABLE_STATE, false],
    ["Network connection lost", false],
    ["", false],
  ])("%j: %s", (message, expected) => {
    expect(isUnwritable(message)).toBe(expected);
  });
});

describe("isUnreadableState", () => {
  it.each([
    [UNREADABLE_STATE, true],
    [`${UNREADABLE_STATE}: Cannot read a state of format 0`, true],
    [`Error: ${UNREADABLE_STATE}`, false],
    [UNWRITABLE, false],
    ["", false],
  ])("%j: %s", (message, expected) => {
    expect(isUnreadableState(message)).toBe(expected);
  });
});
