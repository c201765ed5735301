/**
 * A limit and everybody who grants from it: its instance, instances that were replaced and live on, and
 * the holders of what is out. The instance writes ahead as core/write-ahead.ts does, dies at any point
 * between two writes, and is restored from what is written.
 *
 * What this keeps is a list of everything that was granted, and when, to be compared with the most that the
 * kind says it gives.
 */
import * as fc from "fast-check";

import type { Limit, LimitKind, LimitFields } from "../../src/core/limits/limit.ts";

import { anyAmount, anyLoanMs, anyMs, fold } from "./driven-limit.ts";
import { epochMs } from "./limiters.ts";

type StepKind =
  | "pass"
  /** The clock is set back. */
  | "jump"
  /** The instance grants. */
  | "grant"
  /** One that was replaced grants what is left of its batch. */
  | "grant by the old"
  | "lend"
  /** A holder grants some of what it holds. */
  | "grant from a hold"
  | "settle"
  | "pause"
  | "resume"
  | "reconfigure"
  | "crash"
  /** Another instance takes over, and the old one doesn't hear of it. */
  | "move";

/** One step; what a kind of step has no use for is ignored. */
export interface GrantStep<Fields extends LimitFields> {
  readonly kind: StepKind;
  readonly tokens: number;
  readonly ms: number;
  readonly fields: Fields;
}

const weights: { readonly [Kind in StepKind]: number } = {
  pass: 16,
  jump: 1,
  grant: 10,
  "grant by the old": 4,
  lend: 3,
  "grant from a hold": 6,
  settle: 2,
  pause: 1,
  resume: 1,
  reconfigure: 1,
  crash: 1,
  move: 2,
};
const kinds = Object.keys(weights) as StepKind[];

/** Long enough for batches to be used up, and for instances to be replaced. */
export function anyGrantHistory<Fields extends LimitFields>(
  anyFields: fc.Arbitrary<Fields>,
): fc.Arbitrary<GrantStep<Fields>[]> {
  const anyKind = fc.oneof(
    ...kinds.map((kind) => ({ weight: weights[kind], arbitrary: fc.constant(kind) })),
  );
  const anyStep = fc.record({
    kind: anyKind,
    tokens: anyAmount,
    ms: fc.oneof(anyMs, anyLoanMs),
    fields: anyFields,
  });
  return fc.array(anyStep, { minLength: 20, maxLength: 60, size: "max" });
}

/** How an instance writes ahead. */
export interface Batching {
  /** To be folded into what there is room for. */
  readonly tokens: number;
  readonly ms: number;
}

export const anyBatching: fc.Arbitrary<Batching> = fc.record({ tokens: anyAmount, ms: anyLoanMs });

interface Instance {
  readonly limit: Limit;
  /** What it may grant before it writes, and until when. */
  remaining: number;
  untilMs: number;
}

/** Tokens that somebody holds. */
interface Hold {
  readonly untilMs: number;
  remaining: number;
  spent: number;
}

interface Granted {
  readonly tokens: number;
  readonly atMs: number;
}

/** From an instant on, other fields are in force. */
interface Change<Fields> {
  /** By what time has really passed. */
  readonly atMs: number;
  readonly fields: Fields;
}

export class GrantedWindows<Fields extends LimitFields> {
  /** By what time has really passed, which is what the clocks of holders show. */
  readonly #granted: Granted[] = [];
  /** What the instance granted, by its clock, since the fields were last changed. */
  #grantedByClock: Granted[] = [];
  /** Windows by that clock, up to then. */
  readonly #tooFullByClock: string[] = [];
  /** Grants that a single limit couldn't have given to all of them; tells little once the clock jumps. */
  readonly unpaid: string[] = [];
  /** A limit from which all of them take what they grant, as it is without holds and pauses. */
  readonly #single: Limit;
  readonly #kind: LimitKind<Fields>;
  readonly #batching: Batching;
  readonly #changes: Change<Fields>[];
  readonly #holds: Hold[] = [];
  #fields: Fields;
  #nowMs = epochMs;
  /** What the clock of the instances would show, had it never been set back. */
  #realMs = epochMs;
  /** What it showed at the last change. */
  #changedAtMs = epochMs;
  #current: Instance;
  #old: Instance | undefined = undefined;
  /** How far its clock has been set back. */
  #oldBehindMs = 0;
  #disk = "";

