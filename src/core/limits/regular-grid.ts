/** A grid whose ticks fall at equal distances. */
import type { Grid } from "./grid.ts";

/** Ticks at equal distances: tick `k` falls on `startedAtMs + k × intervalMs`. */
export class RegularGrid implements Grid {
  readonly #startedAtMs: number;
  readonly #intervalMs: number;

  constructor(startedAtMs: number, intervalMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#intervalMs = intervalMs;
  }

  timeOf(tick: number): number {
    return this.#startedAtMs + tick * this.#intervalMs;
  }

  tickAt(atMs: number): number {
    return Math.floor((atMs - this.#startedAtMs) / this.#intervalMs);
  }

  tickBefore(atMs: number): number {
    return Math.ceil((atMs - this.#startedAtMs) / this.#intervalMs) - 1;
  }

  msUntil(tick: number, fromMs: number): number {
    return this.#startedAtMs - fromMs + tick * this.#intervalMs;
  }

  after(tick: number, times: number): number {
    return tick + times;
  }

  tokensBetween(tick: number, lastTick: number, refillTokens: number): number {
    return (lastTick - tick) * refillTokens;
  }
}
