/**
 * One isolate of the Worker: its clock, the leases that it holds, and its pending asks. An ask is sent
 * once. It may be late, be lost on the way there or back, or be answered after the isolate has given it
 * up. The isolate may die with everything that it holds.
 */
import type { LeaseAsk, LeaseReport } from "../../src/core/lease/lease.ts";
import type { LeaseStep } from "../../src/core/lease/lease-driver.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../../src/wire/bucket-answers.ts";
import type { Random } from "../random.ts";
import type { Client } from "./schedule.ts";
import type { Held } from "./standing.ts";
import type { VirtualObject } from "./virtual-object.ts";

import { LeaseDriver } from "../../src/core/lease/lease-driver.ts";
import { LeaseBook } from "./lease-book.ts";

/** A clock set back by more than this is behind everything seen since an ask. */
const NOTICED_MS = 60_000;

/** When an isolate asks, relative to a request that goes to the object. */
type AskTime = "before" | "after" | "at the answer";

export class Isolate {
  readonly name: string;
  readonly configured: NamedPolicyFields;
  readonly book: LeaseBook;
  isAlive = true;
  readonly #object: VirtualObject;
  readonly #driver: LeaseDriver | undefined;
  readonly #askTime: AskTime;
  /** Whether it looks again when an ask is answered. */
  readonly #asksOn: boolean;
  #clockAheadMs: number;
  /** The ask that its book knows to be pending. */
  #asked: LeaseAsk | undefined = undefined;

  constructor(name: string, object: VirtualObject, configured: NamedPolicyFields) {
    const { random } = object.world;
    this.name = name;
    this.#object = object;
    this.configured = configured;
    this.book = new LeaseBook(name, object, configured.lease?.ttlMs ?? 0);
    this.#driver = configured.lease && new LeaseDriver(configured.lease);
    this.#askTime = random.pick(["before", "after", "after", "at the answer"]);
    this.#asksOn = random.chance(0.5);
    this.#clockAheadMs = random.pick([0, 0, random.integer(-5_000, 5_000), 3_600_000]) + 7_200_000;
  }

  /** Grants a request immediately, or returns `false`: it must go to the object. */
  tryGrant(client: Client): boolean {
    const { name, tokens } = client;
    if (!this.#driver || !isLeasable(client)) return false;
    const isTaken = this.#driver.tryTake(tokens, this.#nowMs);
    if (isTaken) {
      this.#object.world.trace(() => `${this.name} grants ${tokens} to ${name}`);
      this.book.took(name, tokens, this.#nowMs);
      this.#ask();
    }
    return isTaken;
  }

  /** What a request that goes to the object takes along. */
  returnAll(client: Client): LeaseReport | undefined {
    const report = isLeasable(client) ? this.#driver?.returnAll() : undefined;
    if (report) this.book.returnedLeases(report);
    return report;
  }

  /** Wraps sending a request to the object. */
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
   * Sets its clock. Not back while an ask is pending, unless by so much that it is noticed: a jump
   * shorter than the round trip would make the lease last longer, and nobody could tell.
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

  #ask(): void {
    const driver = this.#driver;
    if (driver && this.isAlive) this.#perform(driver, driver.next(this.#nowMs), this.#nowMs);
  }

  #perform(driver: LeaseDriver, { ask, giveBack, wakeAtMs }: LeaseStep, nowMs: number): void {
    if (this.#asked && !driver.isPending(this.#asked)) this.#isGivenUp(nowMs);
    if (ask) {
      this.#object.world.trace(() => `${this.name} asks ${JSON.stringify(ask)}`);
      this.book.asked(ask, nowMs);
      this.#asked = ask;
      this.#send(driver, ask);
    }
    if (giveBack) this.#giveBack(giveBack);
    if (wakeAtMs !== undefined) this.#wakeAt(driver, wakeAtMs, nowMs);
  }

  #isGivenUp(nowMs: number): void {
    this.#object.world.trace(() => `${this.name} has waited too long for an answer`);
    this.book.gaveUp(nowMs);
    this.#asked = undefined;
  }

  #send(driver: LeaseDriver, ask: LeaseAsk): void {
    const { clock, trace } = this.#object.world;
    const settle = (answer: LeaseAnswer | undefined): void => {
      if (!this.isAlive || !driver.isPending(ask)) return;
      trace(() => `${this.name} ${answer ? `gets ${JSON.stringify(answer.lease)}` : "gives up"}`);
      this.book.answered(answer?.lease);
      this.#asked = undefined;
      const isPaused = answer?.bucket.pausedUntilMs !== undefined;
      const nowMs = this.#nowMs;
      const step = driver.answered(ask, { lease: answer?.lease, isPaused }, nowMs);
      this.#perform(driver, step, nowMs);
      if (this.#asksOn) this.#ask();
    };
    const fail = (): void => clock.after(this.#networkMs(), () => settle(undefined));
    const fate = this.#random.fraction();
    if (fate < 0.03) {
      fail();
      return;
    }
    // The ask fails while it is pending.
    if (fate < 0.06) clock.after(this.#random.integer(0, 10), () => settle(undefined));
    clock.after(this.#networkMs(), () => {
      const instance = this.#object.liveInstance();
      const held: Held = { rejected: fail };
      trace(() => `an ask of ${this.name} comes to ${instance.name}`);
      instance.lend(held, this.configured, ask, (answer) => {
        if (fate > 0.97) fail();
        else clock.after(this.#networkMs(), () => settle(answer));
      });
    });
  }

  /** The bucket is paused: everything held goes back, in a call of its own that may be lost. */
  #giveBack(giveBack: LeaseAsk): void {
    const { clock, trace } = this.#object.world;
    this.book.returnedLeases(giveBack);
    trace(() => `${this.name} gives back ${JSON.stringify(giveBack)}`);
    if (this.#random.chance(0.05)) return;
    clock.after(this.#networkMs(), () => {
      this.#object.liveInstance().lend({ rejected: () => {} }, this.configured, giveBack, () => {});
    });
  }

  #networkMs(): number {
    return this.#random.chance(0.06)
      ? this.#random.pick([50, 400, 3_000, 30_000])
      : this.#random.pick([0, 0, 1, 1, 2, 5]);
  }

  #wakeAt(driver: LeaseDriver, wakeAtMs: number, nowMs: number): void {
    const lateMs = this.#random.chance(0.1) ? this.#random.pick([1, 3, 40, 1_900]) : 0;
    this.#object.world.clock.after(Math.max(1, wakeAtMs - nowMs) + lateMs, () => {
      if (!this.isAlive) return;
      const wokeAtMs = this.#nowMs;
      // If the clock has jumped back, the driver uses the time that the timer was set for.
      this.#perform(driver, driver.woke(wakeAtMs, wokeAtMs), Math.max(wakeAtMs, wokeAtMs));
    });
  }
}

/** Whether leases may serve a request: those with a key, and with tokens of single limits, go to the object. */
export function isLeasable({ key, limits, tokens }: Client): boolean {
  return key === undefined && limits === undefined && tokens > 0;
}
