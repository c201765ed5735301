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
import type { LimitSpec } from "../../src/core/limits/limit.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";
import type { AcquireRequest, Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { tokensOf } from "../../src/core/limits/cost.ts";

type HoldingLimiter = Limiter<string, LimiterPolicy>;

/** Tokens of one limit that somebody has had. */
interface Event {
  tokens: number;
  readonly atMs: number;
}

/** One limit of a policy, for as long as its fields stay the same. */
interface Era {
  readonly spec: LimitSpec;
  readonly events: Event[];
  /** Owed by all holds, as they were told. */
  owed: number;
  /** Of that, what has been made good. */
  paid: number;
}

/** A hold, as its holder knows it. */
interface KnownHold {
  readonly id: string;
  readonly expiresAtMs: number;
  readonly events: ReadonlyMap<string, Event>;
  readonly reserved: Readonly<Record<string, number>>;
  isSettled: boolean;
}

interface KnownPermit {
  readonly fence: number;
  expiresAtMs: number;
}

interface KnownLease {
  readonly lease: Lease;
  readonly untilMs: number;
  used: number;
  remaining: number;
}

/** What a process gets done before it dies: nothing, or it writes and tells nobody. */
export type Death = "unwritten" | "untold";

export class HoldingOwner {
  /** Laws that were broken, in words. */
  readonly faults: string[] = [];
  /** How often something happened, for tests that want to have seen it. */
  readonly seen = new Map<string, number>();
  #policy: LimiterPolicy;
  #limiter: HoldingLimiter;
  #clockMs: number;
  /** The latest instant that a limiter was given. */
  #latestMs: number;
  #disk: string | undefined = undefined;
  readonly #rows = new Map<number, string>();
  readonly #eras = new Map<string, Era>();
  readonly #holds: KnownHold[] = [];
  readonly #permits = new Map<string, KnownPermit>();
  readonly #leases: KnownLease[] = [];
  #lastFence = -Infinity;
  #ids = 0;
  #callers = 0;
  readonly #asks = new Map<string, Readonly<Record<string, number>>>();
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

  acquire(ask: Readonly<Record<string, number>>, request: Omit<AcquireRequest<string>, "caller">) {
    this.#callers += 1;
    const caller = `caller ${this.#callers}`;
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
      this.faults.push(`${caller} was refused, and took ${before} to ${this.#tokensNow()}`);
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
    const hold = pickOf(this.#holds, pick);
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
    if (answer && this.#death !== "unwritten") this.#noteAnswer(hold, call, answer);
    if (this.#policy.hold?.debt === "front" || this.#policy.concurrency || this.#death) return;
    const after = new Map(this.#promises());
    for (const [caller, atMs] of before) {
      const laterAtMs = after.get(caller) ?? -Infinity;
      if (laterAtMs > atMs) this.faults.push(`a settle made ${caller} late by ${laterAtMs - atMs}`);
    }
  }

  extendPermit(pick: number): void {
    const id = pickOf([...this.#permits.keys()], pick);
    if (id === undefined) return;
    this.#turn((limiter) => {
      const { turn, answer } = limiter.extendPermit(id, this.#clockMs);
      if (this.#death) return turn;
      if (answer.kind === "permit-lost") this.#permits.delete(id);
      else this.#permits.set(id, answer.permit);
      this.#see(answer.kind);
      return turn;
    });
    this.#checkPermits();
  }

  releasePermit(pick: number): void {
    const id = pickOf([...this.#permits.keys()], pick);
    if (id === undefined) return;
    this.#see("released");
    if (this.#death !== "unwritten") this.#permits.delete(id);
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
    this.#see("lease");
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
    this.#eras.get(name)?.events.push({ tokens: 1, atMs: this.#instantMs });
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
    if (!policy.concurrency) this.#permits.clear();
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
    else this.#clockMs += ms;
  }

  /** The process dies between two turns. @param places Who waited, as far as anybody was told. */
  crash(places = this.#waiting, hadQueuedDebt = false): void {
    this.#see("crash");
    const hasQueuedDebt = hadQueuedDebt || this.#hasQueuedDebt;
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

  /** Whatever all holders do next, there are never more tokens than the capacity. */
  probe(): void {
    const { limits } = this.#limiter.toJSON();
    if (!limits) return;
    const fork = this.#restored(JSON.stringify(this.#limiter), [...this.#rows]);
    for (const { id } of this.#holds) fork.dropHold(id, this.#clockMs);
    const { tokens, leasedTokens = 0, limits: further = {} } = fork.inspect(this.#clockMs);
    const found = [tokens + leasedTokens, ...Object.values(further).map((limit) => limit.tokens)];
    for (const [index, { name, fields }] of this.#policy.limits.entries()) {
      // A lower capacity takes back no lease.
      if ((found[index] ?? 0) <= Math.max(fields.capacity, leasedTokens)) continue;
      this.faults.push(
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
      if (times !== 1) this.faults.push(`${caller} was settled ${times} times`);
    }
  }

  get #waiting(): Waiter<string>[] {
    return [...this.#limiter.places()].map(({ waiter }) => waiter);
  }

  get #hasQueuedDebt(): boolean {
    return this.#waiting.some(({ owed }) => owed !== undefined);
  }

  get #instantMs(): number {
    return Math.max(this.#clockMs, this.#limiter.passedAtMs ?? -Infinity);
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
    if (turn.rows && !turn.write) this.faults.push("rows without a write");
    if (this.#death === "unwritten") return turn;
    if (turn.write) this.#disk = JSON.stringify(turn.write);
    for (const { slot, grant } of turn.rows ?? []) this.#rows.set(slot, JSON.stringify(grant));
    if (this.#death === "untold") return turn;
    if (turn.waiter) this.#waiters.set(turn.waiter.caller, turn.waiter);
    for (const { caller, outcome } of turn.settled) {
      this.#count(caller);
      if (outcome.ok) this.#noteGrant(caller, outcome);
      else this.#see(outcome.reason);
      if (!outcome.ok && outcome.retryAfterMs !== undefined) {
        const isEstimate = this.#policy.concurrency !== undefined;
        if (isEstimate !== (outcome.estimate === true))
          this.faults.push("an estimate isn't marked");
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
    this.faults.push(`granted ${String(granted)} past ${String(before)}`);
  }

  #count(caller: string): void {
    this.#settlements.set(caller, (this.#settlements.get(caller) ?? 0) + 1);
  }

  #see(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  #noteGrant(caller: string, { grantedAtMs, hold, permit }: Grant): void {
    this.#see("granted");
    const cost = this.#costOf(caller);
    const events = new Map<string, Event>();
    const reserved: Record<string, number> = {};
    for (const [index, { name }] of this.#policy.limits.entries()) {
      const event = { tokens: tokensOf(cost, index), atMs: grantedAtMs };
      reserved[name] = event.tokens;
      events.set(name, event);
      this.#eras.get(name)?.events.push(event);
    }
    if (hold) this.#holds.push({ ...hold, events, reserved, isSettled: false });
    if (!permit) return;
    if (permit.fence <= this.#lastFence) {
      this.faults.push(`fence ${permit.fence} after ${this.#lastFence}`);
    }
    this.#lastFence = permit.fence;
    this.#permits.set(permit.id, permit);
    this.#checkPermits();
  }

  /** Whose time is up by the latest instant is lost, even if the clock has gone back since. */
  #checkPermits(): void {
    const { concurrency } = this.#policy;
    const live = [...this.#permits.values()].filter(({ expiresAtMs }) => {
      return expiresAtMs > this.#latestMs;
    });
    this.#mostLive = Math.max(this.#mostLive, concurrency?.max ?? 0);
    if (live.length > this.#mostLive) {
      this.faults.push(`${live.length} permits at ${this.#clockMs}: at most ${this.#mostLive}`);
    }
  }
  /** The highest `max` so far: a lower one takes none away. */
  #mostLive = 0;

  #noteAnswer(hold: KnownHold, call: HoldCall, answer: HoldAnswer): void {
    this.#see(answer.kind);
    if (answer.kind !== "settled" || hold.isSettled) {
      if (answer.kind === "open" && "atLeast" in call) this.#noteSpent(hold, call.atLeast);
      return;
    }
    hold.isSettled = true;
    const { used, returned, owed } = answer.settled;
    for (const [name, event] of hold.events) {
      const back = returned[name] ?? 0;
      const reserved = hold.reserved[name] ?? 0;
      const use = used[name] ?? 0;
      if (back > 0) this.#see("returned");
      if (back < 0 || back > Math.max(0, reserved - use)) {
        this.faults.push(`${back} of ${reserved} came back, and ${use} were used`);
      }
      if (owed[name] !== Math.max(0, use - reserved)) {
        this.faults.push(`${use} of ${reserved} were used, and ${owed[name]} are owed`);
      }
      event.tokens -= back;
      this.#noteOwed(hold, name, owed[name] ?? 0);
    }
  }

  #noteSpent(hold: KnownHold, atLeast: number | Readonly<Record<string, number>>): void {
    for (const name of hold.events.keys()) {
      const reserved = hold.reserved[name] ?? 0;
      const spent = typeof atLeast === "number" ? atLeast : (atLeast[name] ?? reserved);
      this.#noteOwed(hold, name, Math.max(0, spent - reserved));
    }
  }

  readonly #owedBy = new Map<string, number>();

  /** So much is owed by one hold, all in all. */
  #noteOwed({ id }: KnownHold, name: string, owed: number): void {
    const key = `${id} ${name}`;
    const before = this.#owedBy.get(key) ?? 0;
    if (owed <= before) return;
    this.#owedBy.set(key, owed);
    this.#see("owed");
    const era = this.#eras.get(name);
    if (era) era.owed += owed - before;
    this.#noteDebts(this.#instantMs);
  }

  /** What of the debts has been made good by `atMs`, which is what isn't owed any more. */
  #noteDebts(atMs: number): void {
    const { owedTokens } = this.#limiter.inspect(atMs);
    for (const [name, era] of this.#eras) {
      const owed = owedTokens?.[name];
      if (owed === undefined) continue;
      const paid = era.owed - owed;
      if (paid <= era.paid) continue;
      era.events.push({ tokens: paid - era.paid, atMs });
      era.paid = paid;
    }
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

  /** Limits begin anew in the book; what is owed by then isn't counted any more. */
  #beginEras(): void {
    for (const [name, { spec, events }] of this.#eras) {
      this.faults.push(...tooFullOf(events, spec).map((window) => `${name}: ${window}`));
    }
    this.#eras.clear();
    const { owedTokens } = this.#limiter.inspect(this.#clockMs);
    for (const spec of this.#policy.limits) {
      const owed = owedTokens?.[spec.name] ?? 0;
      this.#eras.set(spec.name, { spec, events: [], owed, paid: 0 });
    }
  }
}

/** Every window, from each event to each later one, in which there was more than the limit gives. */
function tooFullOf(events: readonly Event[], { kind, fields }: LimitSpec): string[] {
  const inTime = events.toSorted((one, other) => one.atMs - other.atMs);
  return inTime.flatMap((first, index) => {
    let tokens = 0;
    return inTime.slice(index).flatMap((last) => {
      tokens += last.tokens;
      const most = kind.maxGranted(fields, last.atMs - first.atMs);
      if (tokens <= most) return [];
      return [`${tokens} in ${last.atMs - first.atMs} ms from ${first.atMs}: at most ${most}`];
    });
  });
}

function pickOf<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % Math.max(1, items.length)];
}
