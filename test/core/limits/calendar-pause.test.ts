/** A calendar's pause holds back and takes nothing away: what it has put aside is there when it ends. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { ZonedCalendarFields } from "../../../src/core/limits/calendar.ts";
import type { Limit } from "../../../src/core/limits/limit.ts";

import { calendar } from "../../../src/core/limits/calendar.ts";
import { anyCalendarInZones, calendarOf } from "../../../kit/model/calendars.ts";
import { anyLimitStep, DrivenLimit } from "../../../kit/model/driven-limit.ts";
import { timeLapse } from "../../../kit/model/time-lapse.ts";
import { runs } from "../../../kit/runs.ts";

const HOUR_MS = 3_600_000;
/** An hour before a month begins. */
const t0 = Date.UTC(2026, 10, 30, 23);
const december = t0 + HOUR_MS;
const january = Date.UTC(2027, 0, 1);
const monthly = calendarOf({ capacity: 1_000, every: "month" });

/** A month of which 300 are gone, paused at `t0` until `untilMs`. */
function pausedUntil(untilMs: number, tokens = 0, fields: ZonedCalendarFields = monthly): Limit {
  const limit = calendar.start(fields, t0);
  limit.take(300);
  expect(limit.pause(untilMs, tokens, t0)).toBe(true);
  return limit;
}

function shown({ tokens, pausedTokens, pausedUntilMs }: Limit) {
  return { tokens, pausedTokens, pausedUntilMs };
}

function reread(limit: Limit, fields = monthly): Limit {
  return calendar.restore(fields, JSON.parse(JSON.stringify(limit)));
}

