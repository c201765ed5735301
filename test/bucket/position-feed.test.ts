/** Who is told of its place, when, and how often: in virtual time, with the limiter itself. */
import { describe, expect, it } from "vitest";

import type { Clock } from "../../src/bucket/clock.ts";
import type { HeldPlace } from "../../src/wire/held-place.ts";
import type { Turn } from "../../src/core/turn.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";
import { PositionFeed } from "../../src/bucket/position-feed.ts";
import { VirtualClock } from "../../kit/simulation/virtual-clock.ts";

const EPOCH_MS = 1_795_425_904_731;

/** A queue of numbered callers, and what each of them was told. */
class Watched {
  readonly moves: string[][] = [];
  readonly limiter: Limiter<number>;
  readonly clock = new VirtualClock(EPOCH_MS);
  timers = 0;
  readonly #waiters: (Waiter<number> | undefined)[] = [];
  readonly #watch: PositionFeed<number>;

  constructor(refillIntervalMs = 1_000) {
    const fields = { capacity: 1, refillTokens: 1, refillIntervalMs, initialTokens: 0 };
    const limits = { queueLimit: 10_000, maxWaitMs: 3_600_000 };
    this.limiter = new Limiter(Policy.of({ ...fields, ...limits }));
    const clock: Clock = {
      now: () => this.clock.wallMs,
      setTimer: (callback, delayMs) => {
        this.timers += 1;
        this.clock.after(delayMs, callback);
        return () => undefined;
      },
    };
    this.#watch = new PositionFeed(clock, (caller) => `ticket ${caller}`);
  }

  get nowMs(): number {
    return this.clock.wallMs;
  }

  get events(): number {
    return this.moves.reduce((sum, lines) => sum + lines.length, 0);
  }

  arrive(isWatching: boolean): void {
    const caller = this.moves.push([]) - 1;
    const turn = this.limiter.acquire({ caller }, this.nowMs);
    this.#waiters.push(turn.waiter);
    this.turn(turn);
    if (isWatching && turn.waiter) this.watch(caller);
  }

  /** One more request of a caller that waits. */
  watch(caller: number): void {
    this.#watch.add(caller, { moved: this.#noteMove(caller) }, this.limiter, this.nowMs);
  }

  /** The same of one that only wants to know where it starts. */
  watchStart(caller: number): void {
    const moved = this.#noteMove(caller);
    this.#watch.add(caller, { moved, wantsFirstPlaceOnly: true }, this.limiter, this.nowMs);
  }

  #noteMove(caller: number): (place: HeldPlace) => void {
    return ({ position, etaMs, ticket }) => {
      if (ticket !== `ticket ${caller}`) throw new Error(`Caller ${caller} gets ${ticket}`);
      this.moves[caller]?.push(`${position} in ${etaMs}`);
    };
  }

  leave(caller: number): void {
    const waiter = this.#waiters[caller];
    if (!waiter) throw new Error(`${caller} does not wait`);
    this.#watch.forget(caller);
    this.turn(this.limiter.cancel(waiter, this.nowMs));
  }

  turn(turn: Turn<number>): void {
    for (const { caller } of turn.settled) this.#watch.forget(caller);
    this.#watch.turned(this.limiter, turn, this.nowMs);
  }

  /** Lets time pass; the daemon is on time. */
  pass(ms: number): void {
    const untilMs = this.clock.monotonicMs + ms;
    // So that there is an event at the end.
    this.clock.after(ms, () => undefined);
    const tick = (): void => {
      const wakeAtMs = this.limiter.nextWakeAtMs;
      if (wakeAtMs === undefined) return;
      const inMs = wakeAtMs - this.nowMs;
      if (this.clock.monotonicMs + inMs > untilMs) return;
      this.clock.after(inMs, () => {
        this.turn(this.limiter.advance(this.nowMs));
        tick();
      });
    };
    tick();
    while (this.clock.monotonicMs < untilMs) this.clock.step();
  }
}

