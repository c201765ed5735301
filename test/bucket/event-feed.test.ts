import { describe, expect, it } from "vitest";

import type { Turn } from "../../src/core/turn.ts";
import type { WatchEvent } from "../../src/protocol/watch-feed.ts";

import { Caller } from "../../src/bucket/caller.ts";
import { EventFeed } from "../../src/bucket/event-feed.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";

const NOW_MS = 1_795_425_904_000;
const policy = Policy.of({
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  queueLimit: 2,
});

/** A limiter whose turns go to a feed, and the events that an observer receives. */
class Watched {
  readonly limiter = new Limiter<Caller>(policy);
  readonly feed = new EventFeed();
  readonly rounds: (readonly WatchEvent[])[] = [];

  observe(lastId = 0): void {
    this.feed.observe({ turned: (events) => this.rounds.push(events) }, lastId);
  }

  acquire(nowMs: number, timeoutMs = 60_000): Turn<Caller> {
    const turn = this.#ask(nowMs, timeoutMs);
    this.feed.turned(turn, nowMs);
    return turn;
  }

  acquireInBatch(nowMs: number): Turn<Caller>["waiter"] {
    const turn = this.#ask(nowMs, 60_000);
    this.feed.turnedInBatch(turn, nowMs);
    return turn.waiter;
  }

  #ask(nowMs: number, timeoutMs: number): Turn<Caller> {
    const call = { bucket: "x", policy: { name: "*", ...policy.toJSON() }, tokens: 1 };
    const caller = new Caller(call, timeoutMs, { answered: () => undefined });
    return this.limiter.acquire({ caller, tokens: 1, timeoutMs }, nowMs);
  }
}

describe("EventFeed", () => {
  it("reports what happens to each request, under one number", () => {
    const watched = new Watched();
    watched.observe();
    watched.acquire(NOW_MS);
    const { waiter } = watched.acquire(NOW_MS);
    watched.acquire(NOW_MS, 0);
    if (!waiter) throw new Error("It does not wait");
    watched.feed.turned(watched.limiter.cancel(waiter, NOW_MS + 300), NOW_MS + 300);
    const seen = watched.rounds.flat().map(({ kind, id, atMs }) => [kind, id, atMs - NOW_MS]);
    expect(seen).toEqual([
      ["granted", 1, 0],
      ["queued", 2, 0],
      ["refused", 3, 0],
      ["cancelled", 2, 300],
    ]);
    expect(watched.rounds[2]).toMatchObject([{ reason: "timeout", tokens: 1 }]);
    expect(watched.rounds[3]).toMatchObject([{ waitedMs: 300, tokens: 1 }]);
  });

  it("has the label of a caller that has one", () => {
    const watched = new Watched();
    watched.observe();
    const { limiter, feed, rounds } = watched;
    const call = { bucket: "x", policy: { name: "*", ...policy.toJSON() }, tokens: 1 };
    for (const label of ["job 7", undefined]) {
      const labelled = label === undefined ? call : { ...call, label };
      const caller = new Caller(labelled, 0, { answered: () => undefined });
      feed.turned(limiter.acquire({ caller, timeoutMs: 0 }, NOW_MS), NOW_MS);
    }
    expect(rounds.flat().map((event) => ("label" in event ? event.label : "none"))).toEqual([
      "job 7",
      "none",
    ]);
  });

  it("reports a batch as if its turns had settled callers by themselves", () => {
    const watched = new Watched();
    watched.observe();
    watched.acquire(NOW_MS);
    watched.acquire(NOW_MS);
    watched.rounds.length = 0;
    const laterMs = NOW_MS + 1_000;
    watched.limiter.beginBatch();
    const queued = watched.acquireInBatch(laterMs);
    watched.acquireInBatch(laterMs);
    watched.acquireInBatch(laterMs);
    watched.feed.turnedInBatch(watched.limiter.cancel(queued!, laterMs), laterMs);
    expect(watched.rounds).toEqual([]);
    watched.feed.turned(watched.limiter.endBatch(laterMs), laterMs);
    expect(watched.rounds.map((events) => events.map(({ kind, id }) => [kind, id]))).toEqual([
      [
        ["refused", 3],
        ["queued", 4],
        ["queued", 5],
        ["cancelled", 4],
        ["granted", 2],
      ],
    ]);
  });

  it("numbers the callers of a batch that are granted at once before those that wait", () => {
    const watched = new Watched();
    watched.observe();
    watched.limiter.beginBatch();
    for (let i = 0; i < 3; i += 1) watched.acquireInBatch(NOW_MS);
    watched.feed.turned(watched.limiter.endBatch(NOW_MS), NOW_MS);
    watched.feed.turned(watched.limiter.advance(NOW_MS + 1_000), NOW_MS + 1_000);
    expect(watched.rounds.map((events) => events.map(({ kind, id }) => [kind, id]))).toEqual([
      [
        ["granted", 1],
        ["queued", 2],
        ["queued", 3],
      ],
      [["granted", 2]],
    ]);
  });

  it("reports a turn in which nothing happens to a request, with no events", () => {
    const watched = new Watched();
    watched.observe();
    watched.feed.turned(watched.limiter.advance(NOW_MS), NOW_MS);
    expect(watched.rounds).toEqual([[]]);
  });

  it("numbers from the last number of an earlier observer", () => {
    const watched = new Watched();
    watched.observe(41);
    watched.acquire(NOW_MS);
    watched.observe(3);
    watched.acquire(NOW_MS);
    expect(watched.rounds.flat().map(({ id }) => id)).toEqual([42, 43]);
  });

  it("reports nothing without an observer, and numbers nothing", () => {
    const watched = new Watched();
    watched.observe();
    watched.feed.observe(undefined, 0);
    const { settled } = watched.acquire(NOW_MS);
    expect(watched.rounds).toEqual([]);
    expect(settled[0]?.caller.watchId).toBeUndefined();
  });
});
