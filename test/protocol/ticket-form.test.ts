import { describe, expect, it } from "vitest";

import { isTicketForm } from "../../src/protocol/ticket-form.ts";

const SIGNATURE = "abcdefghijklmnopqrst-_";

describe("isTicketForm", () => {
  it.each([
    [`v1.abc.${SIGNATURE}`, true],
    [`v1.${"a".repeat(1_024 - 26)}.${SIGNATURE}`, true],
    [`v1.${"a".repeat(1_024 - 25)}.${SIGNATURE}`, false],
    [`v2.abc.${SIGNATURE}`, false],
    [`v1..${SIGNATURE}`, false],
    [`v1.abc.${SIGNATURE}a`, false],
    [`v1.abc.${SIGNATURE.slice(1)}`, false],
    [`v1.ab=.${SIGNATURE}`, false],
    [` v1.abc.${SIGNATURE}`, false],
    ["", false],
    [undefined, false],
    [7, false],
  ])("%s: %s", (text, expected) => {
    expect(isTicketForm(text)).toBe(expected);
  });
});