  constructor(kind: LimitKind<Fields>, fields: Fields, batching: Batching) {
    this.#kind = kind;
    this.#fields = fields;
    this.#batching = batching;
    this.#changes = [{ atMs: epochMs, fields }];
    this.#single = kind.start(fields, epochMs);
    this.#current = { limit: kind.start(fields, epochMs), remaining: 0, untilMs: epochMs };
    this.#write();
  }

  play({ kind, tokens, ms, fields }: GrantStep<Fields>): void {
    switch (kind) {
      case "pass":
        this.#nowMs += ms;
        this.#realMs += ms;
        return;
      case "jump":
        // Not behind the last change, so that it's clear which fields are in force when.
        this.#nowMs = Math.max(this.#nowMs - ms, this.#changedAtMs);
        return;
      case "grant":
        this.#grant(tokens);
        return;
      case "grant by the old":
        this.#grantByOld(tokens);
        return;
      case "lend":
        this.#lend(tokens, ms);
        return;
      case "grant from a hold":
        this.#grantFromHold(tokens);
        return;
      case "settle":
        this.#settle(tokens);
        return;
      case "pause":
        this.#limit.pause(this.#nowMs + ms, tokens % 13, this.#nowMs);
        break;
      case "resume":
        this.#limit.resume(this.#nowMs);
        break;
      case "reconfigure":
        this.#reconfigure(fields);
        break;
      case "crash":
      case "move":
        if (kind === "move") this.#replace();
        this.#restart();
        return;
    }
    this.#write();
  }

  /** Every window, from each grant to each later one, in which more was granted than the kind says. */
  tooFull(): string[] {
    const most = (fromMs: number, toMs: number) => this.#maxGranted(fromMs, toMs);
    return [...tooFullOf(this.#granted, most), ...this.#tooFullByClock, ...this.#tooFullNow()];
  }

  #tooFullNow(): string[] {
    const most = (fromMs: number, toMs: number) =>
      this.#kind.maxGranted(this.#fields, toMs - fromMs);
    return tooFullOf(this.#grantedByClock, most);
  }

  get #limit(): Limit {
    this.#current.limit.advance(this.#nowMs);
    return this.#current.limit;
  }

  #note(tokens: number, atMs: number): void {
    this.#granted.push({ tokens, atMs: this.#realMs });
    this.#single.advance(atMs);
    const { tokens: there } = this.#single;
    if (tokens > there) this.unpaid.push(`${tokens} at ${atMs}, where one limit has ${there}`);
    this.#single.take(tokens);
  }

