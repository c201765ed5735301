/**
 * The token bucket filter inside one process: the same limiter as in a Durable Object, with a timer as
 * its daemon. It imports no platform, and Node, Deno, Bun, browsers and Workers have all it needs. (In
 * a Worker, a timer ends with the request that set it. Use a filter within one request or one Durable
 * Object, and a bucket at the edge for what requests share.)
 *
 * A factory makes it, as in the exercise it comes from: the daemon must not start before the filter is
 * fully built, and a constructor can't guarantee that. The daemon here starts on demand. There is a
 * timer only while somebody waits, so an idle filter keeps no process alive and needs no closing. What
 * the daemon would have added in the meantime is computed from timestamps on the next call. That is the
 * exercise's third form, without any daemon; it is in core/limits/token-bucket.ts.
 *
 * Time is monotonic: setting the wall clock changes nothing here.
 */
import type { HoldAnswer, HoldCall } from "../core/holds/hold-call.ts";
import type { LimiterView } from "../core/limiter-state.ts";
import type { Cost, NamedTokens } from "../core/limits/cost.ts";
import type { Turn } from "../core/turn.ts";
import type { Outcome } from "../core/outcome.ts";
import type { PauseFields } from "../core/pause.ts";
import type { Policy } from "../core/policy.ts";
import type { CalendarInput, TokenBucketInput } from "../core/limits/kinds.ts";
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { Duration, WrittenOptions, WrittenPolicy } from "../core/written-policy.ts";
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../core/holds/hold-outcome.ts";
import type { FilterHolds } from "./filter-holds.ts";

import { askedTokensFaults, holdFaults } from "../core/ask.ts";
import { checkHoldCall } from "../core/holds/hold-call.ts";
import { isRecord } from "../core/is-record.ts";
import { Limiter } from "../core/limiter.ts";
import { askFaults, costOf, unknownLimits } from "../core/limits/cost.ts";
import { checkPause } from "../core/pause.ts";
import { holdFields } from "../core/policy-tables.ts";
import { requireInteger, showValue, throwFaults } from "../core/values.ts";
import { checkWrittenPolicy } from "../core/written-policy.ts";
import { onAbort } from "../on-abort.ts";
import { timeZones } from "../time-zones.ts";
import { holdOutcome, permitOutcome, settleOutcome } from "../core/holds/hold-outcome.ts";

/**
 * A policy except the capacity. The default is one token a second. `every` makes it a calendar limit, and
 * `limits` adds further limits.
 */
export type FilterOptions = WrittenOptions &
  (
    | (Partial<Omit<TokenBucketInput, "capacity">> & { readonly refillInterval?: Duration })
    | (Omit<CalendarInput, "capacity"> & { readonly refillInterval?: undefined })
  );

