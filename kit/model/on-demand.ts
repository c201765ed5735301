/**
 * A limiter with a punctual daemon, in virtual time: callers as fast-check draws them, and a daemon
 * that calls `advance` exactly when the limiter asks for it. (In virtual-time.ts, things fail.)
 */
import type { LimiterState } from "../../src/core/limiter-state.ts";
import type { Settlement, Turn } from "../../src/core/turn.ts";
import type { Pause } from "../../src/core/pause.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";
import type { PausingOperation, PlainOperation } from "./arbitraries.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { foldTokens } from "./arbitraries.ts";
import { epochMs } from "./limiters.ts";

export class OnDemandLimiter {
  readonly limiter: Limiter<string>;
  nowMs: number;
  /** Everything that was reported, in order. */
  readonly settled: Settlement<string>[] = [];
  /** The waiters, in order of joining. */
  readonly standing = new Map<string, Waiter<string>>();
  /** Callers that hung up and haven't come back, in order of leaving. */
  readonly away = new Map<string, Waiter<string>>();
  /** A handle for each caller that ever waited, whether it still does or not. */
  readonly #handles: Waiter<string>[] = [];
  #arrivals = 0;

  constructor(limiter: Limiter<string>, nowMs = epochMs) {
    this.limiter = limiter;
    this.nowMs = nowMs;
  }

  /**
   * Lets time pass to `atMs`. A wake-up at exactly that instant is left to `wake`, or to the next verb.
   */
  passTo(atMs: number): void {
    for (;;) {
      const { nextWakeAtMs } = this.limiter;
      if (nextWakeAtMs === undefined || nextWakeAtMs >= atMs) break;
      this.nowMs = nextWakeAtMs;
      this.wake();
    }
    this.nowMs = atMs;
  }

  /** The instant that a drawn passing of time leads to. */
  instantOf(operation: Extract<PlainOperation, { kind: "pass" | "pass to wake" }>): number {
    if (operation.kind === "pass") return this.nowMs + operation.ms;
    const wakeAtMs = this.limiter.nextWakeAtMs ?? this.nowMs;
    return Math.max(this.nowMs, wakeAtMs + operation.offsetMs);
  }

  /** Whether the daemon should have woken by now. */
  get isDue(): boolean {
    const { nextWakeAtMs } = this.limiter;
    return nextWakeAtMs !== undefined && nextWakeAtMs <= this.nowMs;
  }

  /** The daemon, if it is due. It is never woken while nobody waits. */
  wake(): void {
    if (!this.isDue) return;
    const { settled } = this.#note(this.limiter.advance(this.nowMs));
    if (settled.length === 0) throw new Error(`Woken at ${this.nowMs} for nobody`);
  }

  /** Lets time pass until nobody waits any more. */
  finish(): void {
    for (;;) {
      const { nextWakeAtMs } = this.limiter;
      if (nextWakeAtMs === undefined) return;
      this.passTo(nextWakeAtMs);
      this.wake();
    }
  }

  /** A new caller; returns its name. */
  acquire(tokens: number, timeoutMs: number, firstArrivalMs?: number): string {
    const caller = `caller ${(this.#arrivals += 1)}`;
    const request = {
      caller,
      tokens,
      timeoutMs: Math.min(timeoutMs, this.limiter.policy.maxWaitMs),
      ...(firstArrivalMs !== undefined && { firstArrivalMs }),
    };
    const turn = this.limiter.acquire(request, this.nowMs);
    if (turn.waiter) this.#remember(turn.waiter);
    this.#note(turn);
    return caller;
  }

  /** A caller hangs up: number `pick`, wrapping around, of all that ever waited. */
  cancel(pick: number): Waiter<string> | undefined {
    const waiter = this.#handles[pick % Math.max(1, this.#handles.length)];
    if (!waiter) return undefined;
    if (this.standing.delete(waiter.caller)) this.away.set(waiter.caller, waiter);
    this.#note(this.limiter.cancel(waiter, this.nowMs));
    return waiter;
  }

  /** A caller takes its place again: number `pick`, wrapping around, of those that have left. */
  comeBack(pick: number): Waiter<string> | undefined {
    const left = [...this.away.values()][pick % Math.max(1, this.away.size)];
    if (!left) return undefined;
    const { caller } = left;
    this.away.delete(caller);
    const turn = this.limiter.comeBack(left, this.nowMs);
    if (turn.waiter) {
      this.#handles[this.#handles.indexOf(left)] = turn.waiter;
      this.standing.set(caller, turn.waiter);
    }
    this.#note(turn);
    return left;
  }

  setPolicy(policy: Policy): void {
    this.#note(this.limiter.setPolicy(policy, this.nowMs));
  }

  pause(pause: Pause): void {
    this.#note(this.limiter.pause(pause, this.nowMs));
  }

  resume(): void {
    this.#note(this.limiter.resume(this.nowMs));
  }

  perform(operation: PausingOperation): void {
    const { policy } = this.limiter;
    switch (operation.kind) {
      case "acquire":
        if (operation.isDaemonFirst) this.wake();
        this.acquire(foldTokens(policy, operation.tokens), operation.timeoutMs);
        break;
      case "oversize":
        this.wake();
        this.acquire(policy.capacity + 1, 0);
        break;
      case "cancel":
        this.wake();
        this.cancel(operation.pick);
        break;
      case "pass":
      case "pass to wake":
        this.passTo(this.instantOf(operation));
        break;
      case "pause":
        this.pause({ untilMs: this.nowMs + operation.forMs, tokens: operation.tokens });
        break;
      case "lift":
        this.resume();
        break;
    }
  }

  /** This limiter after a restart: read from its own JSON text, with all waiters requeued. */
  restarted(): OnDemandLimiter {
    const { policy } = this.limiter;
    const state: LimiterState = JSON.parse(JSON.stringify(this.limiter));
    const other = new OnDemandLimiter(Limiter.from<string>(policy, state), this.nowMs);
    other.#arrivals = this.#arrivals;
    for (const handle of this.#handles) {
      // Handles of callers that are gone stay, so that both limiters number them alike.
      if (!this.standing.has(handle.caller)) {
        other.#handles.push(handle);
        continue;
      }
      const { caller, tokens, queuedAtMs, deadlineAtMs } = handle;
      const timeoutMs = deadlineAtMs - this.nowMs;
      const request = { caller, tokens, timeoutMs, firstArrivalMs: queuedAtMs };
      const turn = other.limiter.acquire(request, this.nowMs);
      if (turn.waiter) other.#remember(turn.waiter);
      other.#note(turn);
    }
    return other;
  }

  #remember(waiter: Waiter<string>): void {
    this.#handles.push(waiter);
    this.standing.set(waiter.caller, waiter);
  }

  #note(turn: Turn<string>): Turn<string> {
    this.settled.push(...turn.settled);
    for (const { caller } of turn.settled) this.standing.delete(caller);
    if (this.settled.length > this.#arrivals) throw new Error("Somebody was settled twice");
    return turn;
  }
}
