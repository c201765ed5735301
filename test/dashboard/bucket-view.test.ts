import { describe, expect, it } from "vitest";

import type { WatchEvent, WatchMessage } from "../../src/protocol/watch-feed.ts";

import {
  foldMessage,
  levelsUntil,
  waitingCallers,
  type BucketView,
} from "../../src/dashboard/bucket-view.ts";
import { ONE_A_SECOND, messageOf, snapshotOf } from "./messages.ts";

const FIVE = { capacity: 5, refillTokens: 2, refillIntervalMs: 3_000 };

function fold(messages: readonly WatchMessage[], view?: BucketView): BucketView {
  let folded = view;
  for (const message of messages) {
    folded = foldMessage(folded, message, message.atMs);
  }
  if (!folded) throw new Error("No message");
  return folded;
}

function queued(id: number, atMs: number): WatchEvent {
  return { kind: "queued", id, atMs, tokens: 1 };
}

function granted(id: number, atMs: number, waitedMs: number): WatchEvent {
  return { kind: "granted", id, atMs, tokens: 1, waitedMs };
}

const idle = snapshotOf(ONE_A_SECOND, { tokens: 1 });
const waitedFor = snapshotOf(ONE_A_SECOND, { waiters: 1, queuedTokens: 1 });

describe("foldMessage", () => {
  it("follows each caller from its arrival to its end", () => {
    const start = fold([
      messageOf(0, idle),
      messageOf(10, waitedFor, [queued(1, 10), queued(2, 11)]),
    ]);
    expect(waitingCallers(start).map(({ number }) => number)).toEqual([1, 2]);

    const end = fold(
      [
        messageOf(1_000, waitedFor, [granted(1, 1_000, 990)]),
        messageOf(1_500, idle, [
          { kind: "cancelled", id: 2, atMs: 1_500, tokens: 1, waitedMs: 1_489 },
        ]),
        messageOf(1_600, idle, [
          { kind: "refused", id: 3, atMs: 1_600, tokens: 9, reason: "exceeds-capacity" },
        ]),
      ],
      start,
    );
    expect(end.callers).toMatchObject([
      { number: 1, state: "granted", askedAtMs: 10, settledAtMs: 1_000 },
      { number: 2, state: "cancelled", askedAtMs: 11, settledAtMs: 1_500 },
      {
        number: 3,
        state: "refused",
        askedAtMs: 1_600,
        settledAtMs: 1_600,
        reason: "exceeds-capacity",
      },
    ]);
    expect(end.settled).toHaveLength(3);
  });

  it("keeps what each caller asks of single limits", () => {
    const limits = { tpm: 500 };
    const events = [{ ...queued(1, 10), limits }, queued(2, 11)];
    const view = fold([messageOf(0, idle), messageOf(11, waitedFor, events)]);
    expect(view.callers.map((caller) => caller.limits)).toEqual([limits, undefined]);
  });

  it("knows when a caller came that it had not seen come", () => {
    const view = fold([messageOf(0, idle), messageOf(5_000, idle, [granted(7, 5_000, 2_500)])]);
    expect(view.callers).toMatchObject([{ number: 1, askedAtMs: 2_500, settledAtMs: 5_000 }]);
  });

  it("drops those who waited when the connection was lost, and goes on counting callers", () => {
    const before = fold([
      messageOf(0, idle),
      messageOf(1, waitedFor, [granted(1, 1, 0), queued(2, 1), queued(3, 1)]),
    ]);
    const again = foldMessage(before, { ...messageOf(9_000, waitedFor), isFirst: true }, 9_000);
    expect(again.callers.map(({ number }) => number)).toEqual([1]);
    const after = fold([messageOf(9_100, idle, [granted(1, 9_100, 100)])], again);
    expect(after.callers.map(({ number, settledAtMs }) => [number, settledAtMs])).toEqual([
      [1, 1],
      [4, 9_100],
    ]);
    expect(new Set(after.callers.map(({ key }) => key)).size).toBe(2);
  });

  it("says what was settled while there was no connection, as far as the bucket's counts do", () => {
    const counts = { granted: 4, refused: 2, cancelled: 1 };
    const first = fold([messageOf(0, snapshotOf(ONE_A_SECOND, counts))]);
    expect(first.gaps).toEqual([]);
    const later = { granted: 6, refused: 2, cancelled: 8 };
    const back = messageOf(5_000, snapshotOf(ONE_A_SECOND, later));
    const again = foldMessage(first, { ...back, isFirst: true }, 5_000);
    const gap = { fromAtMs: 0, toAtMs: 5_000, granted: 2, refused: 0, cancelled: 7 };
    expect(again.gaps).toEqual([gap]);
    // Of a bucket that was reset meanwhile, nothing.
    const reset = messageOf(6_000, snapshotOf(ONE_A_SECOND, { granted: 1 }));
    const last = foldMessage(again, { ...reset, isFirst: true }, 6_000).gaps.at(-1);
    expect(last).toEqual({ fromAtMs: 5_000, toAtMs: 6_000, granted: 0, refused: 0, cancelled: 0 });
  });

  it("knows since when one has waited that came back to its place", () => {
    const view = fold([
      messageOf(9_000, waitedFor),
      messageOf(9_010, waitedFor, [queued(1, 9_010)]),
      messageOf(10_000, idle, [granted(1, 10_000, 4_000)]),
    ]);
    expect(view.callers).toMatchObject([{ askedAtMs: 6_000, settledAtMs: 10_000 }]);
  });

  it("keeps what callers call themselves", () => {
    const view = fold([messageOf(0, idle), messageOf(1, idle, [{ ...queued(1, 1), label: "a" }])]);
    expect(view.callers).toMatchObject([{ label: "a" }]);
  });

  it("keeps a bounded number of callers, the latest", () => {
    let view = fold([messageOf(0, idle)]);
    for (let id = 1; id <= 1_000; id++) {
      view = fold([messageOf(id, idle, [granted(id, id, 0)])], view);
    }
    expect(view.callers.length).toBeLessThanOrEqual(200);
    expect(view.callers.at(-1)?.number).toBe(1_000);
    expect(view.settled.length).toBe(view.callers.length);
    expect(view.levels.length).toBeLessThanOrEqual(2_000);
  });

  it("adds up what the feed left out", () => {
    const view = fold([
      messageOf(0, idle),
      { ...messageOf(1, idle), omitted: 3 },
      { ...messageOf(2, idle), omitted: 4 },
    ]);
    expect(view.omitted).toBe(7);
  });

  it("reads the object's clock off the quickest message of a connection", () => {
    let view: BucketView | undefined;
    for (const [atMs, receivedAtMs] of [
      [5_000, 1_200],
      [5_100, 1_150],
      [5_200, 1_900],
    ] as const) {
      view = foldMessage(view, messageOf(atMs, idle), receivedAtMs);
    }
    expect(view?.clockOffsetMs).toBe(3_950);
  });

  it("follows the page's clock where that has been set", () => {
    const hourMs = 3_600_000;
    const view = fold([messageOf(5_000, idle)]);
    const ahead = foldMessage(view, messageOf(6_000, idle), 6_000 + hourMs);
    expect(ahead.clockOffsetMs).toBe(-hourMs);
    expect(foldMessage(ahead, messageOf(7_000, idle), 7_000).clockOffsetMs).toBe(0);
  });
});