describe("A paused calendar", () => {
  const untilMs = t0 + 5_000;

  test("gives nothing while it lasts, and has everything again when it ends", () => {
    const limit = pausedUntil(untilMs);
    expect(shown(limit)).toEqual({ tokens: 0, pausedTokens: 700, pausedUntilMs: untilMs });
    expect([limit.nextGainAtMs, limit.msUntil(1, t0), limit.msUntil(700, t0)]).toEqual([
      untilMs,
      5_000,
      5_000,
    ]);
    expect(limit.msUntil(701, t0)).toBe(HOUR_MS);
    limit.advance(untilMs - 1);
    expect(limit.tokens).toBe(0);
    limit.advance(untilMs);
    expect(shown(limit)).toEqual({ tokens: 700, pausedTokens: 0, pausedUntilMs: undefined });
    expect([limit.reachedAtMs, limit.nextGainAtMs]).toEqual([untilMs, december]);
  });

  test("gives what the pause leaves, and the rest after it", () => {
    const limit = pausedUntil(untilMs, 100);
    limit.take(60);
    expect(shown(limit)).toMatchObject({ tokens: 40, pausedTokens: 600 });
    expect([limit.msUntil(40, t0), limit.msUntil(41, t0)]).toEqual([0, 5_000]);
    limit.advance(untilMs);
    expect(limit.tokens).toBe(640);
  });

  test("has at its end what boundaries have brought meanwhile", () => {
    const limit = pausedUntil(t0 + 2 * HOUR_MS, 100);
    limit.take(60);
    expect(limit.msUntil(1_000, t0)).toBe(2 * HOUR_MS);
    limit.advance(december);
    expect(shown(limit)).toMatchObject({ tokens: 40, pausedTokens: 960 });
    limit.take(30);
    expect([limit.reachedAtMs, limit.nextGainAtMs]).toEqual([december, t0 + 2 * HOUR_MS]);
    expect(limit.msUntil(1_000, december)).toBe(january - december);
    limit.advance(t0 + 2 * HOUR_MS);
    expect([limit.tokens, limit.nextGainAtMs]).toEqual([970, january]);
  });

  test.each<[string, number, number]>([
    ["before its end", december + 1, december + 1],
    ["at its end", december, december],
    ["after its end", december - 1, december],
  ])("has its next boundary in time if that is %s", (_, endMs, fullAtMs) => {
    const limit = pausedUntil(endMs);
    expect(limit.msUntil(1_000, t0)).toBe(fullAtMs - t0);
    limit.advance(fullAtMs);
    expect([limit.tokens, limit.nextGainAtMs]).toEqual([1_000, january]);
  });

  test("has nothing aside if it leaves everything, and then gains at its next boundary", () => {
    const limit = pausedUntil(untilMs, 700);
    expect(shown(limit)).toMatchObject({ tokens: 700, pausedTokens: 0 });
    expect([limit.nextGainAtMs, limit.msUntil(701, t0)]).toEqual([december, HOUR_MS]);
  });

  test("has everything again at once when it is resumed", () => {
    const limit = pausedUntil(untilMs, 100);
    limit.take(60);
    expect(limit.resume(t0 + 1_000)).toBe(true);
    expect(shown(limit)).toEqual({ tokens: 640, pausedTokens: 0, pausedUntilMs: undefined });
    expect([limit.reachedAtMs, limit.nextGainAtMs]).toEqual([t0 + 1_000, december]);
    expect(limit.resume(t0 + 1_000)).toBe(false);
  });

  test("of several pauses, obeys the latest end and the lowest number", () => {
    const limit = pausedUntil(untilMs, 100);
    expect(limit.pause(t0 + 1_000, 40, t0)).toBe(true);
    expect(shown(limit)).toEqual({ tokens: 40, pausedTokens: 660, pausedUntilMs: untilMs });
    expect(limit.pause(t0 + 9_000, 500, t0)).toBe(true);
    expect(limit.pause(t0 + 9_000, 500, t0)).toBe(false);
    expect(shown(limit)).toEqual({ tokens: 40, pausedTokens: 660, pausedUntilMs: t0 + 9_000 });
    limit.advance(t0 + 9_000);
    expect(limit.tokens).toBe(700);
  });

  test("fills up beside what is out, and puts what comes back aside", () => {
    const limit = pausedUntil(t0 + 2 * HOUR_MS, 100);
    limit.lend(80, t0 + 9 * HOUR_MS);
    expect(shown(limit)).toMatchObject({ tokens: 20, pausedTokens: 600 });
    limit.endLoan(t0 + 9 * HOUR_MS, 0, 30);
    expect(shown(limit)).toMatchObject({ tokens: 20, pausedTokens: 630 });
    limit.advance(december);
    expect(shown(limit)).toMatchObject({ tokens: 20, pausedTokens: 930 });
    limit.endLoan(t0 + 9 * HOUR_MS, 10, 40);
    limit.advance(t0 + 2 * HOUR_MS);
    expect([limit.tokens, limit.lent]).toEqual([990, undefined]);
  });

  test("puts aside what is given back, as if it hadn't been taken", () => {
    const limit = pausedUntil(untilMs, 100);
    limit.take(60);
    expect([limit.missing, limit.giveBack(20)]).toEqual([360, 20]);
    expect(shown(limit)).toMatchObject({ tokens: 40, pausedTokens: 620 });
    expect(limit.missing).toBe(340);
  });

  test("pays what is owed out of what is aside, when its pause ends", () => {
    const limit = pausedUntil(untilMs, 100);
    limit.take(150);
    expect(shown(limit)).toMatchObject({ tokens: -50, pausedTokens: 600 });
    expect([limit.msUntil(1, t0), limit.msUntil(550, t0), limit.msUntil(551, t0)]).toEqual([
      5_000,
      5_000,
      HOUR_MS,
    ]);
    limit.advance(untilMs);
    expect(limit.tokens).toBe(550);
  });

  test("comes back from the disk as it was", () => {
    const limit = pausedUntil(t0 + 2 * HOUR_MS, 100);
    const restored = reread(limit);
    expect(restored.toJSON()).toEqual({
      kind: "calendar",
      startedAtMs: t0,
      reachedAtMs: t0,
      tick: (2026 - 1970) * 12 + 10,
      tokens: 100,
      pausedUntilMs: t0 + 2 * HOUR_MS,
      pausedTokens: 600,
    });
    restored.advance(december);
    expect(shown(reread(restored))).toEqual(shown(restored));
    restored.advance(t0 + 2 * HOUR_MS);
    expect(restored.tokens).toBe(1_000);
  });

  test("of an older version has nothing aside, and what comes in from there on", () => {
    const { pausedTokens: _, ...state } = JSON.parse(JSON.stringify(pausedUntil(december, 100)));
    const restored = calendar.restore(monthly, state);
    expect(shown(restored)).toMatchObject({ tokens: 100, pausedTokens: 0 });
    restored.advance(december);
    expect(restored.tokens).toBe(1_000);
  });

  test.each([
    { pausedTokens: 901 },
    { pausedTokens: -1 },
    { pausedTokens: 0.5 },
    { pausedUntilMs: undefined },
  ])("can't be restored with %j", (changes) => {
    const state = { ...pausedUntil(untilMs, 100).toJSON(), ...changes };
    expect(() => calendar.restore(monthly, state)).toThrow("Cannot restore a calendar from {");
  });

  test("under another policy holds no more than that allows, and brings nothing", () => {
    const limit = pausedUntil(untilMs, 100);
    limit.reconfigure({ ...monthly, capacity: 400 }, t0);
    expect(shown(limit)).toMatchObject({ tokens: 100, pausedTokens: 300 });
    limit.reconfigure({ ...monthly, capacity: 50 }, t0);
    expect(shown(limit)).toMatchObject({ tokens: 50, pausedTokens: 0 });
    limit.reconfigure(monthly, t0);
    limit.advance(untilMs);
    expect(limit.tokens).toBe(50);
  });

  test("as another calendar keeps what is aside, and its pause", () => {
    const limit = pausedUntil(untilMs, 100);
    const daily = calendarOf({ capacity: 1_000, every: "day", at: "23:30" });
    limit.reconfigure(daily, t0 + 1);
    expect(shown(limit)).toEqual({ tokens: 100, pausedTokens: 600, pausedUntilMs: untilMs });
    limit.advance(untilMs);
    expect([limit.tokens, limit.nextGainAtMs]).toEqual([700, t0 + HOUR_MS / 2]);
  });

  test("is never granted from before its end if the clock is set back after that", () => {
    const limit = pausedUntil(untilMs);
    limit.advance(untilMs + 10);
    for (const one of [limit, limit.copy(), reread(limit)]) {
      one.advance(t0);
      expect([one.tokens, one.reachedAtMs, one.msUntil(700, t0)]).toEqual([700, untilMs, 5_000]);
    }
  });

  test("serves a run with what the pause leaves, then with the rest, then with what comes in", () => {
    const fields = calendarOf({ capacity: 10, every: "month" });
    const served = [2, 3, 10, 11].map((tokens) => {
      const limit = calendar.start(fields, t0);
      limit.pause(untilMs, 2, t0);
      limit.closedForm?.takeRun(tokens);
      return [limit.reachedAtMs, limit.tokens];
    });
    expect(served).toEqual([
      [t0, 0],
      [untilMs, 7],
      [untilMs, 0],
      [december, 9],
    ]);
  });
});

