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
import type { Granted, Refused } from "../acquire-outcome.ts";
import type { AcquireOptions, Client } from "../client.ts";
import type { Fetch, FetchInit, FetchInput, PacedRequest } from "./paced-request.ts";
import type { PauseFailed, PauseRequest } from "./shared-pause.ts";
import type { LimitAdvice, UpstreamAdvice } from "./upstream-advice.ts";

import { isPlainObject } from "../../core/is-record.ts";
import { FIRST_LIMIT, LIMIT_NAME, LIMIT_NAME_RULE } from "../../core/limits/limit-name.ts";
import { queueFields } from "../../core/policy.ts";
import { showValue } from "../../core/values.ts";
import { orAborted } from "../transport/abort.ts";
import {
  checkBucket,
  checkFunction,
  checkInteger,
  checkTokensToTake,
  hasMethod,
  knownMembers,
} from "../arguments.ts";
import { reportToConsole } from "../fault-report.ts";
import { answerUnder, RequestPermit } from "../holds/request-permit.ts";
import { CallPauses } from "./call-pauses.ts";
import { openRequest } from "./paced-request.ts";
import { settledWithin } from "../transport/settled-within.ts";
import { SluiceRefusedError } from "../sluice-refused-error.ts";
import { readAdviceByLimit } from "./upstream-advice.ts";

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
  readonly advice?: (
    response: Response,
  ) => UpstreamAdvice | undefined | Promise<UpstreamAdvice | undefined>;
  /**
   * Produces the response to a call that was refused tokens. Default: none; the call rejects with a
   * `SluiceRefusedError`. `refusalResponse` turns a refusal into a 429.
   */
  readonly onRefused?: (refusal: Refused, request: Request) => Response | Promise<Response>;
  /**
   * Called each time a bucket could not be paused, with the reason; the callers of this process
   * wait in any case. Default: `console.error`. An API key that lacks the right `pause` is always
   * reported to `console.warn`. Either is written at most once a minute for each client and bucket.
   */
  readonly onPauseFailed?: PauseFailed;
}

const allowedOptions: readonly (keyof PacedFetchOptions)[] = [
  "client",
  "bucket",
  "fetch",
  "tokens",
  "limits",
  "quotas",
  "timeoutMs",
  "retries",
  "methods",
  "backoffMs",
  "maxPauseMs",
  "advice",
  "onRefused",
  "onPauseFailed",
];

type TokensByLimit = Readonly<Record<string, number>>;

/** Idempotent methods of RFC 9110, except TRACE, which `fetch` does not send. */
const REPLAYABLE_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
/**
 * Each attempt costs a token and ends in a refused call; more attempts than this won't get through
 * either.
 */
const MAX_RETRIES = 20;
const DEFAULT_RETRIES = 2;
const DEFAULT_BACKOFF_MS = 1_000;
const DEFAULT_MAX_PAUSE_MS = 3_600_000;
/** Longest pause that Sluice accepts: a day. */
const MAX_PAUSE_MS = 86_400_000;
/** A clock difference up to this may be just the latency of an answer, and is ignored. */
const CLOCK_NOISE_MS = 1_000;
/**
 * How long a bucket is lowered to what the API still accepts. Short, even if the reset is far
 * ahead: when pauses overlap in the bucket, the later end and the smaller number of tokens apply,
 * and those two may come from different quotas. As long as answers come in, they renew it; once no
 * requests remain, the pause lasts until the reset.
 */
const LOWERED_FOR_MS = 10_000;
/**
 * How long an answer is held back while Sluice is informed. If that takes longer, it completes in
 * the background.
 */
const MAX_REPORT_MS = 2_000;
/** Default of a policy's `maxWaitMs`. */
const DEFAULT_MAX_WAIT_MS = 60_000;
/** Statuses from here on mean that the API is in trouble, not that it accepts requests again. */
const SERVER_ERROR = 500;

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
 * @throws {TypeError} If an option is unknown or has the wrong type.
 *
 * @example
 * const pacedFetch = createPacedFetch({ client, bucket: "api.example.com" });
 * const response = await pacedFetch("https://api.example.com/things");
 */
