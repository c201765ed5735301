/**
 * What pauses promise, limit by limit: a pause stops the limits that it names and no others, and once its
 * caller has an answer it is in force until its end, or until somebody ends it.
 */
import type { LimiterView, LimitView } from "../../src/core/limiter-state.ts";
import type { Pause } from "../../src/core/pause.ts";
import type { CompletePolicyFields } from "../../src/core/policy.ts";
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { VirtualClock } from "./virtual-clock.ts";

import { FIRST, limitsOf, limitView } from "./recorded-limit.ts";

/** Where a pause was performed, and how often each of its limits had been resumed or removed by then. */
interface Performed {
  readonly life: number;
  readonly ends: ReadonlyMap<string, number>;
}

/** The bucket around a pause, or the end of one. */
export interface AroundPause {
  readonly life: number;
  /** `undefined` if nothing is written yet, or another policy came with the call. */
  readonly before: LimiterView | undefined;
  readonly after: BucketSnapshot;
  /** Whether anybody was granted in the same turn. */
  readonly hasGranted: boolean;
}

/** The pauses of one bucket. */
export class PauseBook {
  readonly #clock: VirtualClock;
  readonly #breaks: (law: string, detail: () => string) => void;
  /** How often each limit has been resumed or removed. */
  readonly #ends = new Map<string, number>();
  readonly #performed = new Map<Partial<Pause>, Performed>();
  /** The latest end of the pauses whose callers got an answer, by limit. */
  readonly #answered = new Map<string, { readonly life: number; readonly untilMs: number }>();

  constructor(clock: VirtualClock, breaks: (law: string, detail: () => string) => void) {
    this.#clock = clock;
    this.#breaks = breaks;
  }

  /** A pause has been performed; the turn isn't over. */
  performed(pause: Pause, around: AroundPause): void {
    const { life, after } = around;
    const names = namesIn(pause);
    const ends = new Map(names.map((name) => [name, this.#endsOf(name)]));
    this.#performed.set(pause, { life, ends });
    if (pause.untilMs <= this.#clock.wallMs) return;
    for (const { name } of limitsOf(after.policy)) {
      if (!names.includes(name)) this.#checkUntouched(name, around);
      else this.#checkPaused(name, pause, around);
    }
  }

  /** One that was performed by an instance that has died was repeated, and is refused by now. */
  refused(pause: Partial<Pause>): void {
    this.#performed.delete(pause);
  }

  /** The caller that paused it has its answer. */
  answered(pause: Pause): void {
    const performed = this.#performed.get(pause);
    if (!performed) return;
    const { life, ends } = performed;
    for (const [name, ended] of ends) {
      if (ended !== this.#endsOf(name)) continue;
      const earlier = this.#answered.get(name);
      const beforeMs = earlier?.life === life ? earlier.untilMs : 0;
      this.#answered.set(name, { life, untilMs: Math.max(pause.untilMs, beforeMs) });
    }
  }

  /** The pauses of the limits `names` have been ended; the turn isn't over. */
  resumed(names: readonly string[], around: AroundPause): void {
    const { before, after, hasGranted } = around;
    for (const { name } of limitsOf(after.policy)) {
      if (!names.includes(name)) {
        this.#checkUntouched(name, around);
        continue;
      }
      this.#end(name);
      const [was, is] = [before && limitView(before, name), limitView(after, name)];
      if (is?.pausedUntilMs !== undefined) {
        this.#breaks("9", () => `${name} is paused until ${is.pausedUntilMs} after a resume`);
      }
      if (hasGranted || !was) continue;
      const [least, most] = [was.tokens, was.tokens + (was.pausedTokens ?? 0)];
      // What was yet to come in by its end isn't there.
      if (Number(is?.tokens) >= least && Number(is?.tokens) <= most) continue;
      this.#breaks("9", () => `${least} to ${most} of ${name} became ${is?.tokens} by a resume`);
    }
  }

  /** Limits that a policy no longer has take their pauses with them. */
  policyChanged(before: CompletePolicyFields, after: CompletePolicyFields): void {
    const names = new Set(limitsOf(after).map(({ name }) => name));
    for (const { name } of limitsOf(before)) if (!names.has(name)) this.#end(name);
  }

  /** @param life Of the instance that shows `view`. */
  check(life: number, view: LimiterView): void {
    if (this.#clock.jumps > 0) return;
    for (const [name, { life: ofLife, untilMs }] of this.#answered) {
      const seen = limitView(view, name);
      if (ofLife !== life || !seen || this.#clock.wallMs >= untilMs) continue;
      if (Number(seen.pausedUntilMs) >= untilMs) continue;
      this.#breaks(
        "9",
        () => `${name} is paused until ${seen.pausedUntilMs}, after ${untilMs} was answered`,
      );
    }
  }

  #checkPaused(name: string, { untilMs, tokens }: Pause, around: AroundPause): void {
    const { before, after, hasGranted } = around;
    const seen = limitView(after, name);
    if (!seen) return;
    const isCalendar = limitsOf(after.policy).some((limit) => {
      return limit.name === name && limit.fields.every !== undefined;
    });
    const [was, is] = [before ? allOf(limitView(before, name)) : 0, allOf(seen)];
    if (isCalendar && !hasGranted && is < was) {
      this.#breaks("9", () => `${was} of ${name} became ${is} by a pause`);
    }
    if (seen.tokens > tokens) {
      this.#breaks("9", () => `${seen.tokens} of ${name} in a pause that keeps ${tokens}`);
    }
    if (Number(seen.pausedUntilMs) >= untilMs) return;
    this.#breaks("9", () => `${name} is paused until ${seen.pausedUntilMs}, not until ${untilMs}`);
  }

  #checkUntouched(name: string, { before, after, hasGranted }: AroundPause): void {
    const [was, is] = [before && limitView(before, name), limitView(after, name)];
    if (!was || !is) return;
    if (was.pausedUntilMs !== is.pausedUntilMs) {
      this.#breaks(
        "9",
        () => `${name} is paused until ${is.pausedUntilMs} by a call about another`,
      );
    }
    if (hasGranted || was.tokens === is.tokens) return;
    this.#breaks("9", () => `${was.tokens} of ${name} became ${is.tokens} by a call about another`);
  }

  #end(name: string): void {
    this.#ends.set(name, this.#endsOf(name) + 1);
    this.#answered.delete(name);
  }

  #endsOf(name: string): number {
    return this.#ends.get(name) ?? 0;
  }
}

/** What is there, and what is when a pause ends. */
function allOf(seen: LimitView | undefined): number {
  return (seen?.tokens ?? 0) + (seen?.pausedTokens ?? 0);
}

/** The limits that a pause names. */
export function namesIn({ limits = [FIRST] }: Partial<Pause>): readonly string[] {
  return limits;
}
