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
import type { LimiterReason, Outcome } from "../../src/core/outcome.ts";
import type { Settlement } from "../../src/core/turn.ts";

/** What a caller asks for: so many of every limit, or so many of those that are named. */
export interface NamedTokens {
  readonly tokens: number;
  readonly limits?: Readonly<Record<string, number>>;
}

interface Place {
  readonly caller: string;
  readonly ask: NamedTokens;
  readonly queuedAtMs: number;
  readonly deadlineAtMs: number;
  /** How many callers had ever joined before it. */
  readonly number: number;
}

interface NamedLimit {
  readonly spec: LimitSpec;
  readonly limit: Limit;
}

/** Time passes in order, and only by `passTo`. */
export class LockstepLimits {
  readonly settled: Settlement<string>[] = [];
  #policy: LimiterPolicy;
  #limits: NamedLimit[] = [];
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
    return this.#playOut(this.#queue).atMs;
  }

  /** The limit that the first of them waits for; `undefined` if nobody waits or there is one limit. */
  get headLimit(): string | undefined {
    const [head] = this.#queue;
    return head && this.#lastToHave(head.ask)?.[0];
  }

  passTo(atMs: number): void {
    while (this.#nowMs < atMs) {
      this.#nowMs += 1;
      for (const { limit } of this.#limits) limit.advance(this.#nowMs);
      this.#serve();
    }
  }

  /** The daemon comes at `atMs` only: what has overflowed until then is lost, and late callers are refused. */
  passLateTo(atMs: number): void {
    this.#nowMs = atMs;
    for (const { limit } of this.#limits) limit.advance(atMs);
    this.#serve();
    this.#retime();
  }

  acquire(caller: string, ask: NamedTokens, timeoutMs: number): void {
    if (!this.#startFor(caller, ask)) return;
    const number = (this.#joined += 1);
    const [queuedAtMs, deadlineAtMs] = [this.#nowMs, this.#nowMs + timeoutMs];
    const place = { caller, ask, queuedAtMs, deadlineAtMs, number };
    const grantAtMs = this.#grantAtMs(this.#queue, place);
    if (grantAtMs > deadlineAtMs) return this.#refuseLate(place);
    if (grantAtMs > this.#nowMs && this.#queue.length >= this.#policy.queueLimit) {
      const blocking = this.#lastToHave(this.#queue[0]?.ask ?? ask);
      return this.#refuse(caller, "queue-full", blocking, grantAtMs - this.#nowMs);
    }
    this.#queue.push(place);
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
    if (!returner || !this.#startFor(caller, returner.ask)) return;
    const isLater = ({ queuedAtMs, number }: Place): boolean =>
      queuedAtMs > returner.queuedAtMs ||
      (queuedAtMs === returner.queuedAtMs && number > returner.number);
    let front = 0;
    for (let late = 0; late >= 0;) {
      const next = this.#queue.findIndex((place, index) => index >= front && isLater(place));
      front = next < 0 ? this.#queue.length : next;
      const line = [...this.#queue.slice(0, front), returner, ...this.#queue.slice(front)];
      const { atMs } = this.#playOut(line);
      const isLate = (place: Place, index: number) =>
        Number(atMs[front + 1 + index]) > place.deadlineAtMs;
      late = this.#queue.slice(front).findLastIndex(isLate);
      if (late >= 0) front += late + 1;
    }
    const grantAtMs = this.#grantAtMs(this.#queue.slice(0, front), returner);
    if (grantAtMs > returner.deadlineAtMs) return this.#refuseLate(returner);
    this.#queue.splice(front, 0, returner);
    this.#serve();
  }

  /** Of some limits, through all of which everybody has to go; by default of the first. */
  pause(untilMs: number, tokens: number, names?: readonly string[]): void {
    if (untilMs <= this.#nowMs) return;
    this.#start();
    for (const limit of this.#named(names)) limit.pause(untilMs, tokens, this.#nowMs);
    this.#retime();
  }

  resume(names?: readonly string[]): void {
    for (const limit of this.#named(names)) limit.resume(this.#nowMs);
    this.#serve();
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

  #named(names?: readonly string[]): Limit[] {
    if (!names) return this.#limits.slice(0, 1).map(({ limit }) => limit);
    return this.#limits.flatMap(({ spec, limit }) => (names.includes(spec.name) ? [limit] : []));
  }

  #started(spec: LimitSpec): NamedLimit {
    return { spec, limit: spec.kind.start(spec.fields, this.#nowMs) };
  }

  /** A limit of another kind, with what is left of the one before it: its tokens and its pause. */
  #succeeding(before: Limit, spec: LimitSpec): NamedLimit {
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

  /** Whether each limit can ever have so many; if so, they have started, else the caller is refused. */
  #startFor(caller: string, ask: NamedTokens): boolean {
    const over = this.#namesOver(ask);
    if (over.length > 0) this.#refuseOver(caller, over);
    else this.#start();
    return over.length === 0;
  }

  #namesOver(ask: NamedTokens): string[] {
    const over = this.#policy.limits.filter(
      ({ name, fields }) => wanted(ask, name) > fields.capacity,
    );
    return over.map(({ name }) => name);
  }

  #grantAtMs(queue: readonly Place[], place: Place): number {
    return this.#playOut([...queue, place]).atMs.at(-1) ?? NaN;
  }

  /** When each of `line` is granted if nobody else comes, and the limits after that. */
  #playOut(line: readonly Place[]): { readonly atMs: number[]; readonly limits: NamedLimit[] } {
    const limits = this.#limits.map(({ spec, limit }) => ({ spec, limit: limit.copy() }));
    let nowMs = this.#nowMs;
    const atMs = line.map(({ ask }) => {
      while (limits.some((one) => lacks(one, ask))) {
        // Up to there, none of them gets anything.
        nowMs = Math.min(...limits.map(({ limit }) => limit.nextGainAtMs));
        for (const { limit } of limits) limit.advance(nowMs);
      }
      for (const { spec, limit } of limits) limit.take(wanted(ask, spec.name));
      return nowMs;
    });
    return { atMs, limits };
  }

  /** The limit that is the last to have what is asked of it, were it granted next: a list of one. */
  #lastToHave(ask: NamedTokens): string[] | undefined {
    if (this.#limits.length === 1) return undefined;
    const atMs = this.#limits.map((one) => hasAtMs(one, ask));
    const last = this.#limits[atMs.indexOf(Math.max(...atMs))];
    return last && [last.spec.name];
  }

  #serve(): void {
    for (let [head] = this.#queue; head; [head] = this.#queue) {
      const { caller, ask, queuedAtMs } = head;
      if (this.#limits.some((one) => lacks(one, ask))) return;
      this.#queue.shift();
      const taken = this.#limits.map(({ spec: { name }, limit }) => {
        const tokens = wanted(ask, name);
        limit.take(tokens);
        return { name, grant: { tokens, remaining: limit.tokens } };
      });
      const [first, ...others] = taken;
      if (!first) throw new Error("There is no limit");
      const times = { waitedMs: this.#nowMs - queuedAtMs, grantedAtMs: this.#nowMs };
      const limits = Object.fromEntries(others.map(({ name, grant }) => [name, grant]));
      const outcome = { ok: true, ...first.grant, ...times } as const;
      this.settled.push({ caller, outcome: others.length > 0 ? { ...outcome, limits } : outcome });
    }
  }

  /** Refuses, from head to tail, waiters that can't be served in time any more, or ever. */
  #retime(): void {
    const all = this.#queue;
    this.#queue = [];
    const leaving = all.filter((place) => {
      const isTooMuch = this.#namesOver(place.ask).length > 0;
      const grantAtMs = isTooMuch ? Infinity : this.#grantAtMs(this.#queue, place);
      const isLate = grantAtMs > Math.max(place.deadlineAtMs, this.#nowMs);
      if (!isLate) this.#queue.push(place);
      return isLate;
    });
    for (const place of leaving) {
      const over = this.#namesOver(place.ask);
      if (over.length > 0) this.#refuseOver(place.caller, over);
      else this.#refuseLate(place);
    }
    this.#serve();
  }

  #refuseOver(caller: string, over: readonly string[]): void {
    this.#refuse(caller, "exceeds-capacity", this.#policy.limits.length > 1 ? over : undefined);
  }

  /** By the limits that lack its tokens beyond its deadline behind everybody, else by what holds up the head. */
  #refuseLate(place: Place): void {
    const { limits } = this.#playOut(this.#queue);
    const late = limits.filter((one) => {
      return lacks(one, place.ask) && hasAtMs(one, place.ask) > place.deadlineAtMs;
    });
    const own =
      late.length > 0 && limits.length > 1 ? late.map(({ spec }) => spec.name) : undefined;
    const violated = own ?? this.#lastToHave(this.#queue[0]?.ask ?? place.ask);
    const retryAfterMs = this.#grantAtMs(this.#queue, place) - this.#nowMs;
    this.#refuse(place.caller, "timeout", violated, retryAfterMs);
  }

  #refuse(
    caller: string,
    reason: LimiterReason,
    violatedLimits?: readonly string[],
    retryAfterMs?: number,
  ): void {
    const outcome: Outcome = {
      ok: false,
      reason,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(violatedLimits && { violatedLimits }),
    };
    this.settled.push({ caller, outcome });
  }
}

function wanted({ tokens, limits }: NamedTokens, name: string): number {
  return limits?.[name] ?? tokens;
}

function lacks({ spec, limit }: NamedLimit, ask: NamedTokens): boolean {
  const tokens = wanted(ask, spec.name);
  return tokens > 0 && tokens > limit.tokens;
}

/** When a limit has what is asked of it, if nobody takes any; if it has, the last instant it got something. */
function hasAtMs(one: NamedLimit, ask: NamedTokens): number {
  const ahead = { spec: one.spec, limit: one.limit.copy() };
  while (lacks(ahead, ask)) ahead.limit.advance(ahead.limit.nextGainAtMs);
  return ahead.limit.reachedAtMs;
}
