/** Many holders that die, in virtual time: a host, its disk, and nothing that a holder does. */
import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy } from "../../src/core/policy.ts";

const max = 540;
const ttlMs = 60_000;
const everybody = Array.from({ length: max }, (_, number) => number);
const crowded = {
  capacity: 2_000,
  refillTokens: 2_000,
  refillIntervalMs: 1_000,
  maxWaitMs: 600_000,
  concurrency: { max, ttlMs },
};

/** A platform whose timers and alarm go off when their time has come. */
class TimedPlatform extends MemoryPlatform {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  override readonly clock = {
    now: () => this.nowMs,
    setTimer: (callback: () => void, delayMs: number) => {
      const timer = { atMs: this.nowMs + delayMs, callback };
      this.#timers.add(timer);
      return () => void this.#timers.delete(timer);
    },
  };

  /** Time passes, timer by timer. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].toSorted((one, other) => one.atMs - other.atMs);
      if (!next || next.atMs > untilMs) break;
      this.#timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = untilMs;
  }

  /** The process dies, and its timers with it. */
  die(): void {
    this.#timers.clear();
  }
}

/** A bucket of many permits, and those who want one. */
class Crowd {
  readonly platform = new TimedPlatform();
  readonly configured = { name: "*", ...Policy.of(crowded).toJSON() };
  host = new BucketHost(this.platform);
  /** Who was granted, in that order. */
  readonly granted: { number: number; grantedAtMs: number; fence: number }[] = [];

  acquire(number: number, call: Partial<AcquireCall> = {}): void {
    const answered = (answer: AcquireAnswer): void => {
      if (answer.kind !== "outcome" || !answer.outcome.ok) throw new Error(answer.kind);
      const { grantedAtMs, permit } = answer.outcome;
      this.granted.push({ number, grantedAtMs, fence: permit?.fence ?? 0 });
    };
    this.host.acquire({ bucket: "x", policy: this.configured, tokens: 1, ...call }, { answered });
  }

  /** As many as there are permits, a tenth of a second apart, and nobody hears from them again. */
  letAllDie(): void {
    for (let number = 0; number < max; number += 1) {
      this.acquire(number);
      this.platform.pass(100);
    }
    this.granted.length = 0;
  }

  kill(): void {
    this.platform.die();
    this.host = new BucketHost(this.platform);
  }

  get permits() {
    return this.host.inspect("x", this.configured).permits;
  }
}

describe("540 holders that die without a word", () => {
  it("lose their permits after ttlMs, which serves everybody who waits, in order", () => {
    const crowd = new Crowd();
    const { platform } = crowd;
    const startedAtMs = platform.nowMs;
    crowd.letAllDie();
    for (const number of everybody) crowd.acquire(number);
    expect([crowd.permits?.held, crowd.host.waiters]).toEqual([max, max]);
    while (crowd.host.waiters > 0 && platform.nowMs < startedAtMs + 10 * ttlMs) {
      platform.pass(100);
      crowd.host.alarm();
    }
    // Each at the instant at which a permit comes back.
    const { granted } = crowd;
    expect(granted.map(({ number, grantedAtMs }) => [number, grantedAtMs])).toEqual(
      everybody.map((number) => [number, startedAtMs + ttlMs + number * 100]),
    );
    const fences = granted.map(({ fence }) => fence);
    expect(fences).toEqual([...new Set(fences)].toSorted((one, other) => one - other));
    platform.pass(ttlMs);
    expect(crowd.permits).toEqual({ max, held: 0 });
  });

  it("lose them no later if the process is killed, and those who wait come back", () => {
    const crowd = new Crowd();
    const { platform } = crowd;
    crowd.letAllDie();
    const diedAtMs = platform.nowMs;
    crowd.kill();
    for (const number of everybody) {
      crowd.acquire(number, { requeued: { arrivedAtMs: diedAtMs - max + number, elapsedMs: max } });
    }
    platform.pass(5_000);
    expect([crowd.permits?.held, crowd.host.waiters]).toEqual([max, max]);
    platform.pass(ttlMs - 5_000);
    crowd.host.alarm();
    expect(crowd.granted.map(({ number }) => number)).toEqual(everybody);
    expect(crowd.permits?.held).toBe(max);
    platform.pass(ttlMs);
    expect(crowd.permits).toEqual({ max, held: 0 });
  });
});
