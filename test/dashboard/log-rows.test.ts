import { describe, expect, it } from "vitest";

import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { foldMessage, type BucketView } from "../../src/dashboard/bucket-view.ts";
import { latestRows, numbersOf } from "../../src/dashboard/log-rows.ts";
import { messageOf, ONE_A_SECOND, snapshotOf } from "./messages.ts";

function viewOf(events: readonly WatchEvent[]): BucketView {
  const first = foldMessage(undefined, messageOf(0, snapshotOf(ONE_A_SECOND)), 0);
  return foldMessage(first, messageOf(1, snapshotOf(ONE_A_SECOND), events), 1);
}

function refused(id: number, fields: { label?: string; tokens?: number } = {}): WatchEvent {
  return { kind: "refused", id, atMs: id, tokens: 1, reason: "timeout", ...fields };
}

function granted(id: number, atMs: number): WatchEvent {
  return { kind: "granted", id, atMs, tokens: 1, waitedMs: 0 };
}

/** The rows in short: which callers, and since the last grant. */
function rowsOf(view: BucketView, max = 16): unknown[] {
  return latestRows(view, max).map((row) =>
    "callers" in row ? [numbersOf(row.callers), row.sinceLastMs] : "gap",
  );
}

describe("latestRows", () => {
  it("has a row for each grant, latest first, with the time since the one before", () => {
    const view = viewOf([granted(1, 1_000), granted(2, 2_000), granted(3, 3_500)]);
    expect(rowsOf(view)).toEqual([
      ["3", 1_500],
      ["2", 1_000],
      ["1", undefined],
    ]);
    expect(rowsOf(view, 1)).toEqual([["3", 1_500]]);
  });

  it("makes one row of refusals that are alike and follow each other, and says whose they are", () => {
    const events = [refused(1), refused(2), refused(3, { tokens: 2 }), granted(4, 4), refused(5)];
    const labelled = [refused(6, { label: "a" }), refused(7, { label: "a" }), refused(8)];
    expect(rowsOf(viewOf([...events, ...labelled])).map((row) => (row as string[])[0])).toEqual([
      "8",
      "6–7",
      "5",
      "4",
      "3",
      "1–2",
    ]);
  });

  it("shows where there was no connection, between what was before and after", () => {
    const before = viewOf([granted(1, 1_000)]);
    const back = { ...messageOf(9_000, snapshotOf(ONE_A_SECOND)), isFirst: true as const };
    const again = foldMessage(before, back, 9_000);
    expect(rowsOf(again)).toEqual(["gap", ["1", undefined]]);
    const message = messageOf(9_500, snapshotOf(ONE_A_SECOND), [granted(1, 9_500)]);
    // The grant before it may not have been the last one.
    expect(rowsOf(foldMessage(again, message, 9_500))).toEqual([
      ["2", undefined],
      "gap",
      ["1", undefined],
    ]);
  });
});

it("numbersOf names runs by their ends", () => {
  const { callers } = viewOf([1, 2, 3, 4, 5, 6].map((id) => refused(id)));
  expect(numbersOf(callers)).toBe("1–6");
  expect(numbersOf(callers.filter(({ number }) => number !== 3))).toBe("1–2, 4–6");
});
