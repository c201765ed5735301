/**
 * A `fetch` for a third-party API that waits for a token from a bucket before each call and adapts
 * to what the API says: when the API refuses, or is about to, the bucket is paused, and with it
 * every caller of that bucket on every machine.
 *
 * The bucket does the waiting, not this process: a retry gives up nothing and takes its place in
 * the queue like every other call, so pausing one call pauses them all. The callers of this process
 * are held here only if Sluice doesn't accept the pause.
 *
 * A successful call costs one extra call, for the token, and records nothing here.
 */
import type { Refused } from "../acquire-outcome.ts";
import type { Client } from "../client.ts";
import type { Fetch, FetchInit } from "./paced-request.ts";
import type { PauseFailed } from "./shared-pause.ts";
import type { UpstreamAdvice } from "./upstream-advice.ts";
/** Options of `createPacedFetch`. */
export interface PacedFetchOptions {
    readonly client: Client;
    /**
     * The bucket's name, or a function that picks it for a request, which is passed without its body.
     */
    readonly bucket: string | ((request: Request) => string);
    /** Sends the request. Default: the global `fetch`. */
    readonly fetch?: Fetch;
    /**
     * Tokens for each attempt, from each limit that `limits` doesn't name: 1 to the bucket's capacity,
     * or 0 together with `limits`. A function is passed the request without its body, and the second
     * argument of the call. Default: 1.
     */
    readonly tokens?: number | ((request: Request, init: FetchInit) => number);
    /**
     * Tokens for each attempt from single limits of a bucket that has several, by the limit's name: 0
     * to the limit's capacity. A function is passed the same as for `tokens`. Default: `tokens` from
     * each.
     */
    readonly limits?: TokensByLimit | ((request: Request, init: FetchInit) => TokensByLimit);
    /**
     * Which quotas of the API the bucket's limits stand for: names of quotas, by the limit's name. An
     * exhausted quota then pauses that limit only, and one with fewer left than the limit would grant
     * lowers it; both have to count the same. Quotas that aren't named here stand for the bucket's
     * first limit.
     *
     * A quota is called what its headers have besides `limit` and `remaining`, in any case: `tokens`
     * of `X-RateLimit-Remaining-Tokens` (OpenAI), `input-tokens` of
     * `Anthropic-RateLimit-Input-Tokens-Remaining`. In a `RateLimit` header, each quota has a name.
     */
    readonly quotas?: Readonly<Record<string, string | readonly string[]>>;
    /**
     * How long a call may wait for tokens, in milliseconds, over all its attempts: 0 (don't wait) to
     * the policy's `maxWaitMs`. Time the API takes to answer doesn't count. Default: the policy's
     * `maxWaitMs` for each attempt.
     */
    readonly timeoutMs?: number;
    /** How many times to retry a request that the API has refused, 0 to 20. Default: 2. */
    readonly retries?: number;
    /**
     * Methods whose requests may be retried. Default: the idempotent ones: GET, HEAD, OPTIONS, PUT,
     * DELETE. A request with an `Idempotency-Key` header may always be retried.
     */
    readonly methods?: readonly string[];
    /**
     * How long to pause if the API refuses without saying for how long, in milliseconds, 1 to
     * 86,400,000. Any pause that turns out too short is doubled the next time. Default: 1,000.
     */
    readonly backoffMs?: number;
    /**
     * Longest pause, in milliseconds, 1 to 86,400,000. If the API asks for more, the pause is cut to
     * this, and the next call finds out whether the API still refuses. Default: 3,600,000 (one hour).
     */
    readonly maxPauseMs?: number;
    /**
     * Reads the API's limit from an answer if status and headers don't show it: from the body, or
     * from a header specific to this API. Return `undefined` to fall back to `readUpstreamAdvice`. It
     * is passed the very response the caller gets, so read the body from a `clone()`, never from the
     * response itself; the call waits for the result, so don't read long or streaming bodies. If it
     * throws, the error is written to the console and `readUpstreamAdvice` applies.
     */
    readonly advice?: (response: Response) => UpstreamAdvice | undefined | Promise<UpstreamAdvice | undefined>;
    /**
     * Produces the response to a call that was refused tokens. Default: none; the call rejects with a
     * `SluiceRefusedError`. `refusalResponse` turns a refusal into a 429.
     */
    readonly onRefused?: (refusal: Refused, request: Request) => Response | Promise<Response>;
    /**
     * Called each time a bucket could not be paused, with the reason; the callers of this process
     * wait in any case. Default: `console.error`. A token that lacks the right `pause` is also
     * reported to `console.warn`, once for each client and bucket.
     */
    readonly onPauseFailed?: PauseFailed;
}
type TokensByLimit = Readonly<Record<string, number>>;
/**
 * Creates a `fetch` that is paced by a bucket.
 *
 * It resolves with the API's answer. That may be a refusal, if the request must not be retried: its
 * method or body doesn't allow it, `retries` are used up, or the API asks for a longer pause than
 * the call may wait. It rejects as `fetch` does; with the signal's reason if the request's signal
 * aborts while it waits; with a `SluiceRefusedError` if Sluice refuses the tokens; and with the
 * client's `SluiceError`.
 *
 * If the bucket has `concurrency`, each attempt keeps its permit until the body of its response has
 * arrived or was cancelled. Read or cancel every response: a long body that nobody reads keeps it.
 *
 * @throws {RangeError} If an option is out of range; the message names it.
 * @throws {TypeError} If an option has the wrong type.
 *
 * @example
 * const pacedFetch = createPacedFetch({ client, bucket: "api.example.com" });
 * const response = await pacedFetch("https://api.example.com/things");
 */
export declare function createPacedFetch(options: PacedFetchOptions): Fetch;
export {};
