import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { BucketPlatform, BucketRecord } from "../../src/bucket/platform.ts";

import { Policy } from "../../src/core/policy.ts";
import { WakeTimer } from "../../src/bucket/wake-timer.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { SteadyClock } from "../../src/bucket/steady-clock.ts";
import { timeZones } from "../../src/time-zones.ts";

const START_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

/** A machine: its clock, and the runtime's clock and timers in one instance, as measured on workerd. */
class Machine {
  wallMs = START_MS;
  stops = 0;
  #seenMs = 0;
  #steadyMs = 0;
  #timers: { readonly dueAtMs: number; readonly callback: () => void }[] = [];

  readonly source = {
    now: (): number => {
      this.#seenMs = Math.max(this.#seenMs, this.wallMs);
      return this.#seenMs;
    },
    wallNow: (): number => this.wallMs,
    setTimer: (callback: () => void, delayMs: number): (() => void) => {
      const lateMs = this.source.now() - this.wallMs;
      const timer = { dueAtMs: this.#steadyMs + lateMs + delayMs, callback };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
    stopped: (): void => {
      this.stops += 1;
    },
  };

  /** Lets time pass, and timers fire. */
  pass(ms: number): void {
    for (let step = 0; step < ms; step += 1) {
      this.wallMs += 1;
      this.#steadyMs += 1;
      const due = this.#timers.filter(({ dueAtMs }) => dueAtMs <= this.#steadyMs);
      this.#timers = this.#timers.filter(({ dueAtMs }) => dueAtMs > this.#steadyMs);
      for (const { callback } of due) callback();
    }
  }

  /** The object ends, and begins anew: nothing is left of what it has seen, and of its timers. */
  restart(): void {
    this.stops = 0;
    this.#seenMs = 0;
    this.#timers = [];
  }
}

describe("SteadyClock", () => {
  it("shows the machine's clock while nobody sets it", () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine.source);
    for (const ms of [0, 1, 999, 100_000]) {
      machine.pass(ms);
      expect(clock.now()).toBe(machine.wallMs);
    }
    expect(clock.aheadMs).toBe(0);
  });

  it("catches up with a clock that leaps forward, as after a suspend", () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine.source);
    machine.wallMs += HOUR_MS;
    expect(clock.now()).toBe(START_MS + HOUR_MS);
    expect(machine.stops).toBe(0);
  });

  it("goes on where a clock does that goes back", () => {
    let nowMs = START_MS;
    const machine = new Machine();
    const clock = new SteadyClock({ ...machine.source, now: () => nowMs });
    nowMs -= 30_000;
    expect(clock.now()).toBe(START_MS);
    nowMs += 700;
    expect(clock.now()).toBe(START_MS + 700);
    // Right again: what it was ahead by is gone, and no time has been added.
    nowMs += 29_500;
    expect(clock.now()).toBe(START_MS + 700);
    expect(clock.aheadMs).toBe(500);
  });

  it("goes on where the instance before it was, and heals while nobody asks", () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine.source);
    clock.notBefore(START_MS + 5_000);
    for (let i = 1; i <= 3; i += 1) {
      machine.pass(1_000);
      expect(clock.now()).toBe(START_MS + 5_000 + i * 1_000);
    }
    machine.pass(3_000);
    expect(clock.now()).toBe(START_MS + 8_000);
    machine.pass(10_000);
    expect(clock.now()).toBe(machine.wallMs);
  });

  it("ends the instance before a timer is set that would be late", () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine.source);
    clock.setTimer(() => undefined, 1_000);
    machine.wallMs -= 200;
    clock.setTimer(() => undefined, 1_000);
    expect(machine.stops).toBe(0);
    machine.wallMs -= 100;
    clock.setTimer(() => undefined, 1_000);
    expect(machine.stops).toBe(1);
  });

  it("ends one that sets no timers, too, once its clock is seen to stand still", () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine.source);
    machine.pass(1);
    clock.now();
    machine.wallMs -= HOUR_MS;
    for (let i = 0; i < 4; i += 1) clock.now();
    expect(machine.stops).toBe(1);
  });

  it("leaves the machine's clock alone where it can't be had", () => {
    const machine = new Machine();
    const clock = new SteadyClock({ ...machine.source, wallNow: undefined });
    clock.now();
    machine.wallMs -= HOUR_MS;
    clock.setTimer(() => undefined, 1);
    for (let i = 0; i < 100; i += 1) expect(clock.now()).toBe(START_MS);
    expect(machine.stops).toBe(0);
  });
});