/** What a caller asks for. */
export interface GetTokenOptions {
  /** Tokens of every limit that `limits` doesn't name: at least 1, or 0 together with `limits`. Default: 1. */
  readonly tokens?: number;
  /** Tokens of single limits, at least 0 each, by the limit's name; the first limit is called `rate`. */
  readonly limits?: Readonly<Record<string, number>>;
  /** 0 (don't wait) to the filter's `maxWaitMs`. Default: `maxWaitMs`, one minute unless set. */
  readonly timeoutMs?: number;
  /**
   * How long to hold the tokens so that what was used can be settled, in milliseconds: 1,000 to the policy's
   * `hold.maxMs`. The grant then has a `hold`. Default: no hold, the tokens are spent at once.
   */
  readonly holdMs?: number;
  /** Gives up the place in the queue when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * A token bucket that makes its callers wait, first come, first served. Outcomes are values: `{ ok:
 * true, … }` once the caller has its tokens, `{ ok: false, reason, … }` if it won't get them.
 */
export interface TokenBucketFilter extends FilterHolds {
  /**
   * Takes tokens, waiting for them if necessary. The promise resolves with a grant or a refusal. A
   * refusal comes at once if the tokens can't be there within `timeoutMs`, exceed the capacity, or the
   * queue is full, and with `bucket-reset` when the filter is closed. The promise rejects with the
   * signal's reason if `signal` aborts; nothing is taken then.
   *
   * @throws {TypeError} (as a rejection) If `options` isn't an object.
   * @throws {RangeError} (as a rejection) If `tokens`, `timeoutMs` or `holdMs` is out of range, or `limits`
   * names a limit that the filter doesn't have, or takes nothing of any.
   */
  getToken(options?: GetTokenOptions): Promise<Outcome>;
  /**
   * Takes tokens if they are there and nobody waits for them; otherwise refuses at once.
   *
   * @throws {TypeError} If `options` isn't an object.
   * @throws {RangeError} If `tokens`, `limits` or `holdMs` is illegal, as for `getToken`.
   */
  tryGetToken(options?: Omit<GetTokenOptions, "timeoutMs" | "signal">): Outcome;
  /** The bucket's state now. Takes nothing, starts nothing. */
  inspect(): LimiterView;
  /**
   * Keeps at most `tokens` in the bucket and lets its ticks up to and including `untilMs` add nothing;
   * then it continues, one tick at a time. A calendar limit gives at most `tokens` until then, and loses
   * nothing. Waiters keep their places, and those that can no longer be
   * served in time are refused with `timeout`. If pauses overlap, the later end and the lower number of
   * tokens win. A past `untilMs`, such as 0, ends the pause. `limits` names the limits to pause, by
   * default the first only. The filter's clock agrees with `Date.now()` unless the wall clock has been
   * set since the process began.
   *
   * @throws {RangeError} If `untilMs` isn't an integer from 0 to a day ahead, `tokens` isn't an integer
   * from 0 to the largest legal capacity, or `limits` names a limit that the filter doesn't have.
   */
  pause(fields: PauseFields): LimiterView;
  /**
   * Refuses all waiters and all later callers with `bucket-reset`. Calling it again does nothing.
   */
  close(): void;
}

/** Receives one caller's outcome. */
type Caller = (outcome: Outcome) => void;

/**
 * Builds a filter. Its bucket starts on the first call for tokens.
 *
 * @param capacity The most tokens the bucket can hold, from 1; or the whole policy.
 * @throws {RangeError} If `capacity` or an option is illegal, or `lease` is given; the message names it.
 *
 * @example
 * const filter = createTokenBucketFilter(1); // one token a second
 * await filter.getToken(); // immediately
 * await filter.getToken(); // a second later
 *
 * createTokenBucketFilter({ limit: "100/1m", burst: 10, maxWait: "30s" });
 *
 * @example
 * const daily = { capacity: 1_000, every: "day", timeZone: "Europe/Berlin" } as const;
 * const polite = createTokenBucketFilter(10, { refillTokens: 10, limits: { daily } });
 * await polite.getToken(); // one of each; or `{ limits: { daily: 5 } }`
 */
export function createTokenBucketFilter(
  capacity: number,
  options?: FilterOptions,
): TokenBucketFilter;
export function createTokenBucketFilter(policy: WrittenPolicy): TokenBucketFilter;
export function createTokenBucketFilter(
  first: number | WrittenPolicy,
  options: FilterOptions = {},
): TokenBucketFilter {
  const check = isRecord(first)
    ? checkWrittenPolicy(first, timeZones)
    : checkWrittenPolicy({ ...options, capacity: first }, timeZones, ONE_A_SECOND);
  if (check.ok && !check.policy.lease) return new TimerFilter(check.policy);
  const messages = check.ok ? [NO_LEASE] : check.faults.map(({ message }) => message);
  throw new RangeError(`Illegal policy: ${messages.join("; ")}`);
}

/** A filter has nobody to lend tokens to. */
const NO_LEASE = "lease is for buckets of a Worker, so a filter takes none: leave it out";

/** What a filter does unless its options say otherwise. */
const ONE_A_SECOND = { refillTokens: 1, refillIntervalMs: 1_000 };

/** @throws {TypeError} If `options` is a number or a text, whose members would all be missing. */
function checkOptions(options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  throw new TypeError(`options must be an object: got ${showValue(options)}`);
}

class TimerFilter implements TokenBucketFilter {
  readonly #limiter: Limiter<Caller>;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #timerAtMs: number | undefined = undefined;
  #isClosed = false;
  /** Kept because it never changes, and reading it takes half as long as reading the clock. */
  readonly #originMs = performance.timeOrigin;

