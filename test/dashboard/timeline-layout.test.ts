import { describe, expect, it } from "vitest";

import type { PolicyFields } from "../../src/core/policy.ts";
import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { foldMessage, type BucketView } from "../../src/dashboard/bucket-view.ts";
import {
  labelsOf,
  layoutTimeline,
  type TimelineLayout,
} from "../../src/dashboard/timeline-layout.ts";
import { ONE_A_SECOND, messageOf, snapshotOf } from "./messages.ts";

const MAX_LINES = 60;
const HOUR_MS = 3_600_000;

function viewOf(
  atMs: number,
  state: Parameters<typeof snapshotOf>[1],
  events: readonly WatchEvent[],
  policy: PolicyFields = ONE_A_SECOND,
): BucketView {
  const first = foldMessage(undefined, messageOf(0, snapshotOf(policy)), 0);
  const message = messageOf(atMs, snapshotOf(policy, state), events);
  return foldMessage(first, message, atMs);
}

function queued(id: number, atMs: number): WatchEvent {
  return { kind: "queued", id, atMs, tokens: 1 };
}

function granted(id: number, atMs: number, waitedMs: number): WatchEvent {
  return { kind: "granted", id, atMs, tokens: 1, waitedMs };
}

/** Ten callers at once at a bucket of one, the first of them granted. */
function tenAtOnce(): BucketView {
  const nine = Array.from({ length: 9 }, (_, index) => queued(index + 2, 0));
  const state = { waiters: 9, queuedTokens: 9, nextTickAtMs: 1_000 };
  return viewOf(0, state, [granted(1, 0, 0), ...nine]);
}

