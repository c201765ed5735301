/**
 * A limiter written as naively as the rules can be read, to compare the real one with. Its daemon ticks
 * on every instant of the grid, one by one, for as long as anybody looks. Its queue is an array. To
 * find out when a caller will be granted, it plays out the whole queue. It shares no code with
 * `src/core`, on purpose.
 */

export interface ReferencePolicy {
  readonly capacity: number;
  readonly refillTokens: number;
  readonly refillIntervalMs: number;
  readonly initialTokens: number;
  readonly queueLimit: number;
  readonly maxWaitMs: number;
}

type ReferenceOutcome =
  | {
      readonly ok: true;
      readonly tokens: number;
      readonly remaining: number;
      readonly waitedMs: number;
      readonly grantedAtMs: number;
    }
  | { readonly ok: false; readonly reason: string; readonly retryAfterMs?: number };

export interface ReferenceSettlement {
  readonly caller: string;
  readonly outcome: ReferenceOutcome;
}

/** A caller's place in a queue. */
export interface Place {
  readonly caller: string;
  readonly tokens: number;
  readonly queuedAtMs: number;
  readonly deadlineAtMs: number;
  /** How many callers had ever joined before it. */
  readonly number: number;
}

interface ReferencePause {
  readonly untilMs: number;
  readonly tokens: number;
}

interface ReferenceRequest {
  readonly caller: string;
  readonly tokens: number;
  readonly timeoutMs: number;
  readonly firstArrivalMs?: number;
}

/** Time passes in order: call `tickUntil(nowMs)` before any other verb at `nowMs`. */
export class ReferenceModel {
  #policy: ReferencePolicy;
  #startedAtMs: number | undefined = undefined;
  #tokens = 0;
  #nextTickAtMs = 0;
  #pausedUntilMs = -Infinity;
  #queue: Place[] = [];
  #joined = 0;
  /** Callers that have left. */
  readonly #away = new Map<string, Place>();
  #granted = 0;
  #refused = 0;
  #cancelled = 0;
  /** Every token there ever was: the bucket's initial ones and those that ticks added… */
  #mintedTokens = 0;
  /** …and what became of them: overflowed, cut off or taken by a pause, … */
  #lostTokens = 0;
  /** …or granted. The rest is in the bucket. */
  #grantedTokens = 0;

  constructor(policy: ReferencePolicy) {
    this.#policy = policy;
  }

