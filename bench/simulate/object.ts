/**
 * A bucket's object with its real `Limiter`, as one thread that takes calls in the order in which they
 * arrive.
 *
 * A call takes `CALL_MS` of the thread, which makes the platform's soft limit of 1,000 a second, and
 * `WRITE_MS` more where the limiter has something for the disk, which makes 500 with a write each, the
 * upper end of what the platform says (200 to 500). What does not fit waits; what would wait longer
 * than `BACKLOG_MS` is turned away. The platform does that too, and says "overloaded", but not from
 * which backlog on: that number is ours. So is the assumption that the thread has nothing else to do.
 */
import type { AcquireRequest, Settlement, Turn } from "../../src/core/turn.ts";
import type { Lease, LeaseAsk, LeaseReport } from "../../src/core/lease/lease.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";
import type { Place } from "./places.ts";

import { Limiter } from "../../src/core/limiter.ts";

/** At 1,000 calls a second. */
const CALL_MS = 1;
/** On top of it, at 500 calls a second with a write each. */
const WRITE_MS = 1;
/** The longest that a call waits for its turn. */
const BACKLOG_MS = 1_000;

/** Hears of a caller that is settled. `answeredAtMs` is when the answer leaves, epoch milliseconds. */
export type Settled<Caller> = (settlement: Settlement<Caller>, answeredAtMs: number) => void;

/** Everything since the start. */
export interface ObjectCounts {
  acquires: number;
  lends: number;
  turnedAway: number;
  writes: number;
  /** Time that calls took of the thread, up to now. */
  busyMs: number;
}

/** One bucket. Its calls have to be made at the instants at which they arrive. */
export class SimulatedObject<Caller> {
  readonly place: Place;
  readonly #counts: ObjectCounts = { acquires: 0, lends: 0, turnedAway: 0, writes: 0, busyMs: 0 };
  readonly #limiter: Limiter<Caller>;
  readonly #clock: VirtualClock;
  readonly #settled: Settled<Caller>;
  /** When the thread is through with all that has arrived, epoch milliseconds. */
  #freeAtMs = -Infinity;
  #wakesAtMs = Infinity;
  #flushAtMs = Infinity;

  constructor(policy: Policy, place: Place, clock: VirtualClock, settled: Settled<Caller>) {
    this.#limiter = new Limiter(policy);
    this.place = place;
    this.#clock = clock;
    this.#settled = settled;
  }

  get counts(): ObjectCounts {
    const aheadMs = Math.max(0, this.#freeAtMs - this.#clock.wallMs);
    return { ...this.#counts, busyMs: this.#counts.busyMs - aheadMs };
  }

  /**
   * Answers `false` where the call is turned away.
   *
   * @param returnedLeases What the request takes along.
   */
  acquire(request: AcquireRequest<Caller>, returnedLeases: LeaseReport | undefined): boolean {
    this.#counts.acquires += 1;
    const turn = this.#serve((nowMs) => {
      const before = returnedLeases && this.#limiter.lend({ ...returnedLeases, wanted: 0 }, nowMs);
      const { settled, write, ...rest } = this.#limiter.acquire(request, nowMs);
      const all = [...(before?.settled ?? []), ...settled];
      return { ...rest, settled: all, write: write ?? before?.write };
    });
    return turn !== undefined;
  }

  /** Counts `acquires` that come in the instant of one that was turned away. */
  shutDown(acquires: number): void {
    this.#counts.acquires += acquires;
    this.#counts.turnedAway += acquires;
  }

  /** When the answer leaves, and the lease; `undefined` where the call is turned away. */
  lend(ask: LeaseAsk): { readonly answeredAtMs: number; readonly lease?: Lease } | undefined {
    this.#counts.lends += 1;
    const turn = this.#serve((nowMs) => this.#limiter.lend(ask, nowMs));
    return turn && { answeredAtMs: this.#freeAtMs, ...(turn.lease && { lease: turn.lease }) };
  }

  /** Tokens at hand, and on lease. */
  peek(): { readonly tokens: number; readonly leased: number } {
    const { tokens, leasedTokens = 0 } = this.#limiter.inspect(Math.floor(this.#clock.wallMs));
    return { tokens, leased: leasedTokens };
  }

  #serve(verb: (nowMs: number) => Turn<Caller>): Turn<Caller> | undefined {
    const arrivedAtMs = this.#clock.wallMs;
    const beginsAtMs = Math.max(arrivedAtMs, this.#freeAtMs);
    if (beginsAtMs - arrivedAtMs > BACKLOG_MS) {
      this.#counts.turnedAway += 1;
      return undefined;
    }
    // Those who are due before this call has its turn are not made to wait for it.
    this.#wakeUntil(beginsAtMs);
    const nowMs = Math.floor(beginsAtMs);
    const turn = verb(nowMs);
    const serviceMs = CALL_MS + this.#write(turn, nowMs);
    this.#counts.busyMs += serviceMs;
    this.#freeAtMs = beginsAtMs + serviceMs;
    this.#settle(turn, this.#freeAtMs);
    this.#watch();
    return turn;
  }

  #write({ write, flushInMs = Infinity }: Turn<Caller>, nowMs: number): number {
    this.#flushAtMs = nowMs + flushInMs;
    if (!write) return 0;
    this.#counts.writes += 1;
    return WRITE_MS;
  }

  #settle({ settled }: Turn<Caller>, atMs: number): void {
    for (const settlement of settled) this.#settled(settlement, atMs);
  }

  /** The daemon, and the timer that gives back what is left of a batch. */
  #wakeUntil(atMs: number): void {
    for (let dueAtMs = this.#dueAtMs; dueAtMs <= atMs; dueAtMs = this.#dueAtMs) {
      const turn = this.#limiter.advance(dueAtMs);
      this.#write(turn, dueAtMs);
      this.#settle(turn, dueAtMs);
    }
  }

  get #dueAtMs(): number {
    return Math.min(this.#limiter.nextWakeAtMs ?? Infinity, this.#flushAtMs);
  }

  #watch(): void {
    const dueAtMs = this.#dueAtMs;
    if (dueAtMs >= this.#wakesAtMs) return;
    this.#wakesAtMs = dueAtMs;
    this.#clock.after(Math.max(0, dueAtMs - this.#clock.wallMs), () => {
      this.#wakesAtMs = Infinity;
      this.#wakeUntil(this.#clock.wallMs);
      this.#watch();
    });
  }
}