it("WakeTimer looks at the clock once a second while somebody waits", () => {
  const machine = new Machine();
  const storage = { setAlarm: async () => undefined, deleteAlarm: async () => undefined };
  const looksAtMs: number[] = [];
  const wakeAtMs = START_MS + 60_000;
  const daemon: WakeTimer = new WakeTimer(storage, new SteadyClock(machine.source), () => {
    looksAtMs.push(machine.wallMs - START_MS);
    daemon.arm(wakeAtMs, machine.wallMs);
  });
  daemon.arm(wakeAtMs, machine.wallMs);
  machine.pass(3_500);
  expect(looksAtMs).toEqual([1_000, 2_000, 3_000]);
  daemon.arm(undefined, machine.wallMs);
  machine.pass(5_000);
  expect(looksAtMs).toHaveLength(3);
});

describe("BucketHost on a machine whose clock is set", () => {
  const configured = {
    name: "*",
    ...Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON(),
  };

  /** A bucket whose object begins anew where its clock is of no use, and who was granted, and when. */
  class Bucket {
    readonly grantedAfterMs: number[] = [];
    readonly #machine: Machine;
    #host: BucketHost;
    #record: BucketRecord | undefined;
    #waiting: { readonly arrivedAtMs: number; readonly settle: (answer: AcquireAnswer) => void }[] =
      [];
    #passedMs = 0;

    constructor(machine: Machine) {
      this.#machine = machine;
      this.#host = new BucketHost(this.#platform());
    }

    acquire(): void {
      const entry = {
        arrivedAtMs: this.#passedMs + this.#waiting.length / 1_000,
        settle: (answer: AcquireAnswer): void => {
          this.#waiting = this.#waiting.filter((other) => other !== entry);
          if (answer.kind === "outcome" && answer.outcome.ok) {
            this.grantedAfterMs.push(this.#passedMs);
          }
        },
      };
      this.#waiting.push(entry);
      this.#host.acquire(
        { bucket: "a", policy: configured, tokens: 1 },
        { answered: entry.settle },
      );
    }

    /** Lets time pass; an object that has ended begins anew, and gets back those who waited. */
    pass(ms: number): void {
      for (let step = 0; step < ms; step += 1) {
        this.#passedMs += 1;
        this.#machine.pass(1);
        if (this.#machine.stops === 0) continue;
        this.#machine.restart();
        this.#host = new BucketHost(this.#platform());
        for (const { arrivedAtMs, settle } of this.#waiting) {
          const requeued = { arrivedAtMs, elapsedMs: 0 };
          this.#host.acquire(
            { bucket: "a", policy: configured, tokens: 1, requeued },
            { answered: settle },
          );
        }
      }
    }

    #platform(): BucketPlatform {
      return {
        clock: new SteadyClock(this.#machine.source),
        alarms: { setAlarm: async () => undefined, deleteAlarm: async () => undefined },
        disk: {
          read: () => this.#record,
          write: (record) => {
            this.#record = record;
          },
          keyedGrants: {
            list: () => [],
            put: () => undefined,
            earlier: { list: () => [], delete: () => undefined },
          },
          ticketSecret: { read: () => undefined, write: () => undefined },
          removedCallers: { read: () => undefined, write: () => undefined },
          grantRows: { list: () => [], put: () => undefined },
          erase: async () => undefined,
        },
        timeZones,
        newId: () => crypto.randomUUID(),
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        abort: () => undefined,
      };
    }
  }

  for (const byMs of [-30_000, -HOUR_MS]) {
    for (const forMs of [1_000, 20_000]) {
      it(`${byMs} ms for ${forMs} ms: four who wait are granted in turn, and none too soon`, () => {
        const machine = new Machine();
        const bucket = new Bucket(machine);
        for (let i = 0; i < 5; i += 1) bucket.acquire();
        bucket.pass(100);
        machine.wallMs += byMs;
        bucket.pass(forMs);
        machine.wallMs -= byMs;
        bucket.pass(10_000);
        const { grantedAfterMs } = bucket;
        expect(grantedAfterMs).toHaveLength(5);
        expect(grantedAfterMs.at(-1)).toBeLessThan(7_000);
        const gaps = grantedAfterMs.slice(1).map((ms, i) => ms - Number(grantedAfterMs[i]));
        // A daemon that was late is followed by the next tick, on the grid: no two in less than the rest.
        expect(Math.min(...gaps)).toBeGreaterThan(500);
      });
    }
  }

  it("an hour ahead for a second: goes on at once when the clock is right again", () => {
    const machine = new Machine();
    const bucket = new Bucket(machine);
    bucket.acquire();
    machine.wallMs += HOUR_MS;
    bucket.acquire();
    bucket.pass(1_000);
    machine.wallMs -= HOUR_MS;
    for (let i = 0; i < 3; i += 1) bucket.acquire();
    bucket.pass(6_000);
    expect(bucket.grantedAfterMs).toHaveLength(5);
  });
});
