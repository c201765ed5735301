/**
 * One limit as its owner drives it: time passes before each verb, nobody takes what isn't there, and loans
 * are ended by the instant at which they end. It can be forked at any point, so that a law can compare
 * two ways to go on.
 */
import * as fc from "fast-check";

import type { LentSum } from "../../src/core/limits/lent-tokens.ts";
import type { Limit, LimitKind, LimitFields } from "../../src/core/limits/limit.ts";

import { epochMs } from "./limiters.ts";

/** What time, callers and an administrator do to a limit. Numbers are folded into what is possible. */
export type LimitStep<Fields extends LimitFields> =
  | { readonly kind: "pass"; readonly ms: number }
  /** An instant that is over comes in. */
  | { readonly kind: "past"; readonly ms: number }
  | { readonly kind: "take"; readonly tokens: number }
  | { readonly kind: "lend"; readonly tokens: number; readonly ms: number }
  | {
      readonly kind: "endLoan";
      readonly pick: number;
      readonly spent: number;
      readonly returned: number;
    }
  | { readonly kind: "pause"; readonly ms: number; readonly tokens: number }
  | { readonly kind: "resume" }
  | { readonly kind: "reconfigure"; readonly fields: Fields };

type StepKind = LimitStep<LimitFields>["kind"];

/** What has happened to a limit since it started. */
export interface LimitPast<Fields extends LimitFields> {
  readonly fields: Fields;
  readonly steps: readonly LimitStep<Fields>[];
}

/** A step, of one of these kinds. */
export function anyLimitStep<Fields extends LimitFields>(
  anyFields: fc.Arbitrary<Fields>,
  kinds: readonly StepKind[] = Object.keys(weights).filter(isStepKind),
): fc.Arbitrary<LimitStep<Fields>> {
  const arbitraries: { readonly [Kind in StepKind]: fc.Arbitrary<object> } = {
    pass: fc.record({ ms: anyMs }),
    past: fc.record({ ms: fc.integer({ min: 1, max: 200 }) }),
    take: fc.record({ tokens: anyAmount }),
    lend: fc.record({ tokens: anyAmount, ms: anyLoanMs }),
    endLoan: fc.record({ pick: fc.nat(9), spent: fc.nat(8), returned: fc.nat(8) }),
    pause: fc.record({ ms: fc.nat(200), tokens: fc.oneof(fc.constant(0), fc.nat(12)) }),
    resume: fc.record({}),
    reconfigure: fc.record({ fields: anyFields }),
  };
  const weighted = kinds.map((kind) => ({
    weight: weights[kind],
    arbitrary: arbitraries[kind].map((step) => Object.assign(step, { kind }) as LimitStep<Fields>),
  }));
  return fc.oneof(...weighted);
}

const weights = {
  pass: 8,
  past: 1,
  take: 8,
  lend: 4,
  endLoan: 3,
  pause: 1,
  resume: 1,
  reconfigure: 1,
};

function isStepKind(kind: string): kind is StepKind {
  return kind in weights;
}

/** Often less than what brings tokens takes, and now and then longer. */
export const anyMs = fc.oneof(fc.nat(30), fc.nat(120), fc.constantFrom(10, 25, 40, 100, 1_000));
export const anyLoanMs = fc.integer({ min: 1, max: 150 });
/** One less than a multiple of 1 to 12, so that it folds into all there is. */
const ALL = 27_719;
/** To be folded into what there is. */
export const anyAmount = fc.oneof(fc.nat(59), fc.constant(ALL));

/** All that a limit shows of itself, `msUntil` of small amounts included. */
interface LimitView extends Pick<
  Limit,
  | "capacity"
  | "tokens"
  | "startedAtMs"
  | "reachedAtMs"
  | "nextGainAtMs"
  | "pausedUntilMs"
  | "pausedTokens"
> {
  readonly lent: readonly LentSum[] | undefined;
  readonly msUntil: readonly number[];
}

export class DrivenLimit<Fields extends LimitFields> {
  readonly kind: LimitKind<Fields>;
  readonly limit: Limit;
  fields: Fields;
  nowMs: number;
  /** When loans end or have ended, in the order in which they were given. */
  readonly #ends: number[];

