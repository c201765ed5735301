import { expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { WatchView } from "../../src/cli/watch-view.ts";

const policy = {
  name: "*",
  capacity: 10,
  refillTokens: 2,
  refillIntervalMs: 1_000,
  initialTokens: 2,
  queueLimit: 100,
  maxWaitMs: 60_000,
};
const quiet: BucketSnapshot = {
  bucket: "x",
  policy,
  tokens: 5,
  waiters: 0,
  queuedTokens: 0,
  nextTickAtMs: 1_400,
  granted: 3,
  refused: 1,
  cancelled: 0,
};

function shown(
  snapshot: BucketSnapshot,
  nowMs: number,
  events: WatchEvent[] = [],
  columns = 200,
): string {
  const view = new WatchView();
  view.add({ atMs: 1_000, snapshot, events });
  return view.lines(nowMs, columns, 40).join("\n");
}

it("WatchView says that it connects until something is known", () => {
  expect(new WatchView().lines(0, 80, 24)[0]).toBe("connecting …");
});

it("WatchView shows tokens, queue and counts as they were told", () => {
  const text = shown({ ...quiet, waiters: 2, queuedTokens: 7 }, 1_000);
  expect(text).toContain("5 of 10");
  expect(text).toContain("next tick in 0.400 s");
  expect(text).toContain("2 waiting for 7 tokens");
  expect(text).toContain("granted 3   refused 1   cancelled 0");
});

it("WatchView adds what the ticks of an idle bucket bring, up to the capacity", () => {
  expect(shown(quiet, 1_399)).toContain("5 of 10");
  expect(shown(quiet, 1_400)).toContain("7 of 10");
  expect(shown(quiet, 2_400)).toContain("9 of 10");
  expect(shown(quiet, 60_000)).toContain("10 of 10   full");
});

it("WatchView adds nothing to a bucket that nobody has asked yet: it does not tick", () => {
  const text = shown({ ...quiet, tokens: 0, granted: 0, refused: 0 }, 60_000);
  expect(text).toContain("0 of 10   starts on first use");
});

it("WatchView says that a bucket is paused, for as long as it is", () => {
  const paused = { ...quiet, pausedUntilMs: 5_000, nextTickAtMs: 5_400 };
  expect(shown(paused, 4_400)).toContain("5 of 10   paused, tick in 1.000 s");
  expect(shown(paused, 5_400)).toContain("7 of 10   next tick in 1.000 s");
});

it("WatchView adds nothing by itself while somebody waits", () => {
  expect(shown({ ...quiet, waiters: 1, queuedTokens: 9 }, 1_400)).toContain("5 of 10");
});

it("WatchView shows the latest event first, and how each ended", () => {
  const base = { atMs: 1_000, tokens: 1 };
  const text = shown(quiet, 1_000, [
    { kind: "queued", id: 1, ...base },
    { kind: "granted", id: 1, ...base, waitedMs: 1_003 },
    { kind: "cancelled", id: 2, ...base, waitedMs: 20 },
    { kind: "refused", id: 3, ...base, reason: "queue-full" },
  ]);
  const lines = text.split("\n").filter((line) => line.includes("#"));
  expect(lines.map((line) => line.slice(14))).toEqual([
    "refused    #3  1 token, queue-full",
    "cancelled  #2  1 token after 0.020 s",
    "granted    #1  1 token after 1.003 s",
    "queued     #1  1 token",
  ]);
});

it("WatchView says where there is no connection, and lets nothing pass until there is one", () => {
  const view = new WatchView();
  view.lose(900);
  expect(view.lines(1_000, 80, 24)[0]).toBe("connection lost, reconnecting …");
  view.add({ atMs: 1_000, snapshot: quiet, events: [] });
  expect(view.lines(1_000, 80, 24)[0]).toContain("x   policy");
  view.lose(1_399);
  view.lose(2_000);
  const lines = view.lines(9_000, 80, 24);
  expect(lines[0]).toBe("connection lost, reconnecting …");
  expect(lines.join("\n")).toContain("5 of 10");
});

it("WatchView keeps within the terminal, however small", () => {
  const events = Array.from({ length: 500 }, (_, id): WatchEvent => {
    return { kind: "queued", id, atMs: 1_000, tokens: 1 };
  });
  const view = new WatchView();
  view.add({ atMs: 1_000, snapshot: quiet, events });
  const lines = view.lines(1_000, 30, 10);
  expect(lines).toHaveLength(10);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(30);
  expect(lines.join("\n")).toContain("5 of 10");
});
