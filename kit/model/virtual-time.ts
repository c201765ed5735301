/**
 * The limiter's owner in virtual time: callers, a clock, a disk, and a daemon that calls `advance` when
 * the limiter asks for it. All of them can fail: the daemon comes late, the clock jumps, the process
 * dies between two turns or in the middle of one. The owner keeps the book that the laws are checked
 * against: who got which answer, in which order, and who stood in front of whom.
 */
import type { LimiterState } from "../../src/core/limiter-state.ts";
import type { Settlement, Turn } from "../../src/core/turn.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { Pause } from "../../src/core/pause.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { bucketFieldsOf } from "./bucket-policy.ts";

/** One grant, as reported to the caller. */
export interface SeenGrant {
  readonly tokens: number;
  readonly grantedAtMs: number;
}

/** What the owner remembers of a caller that hasn't been settled. */
interface Standing {
  readonly caller: string;
  /** `undefined` until the limiter has answered its first request. */
  waiter?: Waiter<string>;
}

export class VirtualOwner {
  /** In the order in which they were reported. */
  readonly grants: SeenGrant[] = [];
  /** How often each caller was settled: granted, refused, or gone by itself. */
  readonly settlements = new Map<string, number>();
  /** Callers that were granted past somebody in front of them. */
  readonly overtakings: string[] = [];
  /** What a pause should have held back. */
  readonly leaks: string[] = [];
  /** How many pauses there were. */
  pauses = 0;
  /** How many callers came back to wait. */
  comeBacks = 0;
  readonly #policy: Policy;
  #limiter: Limiter<string>;
  #clockMs: number;
  /** The latest instant the limiter was given. */
  #latestMs = -Infinity;
  #disk: string | undefined = undefined;
  /** The last pause that hasn't been lifted. */
  #pause: Pause | undefined = undefined;
  /** Tokens granted since that pause. */
  #grantedSincePause = 0;
  /** In queue order. */
  #standing: Standing[] = [];
  /** Callers that hung up and haven't come back. A crash forgets them. */
  #away: Waiter<string>[] = [];
  /** Callers whose places died with the process, and that haven't been requeued yet. */
  #displaced: Waiter<string>[] = [];

  constructor(policy: Policy, clockMs: number) {
    this.#policy = policy;
    this.#limiter = new Limiter(policy);
    this.#clockMs = clockMs;
  }

