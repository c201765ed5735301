import { describe, expect, it } from "vitest";

import type { BusyBucket } from "../../src/protocol/busy-bucket.ts";

import { tableOf } from "../../src/cli/ls-view.ts";

const NOW_MS = 1_795_000_000_000;
const quiet: BusyBucket = {
  bucket: "login:ann",
  policyName: "login:*",
  isOverridden: false,
  tokens: 3,
  capacity: 5,
  waiters: 0,
  grantedPerS: 0.54,
  refusedPerS: 0,
  waitP95Ms: 0,
  atMs: NOW_MS - 9_000,
};
const hot: BusyBucket = {
  ...quiet,
  bucket: "export",
  policyName: "export",
  tokens: 0,
  capacity: 10,
  waiters: 170,
  grantedPerS: 123.4,
  refusedPerS: 1.26,
  waitP95Ms: 12_340,
  oldestWaitMs: 46_200,
  maxWaitMs: 60_000,
};

function shown(
  buckets: readonly BusyBucket[],
  { omitted = 0, columns = 120, rows = 40 } = {},
): string[] {
  return tableOf({ buckets, omitted }, NOW_MS, columns, rows);
}

describe("tableOf", () => {
  it("has a line for each bucket, in the order of the list", () => {
    expect(shown([hot, quiet])).toEqual([
      "BUCKET     POLICY    TOKENS  WAITING  GRANTED/S  REFUSED/S  HEAD WAIT  P95 WAIT",
      "export     export   0 of 10      170        123        1.3     46.2 s    12.3 s",
      "login:ann  login:*   3 of 5        0        0.5          0          –       0 s",
    ]);
  });

  it("has no waits where nobody waits, was granted, or where an older version doesn't report them", () => {
    const stuck = { ...hot, grantedPerS: 0, waitP95Ms: 0 };
    const { oldestWaitMs: _, ...older } = stuck;
    const [, ...lines] = shown([stuck, { ...stuck, waiters: 0, oldestWaitMs: 0 }, older]);
    expect(lines.map((line) => line.split(/ {2,}/).slice(-2))).toEqual([
      ["46.2 s", "–"],
      ["–", "–"],
      ["–", "–"],
    ]);
  });

  it("leaves the percentile out rather than cut a number", () => {
    const [headings, line] = shown([{ ...hot, bucket: "n".repeat(30) }], { columns: 76 });
    expect(headings).toMatch(/HEAD WAIT$/);
    expect(line).toMatch(/46\.2 s$/);
  });

  it("notes what most buckets don't have", () => {
    const [, ...lines] = shown([
      { ...quiet, isOverridden: true },
      { ...quiet, pausedUntilMs: NOW_MS + 90_000, isOverridden: true },
      { ...quiet, pausedUntilMs: NOW_MS },
      { ...quiet, atMs: NOW_MS - 20_000 },
      { ...quiet, atMs: NOW_MS - 65_000 },
      // By a clock that is behind.
      { ...quiet, atMs: NOW_MS + 5_000 },
    ]);
    expect(lines.map((line) => line.split("       0 s")[1]?.trim())).toEqual([
      "overridden",
      "overridden, paused for 1 min 30 s",
      "",
      "",
      "last seen 1 min 5 s ago",
      "",
    ]);
  });

  it("says how many more there are, and how to see them", () => {
    expect(shown([hot], { omitted: 12 }).at(-1)).toBe("12 more: ask with --limit, or --prefix");
  });

  it("shows as many as fit into the rows, and counts the others", () => {
    const five = Array.from({ length: 5 }, () => quiet);
    expect(shown(five, { rows: 6 })).toHaveLength(6);
    expect(shown(five, { rows: 6 }).at(-1)).toMatch(/^login:ann/);
    for (const [rows, omitted, more] of [
      [5, 0, 2],
      [6, 7, 8],
      [2, 0, 5],
    ] as const) {
      const lines = shown(five, { rows, omitted });
      expect(lines).toHaveLength(rows);
      expect(lines.at(-1)).toContain(`${more} more`);
    }
  });

  it("shortens the pattern first, then the name, and cuts what is still too long", () => {
    const long = {
      ...hot,
      bucket: "n".repeat(128),
      policyName: "p".repeat(128),
      isOverridden: true,
    };
    for (const columns of [60, 80, 120, 200]) {
      for (const line of shown([long, quiet], { columns })) {
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
    expect(shown([long], { columns: 240 })[1]).toMatch(/^n{128} {2}p+… {2}0 of 10 .* 12.3 s/);
    expect(shown([long], { columns: 120 })[1]).toMatch(/^n+… {2}p{11}… {2}0 of 10 .* 12.3 s/);
    expect(shown([long], { columns: 60 })[1]).toMatch(/^n{11}… {2}p{11}… {2}0 of 10 /);
  });
});
