/**
 * The token bucket filter inside one process: the same limiter as at the edge, with a timer as its
 * daemon. No platform is imported: Node, Deno, Bun, browsers and Workers have all it needs. (In a Worker
 * a timer ends with the request that set it: use a filter within one request or within one Durable
 * Object, and a bucket at the edge for what requests share.)
 *
 * It is made by a factory, as in the exercise that it comes from: the daemon must not start before the
 * filter is fully built, and a constructor cannot promise that. The daemon here is started by need: a
 * timer exists only while somebody waits, so an idle filter keeps no process alive and needs no
 * closing. What the daemon would have added in the meantime is worked out from timestamps when the
 * bucket is next touched; that is the exercise's third form, without any daemon, and it lives in
 * core/token-bucket.ts.
 *
 * Time is monotonic: a wall clock that is set changes nothing here.
 */
import type { LimiterView, Turn } from "../core/limiter.ts";
import type { Outcome } from "../core/outcome.ts";
import type { PauseFields } from "../core/pause.ts";
import type { PolicyFields } from "../core/policy.ts";
import type { Waiter } from "../core/queue/waiter-queue.ts";

import { Limiter } from "../core/limiter.ts";
import { checkPause } from "../core/pause.ts";
import { Policy } from "../core/policy.ts";
import { onAbort } from "../on-abort.ts";

/** The numbers of the policy but the capacity; without any, one token a second. */
export type FilterOptions = Partial<Omit<PolicyFields, "capacity">>;

/** What a caller asks for. */
export interface GetTokenOptions {
  /** At least 1. Default: 1. */
  readonly tokens?: number;
  /** 0 (do not wait) to the filter's `maxWaitMs`. Default: `maxWaitMs`, one minute unless set. */
  readonly timeoutMs?: number;
  /** Gives the place in the queue up when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * A token bucket that makes its callers wait, first come first served. Outcomes are values:
 * `{ ok: true, … }` once the tokens are the caller's, `{ ok: false, reason, … }` when they will not be.
 */
export interface TokenBucketFilter {
  /**
   * Takes tokens, waiting for them if need be. The promise resolves with the grant, or with a refusal:
   * at once if the tokens cannot be there within `timeoutMs`, are more than the capacity or the queue
   * is full; with `bucket-reset` when the filter is closed. It rejects with the signal's reason when
   * `signal` aborts; nothing is taken then.
   *
   * @throws {RangeError} (as a rejection) Where `tokens` or `timeoutMs` is out of range.
   */
  getToken(options?: GetTokenOptions): Promise<Outcome>;
  /**
   * Takes tokens if they are there and nobody waits for them; refuses at once if not.
   *
   * @throws {RangeError} Where `tokens` is out of range.
   */
  tryGetToken(options?: Pick<GetTokenOptions, "tokens">): Outcome;
  /** What the bucket looks like now. Takes nothing, starts nothing. */
  inspect(): LimiterView;
  /**
   * Keeps at most `tokens` in the bucket and lets its ticks up to and including `untilMs` bring nothing;
   * then it goes on, one tick at a time. Those who wait keep their places; who cannot be served in time any
   * more is refused with `timeout`. Of two pauses the later end and the lower number of tokens count; an
   * `untilMs` that is over, as 0 is, ends the pause. The filter's clock shows what `Date.now()` does, unless
   * the wall clock has been set since the process began.
   *
   * @throws {RangeError} Where `untilMs` is no integer from 0 to a day ahead, or `tokens` none from 0 on.
   */
  pause(fields: PauseFields): LimiterView;
  /** Refuses all who wait and all who come later with `bucket-reset`. Doing it again does nothing. */
  close(): void;
}

/** Tells one caller how it ended. */
type Caller = (outcome: Outcome) => void;

/**
 * Builds a filter. Its bucket starts at the first call for tokens.
 *
 * @param capacity Most tokens the bucket can hold, from 1.
 * @throws {RangeError} Where `capacity` or an option is illegal, naming it.
 *
 * @example
 * const filter = createTokenBucketFilter(1); // one token a second
 * await filter.getToken(); // at once
 * await filter.getToken(); // a second later
 */
export function createTokenBucketFilter(
  capacity: number,
  options: FilterOptions = {},
): TokenBucketFilter {
  const policy = Policy.of({ refillTokens: 1, refillIntervalMs: 1_000, ...options, capacity });
  return new TimerFilter(policy);
}

class TimerFilter implements TokenBucketFilter {
  readonly #limiter: Limiter<Caller>;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #timerAtMs: number | undefined = undefined;
  #isClosed = false;
  /** Kept, because it never changes and asking takes half as long as asking the clock. */
  readonly #originMs = performance.timeOrigin;

