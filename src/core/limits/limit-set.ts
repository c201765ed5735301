/**
 * The limits of one bucket as one: everything is taken of all of them at one instant, or nothing is. See
 * limit.ts for why promises survive that.
 *
 * Nearly all buckets have one limit. It is kept apart from the others (further-limits.ts), so such a bucket
 * pays a check for `undefined` and no loop.
 */
import type { Cost, LimitGrant } from "./cost.ts";
import type { ClosedForm, Limit, LimitFields, LimitKind, LimitSpec, LimitState } from "./limit.ts";

import { lacks, msUntilHas, tokensOf } from "./cost.ts";
import { FurtherLimits } from "./further-limits.ts";

/**
 * All limits of one bucket.
 *
 * @example
 * const limits = LimitSet.start(policy.limits, 0);
 * limits.tryTake(1); // true, if each of them has one
 * limits.availableAt(1); // when each of them has another one
 */
export class LimitSet {
  #specs: readonly LimitSpec[];
  #first: Limit;
  /** `undefined` if there is one limit. */
  #others: FurtherLimits | undefined;

  private constructor(
    specs: readonly LimitSpec[],
    first: Limit,
    others: FurtherLimits | undefined,
  ) {
    this.#specs = specs;
    this.#first = first;
    this.#others = others;
  }

