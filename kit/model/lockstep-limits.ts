/**
 * Several limits and one queue, written as naively as the rules can be read, to compare the limiter with.
 * Each limit is by itself, and all of them are stepped through every millisecond in lockstep. A waiter is
 * served once all of them have what it asks for. To find out when that will be, copies of them are stepped
 * through the whole queue.
 *
 * Of `src/core` it uses the kinds of limits alone (the suite of laws is about them), and neither what joins
 * limits nor what looks ahead.
 */
import type { LimiterPolicy } from "../../src/core/limiter-state.ts";
import type { Limit, LimitSpec } from "../../src/core/limits/limit.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { Settlement } from "../../src/core/turn.ts";
import type { Place } from "./reference-model.ts";

/** Time passes in order, and only by `passTo`. */
export class LockstepLimits {
  readonly settled: Settlement<string>[] = [];
  #policy: LimiterPolicy;
  #limits: { readonly spec: LimitSpec; readonly limit: Limit }[] = [];
  #nowMs: number;
  #queue: Place[] = [];
  #joined = 0;
  /** Callers that have left. */
  readonly #away = new Map<string, Place>();

  constructor(policy: LimiterPolicy, nowMs: number) {
    this.#policy = policy;
    this.#nowMs = nowMs;
  }

  /** Tokens in each limit; empty before they have started. */
  get tokens(): number[] {
    return this.#limits.map(({ limit }) => limit.tokens);
  }

  /** The waiters, in order. */
  get callers(): string[] {
    return this.#queue.map(({ caller }) => caller);
  }