  #noteByClock(tokens: number, atMs: number): void {
    this.#grantedByClock.push({ tokens, atMs });
    this.#note(tokens, atMs);
  }

  /** Behind the last instant that a limit had reached, time stands still. */
  #instantOf(limit: Limit): number {
    return Math.max(this.#nowMs, limit.reachedAtMs);
  }

  #grant(drawn: number): void {
    const limit = this.#limit;
    const tokens = fold(drawn, limit.tokens);
    if (tokens === 0) return;
    limit.take(tokens);
    this.#current.remaining -= tokens;
    if (this.#current.remaining < 0 || this.#nowMs >= this.#current.untilMs) this.#write();
    this.#noteByClock(tokens, this.#instantOf(limit));
  }

  /** It has to write before it grants any more, and then notices. */
  #grantByOld(drawn: number): void {
    const old = this.#old;
    if (!old) return;
    const nowMs = this.#realMs - this.#oldBehindMs;
    old.limit.advance(nowMs);
    const tokens = fold(drawn, old.limit.tokens);
    if (tokens > old.remaining || nowMs >= old.untilMs) {
      this.#old = undefined;
    } else if (tokens > 0) {
      old.limit.take(tokens);
      old.remaining -= tokens;
      this.#note(tokens, Math.max(nowMs, old.limit.reachedAtMs));
    }
  }

  /** Unlike a batch, nothing is lent that isn't there: its holder may grant it at once. */
  #lend(drawn: number, ms: number): void {
    const limit = this.#limit;
    const tokens = fold(drawn, Math.ceil(limit.tokens / 2));
    if (tokens === 0) return;
    const untilMs = this.#instantOf(limit) + Math.max(1, ms);
    limit.lend(tokens, untilMs);
    this.#holds.push({ untilMs, remaining: tokens, spent: 0 });
    this.#write();
  }

  /**
   * Holders are elsewhere, and their clocks aren't set back. A window from a grant by such a clock to one by
   * the other would be shorter than the time that passes in it.
   */
  #grantFromHold(drawn: number): void {
    const hold = this.#holds[drawn % Math.max(1, this.#holds.length)];
    if (!hold || this.#realMs >= hold.untilMs) return;
    const tokens = fold(drawn, hold.remaining);
    if (tokens === 0) return;
    hold.remaining -= tokens;
    this.#note(tokens, this.#realMs);
    if (this.#kind.atLoanEnd === "spent") {
      hold.spent += tokens;
    } else {
      // If it weren't settled at once, its end would bring back what was granted.
      this.#limit.endLoan(hold.untilMs, tokens, 0);
      this.#write();
    }
  }

  #settle(drawn: number): void {
    const [hold] = this.#holds.splice(drawn % Math.max(1, this.#holds.length), 1);
    if (!hold) return;
    this.#limit.endLoan(hold.untilMs, hold.spent, hold.remaining);
    this.#write();
  }

  /**
   * A lower capacity doesn't undo what is out already, so these fields leave room for it. An old instance
   * would keep using the fields it knows, so this drops it.
   */
  #reconfigure(fields: Fields): void {
    const limit = this.#limit;
    if (this.#kind.start(fields, this.#nowMs).capacity < (limit.lent?.tokens ?? 0)) return;
    this.#old = undefined;
    limit.reconfigure(fields, this.#nowMs);
    this.#single.reconfigure(fields, this.#nowMs);
    this.#tooFullByClock.push(...this.#tooFullNow());
    this.#grantedByClock = [];
    this.#fields = fields;
    this.#changedAtMs = this.#nowMs;
    this.#changes.push({ atMs: this.#realMs, fields });
  }

  /** The old one is elsewhere from now on, and its clock isn't set back with the new one's. */
  #replace(): void {
    this.#old = this.#current;
    this.#oldBehindMs = this.#realMs - this.#nowMs;
  }

  #restart(): void {
    const limit = this.#kind.restore(this.#fields, JSON.parse(this.#disk));
    this.#current = { limit, remaining: 0, untilMs: this.#nowMs };
  }

  #write(): void {
    const durable = this.#limit.copy();
    const room = durable.capacity - (durable.lent?.tokens ?? 0);
    const most = Math.min(room, Math.ceil(durable.capacity / 2));
    const { tokens, ms } = this.#batching;
    const batch = this.#kind.atLoanEnd === "spent" ? fold(tokens, most) : 0;
    const untilMs = this.#nowMs + ms;
    if (batch > 0) durable.lend(batch, untilMs);
    this.#disk = JSON.stringify(durable);
    this.#current.remaining = batch;
    this.#current.untilMs = untilMs;
  }

  /** The most for a window, for each stretch of it by the fields that are in force then. */
  #maxGranted(fromMs: number, toMs: number): number {
    let most = 0;
    this.#changes.forEach(({ atMs, fields }, index) => {
      const endMs = Math.min(toMs, this.#changes[index + 1]?.atMs ?? Infinity);
      const beginMs = Math.max(fromMs, atMs);
      if (beginMs <= endMs) most += this.#kind.maxGranted(fields, endMs - beginMs);
    });
    return most;
  }
}

/** Every window, from each grant to each later one, in which more than `most` was granted. */
function tooFullOf(
  granted: readonly Granted[],
  most: (fromMs: number, toMs: number) => number,
): string[] {
  const inTime = granted.toSorted((left, right) => left.atMs - right.atMs);
  return inTime.flatMap((first, index) => {
    let tokens = 0;
    return inTime.slice(index).flatMap((last) => {
      tokens += last.tokens;
      const allowed = most(first.atMs, last.atMs);
      const ms = last.atMs - first.atMs;
      return tokens > allowed
        ? [`${tokens} in ${ms} ms from ${first.atMs}: at most ${allowed}`]
        : [];
    });
  });
}