  constructor(policy: Policy) {
    // Nothing here outlives the process.
    this.#limiter = new Limiter(policy, {
      isDurable: false,
      newId: (): string => crypto.randomUUID(),
    });
  }

  getToken(options: GetTokenOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      checkOptions(options);
      const { signal } = options;
      if (signal) this.#getTokenUntil(signal, options, resolve, reject);
      else this.#acquire(options, resolve);
    });
  }

  tryGetToken(options: Omit<GetTokenOptions, "timeoutMs" | "signal"> = {}): Outcome {
    checkOptions(options);
    let result: Outcome = { ok: false, reason: "bucket-reset" };
    const caller: Caller = (outcome) => {
      result = outcome;
    };
    this.#acquire({ ...options, timeoutMs: 0 }, caller);
    return result;
  }

  inspect(): LimiterView {
    return this.#limiter.inspect(this.#now());
  }

  pause(fields: PauseFields): LimiterView {
    const nowMs = this.#now();
    const check = checkPause({ ...fields }, nowMs);
    const { limits } = this.#limiter.policy;
    throwFaults(
      check.ok ? unknownLimits(limits, check.pause.limits ?? [], "limits") : check.faults,
    );
    if (check.ok && !this.#isClosed) {
      const { pause } = check;
      const isOver = pause.untilMs <= nowMs;
      this.#finish(
        isOver ? this.#limiter.resume(nowMs, pause.limits) : this.#limiter.pause(pause, nowMs),
      );
    }
    return this.#limiter.inspect(nowMs);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#finish(this.#limiter.reset(this.#now()));
  }

  settleHold(id: string, used: number | NamedTokens): SettleOutcome {
    return settleOutcome(this.#changeHold(id, { used }));
  }

  spendHold(id: string, atLeast: number | NamedTokens): HoldOutcome {
    return holdOutcome(this.#changeHold(id, { atLeast }));
  }

  extendHold(id: string, extendMs: number): HoldOutcome {
    const { min, max } = holdFields.maxMs;
    requireInteger("extendMs", extendMs, min, this.#limiter.policy.hold?.maxMs ?? max);
    return holdOutcome(this.#changeHold(id, { extendMs }));
  }

  dropHold(id: string): SettleOutcome {
    const { turn, answer } = this.#limiter.dropHold(id, this.#now());
    this.#finish(turn);
    return settleOutcome(answer);
  }

  extendPermit(id: string): PermitOutcome {
    const { turn, answer } = this.#limiter.extendPermit(id, this.#now());
    this.#finish(turn);
    return permitOutcome(answer);
  }

  releasePermit(id: string): void {
    this.#finish(this.#limiter.releasePermit(id, this.#now()));
  }

  #changeHold(id: string, given: HoldCall): HoldAnswer {
    const check = checkHoldCall({ ...given });
    if (!check.ok) return { kind: "invalid", errors: check.faults };
    const { turn, answer } = this.#limiter.changeHold(id, check.call, this.#now());
    this.#finish(turn);
    return answer;
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
    if (options.holdMs !== undefined) this.#checkHoldMs(options.holdMs);
    const request = { ...options, caller };
    // To the limiter a list is a cost, which only `#costOf` may make; and it says more about 0 tokens.
    const { tokens, limits } = options;
    const isPlain = limits === undefined && tokens !== 0 && typeof tokens !== "object";
    const turn = this.#limiter.acquire(
      isPlain ? request : { ...request, tokens: this.#costOf(options) },
      this.#now(),
    );
    this.#finish(turn);
    return turn.waiter;
  }

  /** @throws {RangeError} If `limits` is illegal, or not of this filter. */
  #costOf({ tokens = 1, limits = {} }: GetTokenOptions): Cost {
    const ask = { tokens, limits };
    const specs = this.#limiter.policy.limits;
    throwFaults(askedTokensFaults(ask));
    throwFaults(askFaults(specs, ask));
    return costOf(specs, ask);
  }

  /** @throws {RangeError} If `holdMs` is illegal, or more than the policy allows. */
  #checkHoldMs(holdMs: number): void {
    const { min, max } = holdFields.maxMs;
    requireInteger("holdMs", holdMs, min, max);
    throwFaults(holdFaults(this.#limiter.policy.hold, { holdMs }));
  }

  /** The second half of a turn: set the daemon's timer and answer the callers. */
  #finish(turn: Turn<Caller>): void {
    this.#arm(turn.wakeAtMs);
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
    // A timer may fire a moment early. The turn then grants nobody and sets it again.
    this.#timer = setTimeout(tick, Math.max(1, wakeAtMs - this.#now()));
  }

  /**
   * Epoch milliseconds that never go back: the wall clock at the process's start plus the monotonic
   * clock since. If the monotonic clock stops while a machine sleeps, this lags behind the wall clock.
   */
  #now(): number {
    return Math.floor(this.#originMs + performance.now());
  }
}
