/** When tokens come in, and how many: at equal distances, or at a calendar's boundaries. */
import type { CompleteLimitFields } from "../../src/core/limits/kinds.ts";
import type { Boundaries } from "./boundaries.ts";
import type { ZoneTables } from "./zone-tables.ts";

/** The ticks of one limit, by number. */
export class Ticks {
  readonly #fields: CompleteLimitFields;
  readonly #startedAtMs: number;
  readonly #boundaries: Boundaries | undefined;

  constructor(fields: CompleteLimitFields, startedAtMs: number, zones: ZoneTables) {
    this.#fields = fields;
    this.#startedAtMs = startedAtMs;
    this.#boundaries = fields.every === undefined ? undefined : zones.boundariesOf(fields);
  }

  /** The last tick that has fallen by an instant. */
  at(atMs: number): number {
    if (this.#boundaries) return this.#boundaries.numberAt(atMs);
    return Math.floor((atMs - this.#startedAtMs) / this.#intervalMs);
  }

  timeOf(tick: number): number {
    if (this.#boundaries) return this.#boundaries.timeOf(tick);
    return this.#startedAtMs + tick * this.#intervalMs;
  }

  /** What comes in after `tick`, up to and including `lastTick`: boundaries that coincide are one. */
  tokensBetween(tick: number, lastTick: number): number {
    const { capacity, refillTokens } = this.#fields;
    if (refillTokens !== undefined) return Math.max(0, lastTick - tick) * refillTokens;
    let tokens = 0;
    // A few of them fill whatever was owed.
    for (let number = Math.max(tick + 1, lastTick - 3); number <= lastTick; number += 1) {
      if (number === lastTick || this.timeOf(number) !== this.timeOf(number + 1))
        tokens += capacity;
    }
    return tokens;
  }

  get #intervalMs(): number {
    return this.#fields.refillIntervalMs ?? Number.NaN;
  }
}