  acquire(tokens: number, timeoutMs: number): void {
    const caller = `caller ${this.settlements.size}`;
    this.settlements.set(caller, 0);
    const request = { caller, tokens, timeoutMs: Math.min(timeoutMs, this.#policy.maxWaitMs) };
    this.#standing.push({ caller });
    this.#turn((limiter) => limiter.acquire(request, this.#clockMs));
  }

  /** A caller hangs up: number `pick`, wrapping around. */
  cancel(pick: number): void {
    const [leaving] = this.#standing.splice(pick % Math.max(1, this.#standing.length), 1);
    const waiter = leaving?.waiter;
    if (!waiter) return;
    this.#count(waiter.caller);
    this.#away.push(waiter);
    this.#turn((limiter) => limiter.cancel(waiter, this.#clockMs));
  }

  /** A caller takes its place again: number `pick`, wrapping around, of those that have left. */
  comeBack(pick: number): void {
    const [returner] = this.#away.splice(pick % Math.max(1, this.#away.length), 1);
    if (!returner) return;
    const { caller } = returner;
    // A waiter that was due before it came back doesn't count as overtaking.
    this.#turn((limiter) => limiter.advance(this.#clockMs));
    this.settlements.set(caller, 0);
    const standing: Standing = { caller };
    this.#standing.unshift(standing);
    const { waiter } = this.#turn((limiter) => limiter.comeBack(returner, this.#clockMs));
    if (!waiter) return;
    this.comeBacks += 1;
    this.#moveBack(standing);
  }

  /** This book can't say how far back one has to be that would make others late, but not further forward. */
  #moveBack(standing: Standing): void {
    const { caller, waiter } = standing;
    const position = [...this.#limiter.places()].findIndex((place) => place.waiter === waiter);
    const foremost = this.#standing.indexOf(standing);
    if (position < foremost) this.overtakings.push(caller);
    this.#standing.splice(foremost, 1);
    this.#standing.splice(position, 0, standing);
  }

  /**
   * Ticks add nothing for a while. A pause shorter than the one in force only lowers the tokens.
   */
  pause(forMs: number, tokens: number): void {
    // Waiters that were due before aren't let through by the pause.
    this.#turn((limiter) => limiter.advance(this.#clockMs));
    const pause = { untilMs: this.#clockMs + forMs, tokens };
    if (forMs > 0) this.#notePause(pause);
    this.#turn((limiter) => limiter.pause(pause, this.#clockMs));
  }

  resume(): void {
    this.#pause = undefined;
    this.#turn((limiter) => limiter.resume(this.#clockMs));
  }

  /** Time passes. The daemon wakes `lateMs` after each instant that it was asked for. */
  pass(ms: number, lateMs: number): void {
    const untilMs = this.#clockMs + ms;
    for (;;) {
      const { nextWakeAtMs } = this.#limiter;
      if (nextWakeAtMs === undefined || nextWakeAtMs + lateMs > untilMs) break;
      this.#wakeAt(nextWakeAtMs + lateMs);
    }
    this.#clockMs = untilMs;
  }

  /** The clock is set, forward or back, and nobody wakes up because of it. */
  jump(ms: number): void {
    this.#clockMs += ms;
  }

  /**
   * The process dies and restarts from the disk. With `losesATurn` it dies after a turn that reached
   * neither the disk nor any caller.
   */
  crash(losesATurn: boolean): void {
    if (losesATurn) this.#limiter.acquire({ caller: "nobody", timeoutMs: 0 }, this.#clockMs);
    if (this.#disk === undefined) {
      this.#limiter = new Limiter(this.#policy);
    } else {
      const state: LimiterState = JSON.parse(this.#disk);
      this.#limiter = Limiter.from(this.#policy, state);
    }
    const displaced = this.#standing.flatMap(({ waiter }) => waiter ?? []);
    this.#displaced = [...this.#displaced, ...displaced].toSorted(
      (left, right) => left.queuedAtMs - right.queuedAtMs,
    );
    this.#standing = [];
    this.#away = [];
  }

  /** The first `count` of the callers that lost their places come back. */
  requeue(count: number): void {
    // A waiter that was due before they came back doesn't count as overtaking.
    this.#turn((limiter) => limiter.advance(this.#clockMs));
    for (const { caller, tokens, queuedAtMs, deadlineAtMs } of this.#displaced.splice(0, count)) {
      const leftMs = Math.max(0, deadlineAtMs - this.#clockMs);
      const timeoutMs = Math.min(leftMs, this.#policy.maxWaitMs);
      const later = this.#standing.findIndex(
        ({ waiter }) => Number(waiter?.queuedAtMs) > queuedAtMs,
      );
      const standing: Standing = { caller };
      this.#standing.splice(later < 0 ? this.#standing.length : later, 0, standing);
      const request = { caller, tokens, timeoutMs, firstArrivalMs: queuedAtMs };
      const { waiter } = this.#turn((limiter) => limiter.acquire(request, this.#clockMs));
      if (waiter) this.#moveBack(standing);
    }
  }

  requeueAll(): void {
    this.requeue(this.#displaced.length);
  }

  /** Asks without waiting, and returns the outcome. Not in the book. */
  probe(tokens: number): Outcome {
    const outcomes: Outcome[] = [];
    this.#turn((limiter) => {
      const request = { caller: "probe", tokens, timeoutMs: 0 };
      const { settled, ...rest } = limiter.acquire(request, this.#clockMs);
      outcomes.push(...settled.filter(isOfProbe).map(({ outcome }) => outcome));
      return { ...rest, settled: settled.filter((settlement) => !isOfProbe(settlement)) };
    });
    const [outcome] = outcomes;
    if (!outcome) throw new Error("A probe was not answered in its turn");
    return outcome;
  }

  /** No more faults: everybody comes back and is served. */
  finish(): void {
    this.requeueAll();
    for (;;) {
      const { nextWakeAtMs } = this.#limiter;
      if (nextWakeAtMs === undefined) return;
      this.#wakeAt(nextWakeAtMs);
    }
  }

  /** The daemon. It is never woken while nobody waits. */
  #wakeAt(atMs: number): void {
    this.#clockMs = Math.max(this.#clockMs, atMs);
    const { settled } = this.#turn((limiter) => limiter.advance(this.#clockMs));
    if (settled.length === 0) throw new Error(`Woken at ${this.#clockMs} for nobody`);
  }

  #notePause({ untilMs, tokens }: Pause): void {
    this.pauses += 1;
    const inForce = this.#pause && this.#latestMs < this.#pause.untilMs ? this.#pause : undefined;
    const left = inForce ? inForce.tokens - this.#grantedSincePause : Infinity;
    this.#grantedSincePause = 0;
    this.#pause = {
      untilMs: Math.max(untilMs, inForce?.untilMs ?? untilMs),
      tokens: Math.min(tokens, left),
    };
  }

  /** Grants since the pause come from what it kept and from the ticks after it. */
  #checkPause(tokens: number): void {
    if (!this.#pause) return;
    const { refillTokens, refillIntervalMs } = bucketFieldsOf(this.#policy);
    const { untilMs, tokens: kept } = this.#pause;
    this.#grantedSincePause += tokens;
    const afterMs = Math.max(0, this.#latestMs - untilMs);
    // The grid is the bucket's own, so there may be one tick more than whole intervals.
    const ticks = afterMs > 0 ? Math.floor(afterMs / refillIntervalMs) + 1 : 0;
    const most = kept + ticks * refillTokens;
    if (this.#grantedSincePause <= most) return;
    this.leaks.push(`${this.#grantedSincePause} tokens by ${this.#clockMs}: at most ${most}`);
  }

  #turn(verb: (limiter: Limiter<string>) => Turn<string>): Turn<string> {
    this.#latestMs = Math.max(this.#latestMs, this.#clockMs);
    const turn = verb(this.#limiter);
    // Disk before callers: nobody may hear of a turn that a crash could still undo.
    if (turn.write) this.#disk = JSON.stringify(turn.write);
    const { waiter } = turn;
    const standing = waiter && this.#standing.find(({ caller }) => caller === waiter.caller);
    if (standing) standing.waiter = waiter;
    for (const settlement of turn.settled) this.#settle(settlement);
    return turn;
  }

  #settle({ caller, outcome }: Settlement<string>): void {
    const index = this.#standing.findIndex((standing) => standing.caller === caller);
    if (index < 0) throw new Error(`${caller} was settled, and is not in the queue`);
    if (outcome.ok) {
      this.#checkPause(outcome.tokens);
      this.grants.push({ tokens: outcome.tokens, grantedAtMs: outcome.grantedAtMs });
      if (index > 0) this.overtakings.push(caller);
    }
    this.#standing.splice(index, 1);
    this.#count(caller);
  }

  #count(caller: string): void {
    this.settlements.set(caller, (this.settlements.get(caller) ?? 0) + 1);
  }
}

function isOfProbe({ caller }: Settlement<string>): boolean {
  return caller === "probe";
}

/**
 * Every window, from each grant to each later one, in which more was granted than the policy allows for
 * its length; empty if the law holds.
 */
export function windowsWithTooMuch(policy: Policy, grants: readonly SeenGrant[]): string[] {
  const { capacity, refillTokens, refillIntervalMs } = bucketFieldsOf(policy);
  const inTime = grants.toSorted((left, right) => left.grantedAtMs - right.grantedAtMs);
  const windows: string[] = [];
  inTime.forEach((first, index) => {
    let tokens = 0;
    for (const last of inTime.slice(index)) {
      tokens += last.tokens;
      const lengthMs = last.grantedAtMs - first.grantedAtMs;
      const most = capacity + refillTokens * (Math.floor(lengthMs / refillIntervalMs) + 1);
      if (tokens > most) {
        windows.push(
          `${tokens} tokens in ${lengthMs} ms from ${first.grantedAtMs}: at most ${most}`,
        );
      }
    }
  });
  return windows;
}
