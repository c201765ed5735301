/**
 * One isolate of the Worker: its clock, what it holds on lease, and its asks on their way. An ask is
 * sent once. It may be late, be lost on the way there or back, or arrive after the isolate has given it
 * up; the isolate may die with all that it holds.
 */
import type { LeaseAsk, LeaseReport } from "../../src/core/lease/lease.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../../src/wire/bucket-answers.ts";
import type { Random } from "../random.ts";
import type { Client } from "./schedule.ts";
import type { Held } from "./standing.ts";
import type { VirtualObject } from "./virtual-object.ts";

import { LeaseHolder } from "../../src/core/lease/lease-holder.ts";
import { LeaseBook } from "./lease-book.ts";

/** A clock that is set back by more than this is behind whatever was seen since an ask. */
const NOTICED_MS = 60_000;

/** When an isolate asks, beside a request that goes to the object. */
type AskTime = "before" | "after" | "at the answer";

export class Isolate {
  readonly name: string;
  readonly configured: NamedPolicyFields;
  readonly book: LeaseBook;
  isAlive = true;
  readonly #object: VirtualObject;
  readonly #holder: LeaseHolder | undefined;
  readonly #askTime: AskTime;
  /** Whether it looks again when an ask is answered. */
  readonly #asksOn: boolean;
  #clockAheadMs: number;
  #timerAtMs: number | undefined = undefined;
  #timers = 0;

  constructor(name: string, object: VirtualObject, configured: NamedPolicyFields) {
    const { random } = object.world;
    this.name = name;
    this.#object = object;
    this.configured = configured;
    this.book = new LeaseBook(name, object);
    this.#holder = configured.lease && new LeaseHolder(configured.lease);
    this.#askTime = random.pick(["before", "after", "after", "at the answer"]);
    this.#asksOn = random.chance(0.5);
    this.#clockAheadMs = random.pick([0, 0, random.integer(-5_000, 5_000), 3_600_000]) + 7_200_000;
  }

  /** Grants a request on the spot, or answers `false`: it has to go to the object. */
  tryGrant({ name, tokens, key }: Client): boolean {
    if (!this.#holder || key !== undefined) return false;
    const isTaken = this.#holder.tryTake(tokens, this.#nowMs);
    if (isTaken) {
      this.#object.world.trace(() => `${this.name} grants ${tokens} to ${name}`);
      this.book.took(name, tokens, this.#nowMs);
      this.#ask();
    }
    return isTaken;
  }

  /** What a request that goes to the object takes along. */
  returnAll({ key }: Client): LeaseReport | undefined {
    const report = key === undefined ? this.#holder?.returnAll() : undefined;
    if (report) this.book.returnedLeases(report);
    return report;
  }

  /** Around a request that goes to the object. */
  around(send: () => void): void {
    if (this.#askTime === "before") this.#ask();
    send();
    if (this.#askTime === "after") this.#ask();
  }

  /** A request that went to the object is over. */
  wasAnswered(): void {
    if (this.#askTime === "at the answer") this.#ask();
  }

  die(): void {
    this.#object.world.trace(() => `${this.name} dies`);
    this.isAlive = false;
  }

  /**
   * Its clock is set. Not back while an ask is under way, unless by so much that it is noticed: by less
   * than the round trip it would make the lease last longer, and nobody could tell.
   */
  jump(byMs: number): void {
    if (byMs < 0 && byMs > -NOTICED_MS && this.book.isAsking) return;
    this.#clockAheadMs += byMs;
    this.#object.world.trace(() => `the clock of ${this.name} jumps by ${byMs}`);
  }

  get #nowMs(): number {
    return this.#object.world.clock.monotonicMs + this.#clockAheadMs;
  }

  get #random(): Random {
    return this.#object.world.random;
  }

  #ask(nowMs = this.#nowMs): void {
    const holder = this.#holder;
    if (!holder || !this.isAlive) return;
    const ask = holder.nextAsk(nowMs);
    if (ask) {
      this.#object.world.trace(() => `${this.name} asks ${JSON.stringify(ask)}`);
      this.book.asked(ask, nowMs);
      this.#send(holder, ask);
    }
    this.#watch(holder, nowMs);
  }

  #send(holder: LeaseHolder, ask: LeaseAsk): void {
    const { clock, trace } = this.#object.world;
    let isSettled = false;
    const settle = (answer: LeaseAnswer | undefined): void => {
      if (isSettled || !this.isAlive) return;
      isSettled = true;
      trace(() => `${this.name} ${answer ? `gets ${JSON.stringify(answer.lease)}` : "gives up"}`);
      if (answer) holder.lent(answer.lease, this.#nowMs);
      else holder.failed(this.#nowMs);
      this.book.answered(answer?.lease);
      if (answer?.bucket.pausedUntilMs !== undefined) this.#giveUp(holder);
      if (this.#asksOn) this.#ask();
      else this.#watch(holder, this.#nowMs);
    };
    const fail = (): void => clock.after(this.#networkMs(), () => settle(undefined));
    const fate = this.#random.fraction();
    if (fate < 0.03) {
      fail();
      return;
    }
    // Given up while it is under way.
    if (fate < 0.06) clock.after(this.#random.integer(0, 10), () => settle(undefined));
    clock.after(this.#networkMs(), () => {
      const instance = this.#object.reach();
      const held: Held = { rejected: fail };
      trace(() => `an ask of ${this.name} comes to ${instance.name}`);
      instance.lend(held, this.configured, ask, (answer) => {
        if (fate > 0.97) fail();
        else clock.after(this.#networkMs(), () => settle(answer));
      });
    });
  }

  /** The bucket is paused: all that is held goes back, in a call of its own, which may be lost. */
  #giveUp(holder: LeaseHolder): void {
    const { clock, trace } = this.#object.world;
    const report = holder.returnAll();
    if (!report) return;
    this.book.returnedLeases(report);
    trace(() => `${this.name} gives back ${JSON.stringify(report)}`);
    if (this.#random.chance(0.05)) return;
    clock.after(this.#networkMs(), () => {
      const ask = { ...report, wanted: 0 };
      this.#object.reach().lend({ rejected: () => {} }, this.configured, ask, () => {});
    });
  }

  #networkMs(): number {
    return this.#random.chance(0.06)
      ? this.#random.pick([50, 400, 3_000, 30_000])
      : this.#random.pick([0, 0, 1, 1, 2, 5]);
  }

  /** Sees to it that a timer stands where the first lease is over. */
  #watch(holder: LeaseHolder, nowMs: number): void {
    const { expiresAtMs } = holder;
    // An ask under way comes back here.
    if (expiresAtMs === undefined || expiresAtMs === this.#timerAtMs || this.book.isAsking) return;
    this.#timerAtMs = expiresAtMs;
    this.#timers += 1;
    const timer = this.#timers;
    const lateMs = this.#random.chance(0.1) ? this.#random.pick([1, 3, 40, 1_900]) : 0;
    this.#object.world.clock.after(Math.max(1, expiresAtMs - nowMs) + lateMs, () => {
      if (timer !== this.#timers) return;
      this.#timerAtMs = undefined;
      // A clock behind the time that it was set for has jumped back.
      this.#ask(Math.max(expiresAtMs, this.#nowMs));
    });
  }
}