  /** Lets the daemon tick up to and including `nowMs`. */
  tickUntil(nowMs: number): ReferenceSettlement[] {
    const settled: ReferenceSettlement[] = [];
    while (this.#startedAtMs !== undefined && this.#nextTickAtMs <= nowMs) {
      const tickAtMs = this.#nextTickAtMs;
      for (let added = 0; added < this.#brings(tickAtMs); added += 1) {
        this.#mintedTokens += 1;
        if (this.#tokens < this.#policy.capacity) this.#tokens += 1;
        else this.#lostTokens += 1;
      }
      this.#nextTickAtMs += this.#policy.refillIntervalMs;
      settled.push(...this.#serve(tickAtMs));
    }
    return settled;
  }

  acquire(request: ReferenceRequest, nowMs: number): ReferenceSettlement[] {
    const { caller, tokens, timeoutMs, firstArrivalMs } = request;
    if (tokens > this.#policy.capacity) return [this.#refuse(caller, "exceeds-capacity")];
    this.#startAt(nowMs);
    const deadlineAtMs = nowMs + timeoutMs;
    if (firstArrivalMs !== undefined) {
      const place = { caller, tokens, queuedAtMs: firstArrivalMs, deadlineAtMs };
      return this.#requeue(this.#numbered(place), nowMs);
    }
    const grantAtMs = this.#grantTimeBehind(this.#queue, tokens, nowMs);
    if (grantAtMs > deadlineAtMs) return [this.#refuse(caller, "timeout", grantAtMs - nowMs)];
    if (grantAtMs > nowMs && this.#queue.length >= this.#policy.queueLimit) {
      return [this.#refuse(caller, "queue-full", grantAtMs - nowMs)];
    }
    this.#queue.push(this.#numbered({ caller, tokens, queuedAtMs: nowMs, deadlineAtMs }));
    return this.#serve(nowMs);
  }

  /**
   * A caller that had left the queue goes as far forward as its arrival says, but behind anybody it
   * would make late.
   */
  comeBack(caller: string, nowMs: number): ReferenceSettlement[] {
    const returner = this.#away.get(caller);
    if (!returner) return [];
    this.#away.delete(caller);
    if (returner.tokens > this.#policy.capacity) return [this.#refuse(caller, "exceeds-capacity")];
    this.#startAt(nowMs);
    return this.#requeue(returner, nowMs);
  }

  #requeue(returner: Place, nowMs: number): ReferenceSettlement[] {
    const { caller, tokens, queuedAtMs, number, deadlineAtMs } = returner;
    const isLater = (place: Place): boolean =>
      place.queuedAtMs > queuedAtMs || (place.queuedAtMs === queuedAtMs && place.number > number);
    let inFront: readonly Place[] = [];
    for (;;) {
      const next = this.#queue.findIndex((p, index) => index >= inFront.length && isLater(p));
      inFront = next < 0 ? this.#queue : this.#queue.slice(0, next);
      const behind = this.#queue.slice(inFront.length);
      const isLate = (place: Place, index: number): boolean => {
        const before = [...inFront, { tokens }, ...behind.slice(0, index)];
        return this.#grantTimeBehind(before, place.tokens, nowMs) > place.deadlineAtMs;
      };
      const last = behind.findLastIndex(isLate);
      if (last < 0) break;
      inFront = this.#queue.slice(0, inFront.length + last + 1);
    }
    if (this.#grantTimeBehind(inFront, tokens, nowMs) > deadlineAtMs) {
      const retryAfterMs = this.#grantTimeBehind(this.#queue, tokens, nowMs) - nowMs;
      return [this.#refuse(caller, "timeout", retryAfterMs)];
    }
    this.#queue = [...inFront, returner, ...this.#queue.slice(inFront.length)];
    return this.#serve(nowMs);
  }

  cancel(caller: string, nowMs: number): ReferenceSettlement[] {
    const remaining = this.#queue.filter((place) => place.caller !== caller);
    this.#cancelled += this.#queue.length - remaining.length;
    for (const place of this.#queue) if (place.caller === caller) this.#away.set(caller, place);
    this.#queue = remaining;
    return this.#serve(nowMs);
  }

  /** As for every verb, time must have passed to `nowMs`. */
  pause({ untilMs, tokens }: ReferencePause, nowMs: number): ReferenceSettlement[] {
    if (untilMs <= nowMs) return [];
    this.#startAt(nowMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    this.#lose(this.#tokens - tokens);
    return this.#retime(nowMs);
  }

  resume(): void {
    this.#pausedUntilMs = -Infinity;
  }

  setPolicy(policy: ReferencePolicy, nowMs: number): ReferenceSettlement[] {
    this.#policy = policy;
    if (this.#startedAtMs === undefined) return [];
    this.#nextTickAtMs = this.#startedAtMs;
    while (this.#nextTickAtMs <= nowMs) this.#nextTickAtMs += policy.refillIntervalMs;
    this.#lose(this.#tokens - policy.capacity);
    return this.#retime(nowMs);
  }

  view(nowMs: number) {
    const isStarted = this.#startedAtMs !== undefined;
    const pausedUntilMs = this.#pausedUntilMs;
    let nextTickAtMs = this.#nextTickAtMs;
    while (nextTickAtMs <= pausedUntilMs) nextTickAtMs += this.#policy.refillIntervalMs;
    return {
      tokens: isStarted ? this.#tokens : this.#policy.initialTokens,
      waiters: this.#queue.length,
      queuedTokens: this.#queue.reduce((sum, place) => sum + place.tokens, 0),
      nextTickAtMs: isStarted ? nextTickAtMs : nowMs + this.#policy.refillIntervalMs,
      ...(nowMs < pausedUntilMs && { pausedUntilMs }),
      granted: this.#granted,
      refused: this.#refused,
      cancelled: this.#cancelled,
    };
  }

  /** When the head of the queue will be granted. */
  nextGrantAtMs(nowMs: number): number | undefined {
    const [head] = this.#queue;
    return head && this.#grantTimeBehind([], head.tokens, nowMs);
  }

  /**
   * Tokens that are neither in the bucket nor accounted for. Must be 0, or the model itself is wrong.
   */
  get unaccountedTokens(): number {
    return this.#mintedTokens - this.#lostTokens - this.#grantedTokens - this.#tokens;
  }

  get grantedTokens(): number {
    return this.#grantedTokens;
  }

  /** When `tokens` would be granted behind everybody in `queue`, by playing it out tick by tick. */
  #grantTimeBehind(queue: readonly Pick<Place, "tokens">[], tokens: number, nowMs: number): number {
    const { capacity, refillIntervalMs } = this.#policy;
    let atMs = nowMs;
    let nextTickAtMs = this.#nextTickAtMs;
    let bucket = this.#tokens;
    for (const asked of [...queue.map((place) => place.tokens), tokens]) {
      while (bucket < asked) {
        atMs = nextTickAtMs;
        bucket = Math.min(capacity, bucket + this.#brings(nextTickAtMs));
        nextTickAtMs += refillIntervalMs;
      }
      bucket -= asked;
    }
    return atMs;
  }

  #numbered(place: Omit<Place, "number">): Place {
    this.#joined += 1;
    return { ...place, number: this.#joined };
  }

  #brings(tickAtMs: number): number {
    return tickAtMs <= this.#pausedUntilMs ? 0 : this.#policy.refillTokens;
  }

  #startAt(nowMs: number): void {
    if (this.#startedAtMs !== undefined) return;
    this.#startedAtMs = nowMs;
    this.#nextTickAtMs = nowMs + this.#policy.refillIntervalMs;
    this.#tokens = this.#policy.initialTokens;
    this.#mintedTokens += this.#policy.initialTokens;
  }

  #lose(tokens: number): void {
    const lost = Math.max(0, tokens);
    this.#tokens -= lost;
    this.#lostTokens += lost;
  }

  #serve(nowMs: number): ReferenceSettlement[] {
    const settled: ReferenceSettlement[] = [];
    for (let [head] = this.#queue; head && head.tokens <= this.#tokens; [head] = this.#queue) {
      this.#queue.shift();
      this.#tokens -= head.tokens;
      this.#grantedTokens += head.tokens;
      this.#granted += 1;
      const outcome = {
        ok: true,
        tokens: head.tokens,
        remaining: this.#tokens,
        waitedMs: Math.round(nowMs - head.queuedAtMs),
        grantedAtMs: nowMs,
      } as const;
      settled.push({ caller: head.caller, outcome });
    }
    return settled;
  }

  /** Refuses waiters that can no longer be served in time, from head to tail. */
  #retime(nowMs: number): ReferenceSettlement[] {
    const staying: Place[] = [];
    const leaving: { readonly place: Place; readonly reason: string }[] = [];
    for (const place of this.#queue) {
      if (place.tokens > this.#policy.capacity) {
        leaving.push({ place, reason: "exceeds-capacity" });
        continue;
      }
      const grantAtMs = this.#grantTimeBehind(staying, place.tokens, nowMs);
      if (grantAtMs > nowMs && grantAtMs > place.deadlineAtMs) {
        leaving.push({ place, reason: "timeout" });
      } else {
        staying.push(place);
      }
    }
    this.#queue = staying;
    const settled = leaving.map(({ place: { caller, tokens }, reason }) => {
      if (reason !== "timeout") return this.#refuse(caller, reason);
      // If it asks again, it stands behind everybody who stayed.
      return this.#refuse(caller, reason, this.#grantTimeBehind(staying, tokens, nowMs) - nowMs);
    });
    return [...settled, ...this.#serve(nowMs)];
  }

  #refuse(caller: string, reason: string, retryAfterMs?: number): ReferenceSettlement {
    this.#refused += 1;
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { caller, outcome: { ok: false, reason, ...retry } };
  }
}