describe("layoutTimeline", () => {
  it("is nothing before anybody has come", () => {
    expect(layoutTimeline(viewOf(0, {}, []), MAX_LINES)).toBeUndefined();
  });

  it("shows ten callers at once with the ticks at which each will be let go", () => {
    const layout = layoutTimeline(tenAtOnce(), MAX_LINES);
    const seconds = Array.from({ length: 10 }, (_, second) => second * 1_000);
    expect(layout?.rows.map(({ endAtMs }) => endAtMs)).toEqual(seconds);
    expect(layout).toMatchObject({ fromAtMs: 0, toAtMs: 9_000, lines: seconds, ticksPerLine: 1 });
    expect(layout?.waitingBeyond).toBe(0);
  });

  it("puts those who were there before the page above those who came later", () => {
    const before = tenAtOnce();
    const message = messageOf(2_000, before.snapshot, [granted(11, 2_000, 5_000)]);
    const layout = layoutTimeline(foldMessage(before, message, 2_000), MAX_LINES);
    expect(layout?.rows.slice(0, 3).map(({ caller }) => caller.number)).toEqual([11, 1, 2]);
  });

  it("draws fewer lines of the grid where they would be too close, and says what each stands for", () => {
    const layout = layoutTimeline(tenAtOnce(), 4);
    expect(layout?.ticksPerLine).toBe(5);
    expect(layout?.lines).toEqual([0, 5_000]);
  });

  it("shows of a long queue the part that is served, and counts the rest", () => {
    const events = Array.from({ length: 100 }, (_, index) => queued(index + 1, 0));
    const layout = layoutTimeline(
      viewOf(0, { waiters: 100, queuedTokens: 100 }, events),
      MAX_LINES,
    );
    expect(layout?.rows.map(({ caller }) => caller.number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(layout?.waitingBeyond).toBe(90);
  });

  it("begins anew after a quiet time", () => {
    const events = [granted(1, 0, 0), granted(2, 1_000, 1_000), granted(3, 60_000, 0)];
    const layout = layoutTimeline(viewOf(60_000, { nextTickAtMs: 61_000 }, events), MAX_LINES);
    expect(layout?.rows.map(({ caller }) => caller.number)).toEqual([3]);
    expect(layout?.fromAtMs).toBe(60_000);
  });

  it("is a few seconds long where ticks are a day apart", () => {
    const policy = { capacity: 9, refillTokens: 1, refillIntervalMs: 86_400_000 };
    const events = [granted(1, 50_000, 0), granted(2, 50_400, 0)];
    const layout = layoutTimeline(viewOf(50_400, {}, events, policy), MAX_LINES);
    expect((layout?.toAtMs ?? 0) - (layout?.fromAtMs ?? 0)).toBeLessThan(20_000);
    expect(layout?.fromAtMs).toBeLessThanOrEqual(50_000);
  });

  it("has lines at even times from the first caller on where grants are on no single grid", () => {
    const tpm = { capacity: 100, refillTokens: 100, refillIntervalMs: 7_000 };
    const policy = { ...ONE_A_SECOND, limits: { tpm } };
    const state = { waiters: 2, queuedTokens: 2, nextTickAtMs: 1_000 };
    const events = [granted(1, 300, 0), queued(2, 300), queued(3, 300)];
    const view = viewOf(300, state, events, policy);
    const layout = layoutTimeline(view, 5);
    expect(layout).toMatchObject({ fromAtMs: 300, toAtMs: 10_300, lineMs: 2_000, boundaries: [] });
    expect(layout?.lines).toEqual([300, 2_300, 4_300, 6_300, 8_300, 10_300]);
    expect(layout?.ticksPerLine).toBeUndefined();
  });

  it("marks the boundaries of calendars, where callers are granted", () => {
    const policy = { capacity: 3, every: "hour", at: "00:00" } as const;
    const state = { waiters: 2, queuedTokens: 2, nextTickAtMs: HOUR_MS };
    const events = [queued(1, HOUR_MS - 90_000), queued(2, HOUR_MS - 60_000)];
    const layout = layoutTimeline(viewOf(HOUR_MS - 60_000, state, events, policy), MAX_LINES);
    expect(layout?.rows.map(({ endAtMs }) => endAtMs)).toEqual([HOUR_MS, HOUR_MS]);
    expect(layout).toMatchObject({ fromAtMs: HOUR_MS - 90_000, toAtMs: HOUR_MS, lineMs: 2_000 });
    expect(layout?.boundaries).toEqual([{ name: "rate", atMs: HOUR_MS }]);
  });

  it("draws few lines for a wait of days", () => {
    const policy = { capacity: 3, every: "day" } as const;
    const state = { waiters: 1, queuedTokens: 1, nextTickAtMs: 9 * 24 * HOUR_MS };
    const layout = layoutTimeline(viewOf(0, state, [queued(1, 0)], policy), MAX_LINES);
    expect(layout?.lineMs).toBe(6 * HOUR_MS);
    expect(layoutTimeline(viewOf(0, state, [queued(1, 0)], policy), 4)?.lineMs).toBe(120 * HOUR_MS);
  });
});

describe("labelsOf", () => {
  function sinceMsOf(lineMs: number, spaceMs: number): number[] {
    const lines = Array.from({ length: 10 }, (_, index) => 500 + index * lineMs);
    const layout: TimelineLayout = {
      fromAtMs: 0,
      toAtMs: 500 + 9 * lineMs,
      lines,
      lineMs,
      boundaries: [],
      rows: [],
      waitingBeyond: 0,
    };
    return labelsOf(layout, spaceMs).map(({ sinceMs }) => sinceMs);
  }

  it("are those of lines, as far apart as they must be", () => {
    expect(sinceMsOf(1_000, 900)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((s) => s * 1_000));
    expect(sinceMsOf(1_000, 1_001)).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
    expect(sinceMsOf(250, 600)).toEqual([0, 750, 1_500, 2_250]);
  });

  it("are at round times if lines are not", () => {
    expect(sinceMsOf(3_334, 3_000)).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000]);
    expect(sinceMsOf(333, 400)).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500]);
  });
});
