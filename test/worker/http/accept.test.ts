import { describe, expect, it } from "vitest";

import { isNamed, qualityOf } from "../../../src/worker/http/accept.ts";

describe("qualityOf", () => {
  it.each([
    ["", 0],
    ["text/html", 1],
    ["TEXT/HTML;q=0.4", 0.4],
    ["application/json", 0],
    ["*/*", 1],
    ["text/*;q=0.5, */*;q=0.1", 0.5],
    // The most specific range counts, wherever it is.
    ["*/*, text/html;q=0.2, text/*;q=0.9", 0.2],
    ["*/*, text/html;q=0", 0],
  ])("of text/html for %j is %d", (accepted, quality) => {
    expect(qualityOf(accepted, "text/html")).toBe(quality);
  });
});

describe("isNamed", () => {
  it.each([
    ["text/html", true],
    ["application/json, Text/HTML;q=0.1", true],
    ["text/html;q=0", false],
    ["text/*", false],
    ["*/*", false],
    ["", false],
  ])("text/html by %j: %s", (accepted, expected) => {
    expect(isNamed(accepted, "text/html")).toBe(expected);
  });
});
