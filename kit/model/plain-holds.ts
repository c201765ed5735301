/**
 * A bucket with holds and permits, written as naively as the rules can be read, to compare the limiter with. It is
 * stepped through every millisecond. Tokens are plain numbers, and what may still come back of a hold is one number
 * of that hold, of which ticks take away what there is no room for, from the oldest hold on. To find out when a
 * waiter will be granted, copies of the limits are stepped through the whole queue.
 *
 * It uses nothing of `src/core`.
 */

/** One limit of a policy: a token bucket. */
interface PlainFields {
  readonly name: string;
  readonly capacity: number;
  readonly refillTokens: number;
  readonly refillIntervalMs: number;
  readonly initialTokens: number;
}

export interface PlainPolicy {
  readonly limits: readonly PlainFields[];
  readonly queueLimit: number;
  readonly debt: "queue" | "front";
  readonly concurrency:
    | { readonly max: number; readonly ttlMs: number; readonly graceMs: number }
    | undefined;
}

type Tokens = Record<string, number>;

/** What a caller asks for: so many of each limit, by name. */
export interface PlainAsk {
  readonly caller: string;
  readonly tokens: Readonly<Tokens>;
  readonly timeoutMs: number;
  readonly holdMs: number | undefined;
  readonly sessionId: string | undefined;
}

interface Bucket extends Omit<PlainFields, "initialTokens"> {
  readonly startedAtMs: number;
  tokens: number;
  pausedUntilMs: number;
}

interface Part {
  readonly reserved: number;
  spent: number;
  /** What may still come back. */
  rest: number;
}

interface Settled {
  readonly used: Tokens;
  readonly returned: Tokens;
  readonly owed: Tokens;
  readonly settledAtMs: number;
}

interface Hold {
  expiresAtMs: number;
  readonly parts: Record<string, Part>;
  settled?: Settled;
}

interface Permit {
  readonly grantedAtMs: number;
  readonly fence: number;
  expiresAtMs: number;
  /** As long as it has one, it has no end. */
  sessionId: string | undefined;
}

interface Waiting extends PlainAsk {
  readonly deadlineAtMs: number;
  /** Taken as soon as it has been served or has left, and everybody in front of it. */
  owed: Tokens;
}

/** What becomes of a caller. */
export type PlainOutcome =
  | {
      readonly ok: true;
      readonly grantedAtMs: number;
      readonly remaining: readonly number[];
      readonly hold?: { readonly id: string; readonly expiresAtMs: number };
      readonly permit?: {
        readonly id: string;
        readonly fence: number;
        readonly expiresAtMs: number;
      };
    }
  /** `retryAfterMs` is left out where it is an estimate. */
  | { readonly ok: false; readonly reason: string; readonly retryAfterMs?: number };

/** Time passes in order, and only by `passTo`. */
export class PlainHolds {
  readonly settled: { readonly caller: string; readonly outcome: PlainOutcome }[] = [];
  /** How many tokens were written off, for tests that want to have seen some. */
  writtenOff = 0;
  /** How many permits have outlived their own end with their session, for such tests, too. */
  outlived = 0;
  #policy: PlainPolicy;
  #nowMs: number;
  #limits: Bucket[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #holds = new Map<string, Hold>();
  readonly #permits = new Map<string, Permit>();
  #ids = 0;
  #lastFence = 0;

  constructor(policy: PlainPolicy, nowMs: number) {
    this.#policy = policy;
    this.#nowMs = nowMs;
  }

  get callers(): string[] {
    return this.#waiting.map(({ caller }) => caller);
  }