  /** When each of them will be granted. */
  get grantsAtMs(): number[] {
    const queue = this.#queue;
    return queue.map(({ tokens }, index) => this.#grantAtMs(queue.slice(0, index), tokens));
  }

  passTo(atMs: number): void {
    while (this.#nowMs < atMs) {
      this.#nowMs += 1;
      for (const { limit } of this.#limits) limit.advance(this.#nowMs);
      this.#serve();
    }
  }

  acquire(caller: string, tokens: number, timeoutMs: number): void {
    if (!this.#startFor(tokens)) return this.#refuse(caller, "exceeds-capacity");
    const grantAtMs = this.#grantAtMs(this.#queue, tokens);
    const retryAfterMs = grantAtMs - this.#nowMs;
    if (retryAfterMs > timeoutMs) return this.#refuse(caller, "timeout", retryAfterMs);
    if (retryAfterMs > 0 && this.#queue.length >= this.#policy.queueLimit) {
      return this.#refuse(caller, "queue-full", retryAfterMs);
    }
    const deadlineAtMs = this.#nowMs + timeoutMs;
    const number = (this.#joined += 1);
    this.#queue.push({ caller, tokens, queuedAtMs: this.#nowMs, deadlineAtMs, number });
    this.#serve();
  }

  cancel(caller: string): void {
    for (const place of this.#queue) if (place.caller === caller) this.#away.set(caller, place);
    this.#queue = this.#queue.filter((place) => place.caller !== caller);
    this.#serve();
  }

  /** To its old place, or as far behind it as it takes to make nobody late. */
  comeBack(caller: string): void {
    const returner = this.#away.get(caller);
    this.#away.delete(caller);
    if (!returner) return;
    const { tokens, deadlineAtMs } = returner;
    if (!this.#startFor(tokens)) return this.#refuse(caller, "exceeds-capacity");
    const isLater = ({ queuedAtMs, number }: Place): boolean =>
      queuedAtMs > returner.queuedAtMs ||
      (queuedAtMs === returner.queuedAtMs && number > returner.number);
    const isLateBehind = (inFront: readonly Place[], behind: readonly Place[]): boolean[] =>
      behind.map((place, index) => {
        const before = [...inFront, returner, ...behind.slice(0, index)];
        return this.#grantAtMs(before, place.tokens) > place.deadlineAtMs;
      });
    let front = 0;
    for (let late = 0; late >= 0;) {
      const next = this.#queue.findIndex((place, index) => index >= front && isLater(place));
      front = next < 0 ? this.#queue.length : next;
      late = isLateBehind(this.#queue.slice(0, front), this.#queue.slice(front)).lastIndexOf(true);
      if (late >= 0) front += late + 1;
    }
    if (this.#grantAtMs(this.#queue.slice(0, front), tokens) > deadlineAtMs) {
      const retryAfterMs = this.#grantAtMs(this.#queue, tokens) - this.#nowMs;
      return this.#refuse(caller, "timeout", retryAfterMs);
    }
    this.#queue.splice(front, 0, returner);
    this.#serve();
  }

  /** Of the first limit, through which everybody has to go. */
  pause(untilMs: number, tokens: number): void {
    if (untilMs <= this.#nowMs) return;
    this.#start();
    this.#limits[0]?.limit.pause(untilMs, tokens, this.#nowMs);
    this.#retime();
  }

  resume(): void {
    this.#limits[0]?.limit.resume(this.#nowMs);
  }

  setPolicy(policy: LimiterPolicy): void {
    this.#policy = policy;
    if (this.#limits.length === 0) return;
    const before = this.#limits;
    this.#limits = policy.limits.map((spec) => {
      const known = before.find(({ spec: { name } }) => name === spec.name);
      if (!known) return this.#started(spec);
      if (known.spec.kind !== spec.kind) return this.#succeeding(known.limit, spec);
      known.limit.reconfigure(spec.fields, this.#nowMs);
      return { spec, limit: known.limit };
    });
    this.#retime();
  }

  #started(spec: LimitSpec) {
    return { spec, limit: spec.kind.start(spec.fields, this.#nowMs) };
  }

  /** A limit of another kind, with what is left of the one before it: its tokens and its pause. */
  #succeeding(before: Limit, spec: LimitSpec) {
    const { capacity } = spec.fields;
    const limit = spec.kind.start({ ...spec.fields, initialTokens: capacity }, this.#nowMs);
    limit.take(capacity - Math.min(capacity, before.tokens));
    const { pausedUntilMs } = before;
    if (pausedUntilMs !== undefined) limit.pause(pausedUntilMs, capacity, this.#nowMs);
    return { spec, limit };
  }

  #start(): void {
    if (this.#limits.length > 0) return;
    this.#limits = this.#policy.limits.map((spec) => this.#started(spec));
  }

  /** Whether each limit can ever have so many; if so, they have started. */
  #startFor(tokens: number): boolean {
    const started = this.#policy.limits.map((spec) => this.#started(spec));
    if (started.some(({ limit }) => tokens > limit.capacity)) return false;
    this.#start();
    return true;
  }

  /** When `tokens` would be granted behind everybody in `queue`. */
  #grantAtMs(queue: readonly Place[], tokens: number): number {
    const limits = this.#limits.map(({ limit }) => limit.copy());
    let atMs = this.#nowMs;
    for (const asked of [...queue.map((place) => place.tokens), tokens]) {
      while (limits.some((limit) => limit.tokens < asked)) {
        atMs += 1;
        for (const limit of limits) limit.advance(atMs);
      }
      for (const limit of limits) limit.take(asked);
    }
    return atMs;
  }

  #serve(): void {
    for (let [head] = this.#queue; head; [head] = this.#queue) {
      const { caller, tokens, queuedAtMs } = head;
      if (this.#limits.some(({ limit }) => limit.tokens < tokens)) return;
      for (const { limit } of this.#limits) limit.take(tokens);
      this.#queue.shift();
      const grant = { tokens, remaining: this.#limits[0]?.limit.tokens ?? 0 };
      const times = { waitedMs: this.#nowMs - queuedAtMs, grantedAtMs: this.#nowMs };
      this.settled.push({ caller, outcome: { ok: true, ...grant, ...times } });
    }
  }

  /** Refuses, from head to tail, waiters that can't be served in time any more, or ever. */
  #retime(): void {
    const all = this.#queue;
    this.#queue = [];
    const leaving = all.filter((place) => {
      const { tokens, deadlineAtMs } = place;
      const isTooMuch = this.#limits.some(({ limit }) => tokens > limit.capacity);
      const grantAtMs = isTooMuch ? Infinity : this.#grantAtMs(this.#queue, tokens);
      const isLate = grantAtMs > Math.max(deadlineAtMs, this.#nowMs);
      if (!isLate) this.#queue.push(place);
      return isLate;
    });
    for (const { caller, tokens } of leaving) {
      if (this.#limits.some(({ limit }) => tokens > limit.capacity)) {
        this.#refuse(caller, "exceeds-capacity");
      } else {
        this.#refuse(caller, "timeout", this.#grantAtMs(this.#queue, tokens) - this.#nowMs);
      }
    }
    this.#serve();
  }

  #refuse(
    caller: string,
    reason: Extract<Outcome, { ok: false }>["reason"],
    retryAfterMs?: number,
  ): void {
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
    this.settled.push({ caller, outcome: { ok: false, reason, ...retry } });
  }
}