  private constructor(
    kind: LimitKind<Fields>,
    limit: Limit,
    from: { readonly fields: Fields; readonly nowMs: number; readonly ends: readonly number[] },
  ) {
    this.kind = kind;
    this.limit = limit;
    this.fields = from.fields;
    this.nowMs = from.nowMs;
    this.#ends = [...from.ends];
  }

  /** A limit as it is after what has happened to it. */
  static after<Fields extends LimitFields>(
    kind: LimitKind<Fields>,
    { fields, steps }: LimitPast<Fields>,
  ): DrivenLimit<Fields> {
    const limit = kind.start(fields, epochMs);
    const driven = new DrivenLimit(kind, limit, { fields, nowMs: epochMs, ends: [] });
    for (const step of steps) driven.play(step);
    return driven;
  }

  /** Another one of the same state, by default through `copy`. */
  fork(limit = this.limit.copy()): DrivenLimit<Fields> {
    return new DrivenLimit(this.kind, limit, {
      fields: this.fields,
      nowMs: this.nowMs,
      ends: this.#ends,
    });
  }

  /** Another one of the same state, through JSON text. */
  reread(): DrivenLimit<Fields> {
    return this.fork(this.kind.restore(this.fields, JSON.parse(JSON.stringify(this.limit))));
  }

  /** Tokens that are out. */
  get lentTokens(): number {
    return this.limit.lent?.tokens ?? 0;
  }

  /** Whether tokens returned now are put aside or lost. */
  get isPaused(): boolean {
    return this.limit.pausedUntilMs !== undefined;
  }

  play(step: LimitStep<Fields>): void {
    switch (step.kind) {
      case "pass":
        return this.passTo(this.nowMs + step.ms);
      case "past":
        return this.limit.advance(this.nowMs - step.ms);
      case "take":
        this.take(step.tokens);
        return;
      case "lend":
        this.lend(step.tokens, step.ms);
        return;
      case "endLoan": {
        const untilMs = this.#ends[step.pick % Math.max(1, this.#ends.length)];
        if (untilMs !== undefined) this.limit.endLoan(untilMs, step.spent, step.returned);
        return;
      }
      case "pause":
        this.limit.pause(this.nowMs + step.ms, step.tokens, this.nowMs);
        return;
      case "resume":
        this.limit.resume(this.nowMs);
        return;
      case "reconfigure":
        this.limit.reconfigure(step.fields, this.nowMs);
        this.fields = step.fields;
    }
  }

  passTo(atMs: number): void {
    this.limit.advance(atMs);
    this.nowMs = atMs;
  }

  /** Waits until `tokens` are there, if time brings them. */
  passUntil(tokens: number): void {
    const ms = this.limit.msUntil(tokens, this.nowMs);
    if (ms > 0 && ms < Infinity) this.passTo(this.nowMs + ms);
  }

  /** Takes some of what is there, at most `most`, and returns how many. */
  take(drawn: number, most = Infinity): number {
    const tokens = fold(drawn, Math.min(most, this.limit.tokens));
    if (tokens > 0) this.limit.take(tokens);
    return tokens;
  }

  /** Lets out what there is room for beside what is out already, there or not; 0 if there is no room. */
  lend(drawn: number, ms: number): number {
    const tokens = fold(drawn, this.limit.capacity - this.lentTokens);
    if (tokens === 0) return 0;
    this.limit.lend(tokens, this.nowMs + ms);
    this.#ends.push(this.nowMs + ms);
    return tokens;
  }

  view(): LimitView {
    const { capacity, tokens, startedAtMs, reachedAtMs, nextGainAtMs } = this.limit;
    const { pausedUntilMs, pausedTokens } = this.limit;
    const amounts = Array.from({ length: Math.min(capacity, 12) }, (_, index) => index + 1);
    return {
      capacity,
      tokens,
      startedAtMs,
      reachedAtMs,
      nextGainAtMs,
      pausedUntilMs,
      pausedTokens,
      lent: this.limit.lent?.toJSON(),
      msUntil: amounts.map((amount) => this.limit.msUntil(amount, this.nowMs)),
    };
  }
}

/** Maps a drawn number to 1…`most`; 0 if `most` is below 1. */
export function fold(drawn: number, most: number): number {
  return most < 1 ? 0 : 1 + (drawn % most);
}
