import { describe, expect, it } from "vitest";

import { formatDuration, parseDuration } from "../../src/cli/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["0", 0],
    ["500ms", 500],
    ["5s", 5_000],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("%s is %i ms", (text, ms) => {
    expect(parseDuration("--wait", text, 3_600_000)).toBe(ms);
  });

  it.each(["", "-1s", "1", "1d", "s", "1 s", "1e3ms", "Infinityms", "0x10s"])(
    "%o is not a duration",
    (text) => {
      expect(() => parseDuration("--wait", text, 3_600_000)).toThrow("--wait must be a duration");
    },
  );
});

describe("formatDuration", () => {
  it.each([
    [0, "0.000 s"],
    [1_003, "1.003 s"],
    [12_345, "12.3 s"],
    [60_000, "1 min"],
    [125_400, "2 min 5 s"],
    [3_600_000, "1 h"],
    [11_400_000, "3 h 10 min"],
    [86_400_000, "24 h"],
    [172_799_000, "47 h 59 min"],
    [172_800_000, "2 d"],
    [2_520_000_000, "29 d 4 h"],
  ])("%i ms reads as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
