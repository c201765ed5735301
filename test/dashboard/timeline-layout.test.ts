import { describe, expect, it } from "vitest";

import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { foldMessage, type BucketView } from "../../src/dashboard/bucket-view.ts";
import { layoutTimeline } from "../../src/dashboard/timeline-layout.ts";
import { ONE_A_SECOND, messageOf, snapshotOf } from "./messages.ts";

const MAX_LINES = 60;

function viewOf(
  atMs: number,
  state: Parameters<typeof snapshotOf>[1],
  events: readonly WatchEvent[],
  policy = ONE_A_SECOND,
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
    expect(layout).toMatchObject({ fromAtMs: 0, toAtMs: 9_000, ticks: seconds, ticksPerLine: 1 });
    expect(layout?.waitingBeyond).toBe(0);
  });

  it("puts those who were there before the page above those who came later", () => {
    const before = tenAtOnce();
    const message = messageOf(2_000, before.snapshot, [granted(11, 2_000, 5_000)]);
    const layout = layoutTimeline(foldMessage(before, message, 2_000), MAX_LINES);
    expect(layout?.rows.slice(0, 3).map(({ caller }) => caller.id)).toEqual([11, 1, 2]);
  });

  it("draws fewer lines of the grid where they would be too close, and says what each stands for", () => {
    const layout = layoutTimeline(tenAtOnce(), 4);
    expect(layout?.ticksPerLine).toBe(5);
    expect(layout?.ticks).toEqual([0, 5_000]);
  });

  it("shows of a long queue the part that is served, and counts the rest", () => {
    const events = Array.from({ length: 100 }, (_, index) => queued(index + 1, 0));
    const layout = layoutTimeline(
      viewOf(0, { waiters: 100, queuedTokens: 100 }, events),
      MAX_LINES,
    );
    expect(layout?.rows.map(({ caller }) => caller.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(layout?.waitingBeyond).toBe(90);
  });

  it("begins anew after a quiet time", () => {
    const events = [granted(1, 0, 0), granted(2, 1_000, 1_000), granted(3, 60_000, 0)];
    const layout = layoutTimeline(viewOf(60_000, { nextTickAtMs: 61_000 }, events), MAX_LINES);
    expect(layout?.rows.map(({ caller }) => caller.id)).toEqual([3]);
    expect(layout?.fromAtMs).toBe(60_000);
  });

  it("is a few seconds long where ticks are a day apart", () => {
    const policy = { capacity: 9, refillTokens: 1, refillIntervalMs: 86_400_000 };
    const events = [granted(1, 50_000, 0), granted(2, 50_400, 0)];
    const layout = layoutTimeline(viewOf(50_400, {}, events, policy), MAX_LINES);
    expect((layout?.toAtMs ?? 0) - (layout?.fromAtMs ?? 0)).toBeLessThan(20_000);
    expect(layout?.fromAtMs).toBeLessThanOrEqual(50_000);
  });
});