test("A calendar with what its pause has put aside is at each instant what it would be without", () => {
  const anyStep = anyLimitStep(anyCalendarInZones);
  const anySteps = fc.array(anyStep, { maxLength: 40 });
  const law = fc.property(anyCalendarInZones, anySteps, (fields, steps) => {
    const plain = DrivenLimit.after(timeLapse(calendar), { fields, steps: [] });
    const paused = plain.fork();
    for (const step of steps) {
      if (step.kind === "take") plain.limit.take(paused.take(step.tokens));
      else {
        paused.play(step);
        if (step.kind !== "pause" && step.kind !== "resume") plain.play(step);
      }
      expect(paused.limit.tokens + paused.limit.pausedTokens).toBe(plain.limit.tokens);
      expect(paused.limit.lent?.toJSON()).toEqual(plain.limit.lent?.toJSON());
    }
    paused.limit.resume(paused.nowMs);
    expect(paused.limit.nextGainAtMs).toBe(plain.limit.nextGainAtMs);
    const most = plain.limit.capacity;
    const [one, other] = [paused, plain].map(({ limit, nowMs }) => limit.msUntil(most, nowMs));
    if (plain.limit.tokens < most) expect(one).toBe(other);
  });
  fc.assert(law, { numRuns: runs(1_000) });
});