  constructor(policy: Policy) {
    this.#limiter = new Limiter(policy);
  }

  getToken(options: GetTokenOptions = {}): Promise<Outcome> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal) this.#getTokenUntil(signal, options, resolve, reject);
      else this.#acquire(options, resolve);
    });
  }

  tryGetToken({ tokens = 1 }: Pick<GetTokenOptions, "tokens"> = {}): Outcome {
    let result: Outcome = { ok: false, reason: "bucket-reset" };
    const caller: Caller = (outcome) => {
      result = outcome;
    };
    this.#acquire({ tokens, timeoutMs: 0 }, caller);
    return result;
  }

  inspect(): LimiterView {
    return this.#limiter.inspect(this.#now());
  }

  pause(fields: PauseFields): LimiterView {
    const nowMs = this.#now();
    const check = checkPause({ ...fields }, nowMs);
    if (!check.ok) {
      throw new RangeError(check.faults.map(({ message }) => message).join("; "));
    }
    if (!this.#isClosed) {
      const isOver = check.pause.untilMs <= nowMs;
      this.#finish(isOver ? this.#limiter.resume(nowMs) : this.#limiter.pause(check.pause, nowMs));
    }
    return this.#limiter.inspect(nowMs);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#finish(this.#limiter.reset());
  }

  #getTokenUntil(
    signal: AbortSignal,
    options: GetTokenOptions,
    resolve: Caller,
    reject: (reason: unknown) => void,
  ): void {
    signal.throwIfAborted();
    const leave = (): void => {
      if (waiter) this.#finish(this.#limiter.cancel(waiter, this.#now()));
      reject(signal.reason);
    };
    let stopListening: (() => void) | undefined;
    const waiter = this.#acquire(options, (outcome) => {
      stopListening?.();
      resolve(outcome);
    });
    if (waiter) stopListening = onAbort(signal, leave);
  }

  #acquire(options: GetTokenOptions, caller: Caller): Waiter<Caller> | undefined {
    if (this.#isClosed) {
      caller({ ok: false, reason: "bucket-reset" });
      return undefined;
    }
    const turn = this.#limiter.acquire({ ...options, caller }, this.#now());
    this.#finish(turn);
    return turn.waiter;
  }

  /** The second half of a turn: set the daemon's timer, tell the callers. */
  #finish(turn: Turn<Caller>): void {
    this.#arm(this.#limiter.nextWakeAtMs);
    for (const { caller, outcome } of turn.settled) caller(outcome);
  }

  #arm(wakeAtMs: number | undefined): void {
    if (wakeAtMs === this.#timerAtMs) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timerAtMs = wakeAtMs;
    if (wakeAtMs === undefined) return;
    const tick = (): void => {
      this.#timerAtMs = undefined;
      this.#finish(this.#limiter.advance(this.#now()));
    };
    // A timer may fire a moment early; the turn then grants nobody and sets it again.
    this.#timer = setTimeout(tick, Math.max(1, wakeAtMs - this.#now()));
  }

  /**
   * Epoch milliseconds that never go back: the wall clock as of the process's start, and the monotonic
   * clock since. Where that one stands still while a machine sleeps, this lags behind the wall clock.
   */
  #now(): number {
    return Math.floor(this.#originMs + performance.now());
  }
}
