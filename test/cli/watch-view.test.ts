import { expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { WatchView } from "../../src/cli/watch-view.ts";
import { snapshotOf } from "../dashboard/messages.ts";

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
  expect(shown({ ...quiet, waiters: 1, queuedTokens: 1 }, 1_000)).toMatch(
    /1 waiting for 1 token$/m,
  );
  expect(text).toContain("granted 3   refused 1   cancelled 0");
});

it("WatchView shows how many sessions are open, if there are any and if it fits", () => {
  const waiting = { ...quiet, waiters: 2, queuedTokens: 2 };
  expect(shown({ ...waiting, sessions: 1 }, 1_000)).toMatch(/for 2 tokens {3}1 session open$/m);
  expect(shown({ ...waiting, sessions: 20 }, 1_000)).toMatch(/for 2 tokens {3}20 sessions open$/m);
  expect(shown({ ...waiting, sessions: 20 }, 1_000, [], 60)).toMatch(/for 2 tokens$/m);
  expect(shown(waiting, 1_000)).toMatch(/for 2 tokens$/m);
});

it("WatchView shows permits and what is held and owed, of buckets that have them", () => {
  const held = {
    ...quiet,
    waiters: 1,
    headLimit: "permits",
    heldTokens: { rate: 4 },
    owedTokens: { rate: 0 },
    permits: { max: 3, held: 2, oldestAtMs: 400 },
  };
  const text = shown(held, 1_000);
  expect(text).toMatch(/^permits {2}█+░+ 2 of 3 held   ← head waits   oldest for 0.600 s$/m);
  expect(shown(held, 1_000, [], 80)).toMatch(/2 of 3 held   ← head waits$/m);
  expect(text).toMatch(/^held     4$/m);
  const owed = { ...held, owedTokens: { rate: 7 }, permits: { max: 3, held: 0 } };
  expect(shown(owed, 1_000)).toMatch(/^held     4   owed 7$/m);
  expect(shown(owed, 1_000)).toMatch(/0 of 3 held   ← head waits$/m);
  const tpm = { capacity: 90, refillTokens: 90, refillIntervalMs: 60_000, initialTokens: 90 };
  const several = {
    ...owed,
    policy: { ...policy, limits: { tpm } },
    limits: { tpm: { ...tpm, tokens: 0, nextTickAtMs: 60_000 } },
    heldTokens: { rate: 1, tpm: 40 },
    owedTokens: { rate: 0, tpm: 5 },
  };
  expect(shown(several, 1_000)).toMatch(/^held     1 of rate, 40 of tpm   owed 5 of tpm$/m);
  expect(shown(quiet, 1_000)).not.toMatch(/permits|held|owed/);
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

const DAY_MS = 86_400_000;
const day = {
  capacity: 1_000,
  every: "day",
  timeZone: "Europe/Berlin",
  at: "00:00",
  initialTokens: 1_000,
} as const;
const tpm = { capacity: 900, refillTokens: 300, refillIntervalMs: 5_000, initialTokens: 300 };
const several: BucketSnapshot = {
  ...quiet,
  policy: { ...policy, limits: { tpm, day } },
  limits: {
    tpm: { ...tpm, tokens: 100, nextTickAtMs: 2_000 },
    day: { ...day, tokens: 7, nextTickAtMs: DAY_MS - 3_600_000 },
  },
};

function linesOf(snapshot: BucketSnapshot, nowMs: number, columns?: number): string[] {
  return shown(snapshot, nowMs, [], columns).split("\n");
}

it("WatchView shows a line for each of several limits, and what its next tick or boundary brings", () => {
  const lines = linesOf(several, 1_000);
  expect(lines[0]).toBe('x   policy "*": 3 limits');
  const half = "█".repeat(10) + "░".repeat(10);
  expect(lines.slice(2, 5)).toEqual([
    `rate    ${half} 5 of 10        next tick in 0.400 s          2 every 1.000 s`,
    "tpm     ███░░░░░░░░░░░░░░░░░ 100 of 900     next tick in 1.000 s          300 every 5.000 s",
    "day     █░░░░░░░░░░░░░░░░░░░ 7 of 1000      full again in 22 h 59 min     every day at 00:00 Europe/Berlin",
  ]);
  expect(linesOf(several, 2_000).slice(2, 5).join("\n")).toMatch(
    /7 of 10.*\n.*400 of 900.*\n.*7 of/,
  );
});

it("WatchView marks the limit that the head waits for, and lets the others fill", () => {
  const waiting = { ...several, waiters: 2, queuedTokens: 2, headLimit: "tpm" };
  const lines = linesOf(waiting, 2_000);
  expect(lines.filter((line) => line.includes("← head waits"))).toEqual([lines[3]]);
  expect(lines[2]).toContain("7 of 10");
  expect(lines[3]).toMatch(/100 of 900 .*← head waits {3}300 every 5.000 s$/);
  expect(lines[5]).toContain("2 waiting for 2 tokens of rate");
  expect(linesOf({ ...waiting, queuedTokens: 1 }, 2_000)[5]).toMatch(
    /2 waiting for 1 token of rate$/,
  );
});

it.each([
  [80, "tpm", tpm],
  [80, "input_tokens", { ...tpm, capacity: 1_000_000 }],
  [60, "tpm", { ...tpm, capacity: 1_000_000 }],
  [80, "a".repeat(32), { ...tpm, capacity: 1_000_000 }],
])(
  "WatchView shows the mark whole at %i columns, of a limit called %s",
  (columns, name, fields) => {
    const pausedUntilMs = DAY_MS - 3_700_000;
    const view = { ...fields, tokens: 9, nextTickAtMs: DAY_MS - 3_600_000, pausedUntilMs };
    const waiting: BucketSnapshot = {
      ...quiet,
      policy: { ...policy, limits: { day, [name]: fields } },
      limits: { day: { ...day, tokens: 7, nextTickAtMs: DAY_MS }, [name]: view },
      waiters: 2,
      headLimit: name,
    };
    const lines = linesOf(waiting, 1_000, columns);
    const bars = lines.slice(2, 6).map((line) => line.replaceAll(/[^█░]/g, "").length);
    expect(new Set(bars).size).toBe(1);
    expect(lines[4]).toMatch(/ 9 of .* ← head waits$/);
  },
);

it("WatchView leaves out a rule that does not fit, and cuts none", () => {
  const lines = linesOf(several, 1_000, 100);
  expect(lines[3]).toMatch(/300 every 5.000 s$/);
  expect(lines[4]).toMatch(/full again in 22 h 59 min$/);
});

it("WatchView says for how long a calendar is paused that has everything again then", () => {
  const state = { tokens: 2, pausedUntilMs: 5_000, nextTickAtMs: 5_000, pausedTokens: 4 };
  const paused = snapshotOf({ capacity: 10, every: "day" }, state);
  expect(shown(paused, 4_400)).toContain("2 of 10   paused for 0.600 s");
  expect(shown(paused, 5_000)).toContain("6 of 10   full again in");
});

it("WatchView says of each limit that it is paused, for as long as it is", () => {
  const paused = { ...several.limits?.["tpm"], pausedUntilMs: 6_000, nextTickAtMs: 7_000 };
  const limits = { ...several.limits, tpm: paused } as NonNullable<BucketSnapshot["limits"]>;
  const lineAt = (nowMs: number) => linesOf({ ...several, limits }, nowMs)[3];
  expect(lineAt(5_000)).toMatch(/100 of 900 +paused, tick in 2.000 s/);
  expect(lineAt(6_000)).toMatch(/100 of 900 +next tick in 1.000 s/);
});

it("WatchView shows a calendar that is the only limit, in words", () => {
  const calendar = { ...day, name: "*", queueLimit: 100, maxWaitMs: 60_000 };
  const lines = linesOf({ ...quiet, policy: calendar, nextTickAtMs: DAY_MS - 3_600_000 }, 1_000);
  const words = "full again every day at 00:00 Europe/Berlin";
  expect(lines[0]).toBe(`x   policy "*": capacity 1000, ${words}`);
  expect(lines[2]).toMatch(/^tokens {2}[█░]+ 5 of 1000 {3}full again in 22 h 59 min$/);
});

it("WatchView shows what an event asked of single limits", () => {
  const event = { kind: "queued", id: 1, atMs: 1_000, tokens: 1, limits: { tpm: 500 } } as const;
  expect(shown(several, 1_000, [event])).toContain("queued     #1  1 token, 500 of tpm");
});