describe("levelsUntil", () => {
  it("adds the ticks of a bucket that fills, and none once it is full", () => {
    const view = fold([messageOf(0, snapshotOf(FIVE))]);
    const levels = levelsUntil(view, 60_000).map(({ atMs, tokens }) => [atMs, tokens]);
    expect(levels).toEqual([
      [0, 0],
      [3_000, 2],
      [6_000, 4],
      [9_000, 5],
    ]);
  });

  it("adds nothing while callers wait", () => {
    const view = fold([messageOf(0, waitedFor)]);
    expect(levelsUntil(view, 60_000)).toHaveLength(1);
  });

  it("adds the ticks of the first limit while callers wait for another one", () => {
    const limits = { tpm: FIVE };
    const tpm = { ...FIVE, initialTokens: 2, tokens: 0, nextTickAtMs: 3_000 };
    const state = { waiters: 1, queuedTokens: 1, headLimit: "tpm", limits: { tpm } };
    const view = fold([messageOf(0, snapshotOf({ ...ONE_A_SECOND, limits }, state))]);
    const levels = levelsUntil(view, 1_100).map(({ atMs, ...level }) => [atMs, level]);
    expect(levels).toEqual([
      [0, { tokens: 0, waiters: 1 }],
      [1_000, { tokens: 1, waiters: 1 }],
    ]);
    // A grant at that instant would not have been reported yet.
    expect(levelsUntil(view, 1_099)).toHaveLength(1);
  });

  it("holds the ticks between two messages, too", () => {
    const view = fold([
      messageOf(0, snapshotOf(FIVE)),
      messageOf(7_000, snapshotOf(FIVE, { tokens: 1 })),
    ]);
    expect(view.levels.map(({ tokens }) => tokens)).toEqual([0, 2, 4, 1]);
  });
});

it("foldMessage knows no wait of a caller that is refused and may have come before the page", () => {
  const refused = (id: number): WatchEvent => ({
    kind: "refused",
    id,
    atMs: 1_000,
    tokens: 1,
    reason: "timeout",
  });
  const unknownAfter = (waiters: number): unknown[] => {
    const first = foldMessage(undefined, messageOf(0, snapshotOf(ONE_A_SECOND, { waiters })), 0);
    const view = foldMessage(
      first,
      messageOf(1_000, snapshotOf(ONE_A_SECOND), [refused(1)]),
      1_000,
    );
    return view.callers.map(({ isWaitUnknown }) => isWaitUnknown);
  };
  expect(unknownAfter(1)).toEqual([true]);
  // Nobody waited, so it was refused as it came.
  expect(unknownAfter(0)).toEqual([undefined]);
});