describe("PositionFeed", () => {
  it("does nothing for a bucket that nobody watches", () => {
    const queue = new Watched();
    for (let i = 0; i < 10; i += 1) queue.arrive(false);
    queue.leave(3);
    queue.pass(5_000);
    expect([queue.events, queue.timers]).toEqual([0, 0]);
  });

  it("notifies a request that only wants its first place once, wherever it starts", () => {
    const queue = new Watched();
    queue.arrive(false);
    queue.watchStart(0);
    queue.arrive(false);
    // The second is not the last any more when it starts to follow, as one that has come back.
    queue.arrive(false);
    queue.watchStart(1);
    queue.pass(5);
    expect(queue.moves).toEqual([["1 in 1000"], ["2 in 1999"], []]);
    queue.leave(0);
    queue.pass(100);
    expect(queue.moves).toEqual([["1 in 1000"], ["2 in 1999"], []]);
  });

  it("tells a newcomer at once, and moves nobody for it", () => {
    const queue = new Watched();
    queue.arrive(true);
    queue.arrive(false);
    queue.arrive(true);
    expect(queue.moves).toEqual([["1 in 1000"], [], ["3 in 3000"]]);
    expect(queue.timers).toBe(0);
  });

  it("tells of every tick, a moment after it", () => {
    const queue = new Watched();
    for (let i = 0; i < 3; i += 1) queue.arrive(true);
    queue.pass(3_000);
    expect(queue.moves).toEqual([
      ["1 in 1000"],
      ["2 in 2000", "1 in 999"],
      ["3 in 3000", "2 in 1999", "1 in 999"],
    ]);
  });

  it("tells ten watchers of every tick of the fastest bucket", () => {
    const queue = new Watched(10);
    for (let i = 0; i < 10; i += 1) queue.arrive(true);
    queue.pass(200);
    for (const [caller, lines] of queue.moves.entries()) {
      const positions = lines.map((line) => Number(line.split(" ")[0]));
      expect(positions).toEqual(Array.from({ length: caller + 1 }, (_, gone) => caller + 1 - gone));
    }
  });

  it("makes one round of a thousand who leave one by one", () => {
    const queue = new Watched();
    for (let i = 0; i < 2_000; i += 1) queue.arrive(true);
    for (let i = 0; i < 1_000; i += 1) queue.leave(i);
    queue.pass(500);
    expect(queue.events).toBe(2_000 + 1_000);
    expect(queue.moves[1_999]).toEqual(["2000 in 2000000", "1000 in 999999"]);
  });

  it("tells about a thousand a second at most, and in the end everybody where it stands", () => {
    const queue = new Watched(10);
    for (let i = 0; i < 2_000; i += 1) queue.arrive(true);
    const atFirst = queue.events;
    queue.pass(10_000);
    expect(queue.events - atFirst).toBeLessThan(10_000 + 2 * 2_000);
    // The rest of the last pause.
    const [last] = queue.moves.slice(-1);
    queue.pass(9_000);
    expect(Number(last?.at(-1)?.split(" ")[0])).toBeLessThan(200);
  });

  it("waits for no clock that has been set back", () => {
    const queue = new Watched();
    for (let i = 0; i < 5; i += 1) queue.arrive(true);
    queue.leave(0);
    queue.pass(1);
    queue.clock.jump(-3_600_000);
    queue.leave(1);
    queue.pass(20);
    expect(queue.moves[4]?.map((line) => line.split(" ")[0])).toEqual(["5", "4", "3"]);
  });

  it("tells a second request of a place, and the first nothing anew", () => {
    const queue = new Watched();
    queue.arrive(true);
    queue.arrive(false);
    queue.watch(0);
    queue.pass(1);
    expect(queue.moves[0]).toEqual(["1 in 1000", "1 in 999"]);
  });
});