  static #of(specs: readonly LimitSpec[], limits: readonly Limit[]): LimitSet {
    const { first, others } = split(limits);
    return new LimitSet(specs, first, others);
  }

  /**
   * Limits that start now, epoch milliseconds.
   *
   * @throws {RangeError} If there is no spec.
   */
  static start(specs: readonly LimitSpec[], nowMs: number): LimitSet {
    const limits = specs.map(({ kind, fields }) => kind.start(fields, nowMs));
    return LimitSet.#of(specs, limits);
  }

  /**
   * The limits that `toJSON` described.
   *
   * @throws {RangeError} If there is no state for one of the specs, or more states than specs, or a
   * limit can't be in its state.
   */
  static restore(specs: readonly LimitSpec[], states: readonly LimitState[]): LimitSet {
    if (states.length !== specs.length) {
      throw new RangeError(`Cannot restore ${specs.length} limits from ${states.length} states`);
    }
    const limits = specs.map(({ kind, fields }, index) => {
      const state = states[index];
      if (state?.kind === kind.name) return kind.restore(fields, state);
      throw new RangeError(`Cannot restore a limit of kind ${kind.name} from ${state?.kind}`);
    });
    return LimitSet.#of(specs, limits);
  }

  /** What each limit was made from, in order. */
  get specs(): readonly LimitSpec[] {
    return this.#specs;
  }

  /** The first limit, which every bucket has: its flat fields, and the one that is lent from. */
  get first(): Limit {
    return this.#first;
  }

  /** All limits, in order. */
  get all(): readonly Limit[] {
    return this.#others ? [this.#first, ...this.#others.all] : [this.#first];
  }

  /** The further limits with their names, in order; `undefined` if there are none. */
  get further(): readonly (readonly [string, Limit])[] | undefined {
    return this.#others?.all.map(
      (limit, index) => [this.#specs[index + 1]?.name ?? "", limit] as const,
    );
  }

  /** See `Limit`; `undefined` for several limits, whose order of waiters decides. */
  get closedForm(): ClosedForm | undefined {
    return this.#others ? undefined : this.#first.closedForm;
  }

  /** The last instant that counts, epoch milliseconds: the latest of all limits. */
  get reachedAtMs(): number {
    const { reachedAtMs } = this.#first;
    return this.#others ? this.#others.latestOf(reachedAtMs) : reachedAtMs;
  }

  /**
   * An instant that is known to have passed, epoch milliseconds. During a pause that is the start, since
   * nothing has come in that would show more.
   */
  get passedAtMs(): number {
    const { startedAtMs, pausedUntilMs } = this.#first;
    return pausedUntilMs === undefined ? this.reachedAtMs : startedAtMs;
  }

  /** Whether nothing is out. */
  get isWhole(): boolean {
    return this.#first.held === undefined && !this.#others?.all.some(({ held }) => held);
  }

  /**
   * The instant of what happens now, epoch milliseconds. If the clock jumps back behind the last instant
   * that the limits had reached, time stands still there, for this and every later instance, so no token
   * is granted at an instant before it came in.
   */
  instantOf(nowMs: number): number {
    return Math.max(nowMs, this.reachedAtMs);
  }

  /** Lets time pass up to and including `nowMs`, epoch milliseconds. */
  advance(nowMs: number): void {
    this.#first.advance(nowMs);
    if (this.#others) this.#others.advance(nowMs);
  }

  /** Whether the limits can ever have `cost` at one instant. */
  fits(cost: Cost): boolean {
    if (tokensOf(cost, 0) > this.#first.capacity) return false;
    return this.#others === undefined || this.#others.fits(cost);
  }

  /** Whether `cost` is there now. Nothing is always there, even if a limit is below 0. */
  has(cost: Cost): boolean {
    if (lacks(this.#first, tokensOf(cost, 0))) return false;
    return this.#others === undefined || this.#others.has(cost);
  }

  /** When `cost`, which fits, is there if nobody takes any, epoch milliseconds; rounded beyond 2^53. */
  availableAt(cost: Cost): number {
    const fromMs = this.#first.reachedAtMs;
    return fromMs + this.msUntil(cost, fromMs);
  }

  /**
   * How long after `fromMs` that is, in milliseconds; 0 or less if it is there now. What is there stays
   * there, so it is when the last of the limits has its part.
   */
  msUntil(cost: Cost, fromMs: number): number {
    const ms = msUntilHas(this.#first, tokensOf(cost, 0), fromMs);
    return this.#others ? this.#others.msUntil(cost, fromMs, ms) : ms;
  }

  /**
   * The names of the limits that can't ever have their part of `cost`; `undefined` if there is one limit.
   */
  namesOver(cost: Cost): readonly string[] | undefined {
    return this.#namesOf((limit, index) => tokensOf(cost, index) > limit.capacity);
  }

  /**
   * The names of the limits that don't have their part of `cost` now, and not before `atMs` is over;
   * `undefined` if there is one limit.
   */
  namesLater(cost: Cost, atMs: number): readonly string[] | undefined {
    return this.#namesOf((limit, index) => {
      const tokens = tokensOf(cost, index);
      return lacks(limit, tokens) && limit.msUntil(tokens, atMs) > 0;
    });
  }

  /** The name of the limit that has its part of `cost` last; `undefined` if there is one limit. */
  nameOfLast(cost: Cost): string | undefined {
    if (!this.#others) return undefined;
    const fromMs = this.#first.reachedAtMs;
    const lastMs = this.msUntil(cost, fromMs);
    const index = this.all.findIndex((limit, at) => {
      return msUntilHas(limit, tokensOf(cost, at), fromMs) === lastMs;
    });
    return this.#specs[index]?.name;
  }

  /** Takes `cost` and returns `true` if it is there; otherwise takes nothing and returns `false`. */
  tryTake(cost: Cost): boolean {
    const first = this.#first;
    const tokens = tokensOf(cost, 0);
    if (lacks(first, tokens) || (this.#others && !this.#others.has(cost))) return false;
    first.take(tokens);
    if (this.#others) this.#others.take(cost);
    return true;
  }

  /** Takes `cost`, which is there. */
  take(cost: Cost): void {
    this.#first.take(tokensOf(cost, 0));
    if (this.#others) this.#others.take(cost);
  }

  /**
   * Switches to other limits. One that has the same name goes on with its tokens, cut to the new capacity,
   * even if it is of another kind; one that is new starts now; one that is no longer named is gone. Returns
   * whether all of them are as many and the same as before.
   *
   * @throws {RangeError} If there is no spec.
   */
  reconfigure(specs: readonly LimitSpec[], nowMs: number): boolean {
    this.advance(nowMs);
    // Behind it, a limit that starts, or its new grid, would bring again what has come in by then.
    const startAtMs = this.instantOf(nowMs);
    const known = new Map(this.#specs.map(({ name, kind }, index) => [name, { kind, index }]));
    const limits = this.all;
    const next = specs.map(({ name, kind, fields }) => {
      const before = known.get(name);
      const limit = before && limits[before.index];
      if (!limit) return kind.start(fields, startAtMs);
      if (before.kind !== kind) return successorOf(limit, kind, fields, startAtMs);
      limit.reconfigure(fields, startAtMs);
      return limit;
    });
    const { first, others } = split(next);
    this.#specs = specs;
    this.#first = first;
    this.#others = others;
    return next.length === limits.length && next.every((limit, index) => limit === limits[index]);
  }

  /** The limits with one of these names, in order; the first limit if none are given. */
  named(names: readonly string[] = [this.#specs[0]?.name ?? ""]): Limit[] {
    return this.all.filter((_, index) => names.includes(this.#specs[index]?.name ?? ""));
  }

  /** What `cost`, which has just been taken, was of the further limits; `undefined` if there are none. */
  furtherGrants(cost: Cost): Readonly<Record<string, LimitGrant>> | undefined {
    return this.#others?.grantsOf(cost, this.#specs);
  }

  /** A second set in the same state, which shares nothing with this one. */
  copy(): LimitSet {
    return new LimitSet(this.#specs, this.#first.copy(), this.#others?.copy());
  }

  /** The state of each limit, for `restore`. */
  toJSON(): readonly LimitState[] {
    return this.all.map((limit) => limit.toJSON());
  }

  #namesOf(isMeant: (limit: Limit, index: number) => boolean): readonly string[] | undefined {
    if (!this.#others) return undefined;
    const limits = this.all;
    return this.#specs.flatMap(({ name }, index) => {
      const limit = limits[index];
      return limit && isMeant(limit, index) ? [name] : [];
    });
  }
}

function split(limits: readonly Limit[]): {
  readonly first: Limit;
  readonly others: FurtherLimits | undefined;
} {
  const [first, ...others] = limits;
  if (!first) throw new RangeError("A bucket needs a limit");
  return { first, others: others.length > 0 ? new FurtherLimits(others) : undefined };
}

/** A limit of another kind that goes on where `before` is: with its tokens, what is out of it, and its pause. */
function successorOf(
  before: Limit,
  kind: LimitKind<LimitFields>,
  fields: LimitFields,
  nowMs: number,
): Limit {
  const limit = kind.start({ ...fields, initialTokens: fields.capacity }, nowMs);
  for (const sum of before.held?.toJSON() ?? []) limit.hold(sum.tokens, sum.untilMs);
  // If more is out than there is room for, it is empty, and owes nothing: the rest is put back.
  limit.take(limit.tokens - Math.min(before.tokens, Math.max(0, limit.tokens)));
  const { pausedUntilMs } = before;
  if (pausedUntilMs !== undefined) limit.pause(pausedUntilMs, limit.capacity, nowMs);
  return limit;
}
