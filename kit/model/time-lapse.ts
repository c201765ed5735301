/**
 * A kind of limit whose time passes a minute in each millisecond, so that laws that are drawn in
 * milliseconds see hours, days and months go by. Instants inside are whole minutes, so none is rounded.
 */
import type { LentSum } from "../../src/core/limits/lent-tokens.ts";
import type {
  ClosedForm,
  Limit,
  LimitFields,
  LimitKind,
  LimitState,
} from "../../src/core/limits/limit.ts";

import { LentTokens } from "../../src/core/limits/lent-tokens.ts";
import { epochMs } from "./limiters.ts";

const PACE = 60_000;
/** What the clock shows inside at `epochMs`: twelve hours before a Monday that is the first of a month. */
export const lapseEpochMs = Date.UTC(2027, 0, 31, 12);

/** `kind`, in time lapse. */
export function timeLapse<Fields extends LimitFields>(kind: LimitKind<Fields>): LimitKind<Fields> {
  return {
    ...kind,
    start: (fields, nowMs) => new LapsedLimit(kind.start(fields, inside(nowMs))),
    restore: (fields, state) => new LapsedLimit(kind.restore(fields, state)),
    maxGranted: (fields, windowMs) => kind.maxGranted(fields, windowMs * PACE),
  };
}

function inside(ms: number): number {
  return lapseEpochMs + (ms - epochMs) * PACE;
}

function outside(ms: number): number {
  return epochMs + (ms - lapseEpochMs) / PACE;
}

class LapsedLimit implements Limit {
  readonly #inner: Limit;

  constructor(inner: Limit) {
    this.#inner = inner;
  }

  get capacity(): number {
    return this.#inner.capacity;
  }

  get tokens(): number {
    return this.#inner.tokens;
  }

  get missing(): number {
    return this.#inner.missing;
  }

  get lent(): LentTokens | undefined {
    const sums = this.#inner.lent?.toJSON();
    return sums && new LentTokens(sums.map(sumOutside));
  }

  get startedAtMs(): number {
    return outside(this.#inner.startedAtMs);
  }

  get reachedAtMs(): number {
    return outside(this.#inner.reachedAtMs);
  }

  get nextGainAtMs(): number {
    return outside(this.#inner.nextGainAtMs);
  }

  get pausedUntilMs(): number | undefined {
    const untilMs = this.#inner.pausedUntilMs;
    return untilMs === undefined ? undefined : outside(untilMs);
  }

  get pausedTokens(): number {
    return this.#inner.pausedTokens;
  }

  get closedForm(): ClosedForm | undefined {
    return this.#inner.closedForm;
  }

  advance(nowMs: number): void {
    this.#inner.advance(inside(nowMs));
  }

  msUntil(tokens: number, fromMs: number): number {
    return this.#inner.msUntil(tokens, inside(fromMs)) / PACE;
  }

  take(tokens: number): void {
    this.#inner.take(tokens);
  }

  giveBack(tokens: number): number {
    return this.#inner.giveBack(tokens);
  }

  lend(tokens: number, untilMs: number): void {
    this.#inner.lend(tokens, inside(untilMs));
  }

  endLoan(untilMs: number, spent: number, returned: number): void {
    this.#inner.endLoan(inside(untilMs), spent, returned);
  }

  pause(untilMs: number, tokens: number, nowMs: number): boolean {
    return this.#inner.pause(inside(untilMs), tokens, inside(nowMs));
  }

  resume(nowMs: number): boolean {
    return this.#inner.resume(inside(nowMs));
  }

  reconfigure(fields: unknown, nowMs: number): void {
    this.#inner.reconfigure(fields, inside(nowMs));
  }

  copy(): Limit {
    return new LapsedLimit(this.#inner.copy());
  }

  toJSON(): LimitState {
    return this.#inner.toJSON();
  }
}

function sumOutside({ untilMs, tokens }: LentSum): LentSum {
  return { untilMs: outside(untilMs), tokens };
}