  /** When everybody who waits is granted as things stand; nothing is known of that with permits. */
  get grantsAtMs(): number[] | undefined {
    if (this.#policy.concurrency) return undefined;
    const { atMs } = this.#play(this.#waiting);
    return atMs;
  }

  /** What the limiter shows of itself. */
  get view() {
    const perLimit = (valueOf: (limit: Bucket) => number): Tokens =>
      Object.fromEntries(this.#limits.map((limit) => [limit.name, valueOf(limit)]));
    const permits = [...this.#permits.values()];
    const oldestAtMs = Math.min(...permits.map(({ grantedAtMs }) => grantedAtMs));
    return {
      tokens: perLimit(({ tokens }) => Math.max(0, tokens)),
      heldTokens: perLimit(({ name }) => this.#heldOf(name)),
      owedTokens: perLimit(({ name, tokens }) => {
        const queued = this.#waiting.map(({ owed }) => owed[name] ?? 0);
        return Math.max(0, -tokens) + sumOf(queued);
      }),
      permits: this.#policy.concurrency && {
        max: this.#policy.concurrency.max,
        held: permits.length,
        ...(permits.length > 0 && { oldestAtMs }),
      },
    };
  }

  /** Ids of holds and permits that were ever opened, in order. */
  get ids(): readonly string[] {
    return Array.from({ length: this.#ids }, (_, index) => `g${index + 1}`);
  }

  acquire(ask: PlainAsk): void {
    const { caller, tokens, timeoutMs } = ask;
    const limits = this.#limits.length > 0 ? this.#limits : this.#started();
    if (limits.some(({ name, capacity }) => (tokens[name] ?? 0) > capacity)) {
      this.#refuse(caller, "exceeds-capacity");
      return;
    }
    this.#limits = limits;
    if (this.#waiting.length === 0 && this.#has(tokens)) return this.#grant(ask);
    const deadlineAtMs = this.#nowMs + timeoutMs;
    if (this.#isLate(ask, deadlineAtMs)) return this.#refuseBehind("timeout", ask);
    if (this.#waiting.length >= this.#policy.queueLimit) {
      return this.#refuseBehind("queue-full", ask);
    }
    this.#waiting.push({ ...ask, deadlineAtMs, owed: {} });
  }

  cancel(caller: string): void {
    const waiter = this.#waiting.find((one) => one.caller === caller);
    if (waiter) this.#leave(waiter);
    this.#serve();
  }

  /** @param used By the name of the limit; one that isn't named is used up as reserved. */
  settle(id: string, used: Tokens): unknown {
    const hold = this.#holds.get(id);
    if (!hold) return { kind: "unknown-hold" };
    const all = useOf(hold, used);
    const { settled } = hold;
    if (settled) {
      const isSame =
        all && Object.entries(all).every(([name, tokens]) => settled.used[name] === tokens);
      if (isSame) return { kind: "settled", settled: { id, ...settled } };
      return { kind: "hold-settled", settledAtMs: settled.settledAtMs };
    }
    if (!all) return { kind: "invalid" };
    const returned = mapOf(hold.parts, (part, name) => this.#giveBack(name, part, all[name] ?? 0));
    const owed = mapOf(hold.parts, ({ reserved }, name) => {
      return Math.max(0, (all[name] ?? 0) - reserved);
    });
    hold.settled = { used: all, returned, owed, settledAtMs: this.#nowMs };
    this.#owe(
      mapOf(hold.parts, ({ reserved, spent }, name) => {
        return (owed[name] ?? 0) - Math.max(0, spent - reserved);
      }),
    );
    return { kind: "settled", settled: { id, ...hold.settled } };
  }

  drop(id: string): unknown {
    const hold = this.#holds.get(id);
    return this.settle(id, hold ? mapOf(hold.parts, () => 0) : {});
  }

  spend(id: string, atLeast: Tokens): unknown {
    const hold = this.#holds.get(id);
    if (!hold) return { kind: "unknown-hold" };
    if (hold.settled) return { kind: "hold-settled", settledAtMs: hold.settled.settledAtMs };
    if (Object.keys(atLeast).some((name) => !hold.parts[name])) return { kind: "invalid" };
    const debt: Tokens = {};
    for (const [name, part] of Object.entries(hold.parts)) {
      const spent = Math.max(part.spent, atLeast[name] ?? 0);
      debt[name] = Math.max(0, spent - part.reserved) - Math.max(0, part.spent - part.reserved);
      part.spent = spent;
      part.rest = Math.min(part.rest, Math.max(0, part.reserved - spent));
    }
    this.#owe(debt);
    return { kind: "open", id, expiresAtMs: hold.expiresAtMs };
  }

  extend(id: string, ms: number): unknown {
    const hold = this.#holds.get(id);
    if (!hold) return { kind: "unknown-hold" };
    if (hold.settled) return { kind: "hold-settled", settledAtMs: hold.settled.settledAtMs };
    if (hold.expiresAtMs <= this.#nowMs) {
      return { kind: "hold-settled", expiredAtMs: hold.expiresAtMs };
    }
    hold.expiresAtMs = this.#nowMs + ms;
    return { kind: "open", id, expiresAtMs: hold.expiresAtMs };
  }

  extendPermit(id: string, sessionId: string | undefined): unknown {
    const permit = this.#permits.get(id);
    if (!permit || !this.#policy.concurrency) return { kind: "permit-lost" };
    const endAtMs = this.#nowMs + this.#policy.concurrency.ttlMs;
    const { fence } = permit;
    const expiresAtMs = Math.max(permit.expiresAtMs, endAtMs);
    // On its own session there is nothing to extend.
    if (sessionId === undefined || permit.sessionId !== sessionId) permit.expiresAtMs = expiresAtMs;
    permit.sessionId = sessionId;
    return { kind: "extended", permit: { id, fence, expiresAtMs } };
  }

  releasePermit(id: string): void {
    if (this.#permits.delete(id)) this.#serve();
  }

  /** Permits whose session is over end after the grace period. */
  endSessions(isOver: (sessionId: string) => boolean): void {
    const { graceMs } = this.#policy.concurrency ?? { graceMs: 0 };
    for (const [id, permit] of this.#permits) {
      if (permit.sessionId === undefined || !isOver(permit.sessionId)) continue;
      permit.sessionId = undefined;
      if (permit.expiresAtMs <= this.#nowMs) this.outlived += 1;
      permit.expiresAtMs = this.#nowMs + graceMs;
      if (graceMs === 0) this.#permits.delete(id);
    }
    this.#serve();
  }

  pause(untilMs: number, tokens: number, names: readonly string[]): void {
    if (untilMs <= this.#nowMs) return;
    if (this.#limits.length === 0) this.#limits = this.#started();
    let hasChanged = false;
    for (const limit of this.#limits.filter(({ name }) => names.includes(name))) {
      hasChanged ||= untilMs > limit.pausedUntilMs || tokens < limit.tokens;
      limit.pausedUntilMs = Math.max(limit.pausedUntilMs, untilMs);
      limit.tokens = Math.min(limit.tokens, tokens);
    }
    if (hasChanged) this.#retime();
  }

  resume(names: readonly string[]): void {
    for (const limit of this.#limits) {
      if (names.includes(limit.name)) limit.pausedUntilMs = -Infinity;
    }
  }

  setPolicy(policy: PlainPolicy): void {
    this.#policy = policy;
    if (this.#limits.length === 0) return;
    const known = this.#limits;
    this.#limits = this.#started().map((fresh) => {
      const before = known.find(({ name }) => name === fresh.name);
      if (!before) return fresh;
      const { startedAtMs, pausedUntilMs } = before;
      const tokens = Math.min(before.tokens, fresh.capacity);
      return Object.assign(fresh, { startedAtMs, pausedUntilMs, tokens });
    });
    for (const { parts } of this.#holds.values()) {
      for (const [name, part] of Object.entries(parts)) {
        if (!this.#limits.some((limit) => limit.name === name)) part.rest = 0;
      }
    }
    for (const limit of this.#limits) this.#writeOff(limit);
    if (!policy.concurrency) this.#permits.clear();
    this.#retime();
  }

  passTo(atMs: number): void {
    while (this.#nowMs < atMs) {
      this.#nowMs += 1;
      this.#step();
    }
  }

  #step(): void {
    const nowMs = this.#nowMs;
    for (const limit of this.#limits) {
      tick(limit, nowMs);
      this.#writeOff(limit);
    }
    for (const hold of this.#holds.values()) {
      if (hold.expiresAtMs <= nowMs) for (const part of Object.values(hold.parts)) part.rest = 0;
    }
    for (const [id, { expiresAtMs, sessionId }] of this.#permits) {
      if (sessionId === undefined && expiresAtMs <= nowMs) this.#permits.delete(id);
    }
    this.#serve();
    this.#refuseOverdue();
  }

  #refuseOverdue(): void {
    if (!this.#policy.concurrency) return;
    const overdue = this.#waiting.filter(({ deadlineAtMs }) => deadlineAtMs <= this.#nowMs);
    for (const waiter of overdue) this.#leave(waiter);
    this.#serve();
    for (const waiter of overdue) this.#refuseBehind("timeout", waiter);
  }

  #started(): Bucket[] {
    return this.#policy.limits.map(({ initialTokens, ...fields }) => {
      return {
        ...fields,
        startedAtMs: this.#nowMs,
        tokens: initialTokens,
        pausedUntilMs: -Infinity,
      };
    });
  }

  #has(tokens: Tokens): boolean {
    const { concurrency } = this.#policy;
    return hasAll(this.#limits, tokens) && (!concurrency || this.#permits.size < concurrency.max);
  }

  #grant({ caller, tokens, holdMs, sessionId }: PlainAsk): void {
    take(this.#limits, tokens);
    const nowMs = this.#nowMs;
    const remaining = this.#limits.map((limit) => Math.max(0, limit.tokens));
    const { concurrency } = this.#policy;
    if (holdMs === undefined && !concurrency) {
      this.settled.push({ caller, outcome: { ok: true, grantedAtMs: nowMs, remaining } });
      return;
    }
    this.#ids += 1;
    const id = `g${this.#ids}`;
    const opened = {
      ...(holdMs !== undefined && { hold: this.#openHold(id, tokens, holdMs) }),
      ...(concurrency && { permit: this.#openPermit(id, concurrency.ttlMs, sessionId) }),
    };
    this.settled.push({ caller, outcome: { ok: true, grantedAtMs: nowMs, remaining, ...opened } });
  }

  #openHold(id: string, tokens: Tokens, holdMs: number) {
    const parts = this.#limits.map(({ name }) => {
      const reserved = tokens[name] ?? 0;
      return [name, { reserved, spent: 0, rest: reserved }] as const;
    });
    const expiresAtMs = this.#nowMs + holdMs;
    this.#holds.set(id, { expiresAtMs, parts: Object.fromEntries(parts) });
    return { id, expiresAtMs };
  }

  #openPermit(id: string, ttlMs: number, sessionId: string | undefined) {
    this.#lastFence = Math.max(this.#lastFence + 1, this.#nowMs);
    const permit = { fence: this.#lastFence, expiresAtMs: this.#nowMs + ttlMs };
    this.#permits.set(id, { grantedAtMs: this.#nowMs, ...permit, sessionId });
    return { id, ...permit };
  }

  #refuse(caller: string, reason: string, retryAfterMs?: number): void {
    const isKnown = retryAfterMs !== undefined && !this.#policy.concurrency;
    this.settled.push({
      caller,
      outcome: { ok: false, reason, ...(isKnown && { retryAfterMs }) },
    });
  }

  /** If it asked again, it would stand behind everybody. */
  #refuseBehind(reason: string, { caller, tokens }: PlainAsk): void {
    const atMs = this.#play([...this.#waiting, { tokens, owed: {} }]).atMs.at(-1) ?? Infinity;
    this.#refuse(caller, reason, atMs - this.#nowMs);
  }

  /** When a permit comes free isn't known: then only the limits count, as if nobody waited. */
  #isLate({ tokens }: PlainAsk, deadlineAtMs: number): boolean {
    const isEstimate = this.#policy.concurrency !== undefined;
    if (isEstimate && deadlineAtMs <= this.#nowMs) return true;
    const inFront = isEstimate ? [] : this.#waiting;
    const atMs = this.#play([...inFront, { tokens, owed: {} }]).atMs.at(-1) ?? Infinity;
    return atMs > deadlineAtMs;
  }

  #serve(): void {
    let [head] = this.#waiting;
    while (head && this.#has(head.tokens)) {
      this.#waiting.shift();
      this.#grant(head);
      take(this.#limits, head.owed);
      [head] = this.#waiting;
    }
  }

  /** Times everybody anew: who can't be granted by its deadline any more is refused. */
  #retime(): void {
    const leaving = this.#lateNow();
    for (const waiter of leaving) this.#leave(waiter);
    for (const waiter of leaving) {
      if (this.#fits(waiter.tokens)) this.#refuseBehind("timeout", waiter);
      else this.#refuse(waiter.caller, "exceeds-capacity");
    }
    this.#serve();
    this.#refuseOverdue();
  }

  #lateNow(): Waiting[] {
    const late: Waiting[] = [];
    const inFront: { tokens: Tokens; owed: Tokens }[] = [];
    for (const waiter of this.#waiting) {
      const { tokens, owed, deadlineAtMs } = waiter;
      const isThere = this.#fits(tokens);
      const own = { tokens, owed: {} };
      const others = this.#policy.concurrency ? [] : inFront;
      const atMs = isThere ? (this.#play([...others, own]).atMs.at(-1) ?? Infinity) : Infinity;
      if (atMs <= Math.max(deadlineAtMs, this.#nowMs)) inFront.push({ tokens, owed });
      else {
        late.push(waiter);
        inFront.push({ tokens: {}, owed });
      }
    }
    return late;
  }

  #fits(tokens: Tokens): boolean {
    return this.#limits.every(({ name, capacity }) => (tokens[name] ?? 0) <= capacity);
  }

  #leave(waiter: Waiting): void {
    const index = this.#waiting.indexOf(waiter);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#oweBehind(this.#waiting[index - 1], waiter.owed);
  }

  #owe(debt: Tokens): void {
    if (this.#policy.debt === "front" && sumOf(Object.values(debt)) > 0) {
      take(this.#limits, debt);
      this.#retime();
    } else {
      this.#serve();
      this.#oweBehind(this.#waiting.at(-1), debt);
    }
  }

  #oweBehind(waiter: Waiting | undefined, debt: Tokens): void {
    if (!waiter) take(this.#limits, debt);
    else for (const [name, tokens] of Object.entries(debt)) add(waiter.owed, name, tokens);
  }

  #giveBack(name: string, part: Part, used: number): number {
    const limit = this.#limits.find((one) => one.name === name);
    const back = Math.min(part.rest, Math.max(0, part.reserved - used));
    part.rest = 0;
    if (!limit || limit.pausedUntilMs > -Infinity) return 0;
    limit.tokens += back;
    return back;
  }

  #writeOff({ name, capacity, tokens }: Bucket): void {
    const parts = [...this.#holds.values()].flatMap((hold) => hold.parts[name] ?? []);
    let over = sumOf(parts.map(({ rest }) => rest)) - Math.max(0, capacity - tokens);
    for (const part of parts) {
      const lost = Math.max(0, Math.min(part.rest, over));
      part.rest -= lost;
      over -= lost;
      this.writtenOff += lost;
    }
  }

  #heldOf(name: string): number {
    const open = [...this.#holds.values()].filter(({ settled, expiresAtMs }) => {
      return !settled && expiresAtMs > this.#nowMs;
    });
    return sumOf(
      open.map(({ parts: { [name]: part } }) => {
        return part ? Math.max(0, part.reserved - part.spent) : 0;
      }),
    );
  }

  /** When each of them is served if nobody else comes, with copies of the limits. */
  #play(waiters: readonly { readonly tokens: Tokens; readonly owed: Tokens }[]) {
    const limits = this.#limits.map((limit) => ({ ...limit }));
    let nowMs = this.#nowMs;
    const atMs: number[] = [];
    for (const { tokens, owed } of waiters) {
      while (!hasAll(limits, tokens)) {
        nowMs += 1;
        for (const limit of limits) tick(limit, nowMs);
      }
      take(limits, tokens);
      take(limits, owed);
      atMs.push(nowMs);
    }
    return { atMs };
  }
}

function tick(limit: Bucket, nowMs: number): void {
  const { startedAtMs, refillIntervalMs, refillTokens, capacity, pausedUntilMs } = limit;
  const isTick = (nowMs - startedAtMs) % refillIntervalMs === 0;
  if (isTick && nowMs > pausedUntilMs) {
    limit.tokens = Math.min(capacity, limit.tokens + refillTokens);
  }
  if (nowMs >= pausedUntilMs) limit.pausedUntilMs = -Infinity;
}

/** Nothing is always there, even if a limit is below 0. */
function hasAll(limits: readonly Bucket[], wanted: Tokens): boolean {
  return limits.every(({ name, tokens }) => {
    const own = wanted[name] ?? 0;
    return own === 0 || own <= tokens;
  });
}

function take(limits: readonly Bucket[], taken: Tokens): void {
  for (const limit of limits) limit.tokens -= taken[limit.name] ?? 0;
}

/** `undefined` for a limit of which the hold knows nothing, and for less than is spent already. */
function useOf({ parts }: Hold, used: Tokens): Tokens | undefined {
  if (Object.keys(used).some((name) => !parts[name])) return undefined;
  const all = mapOf(parts, ({ reserved, spent }, name) => used[name] ?? Math.max(reserved, spent));
  const isLess = Object.entries(parts).some(([name, { spent }]) => (all[name] ?? 0) < spent);
  return isLess ? undefined : all;
}

function mapOf(parts: Record<string, Part>, valueOf: (part: Part, name: string) => number): Tokens {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name, valueOf(part, name)] as const),
  );
}

function add(sums: Tokens, name: string, tokens: number): void {
  sums[name] = (sums[name] ?? 0) + tokens;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
