import type { LimiterView } from "../core/limiter-state.ts";
import type { Outcome } from "../core/outcome.ts";
import type { PauseFields } from "../core/pause.ts";
import type { CalendarInput, TokenBucketInput } from "../core/limits/kinds.ts";
import type { Duration, WrittenOptions, WrittenPolicy } from "../core/written-policy.ts";
import type { FilterHolds } from "./filter-holds.ts";
/**
 * A policy except the capacity. The default is one token a second. `every` makes it a calendar limit, and
 * `limits` adds further limits.
 */
export type FilterOptions = WrittenOptions & ((Partial<Omit<TokenBucketInput, "capacity">> & {
    readonly refillInterval?: Duration;
}) | (Omit<CalendarInput, "capacity"> & {
    readonly refillInterval?: undefined;
}));
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
     * @throws {RangeError} (as a rejection) If `tokens`, `timeoutMs` or `holdMs` is out of range, or `limits`
     * names a limit that the filter doesn't have, or takes nothing of any.
     */
    getToken(options?: GetTokenOptions): Promise<Outcome>;
    /**
     * Takes tokens if they are there and nobody waits for them; otherwise refuses at once.
     *
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
/**
 * Builds a filter. Its bucket starts on the first call for tokens.
 *
 * @param capacity The most tokens the bucket can hold, from 1; or the whole policy.
 * @throws {RangeError} If `capacity` or an option is illegal; the message names it.
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
export declare function createTokenBucketFilter(capacity: number, options?: FilterOptions): TokenBucketFilter;
export declare function createTokenBucketFilter(policy: WrittenPolicy): TokenBucketFilter;