export function createPacedFetch(options: PacedFetchOptions): Fetch {
  const pacer = new FetchPacer(options);
  return (input, init) => pacer.fetch(input, init);
}

/** @throws {RangeError | TypeError} */
function checkOptions(options: PacedFetchOptions): void {
  const given = { ...options };
  knownMembers("options", given, allowedOptions);
  if (!hasMethod(given.client, "acquire") || !hasMethod(given.client, "pause")) {
    throw new TypeError(`client must be a Sluice client: got ${showValue(given.client)}`);
  }
  checkInteger(given, "retries", { min: 0, max: MAX_RETRIES });
  checkInteger(given, "backoffMs", { min: 1, max: MAX_PAUSE_MS });
  checkInteger(given, "maxPauseMs", { min: 1, max: MAX_PAUSE_MS });
  checkInteger(given, "timeoutMs", queueFields.maxWaitMs);
  checkTokensToTake(given.tokens, given.limits);
  if (typeof given.bucket !== "function") checkBucket(given.bucket);
  for (const name of ["fetch", "advice", "onRefused", "onPauseFailed"]) {
    checkFunction(given, name);
  }
  const { methods } = given;
  if (methods !== undefined && !isTexts(methods)) {
    throw new TypeError(`methods must be an array of strings: got ${showValue(methods)}`);
  }
}

/**
 * The limit that each quota stands for, by the quota's lower-case name.
 *
 * @throws {RangeError} If a limit can't have that name, or a quota stands for two.
 * @throws {TypeError} If it is no object of names.
 */
