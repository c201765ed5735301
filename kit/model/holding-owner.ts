/**
 * The owner of a limiter with holds and permits, in virtual time, where everything can fail: the daemon comes late,
 * the clock jumps, the process dies between two turns, in the middle of one, or after it has been written and before
 * anybody heard of it. The book that it keeps is by what holders and callers were told, and the laws are checked
 * against that as it goes: `faults` is empty if they hold.
 */
import type { GrantRow } from "../../src/core/holds/grant-row.ts";
import type { HoldAnswer, HoldCall } from "../../src/core/holds/hold-call.ts";
import type { Lease, LeaseUse } from "../../src/core/lease/lease.ts";
import type { LimiterPolicy, LimiterState } from "../../src/core/limiter-state.ts";
import type { Cost } from "../../src/core/limits/cost.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";
import type { AcquireRequest, Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { tokensOf } from "../../src/core/limits/cost.ts";
import { HoldsBook } from "./holds-book.ts";

type HoldingLimiter = Limiter<string, LimiterPolicy>;

interface KnownLease {
  readonly lease: Lease;
  readonly untilMs: number;
  used: number;
  remaining: number;
}

/** In such steps time passes until all debts are made good, in milliseconds. */
const DEBT_STEP_MS = 500;

/** What a process gets done before it dies: nothing, or it writes and tells nobody. */
export type Death = "unwritten" | "untold";

export class HoldingOwner {
  readonly book = new HoldsBook();
  #policy: LimiterPolicy;
  #limiter: HoldingLimiter;
  #clockMs: number;
  /** The latest instant that a limiter was given. */
  #latestMs: number;
  #disk: string | undefined = undefined;
  /** From when on what is on the disk may be forgotten. */
  #forgetAtMs = -Infinity;
  #forgottenAtMs = -Infinity;
  /** Whether a debt waited when the disk was last written. There it counts as taken since then. */
  #hasDebtOnDisk = false;
  readonly #rows = new Map<number, string>();
  readonly #leases: KnownLease[] = [];
  #ids = 0;
  #callers = 0;
  readonly #asks = new Map<string, Readonly<Record<string, number>>>();
  readonly #sessions = new Map<string, string>();
  readonly #settlements = new Map<string, number>();
  readonly #waiters = new Map<string, Waiter<string>>();
  readonly #away: Waiter<string>[] = [];
  #displaced: Waiter<string>[] = [];
  /** How the turn under way ends, if not as it should. */
  #death: Death | undefined = undefined;

  constructor(policy: LimiterPolicy, clockMs: number) {
    this.#policy = policy;
    this.#clockMs = clockMs;
    this.#latestMs = clockMs;
    this.#limiter = new Limiter<string, LimiterPolicy>(policy, this.#options);
    this.#beginEras();
  }

  get #options() {
    return {
      newId: () => {
        this.#ids += 1;
        return `g${this.#ids}`;
      },
      sessionOf: (caller: string) => this.#sessions.get(caller),
    };
  }

  /** What follows is the last thing that the process does. */
  dieIn(death: Death, verb: () => void): void {
    const places = this.#waiting;
    const hadQueuedDebt = this.#hasQueuedDebt;
    this.#death = death;
    verb();
    this.#death = undefined;
    this.crash(places, hadQueuedDebt);
  }

  acquire(
    ask: Readonly<Record<string, number>>,
    request: Omit<AcquireRequest<string>, "caller">,
    sessionId: string | undefined,
  ) {
    this.#callers += 1;
    const caller = `caller ${this.#callers}`;
    if (sessionId !== undefined) this.#sessions.set(caller, sessionId);
    this.#asks.set(caller, ask);
    if (!this.#death) this.#settlements.set(caller, 0);
    const { maxWaitMs } = this.#policy;
    const timeoutMs = Math.min(request.timeoutMs ?? maxWaitMs, maxWaitMs);
    const tokens = this.#costOf(caller);
    // Who is due is served before, so what is left is compared at one instant.
    if (!this.#death) this.#turn((limiter) => limiter.advance(this.#clockMs));
    const before = this.#tokensNow();
    const turn = this.#turn((limiter) => {
      return limiter.acquire({ ...request, caller, tokens, timeoutMs }, this.#clockMs);
    });
    const own = turn.settled.find((settlement) => settlement.caller === caller)?.outcome;
    if (own && !own.ok && before !== undefined && this.#tokensNow() !== before) {
      this.book.faults.push(`${caller} was refused, and took ${before} to ${this.#tokensNow()}`);
    }
  }

  cancel(pick: number): void {
    const place = pickOf([...this.#limiter.places()], pick);
    if (!place) return;
    const { waiter } = place;
    if (!this.#death) {
      this.#count(waiter.caller);
      this.#away.push(waiter);
    }
    this.#turn((limiter) => limiter.cancel(waiter, this.#clockMs));
  }

  comeBack(pick: number): void {
    const [returner] = this.#away.splice(pick % Math.max(1, this.#away.length), 1);
    if (!returner) return;
    const { caller } = returner;
    if (!this.#death) this.#settlements.set(caller, 0);
    const tokens = this.#costOf(caller);
    this.#turn((limiter) => limiter.comeBack({ ...returner, tokens }, this.#clockMs));
  }

  /** The holder of a hold asks for something; `useOf` is given what it reserved. */
  callHold(pick: number, callOf: (reserved: Readonly<Record<string, number>>) => HoldCall): void {
    const hold = pickOf(this.book.holds, pick);
    if (!hold) return;
    this.#turn((limiter) => limiter.advance(this.#clockMs));
    const before = this.#promises();
    let answer: HoldAnswer | undefined;
    const call = callOf(hold.reserved);
    this.#turn((limiter) => {
      const done = limiter.changeHold(hold.id, call, this.#clockMs);
      ({ answer } = done);
      return done.turn;
    });
    // It happened, whether or not the holder hears of it.
    if (answer && this.#death !== "unwritten") {
      this.book.answered(hold, call, answer);
      this.#noteDebts(this.#instantMs);
    }
    if (this.#policy.hold?.debt === "front" || this.#policy.concurrency || this.#death) return;
    const after = new Map(this.#promises());
    for (const [caller, atMs] of before) {
      const laterAtMs = after.get(caller) ?? -Infinity;
      if (laterAtMs > atMs)
        this.book.faults.push(`a settle made ${caller} late by ${laterAtMs - atMs}`);
    }
  }

  extendPermit(pick: number, sessionId: string | undefined): void {
    const { book } = this;
    const id = pickOf([...book.permits.keys()], pick);
    if (id === undefined) return;
    this.#turn((limiter) => {
      const { turn, answer } = limiter.extendPermit(id, this.#clockMs, sessionId);
      if (this.#death) {
        // Whether it belongs to this session, to the one before or to none isn't known, and sessions die, too.
        if (sessionId !== undefined || book.sessions.has(id)) book.endsBy(id, this.#graceEndAtMs);
        book.belongs(id, undefined);
        return turn;
      }
      book.see(answer.kind);
      if (answer.kind === "permit-lost") {
        if (book.sessions.has(id)) book.faults.push(`${id} is lost, and its session lives`);
        book.permitEnded(id);
        return turn;
      }
      book.permits.set(id, answer.permit);
      book.belongs(id, sessionId);
      return turn;
    });
    this.#checkPermits();
  }

  endSession(sessionId: string): void {
    const isOver = (id: string) => id === sessionId;
    // From the end on: nobody who leaves, too, is granted what another one leaves.
    for (const waiter of this.#waiting.toReversed()) {
      if (this.#sessions.get(waiter.caller) !== sessionId) continue;
      const { cancelled } = this.#turn((limiter) => limiter.cancel(waiter, this.#clockMs));
      if (cancelled && !this.#death) this.#count(waiter.caller);
    }
    // Its client knows, whatever becomes of the turn.
    this.book.endSessions(isOver, this.#graceEndAtMs);
    this.#turn((limiter) => limiter.endSessions(isOver, this.#clockMs));
    this.#checkPermits();
  }

  releasePermit(pick: number): void {
    const id = pickOf([...this.book.permits.keys()], pick);
    if (id === undefined) return;
    this.book.see("released");
    if (this.#death !== "unwritten") this.book.permitEnded(id);
    this.#turn((limiter) => limiter.releasePermit(id, this.#clockMs));
  }

  lend(wanted: number): void {
    const ended = this.#leases.splice(0);
    const uses = ended.map(({ lease, used, remaining }): LeaseUse => {
      const { startedAtMs, untilMs } = lease;
      return { startedAtMs, untilMs, used, returned: remaining };
    });
    const askedAtMs = this.#clockMs;
    const { lease } = this.#turn((limiter) => {
      return limiter.lend({ wanted, uses, granted: uses.length }, this.#clockMs);
    });
    if (!lease || this.#death) return;
    this.book.see("lease");
    const untilMs = askedAtMs + lease.ttlMs;
    this.#leases.push({ lease, untilMs, used: 0, remaining: lease.tokens });
  }

  grantFromLease(): void {
    const lease = this.#leases.find(({ remaining, untilMs }) => {
      return remaining > 0 && this.#clockMs < untilMs;
    });
    if (!lease) return;
    lease.used += 1;
    lease.remaining -= 1;
    const name = this.#policy.limits[0]?.name ?? "";
    this.book.leased(name, 1, this.#instantMs);
  }

  pause(forMs: number, tokens: number, limits: readonly string[]): void {
    const untilMs = this.#clockMs + forMs;
    this.#turn((limiter) => limiter.pause({ untilMs, tokens, limits }, this.#clockMs));
  }

  resume(limits: readonly string[]): void {
    this.#turn((limiter) => limiter.resume(this.#clockMs, limits));
  }

  setPolicy(policy: LimiterPolicy): void {
    this.#turn((limiter) => limiter.advance(this.#clockMs));
    if (this.#death === "unwritten") return;
    this.#policy = policy;
    this.#turn((limiter) =>
      limiter.setPolicy(policy, this.#clockMs, (caller) => this.#costOf(caller)),
    );
    this.#leases.splice(0);
    if (!policy.concurrency) {
      this.book.permits.clear();
      this.book.sessions.clear();
    }
    this.#beginEras();
  }

  /** Time passes. The daemon wakes `lateMs` after each instant that it was asked for. */
  pass(ms: number, lateMs: number): void {
    const untilMs = this.#clockMs + ms;
    for (;;) {
      const { nextWakeAtMs } = this.#limiter;
      if (nextWakeAtMs === undefined || nextWakeAtMs + lateMs > untilMs) break;
      this.#passTo(Math.max(this.#clockMs, nextWakeAtMs + lateMs));
      this.#turn((limiter) => limiter.advance(this.#clockMs));
    }
    this.#passTo(untilMs);
  }

  /** The clock is set, forward or back, and nobody wakes up because of it. */
  jump(ms: number): void {
    this.#leases.splice(0);
    if (ms > 0) this.#passTo(this.#clockMs + ms);
    // Nothing remembers the time of a bucket that was forgotten.
    else this.#clockMs = Math.max(this.#clockMs + ms, Math.min(this.#clockMs, this.#forgottenAtMs));
  }

  /** The object is out of memory for a moment. Its sessions stay open. Only while nobody waits: places are not kept here. */
  sleep(): void {
    if (this.#limiter.waiters > 0 || this.#displaced.length > 0) return;
    this.#limiter = this.#restored(this.#disk, [...this.#rows]);
    this.#beginEras();
  }

  /** The process dies between two turns, and all sessions with it. @param places Who waited, as far as anybody was told. */
  crash(places = this.#waiting, hadQueuedDebt = false): void {
    this.book.see("crash");
    const hasQueuedDebt = hadQueuedDebt || this.#hasQueuedDebt || this.#hasDebtOnDisk;
    this.#limiter = this.#restored(this.#disk, [...this.#rows]);
    const known = new Set(this.#displaced.map(({ caller }) => caller));
    const displaced = places.filter(({ caller }) => !known.has(caller) && this.#isWaiting(caller));
    this.#displaced = [...this.#displaced, ...displaced].toSorted((one, other) => {
      return one.queuedAtMs - other.queuedAtMs;
    });
    this.#away.splice(0);
    // On the disk it was taken when it was booked, and ticks have made it good since.
    if (hasQueuedDebt) this.#beginEras();
    this.#noteDebts(this.#instantMs);
    const isOver = () => true;
    this.book.endSessions(isOver, this.#graceEndAtMs);
    this.#turn((limiter) => limiter.endSessions(isOver, this.#clockMs));
    this.#checkPermits();
  }

  /** The first `count` of those that lost their places come back. */
  requeue(count: number): void {
    this.#turn((limiter) => limiter.advance(this.#clockMs));
    const returning = this.#displaced.slice(0, count);
    if (!this.#death) this.#displaced.splice(0, count);
    for (const { caller, queuedAtMs, deadlineAtMs, holdMs } of returning) {
      const timeoutMs = Math.max(0, deadlineAtMs - this.#clockMs);
      const tokens = this.#costOf(caller);
      const request = { caller, tokens, timeoutMs, holdMs, firstArrivalMs: queuedAtMs };
      this.#turn((limiter) => limiter.acquire(request, this.#clockMs));
    }
  }

  /**
   * Nobody uses the bucket until it may be forgotten, by what it says itself or by what the disk says; and then it is.
   * `lateMs` after that, there is a new one.
   */
  forget(by: "memory" | "disk", lateMs: number): void {
    if (this.#displaced.length > 0) return;
    const inMemoryAtMs = this.#limiter.forgettableAtMs(this.#clockMs);
    const hasWaiters = this.#limiter.waiters > 0;
    if (hasWaiters && inMemoryAtMs !== Infinity) this.book.faults.push("forgotten by waiters");
    // A clock that was set back passes the same instants again, and the disk doesn't know of them.
    const onDiskAtMs = Math.max(this.#forgetAtMs, this.#clockMs, this.#latestMs);
    const atMs = by === "memory" ? inMemoryAtMs : onDiskAtMs;
    if (hasWaiters || atMs === Infinity) return;
    const restored = this.#restored(this.#disk, [...this.#rows]);
    if (Math.max(inMemoryAtMs, restored.forgettableAtMs(this.#clockMs)) > atMs && by === "disk")
      this.book.faults.push(`the disk says ${atMs}, and that is too early`);
    this.book.see(`forgotten by ${by}`);
    // After that, nothing happens for ten minutes.
    while (this.#clockMs < atMs && this.#isOwing) {
      this.#passTo(Math.min(atMs, this.#clockMs + DEBT_STEP_MS));
    }
    this.#clockMs = atMs;
    const { pausedUntilMs } = this.#limiter.inspect(this.#clockMs);
    if (pausedUntilMs !== undefined) this.book.faults.push("forgotten in a pause");
    for (const { id } of this.book.holds) {
      const { answer } = this.#limiter.dropHold(id, this.#clockMs);
      if (answer.kind !== "unknown-hold") this.book.faults.push(`forgotten with ${id}`);
    }
    this.#clockMs += lateMs;
    this.#forgottenAtMs = this.#clockMs;
    this.#disk = undefined;
    this.#rows.clear();
    this.book.holds.splice(0);
    this.#away.splice(0);
    this.#limiter = this.#restored(undefined, []);
  }

  /** Whatever all holders do next, there are never more tokens than the capacity. */
  probe(): void {
    const { limits } = this.#limiter.toJSON();
    if (!limits) return;
    const fork = this.#restored(JSON.stringify(this.#limiter), [...this.#rows]);
    for (const { id } of this.book.holds) fork.dropHold(id, this.#clockMs);
    const { tokens, leasedTokens = 0, limits: further = {} } = fork.inspect(this.#clockMs);
    const found = [tokens + leasedTokens, ...Object.values(further).map((limit) => limit.tokens)];
    for (const [index, { name, fields }] of this.#policy.limits.entries()) {
      // A lower capacity takes back no lease.
      if ((found[index] ?? 0) <= Math.max(fields.capacity, leasedTokens)) continue;
      this.book.faults.push(
        `${found[index]} tokens of ${name} come together: at most ${fields.capacity}`,
      );
    }
  }

  /** No more faults: everybody comes back and is served or refused. */
  finish(): void {
    this.requeue(this.#displaced.length);
    for (let turns = 0; this.#limiter.waiters > 0; turns += 1) {
      if (turns > 10_000) throw new Error("Somebody waits for ever");
      this.#passTo(Math.max(this.#clockMs, this.#limiter.nextWakeAtMs ?? this.#clockMs));
      this.#turn((limiter) => limiter.advance(this.#clockMs));
    }
    this.#beginEras();
    for (const [caller, times] of this.#settlements) {
      if (times !== 1) this.book.faults.push(`${caller} was settled ${times} times`);
    }
  }

  get #waiting(): Waiter<string>[] {
    return [...this.#limiter.places()].map(({ waiter }) => waiter);
  }

  get #isOwing(): boolean {
    const { owedTokens = {} } = this.#limiter.inspect(this.#clockMs);
    return Object.values(owedTokens).some((tokens) => tokens > 0);
  }

  get #hasQueuedDebt(): boolean {
    return this.#waiting.some(({ owed }) => owed !== undefined);
  }

  get #instantMs(): number {
    return Math.max(this.#clockMs, this.#limiter.passedAtMs ?? -Infinity);
  }

  /** When permits of a session end that is over now. */
  get #graceEndAtMs(): number {
    return this.#instantMs + (this.#policy.concurrency?.graceMs ?? 0);
  }

  #costOf(caller: string): Cost {
    const ask = this.#asks.get(caller) ?? {};
    const cost = this.#policy.limits.map(({ name }) => ask[name] ?? 0);
    return cost.some((tokens) => tokens > 0) ? cost : cost.map(() => 1);
  }

  #isWaiting(caller: string): boolean {
    return this.#settlements.get(caller) === 0;
  }

  #restored(disk: string | undefined, rows: readonly (readonly [number, string])[]) {
    if (disk === undefined) {
      return new Limiter<string, LimiterPolicy>(this.#policy, this.#options);
    }
    const state: LimiterState = JSON.parse(disk);
    const grants = rows.map(([slot, grant]): GrantRow => ({ slot, grant: JSON.parse(grant) }));
    return Limiter.from<string, LimiterPolicy>(this.#policy, state, grants, this.#options);
  }

  /** What is left of each limit, as text; `undefined` if that can't be compared. */
  #tokensNow(): string | undefined {
    if (this.#death || !this.#limiter.toJSON().limits) return undefined;
    const { tokens, limits = {} } = this.#limiter.inspect(this.#clockMs);
    return [tokens, ...Object.values(limits).map((limit) => limit.tokens)].join(" ");
  }

  #promises(): [string, number][] {
    return [...this.#limiter.places()].map(({ waiter, grantAtMs }) => [waiter.caller, grantAtMs]);
  }

  #turn(verb: (limiter: HoldingLimiter) => Turn<string>): Turn<string> {
    this.#latestMs = Math.max(this.#latestMs, this.#clockMs);
    const before = [...this.#limiter.places()].map(({ waiter }) => waiter.caller);
    const turn = verb(this.#limiter);
    if (turn.rows && !turn.write) this.book.faults.push("rows without a write");
    if (this.#death === "unwritten") return turn;
    if (turn.write) {
      this.#disk = JSON.stringify(turn.write);
      this.#hasDebtOnDisk = this.#hasQueuedDebt;
      this.#forgetAtMs = this.#limiter.writtenForgettableAtMs(turn.write, this.#clockMs);
    }
    for (const { slot, grant } of turn.rows ?? []) this.#rows.set(slot, JSON.stringify(grant));
    if (this.#death === "untold") return turn;
    if (turn.waiter) this.#waiters.set(turn.waiter.caller, turn.waiter);
    for (const { caller, outcome } of turn.settled) {
      this.#count(caller);
      if (outcome.ok) this.#noteGrant(caller, outcome);
      else this.book.see(outcome.reason);
      if (!outcome.ok && outcome.retryAfterMs !== undefined) {
        const isEstimate = this.#policy.concurrency !== undefined;
        if (isEstimate !== (outcome.estimate === true))
          this.book.faults.push("an estimate isn't marked");
      }
    }
    this.#checkOrder(before, turn);
    this.#noteDebts(this.#instantMs);
    return turn;
  }

  /** Nobody is granted while somebody in front still waits. */
  #checkOrder(before: readonly string[], { settled }: Turn<string>): void {
    const granted = settled.flatMap(({ caller, outcome }) => (outcome.ok ? [caller] : []));
    const inOrder = before.filter((caller) => granted.includes(caller));
    const fromQueue = granted.filter((caller) => before.includes(caller));
    const inFront = before.slice(0, before.indexOf(inOrder.at(-1) ?? "") + 1);
    const waiting = new Set([...this.#limiter.places()].map(({ waiter }) => waiter.caller));
    const isPassed = inFront.some((caller) => waiting.has(caller));
    if (!isPassed && String(inOrder) === String(fromQueue)) return;
    this.book.faults.push(`granted ${String(granted)} past ${String(before)}`);
  }

  #count(caller: string): void {
    this.#settlements.set(caller, (this.#settlements.get(caller) ?? 0) + 1);
  }

  #noteGrant(caller: string, grant: Grant): void {
    const cost = this.#costOf(caller);
    const reserved = this.#policy.limits.map(
      ({ name }, index) => [name, tokensOf(cost, index)] as const,
    );
    this.book.granted(Object.fromEntries(reserved), grant, this.#sessions.get(caller));
    if (grant.permit) this.#checkPermits();
  }

  #passTo(atMs: number): void {
    for (;;) {
      const fromMs = this.#instantMs;
      const { nextTickAtMs, limits = {} } = this.#limiter.inspect(fromMs);
      const ticks = [nextTickAtMs, ...Object.values(limits).map((limit) => limit.nextTickAtMs)];
      const next = Math.min(...ticks.filter((tickAtMs) => tickAtMs > this.#clockMs));
      if (!(next < atMs)) break;
      this.#clockMs = next;
      this.#noteDebts(Math.max(fromMs, next));
    }
    this.#clockMs = atMs;
    this.#noteDebts(this.#instantMs);
  }

  #beginEras(): void {
    const { owedTokens } = this.#limiter.inspect(this.#clockMs);
    this.book.begin(this.#policy.limits, owedTokens);
  }

  #noteDebts(atMs: number): void {
    const { owedTokens } = this.#limiter.inspect(atMs);
    this.book.noteDebts(this.#limiter.policy.limits, owedTokens, atMs);
  }

  #checkPermits(): void {
    this.book.checkPermits(this.#policy.concurrency?.max ?? 0, this.#latestMs);
  }
}

function pickOf<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % Math.max(1, items.length)];
}
