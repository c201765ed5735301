import { describe, expect, test } from "vitest";

import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { policyOf } from "../../kit/model/limiters.ts";
import { Forecast } from "../../src/core/forecast.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { WaiterQueue } from "../../src/core/queue/waiter-queue.ts";

/** A queue with its forecast, over a bucket that is empty at first. */
class Line {
  readonly queue = new WaiterQueue<string>();
  readonly forecast = new Forecast(this.queue);
  readonly limits: LimitSet;

  constructor(capacity = 5, refillTokens = 1) {
    const fields = { capacity, refillTokens, refillIntervalMs: 100, initialTokens: 0 };
    this.limits = LimitSet.start(policyOf(fields).limits, 0);
  }

  /** Lets a waiter in at the end, and returns when it will be granted. */
  join(caller: string, tokens = 1, deadlineAtMs = 60_000): number {
    const end = this.forecast.end(this.limits);
    const grantAtMs = end.availableAt(tokens);
    const waiter = this.queue.join({ caller, tokens, queuedAtMs: 0, deadlineAtMs });
    this.forecast.joined(this.limits, waiter);
    this.forecast.joinedEnd(end, waiter, grantAtMs);
    return grantAtMs;
  }

  leave(waiter: Waiter<string>): void {
    this.queue.leave(waiter);
    this.forecast.gone(this.limits, waiter);
    this.forecast.forget();
  }

  get places(): string[] {
    const places = [...this.forecast.places(this.limits)];
    return places.map(
      ({ waiter, position, grantAtMs }) => `${waiter.caller} ${position} at ${grantAtMs}`,
    );
  }
}

describe("Forecast.end", () => {
  test("without waiters is the limits as they are", () => {
    const line = new Line();
    line.limits.advance(250);
    const end = line.forecast.end(line.limits);
    expect([end.servedAtMs, end.availableAt(2), end.availableAt(3)]).toEqual([200, 200, 300]);
  });

  test("is behind everyone in the queue", () => {
    const line = new Line();
    expect([line.join("Ann"), line.join("Bob", 3), line.join("Cid")]).toEqual([100, 400, 500]);
    expect(line.forecast.end(line.limits).availableAt(1)).toBe(600);
  });

  // The first has a closed form. In the others, ticks overflow while Ann waits.
  test.each([
    [5, 1, 600],
    [5, 2, 400],
    [5, 4, 300],
  ])(
    "is the same once somebody has left: %d tokens, %d a tick",
    (capacity, refillTokens, endAtMs) => {
      const line = new Line(capacity, refillTokens);
      line.join("Ann", 5);
      line.join("Bob");
      const leaver = line.queue.tail;
      line.join("Cid");
      if (leaver) line.leave(leaver);
      const end = line.forecast.end(line.limits);
      expect(end.servedAtMs).toBe(endAtMs);
      expect(line.places.at(-1)).toBe(`Cid 2 at ${endAtMs}`);
      expect(line.forecast.lastPlace(line.limits)?.grantAtMs).toBe(endAtMs);
    },
  );

  test("is another one once something has happened that it doesn't know", () => {
    const line = new Line();
    line.join("Ann", 2);
    line.limits.first.pause(500, 0, 0);
    expect(line.forecast.end(line.limits).servedAtMs).toBe(200);
    line.forecast.forget();
    expect(line.forecast.end(line.limits).servedAtMs).toBe(700);
  });

  test("walks through the queue while something is out", () => {
    const line = new Line();
    line.limits.advance(500);
    line.limits.first.lend(4, 2_000);
    line.join("Ann", 2);
    line.forecast.forget();
    // One is left and there is room for one, until the hold ends.
    expect(line.forecast.end(line.limits).servedAtMs).toBe(2_000);
  });
});

describe("Forecast.retime", () => {
  test("returns in order who would be late, and goes on without them", () => {
    const line = new Line();
    line.join("Ann", 1, 100);
    line.join("Bob", 1, 650);
    line.join("Cid", 1, 650);
    line.limits.first.pause(500, 0, 0);
    const leaving = line.forecast.retime(line.limits, 0);
    expect(leaving.map(({ caller }) => caller)).toEqual(["Ann", "Cid"]);
    for (const waiter of leaving) line.queue.leave(waiter);
    expect(line.places).toEqual(["Bob 1 at 600"]);
    expect(line.forecast.lastPlace(line.limits)).toMatchObject({ position: 1, grantAtMs: 600 });
  });

  test("returns waiters that ask for more than the capacity", () => {
    const line = new Line();
    line.join("Ann", 4);
    line.join("Bob", 2);
    line.limits.reconfigure(policyOf({ capacity: 3, refillIntervalMs: 100 }).limits, 0);
    expect(line.forecast.retime(line.limits, 0).map(({ caller }) => caller)).toEqual(["Ann"]);
  });

  test("keeps a waiter whose tokens are there, whatever its deadline says", () => {
    const line = new Line();
    line.join("Ann", 1, 150);
    line.limits.advance(400);
    expect(line.forecast.retime(line.limits, 400)).toEqual([]);
  });
});

describe("Forecast.lastPlace", () => {
  test("is nobody's while nobody waits", () => {
    const line = new Line();
    line.join("Ann");
    const { head } = line.queue;
    if (head) line.queue.leave(head);
    line.forecast.clear();
    expect(line.forecast.lastPlace(line.limits)).toBeUndefined();
    expect(line.places).toEqual([]);
  });
});