function limitsByQuota(quotas: PacedFetchOptions["quotas"] = {}): ReadonlyMap<string, string> {
  if (!isPlainObject(quotas)) {
    throw new TypeError(`quotas must be an object of names by limit: got ${showValue(quotas)}`);
  }
  const limits = new Map<string, string>();
  for (const [limit, given] of Object.entries(quotas)) {
    const names: unknown = typeof given === "string" ? [given] : given;
    if (!LIMIT_NAME.test(limit)) {
      throw new RangeError(`A limit's name must be ${LIMIT_NAME_RULE}: got ${showValue(limit)}`);
    }
    if (!isTexts(names)) {
      const rule = "the name of a quota, or an array of names";
      throw new TypeError(`quotas.${limit} must be ${rule}: got ${showValue(given)}`);
    }
    for (const name of names.map((text) => text.toLowerCase())) {
      const other = limits.get(name);
      if (other !== undefined) {
        throw new RangeError(
          `quotas must name each quota once: got ${showValue(name)} of ${other} and ${limit}`,
        );
      }
      limits.set(name, limit);
    }
  }
  return limits;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** A call with the state of its attempts. */
interface PacedCall extends PacedRequest {
  readonly input: FetchInput;
  readonly init: FetchInit;
  readonly bucket: string;
  readonly asked: { readonly tokens: number; readonly limits?: TokensByLimit };
  /** Whether its method allows retries. */
  readonly isIdempotent: boolean;
  readonly pauses: CallPauses;
  /** Total time spent waiting for tokens. */
  waitedMs: number;
  /** Sluice's clock minus `performance.now()`, as of the last token. */
  aheadMs: number;
  /** Whether copies of its body were sent. */
  isCopied: boolean;
  /** The permit of its latest token, if the bucket has `concurrency`. */
  permit: RequestPermit | undefined;
}

class FetchPacer {
  readonly #options: PacedFetchOptions;
  readonly #fetch: Fetch;
  readonly #retries: number;
  readonly #methods: ReadonlySet<string>;
  readonly #backoffMs: number;
  readonly #maxPauseMs: number;
  readonly #limitByQuota: ReadonlyMap<string, string>;
  /** The limits that the API may have something to say about. */
  readonly #limits: readonly string[];

  constructor(options: PacedFetchOptions) {
    const { retries = DEFAULT_RETRIES, backoffMs = DEFAULT_BACKOFF_MS } = options;
    const { maxPauseMs = DEFAULT_MAX_PAUSE_MS, methods = REPLAYABLE_METHODS } = options;
    checkOptions(options);
    this.#options = options;
    this.#limitByQuota = limitsByQuota(options.quotas);
    this.#limits = [...new Set([FIRST_LIMIT, ...this.#limitByQuota.values()])];
    // Looked up at each call, because the global may be replaced later, for example by a tracer.
    this.#fetch = options.fetch ?? ((input, init): Promise<Response> => fetch(input, init));
    this.#retries = retries;
    this.#methods = new Set(methods.map((method) => method.toUpperCase()));
    this.#backoffMs = backoffMs;
    // The limit applies to Sluice's clock, which may be slightly behind.
    this.#maxPauseMs = Math.min(maxPauseMs, MAX_PAUSE_MS - 2 * CLOCK_NOISE_MS);
  }

  async fetch(input: FetchInput, init: FetchInit): Promise<Response> {
    const call = this.#open(input, init);
    try {
      return await this.#attempt(call);
    } finally {
      call.pauses.leave();
      // Otherwise the runtime would buffer for it everything the copies have read.
      if (call.isCopied && call.toCopy && !call.toCopy.bodyUsed) discard(call.toCopy);
    }
  }

  async #attempt(call: PacedCall): Promise<Response> {
    let refused: Response | undefined = undefined;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#acquire(call);
      if (!outcome.ok) return this.#answerRefusal(call, outcome, refused);
      const isLast = attempt > this.#retries;
      const sentAtMs = performance.now();
      const response = await answerUnder(call.permit, ignore, () => this.#send(call, isLast));
      const advised = await this.#adviceIn(response, call);
      const refusals = advised.filter(({ advice }) => isRefusal(advice));
      if (refusals.length === 0) {
        if (response.status < SERVER_ERROR) call.pauses.gotThrough(sentAtMs);
        await Promise.all(advised.map((each) => this.#lower(call, each, outcome)));
        return response;
      }
      const pausesMs = refusals.map((refusal) => this.#pauseAll(call, refusal, sentAtMs));
      const pauseMs = Math.max(...(await Promise.all(pausesMs)));
      const mayRetry = !isLast && refusals.every(({ advice }) => maySendAgain(call, advice));
      // While the pause is longer than anyone may wait, the bucket would refuse the retry.
      if (!mayRetry || pauseMs >= this.#maxWaitMs(call)) return response;
      // Frees its connection for other calls while this one waits.
      discard(response);
      refused = response;
    }
  }

  /** Checks the request before any token is taken for it. */
  #open(input: FetchInput, init: FetchInit): PacedCall {
    const opened = openRequest(input, init);
    const { request } = opened;
    const { client, bucket, tokens = 1, limits: given } = this.#options;
    const name = typeof bucket === "function" ? bucket(request) : bucket;
    const ofAll = typeof tokens === "function" ? tokens(request, init) : tokens;
    const limits = typeof given === "function" ? given(request, init) : given;
    const takesOf = (limit: string): boolean => {
      return Number(limits && Object.hasOwn(limits, limit) ? limits[limit] : ofAll) > 0;
    };
    return {
      ...opened,
      input,
      init,
      bucket: name,
      asked: { tokens: ofAll, ...(limits && { limits }) },
      isIdempotent: this.#methods.has(request.method) || request.headers.has("Idempotency-Key"),
      pauses: new CallPauses(client, name, this.#limits, takesOf),
      waitedMs: 0,
      aheadMs: 0,
      isCopied: false,
      permit: undefined,
    };
  }

  async #acquire(call: PacedCall): Promise<Granted | Refused> {
    const { bucket, asked, signal, pauses } = call;
    const { client } = this.#options;
    for (;;) {
      const heldMs = pauses.heldMs();
      if (heldMs > this.#maxWaitMs(call)) return refusedByPause(call, heldMs);
      await this.#wait(call, pauses.released(signal));
      const remainingMs = this.#remainingMs(call);
      const options: AcquireOptions = {
        ...asked,
        ...(remainingMs !== undefined && { timeoutMs: remainingMs }),
        ...(signal && { signal }),
      };
      const askedAtMs = performance.now();
      const outcome = await this.#wait(call, client.acquire(bucket, options));
      if (!outcome.ok) return outcome;
      call.aheadMs = aheadMs(outcome, performance.now() - askedAtMs);
      call.permit = RequestPermit.of(outcome, { client, askedAtMs, report: reportToConsole });
      // Other calls may have been refused while this token was on its way. Then it counts as lost,
      // like those in the bucket: if all of them were kept until the pause ends, they would be used
      // at once.
      if (!pauses.hasBegunSince(askedAtMs)) return outcome;
      void call.permit?.release();
    }
  }

  async #wait<Result>(call: PacedCall, waiting: Promise<Result>): Promise<Result> {
    const startedAtMs = performance.now();
    try {
      return await waiting;
    } finally {
      call.waitedMs += performance.now() - startedAtMs;
    }
  }

  /** Remaining wait of the call; `undefined` if the policy limits each attempt's wait instead. */
  #remainingMs(call: PacedCall): number | undefined {
    const { timeoutMs } = this.#options;
    return timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - Math.floor(call.waitedMs));
  }

  /** Longest further wait of the call, as far as it is known. */
  #maxWaitMs(call: PacedCall): number {
    const { maxWaitMs } = call.pauses;
    const remainingMs = this.#remainingMs(call);
    if (remainingMs === undefined) return maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
    return Math.min(remainingMs, maxWaitMs ?? Infinity);
  }

  #send(call: PacedCall, isLast: boolean): Promise<Response> {
    const { input, init, toCopy, isIdempotent } = call;
    // Not called as a method: the global `fetch` rejects a foreign receiver.
    const send = this.#fetch;
    if (isLast || !isIdempotent || !toCopy) return send(input, init);
    call.isCopied = true;
    return send(toCopy.clone(), init);
  }

  /** What the answer says, of each limit that it is about. */
  async #adviceIn(response: Response, { signal }: PacedCall): Promise<readonly LimitAdvice[]> {
    const limitOf = (quota: string): string | undefined => this.#limitByQuota.get(quota);
    const { advice: read } = this.#options;
    const advice = read && (await adviceOf(read, response, signal));
    if (!advice) return readAdviceByLimit(response, Date.now(), limitOf);
    return [{ limit: limitOf(advice.quota?.toLowerCase() ?? ""), advice }];
  }

  /**
   * Holds the callers of this process that take tokens of the refusal's limit. Resolves with the
   * length of the pause once Sluice has it, or after waiting long enough for that.
   */
  async #pauseAll(
    call: PacedCall,
    { limit = FIRST_LIMIT, advice }: LimitAdvice,
    sentAtMs: number,
  ): Promise<number> {
    const pause = call.pauses.of(limit);
    const { pauseMs: advisedMs = 0, minPauseMs = 0 } = advice;
    const wantedMs = advisedMs > 0 ? Math.ceil(advisedMs) : Math.max(this.#backoffMs, minPauseMs);
    const pauseMs = Math.min(pause.lengthOf(wantedMs, sentAtMs), this.#maxPauseMs);
    const reported = pause.refuse(this.#pauseRequest(call, pauseMs, 0));
    await settledWithin(reported, Math.min(pauseMs, MAX_REPORT_MS), call.signal);
    return pauseMs;
  }

  /**
   * Lowers a limit if the API accepts less than the limit would grant. If no quota stands for it, a
   * token equals one request only without the `tokens` option, so with it a remaining number of
   * requests means nothing, unless it is 0.
   */
  async #lower(call: PacedCall, { limit, advice }: LimitAdvice, granted: Granted): Promise<void> {
    const { remaining = Infinity, pauseMs = 0 } = advice;
    const isSpent = remaining <= 0;
    const isSameUnit = limit !== undefined || this.#options.tokens === undefined;
    const isFewer = isSameUnit && remaining < grantableOf(granted, limit);
    if (!(pauseMs > 0) || !(isSpent || (isFewer && !granted.isUnmetered))) return;
    const forMs = Math.min(Math.ceil(pauseMs), isSpent ? this.#maxPauseMs : LOWERED_FOR_MS);
    const tokens = Math.max(0, Math.floor(remaining));
    const pause = call.pauses.of(limit ?? FIRST_LIMIT);
    const reported = pause.lower(this.#pauseRequest(call, forMs, tokens));
    await settledWithin(reported, MAX_REPORT_MS);
  }

  #pauseRequest({ aheadMs }: PacedCall, durationMs: number, tokens: number): PauseRequest {
    return { durationMs, tokens, aheadMs, onFailed: this.#options.onPauseFailed };
  }

  #answerRefusal(
    call: PacedCall,
    refusal: Refused,
    response: Response | undefined,
  ): Response | Promise<Response> {
    const { onRefused } = this.#options;
    if (onRefused) return onRefused(refusal, call.request);
    throw new SluiceRefusedError(refusal, response);
  }
}

/** The refusal Sluice would give if it had the pause. */
function refusedByPause({ bucket, asked: { tokens } }: PacedCall, heldMs: number): Refused {
  const detail = `The API accepts no requests for another ${heldMs} ms`;
  return { ok: false, bucket, tokens, reason: "timeout", detail, retryAfterMs: heldMs };
}

/**
 * Sluice's clock minus `performance.now()`, from the time in a grant. The answer may have been in
 * transit for as long as the call took beyond its wait, so a difference from the local clock counts
 * only beyond that.
 */
function aheadMs({ grantedAtMs, waitedMs, isUnmetered }: Granted, tookMs: number): number {
  const nowMs = Date.now();
  const behindMs = nowMs - grantedAtMs;
  const latestBehindMs = Math.max(0, tookMs - waitedMs) + CLOCK_NOISE_MS;
  const isSame = isUnmetered || (behindMs > -CLOCK_NOISE_MS && behindMs < latestBehindMs);
  return (isSame ? nowMs : grantedAtMs) - performance.now();
}

/** What the limit would grant now; by default, the bucket's first. 0 if there is no such limit. */
function grantableOf({ remaining, limits }: Granted, limit: string = FIRST_LIMIT): number {
  return limit === FIRST_LIMIT ? remaining : (limits?.[limit]?.remaining ?? 0);
}

function isRefusal({ isRefusal, remaining }: UpstreamAdvice): boolean {
  return isRefusal ?? remaining === undefined;
}

/** A `Request` with a body was copied only if its method allows retries. */
function maySendAgain(
  { isIdempotent, hasLastingBody, toCopy }: PacedCall,
  advice: UpstreamAdvice,
): boolean {
  const { retry = isIdempotent } = advice;
  return retry && (hasLastingBody || (isIdempotent && toCopy !== undefined));
}

/**
 * The result of `advice`; `undefined` if it fails, which is reported on the console.
 *
 * @throws {TypeError} If it has consumed the body, which belongs to the caller.
 */
async function adviceOf(
  advice: NonNullable<PacedFetchOptions["advice"]>,
  response: Response,
  signal: AbortSignal | undefined,
): Promise<UpstreamAdvice | undefined> {
  let result: UpstreamAdvice | undefined = undefined;
  try {
    result = await orAborted(Promise.resolve(advice(response)), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    console.error("advice failed; using status and headers instead:", error);
  }
  if (!response.bodyUsed) return result;
  throw new TypeError("advice must read response.clone(): the response belongs to the caller");
}

/**
 * Cancels a body that nothing will read. Not awaited: cancelling a body that has copies may never
 * settle.
 */
function discard({ body }: Pick<Response, "body">): void {
  body?.cancel().catch(() => undefined);
}

function ignore(): void {
  // A permit that can't be given back comes back when its time is up.
}
