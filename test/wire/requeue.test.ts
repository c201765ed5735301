import { describe, expect, it } from "vitest";

import type { LostCall, RequeueTerms } from "../../src/wire/requeue.ts";

import { MAX_REQUEUE_PAUSE_MS, RECOVERY_WINDOW_MS, Requeue } from "../../src/wire/requeue.ts";

/** A number drawn at random, at its highest: no pause is longer. */
const MAX_DRAW = 1;

const RESET: LostCall = { isReset: true, isUnwritable: false, heldMs: 3 };
const UNWRITTEN: LostCall = { isReset: true, isUnwritable: true, heldMs: 260 };
const NOT_THERE: LostCall = { isReset: false, isUnwritable: false, heldMs: 3 };

/** Loses call after call, each in the instant that it is made; tells when it gave up, and how. */
function loseAll(terms: RequeueTerms, call: LostCall, draw = MAX_DRAW) {
  const requeue = new Requeue(terms, 0);
  const pauses: number[] = [];
  for (let nowMs = call.heldMs; ;) {
    const step = requeue.lost(call, nowMs, 1, draw);
    if (step.kind !== "again") return { ...step, atMs: nowMs, pauses };
    pauses.push(step.pauseMs);
    nowMs += step.pauseMs + call.heldMs;
  }
}

describe("Requeue", () => {
  it("lets nobody with a place pause for as long as a new instance waits, however many resets there are", () => {
    const { pauses } = loseAll({ timeoutMs: 60_000, maxWaitMs: 60_000 }, RESET);
    expect(pauses.length).toBeGreaterThan(500);
    expect(Math.max(...pauses)).toBe(MAX_REQUEUE_PAUSE_MS);
    expect(MAX_REQUEUE_PAUSE_MS).toBeLessThan(RECOVERY_WINDOW_MS);
  });

  it("keeps to that where the object can't be reached for a while", () => {
    const requeue = new Requeue({ timeoutMs: 60_000, maxWaitMs: 60_000 }, 0);
    requeue.lost(RESET, 1_000, 1, MAX_DRAW);
    for (let nowMs = 1_100; nowMs < 8_000; nowMs += 100) {
      expect(requeue.lost(NOT_THERE, nowMs, 1, MAX_DRAW)).toMatchObject({ pauseMs: 100 });
    }
  });

  it("goes on for as long as the caller wants to wait, and a moment", () => {
    for (const timeoutMs of [0, 2_000, 30_000]) {
      const { kind, atMs } = loseAll({ timeoutMs, maxWaitMs: 60_000 }, RESET);
      expect(kind).toBe("timeout");
      expect(atMs).toBeGreaterThan(timeoutMs + 300);
      expect(atMs).toBeLessThanOrEqual(timeoutMs + 500);
    }
  });

  it("says so in time where the object can't be reached", () => {
    const waits = [0, 2_000, 60_000].map((timeoutMs) => {
      const { kind, atMs } = loseAll({ timeoutMs, maxWaitMs: 60_000 }, NOT_THERE, 0.5);
      return { kind, isInTime: atMs <= Math.min(8_000, timeoutMs + 500) };
    });
    expect(waits).toEqual(waits.map(() => ({ kind: "unavailable", isInTime: true })));
  });

  it("takes an object that can write nothing for one that can't be reached", () => {
    const { kind, atMs } = loseAll({ maxWaitMs: 60_000 }, UNWRITTEN);
    expect(kind).toBe("unavailable");
    expect(atMs).toBeGreaterThan(7_000);
    // The last call may end after that.
    expect(atMs).toBeLessThanOrEqual(8_000 + UNWRITTEN.heldMs);
  });

  it("tries an object seldom that was never there", () => {
    const { pauses } = loseAll({ maxWaitMs: 60_000 }, NOT_THERE, 0.5);
    expect(pauses.length).toBeLessThan(20);
    expect(Math.max(...pauses.slice(0, 8))).toBe(50);
  });

  it("spreads the tries of many callers over some time, but not the first", () => {
    const requeue = new Requeue({ maxWaitMs: 60_000 }, 0);
    const first = requeue.lost(RESET, 10, 500, MAX_DRAW);
    expect(first).toMatchObject({ pauseMs: 100, spreadMs: 100 });
    const second = requeue.lost(NOT_THERE, 110, 500, MAX_DRAW);
    expect(second).toMatchObject({ pauseMs: 1_000, spreadMs: 1_000 });
    expect(requeue.lost(RESET, 1_200, 500, MAX_DRAW)).toMatchObject({ pauseMs: 100 });
  });

  it("counts anew after a call that was held for long, whatever ended it", () => {
    const requeue = new Requeue({ maxWaitMs: 1_000 }, 0);
    for (let nowMs = 6_000; nowMs < 100_000; nowMs += 6_000) {
      const lost = { ...NOT_THERE, heldMs: 5_900 };
      expect(requeue.lost(lost, nowMs, 1, MAX_DRAW)).toMatchObject({ kind: "again", pauseMs: 100 });
    }
  });
});
