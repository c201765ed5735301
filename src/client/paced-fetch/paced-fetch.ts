/**
 * A `fetch` for somebody else's API that waits for a token of a bucket before each call, and listens to
 * what the API says: where it refuses or is about to, the bucket is paused, and with it every caller of it
 * on every machine.
 *
 * The bucket does the waiting, not this process: a call that is to be sent again gives up nothing but takes
 * its place in the queue like all others, which is why what holds one holds all. Only where Sluice does
 * not take the pause are the callers of this process held here.
 *
 * What it adds to a call that goes well is the call for the token, and nothing that is written down here.
 */
import type { Granted, Refused } from "../acquire-outcome.ts";
import type { AcquireOptions, Client } from "../client.ts";
import type { Fetch, FetchInit, FetchInput, PacedRequest } from "./paced-request.ts";
import type { PauseFailed, PauseRequest, SharedPause } from "./shared-pause.ts";
import type { UpstreamAdvice } from "./upstream-advice.ts";

import { policyRanges, showValue } from "../../core/policy.ts";
import { orAborted } from "../transport/abort.ts";
import { checkBucket, checkFunction, checkInteger, hasMethod } from "../arguments.ts";
import { openRequest } from "./paced-request.ts";
import { joinPause } from "./pause-registry.ts";
import { settledWithin } from "../transport/settled-within.ts";
import { SluiceRefusedError } from "../sluice-refused-error.ts";
import { readUpstreamAdvice } from "./upstream-advice.ts";

/** How a paced fetch goes about it. */
export interface PacedFetchOptions {
  readonly client: Client;
  /** Its name, or which one a request needs tokens of; the request comes without its body. */
  readonly bucket: string | ((request: Request) => string);
  /** What sends the request. Default: the global `fetch`. */
  readonly fetch?: Fetch;
  /** Of each attempt. Default: 1. */
  readonly tokens?: number | ((request: Request) => number);
  /**
   * How long a call may wait for tokens, all its attempts together, milliseconds, to the policy's
   * `maxWaitMs`; 0 does not wait. Time that the API takes to answer does not count. Default: the policy's
   * `maxWaitMs` for each attempt.
   */
  readonly timeoutMs?: number;
  /** How often a request that the API has refused is sent again, 0 to 20. Default: 2. */
  readonly retries?: number;
  /**
   * Methods whose requests may be sent again. Default: those that mean the same however often they are
   * sent: GET, HEAD, OPTIONS, PUT, DELETE. A request with an `Idempotency-Key` is, whatever its
   * method.
   */
  readonly methods?: readonly string[];
  /**
   * Pause where the API refuses and does not say for how long, milliseconds. Whatever a pause was for, one
   * that did not help is doubled. Default: 1,000.
   */
  readonly backoffMs?: number;
  /**
   * Longest pause, milliseconds, 1 to 86,400,000. What the API says beyond it is cut to it: then somebody
   * goes to see, and is told again. Default: one hour.
   */
  readonly maxPauseMs?: number;
  /**
   * Reads what an answer says of the API's limit, where status and fields don't: in a body, or in a field that
   * nobody else has. `undefined` leaves it to `readUpstreamAdvice`. It is given the response that the caller
   * gets, so it reads a body from a `clone()` and never from the response; the call waits for it, so it leaves
   * bodies alone that are long or stream. Where it throws, that is written to the console, and
   * `readUpstreamAdvice` reads.
   */
  readonly advice?: (
    response: Response,
  ) => UpstreamAdvice | undefined | Promise<UpstreamAdvice | undefined>;
  /**
   * Answers a call for which there are no tokens. Default: there is no answer, and the call rejects with
   * a `SluiceRefusedError`. `refusalResponse` makes a 429 of a refusal.
   */
  readonly onRefused?: (refusal: Refused, request: Request) => Response | Promise<Response>;
  /**
   * Told each time a bucket could not be paused, and why; the callers of this process hold back all the same.
   * Default: `console.error`. A token without the right `pause` is said to `console.warn` as well, once for
   * each client and bucket.
   */
  readonly onPauseFailed?: PauseFailed;
}

/** Safe or idempotent in RFC 9110, but for TRACE, which `fetch` does not send. */
const REPLAYABLE_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
/** Each attempt is a token and a call that is refused; more than this is no way to reach anything. */
const MAX_RETRIES = 20;
const DEFAULT_RETRIES = 2;
const DEFAULT_BACKOFF_MS = 1_000;
const DEFAULT_MAX_PAUSE_MS = 3_600_000;
/** What Sluice takes: a day ahead. */
const MAX_PAUSE_MS = 86_400_000;
/** Of a clock's difference so much may be the way that an answer took, and is none. */
const CLOCK_NOISE_MS = 1_000;
/**
 * For how long a bucket is lowered to what the API will still take. Short, though the reset may be far
 * ahead: of pauses that meet in the bucket, the later end and the lower number count, and the two may be of
 * different quotas. While answers come, they lower it anew; where none is left, the pause lasts until
 * the reset.
 */
const LOWERED_FOR_MS = 10_000;
/** How long an answer is kept back for Sluice to be told. What it does not know by then, it hears later. */
const TELLING_PATIENCE_MS = 2_000;
/** The default of a policy's `maxWaitMs`. */
const DEFAULT_MAX_WAIT_MS = 60_000;
/** An answer from here on says that the API is in trouble, and not that it goes on. */
const SERVER_ERROR = 500;

/**
 * Builds a `fetch` that is paced by a bucket.
 *
 * It resolves with what the API answers; with its refusal, too, where the request is not to be sent
 * again: its method or body does not allow it, `retries` are used up, or the API wants a longer pause
 * than the call may wait. It rejects as `fetch` does, with the signal's reason where the request's
 * signal aborts while it waits, with a `SluiceRefusedError` where there are no tokens, and with the
 * client's `SluiceError`.
 *
 * @throws {RangeError} Where an option is out of range, naming it.
 * @throws {TypeError} Where one is of the wrong kind.
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
  if (!hasMethod(given.client, "acquire") || !hasMethod(given.client, "pause")) {
    throw new TypeError(`client must be a client of Sluice: got ${showValue(given.client)}`);
  }
  checkInteger(given, "retries", { min: 0, max: MAX_RETRIES });
  checkInteger(given, "backoffMs", { min: 1, max: MAX_PAUSE_MS });
  checkInteger(given, "maxPauseMs", { min: 1, max: MAX_PAUSE_MS });
  checkInteger(given, "timeoutMs", policyRanges.maxWaitMs);
  if (typeof given.tokens !== "function") checkInteger(given, "tokens", policyRanges.capacity);
  if (typeof given.bucket !== "function") checkBucket(given.bucket);
  for (const name of ["fetch", "advice", "onRefused", "onPauseFailed"]) {
    checkFunction(given, name);
  }
  const { methods } = given;
  if (methods !== undefined && !isTexts(methods)) {
    throw new TypeError(`methods must be a list of methods: got ${showValue(methods)}`);
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** A call in the course of its attempts. */
interface PacedCall extends PacedRequest {
  readonly input: FetchInput;
  readonly init: FetchInit;
  readonly bucket: string;
  readonly tokens: number;
  /** Whether its method allows it to be sent again. */
  readonly isIdempotent: boolean;
  readonly pause: SharedPause;
  /** How long it has waited for tokens. */
  waitedMs: number;
  /** What Sluice's clock shows, less what `performance.now()` does, as of its last token. */
  aheadMs: number;
  /** Whether copies of its body were sent. */
  isCopied: boolean;
}

class FetchPacer {
  readonly #options: PacedFetchOptions;
  readonly #fetch: Fetch;
  readonly #retries: number;
  readonly #methods: ReadonlySet<string>;
  readonly #backoffMs: number;
  readonly #maxPauseMs: number;

  constructor(options: PacedFetchOptions) {
    const { retries = DEFAULT_RETRIES, backoffMs = DEFAULT_BACKOFF_MS } = options;
    const { maxPauseMs = DEFAULT_MAX_PAUSE_MS, methods = REPLAYABLE_METHODS } = options;
    checkOptions(options);
    this.#options = options;
    // Looked up at each call: a global that is replaced meanwhile, as by a tracer, is to be called.
    this.#fetch = options.fetch ?? ((input, init): Promise<Response> => fetch(input, init));
    this.#retries = retries;
    this.#methods = new Set(methods.map((method) => method.toUpperCase()));
    this.#backoffMs = backoffMs;
    // Sluice's clock may be a little behind, and the limit is by its clock.
    this.#maxPauseMs = Math.min(maxPauseMs, MAX_PAUSE_MS - 2 * CLOCK_NOISE_MS);
  }

  async fetch(input: FetchInput, init: FetchInit): Promise<Response> {
    const call = this.#open(input, init);
    try {
      return await this.#attempt(call);
    } finally {
      call.pause.leave();
      // Or what the copies have read would be kept for it.
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
      const response = await this.#send(call, isLast);
      const said = this.#options.advice && (await ask(this.#options.advice, response, call.signal));
      const advice = said ?? readUpstreamAdvice(response, Date.now());
      if (!advice || !isRefusal(advice)) {
        if (response.status < SERVER_ERROR) call.pause.gotThrough(sentAtMs);
        if (advice) await this.#lower(call, advice, outcome);
        return response;
      }
      const pauseMs = this.#pauseMs(call, advice, sentAtMs);
      await this.#pauseAll(call, pauseMs);
      const mayRetry = !isLast && maySendAgain(call, advice);
      // A bucket whose pause is as long as anybody may wait refuses whoever would wait for its end.
      if (!mayRetry || pauseMs >= this.#patienceMs(call)) return response;
      // Its connection is free for others while this call waits.
      discard(response);
      refused = response;
    }
  }

  /** Looks at the request before anything is taken for it. */
  #open(input: FetchInput, init: FetchInit): PacedCall {
    const opened = openRequest(input, init);
    const { request } = opened;
    const { client, bucket, tokens = 1 } = this.#options;
    const name = typeof bucket === "function" ? bucket(request) : bucket;
    return {
      ...opened,
      input,
      init,
      bucket: name,
      tokens: typeof tokens === "function" ? tokens(request) : tokens,
      isIdempotent: this.#methods.has(request.method) || request.headers.has("Idempotency-Key"),
      pause: joinPause(client, name),
      waitedMs: 0,
      aheadMs: 0,
      isCopied: false,
    };
  }

  async #acquire(call: PacedCall): Promise<Granted | Refused> {
    const { bucket, tokens, signal, pause } = call;
    for (;;) {
      const heldMs = pause.heldMs();
      if (heldMs > this.#patienceMs(call)) return refusedByPause(call, heldMs);
      await this.#wait(call, pause.released(signal));
      const leftMs = this.#leftMs(call);
      const options: AcquireOptions = {
        tokens,
        ...(leftMs !== undefined && { timeoutMs: leftMs }),
        ...(signal && { signal }),
      };
      const askedAtMs = performance.now();
      const outcome = await this.#wait(call, this.#options.client.acquire(bucket, options));
      if (!outcome.ok) return outcome;
      call.aheadMs = aheadMs(outcome, performance.now() - askedAtMs);
      // Others may have been refused while this one's token was on its way. It is gone then, as those in the
      // bucket are: kept until the end of the pause, all of them would be sent at once.
      if (!pause.hasBegunSince(askedAtMs)) return outcome;
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

  /** What is left of the call's time; `undefined` where the policy says how long each attempt waits. */
  #leftMs(call: PacedCall): number | undefined {
    const { timeoutMs } = this.#options;
    return timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - Math.floor(call.waitedMs));
  }

  /** How long it may wait from now on, as far as that is known. */
  #patienceMs(call: PacedCall): number {
    const { maxWaitMs } = call.pause;
    const leftMs = this.#leftMs(call);
    if (leftMs === undefined) return maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
    return Math.min(leftMs, maxWaitMs ?? Infinity);
  }

  #send(call: PacedCall, isLast: boolean): Promise<Response> {
    const { input, init, toCopy, isIdempotent } = call;
    // Not as a method of this: the global one must not be called as one.
    const send = this.#fetch;
    if (isLast || !isIdempotent || !toCopy) return send(input, init);
    call.isCopied = true;
    return send(toCopy.clone(), init);
  }

  /** For how long everybody is to hold back after this refusal. */
  #pauseMs(call: PacedCall, advice: UpstreamAdvice, sentAtMs: number): number {
    const { pauseMs = 0, minPauseMs = 0 } = advice;
    const wantedMs = pauseMs > 0 ? Math.ceil(pauseMs) : Math.max(this.#backoffMs, minPauseMs);
    return Math.min(call.pause.lengthOf(wantedMs, sentAtMs), this.#maxPauseMs);
  }

  /** Holds the callers here, and resolves when Sluice has the pause, or has been given time for it. */
  async #pauseAll(call: PacedCall, pauseMs: number): Promise<void> {
    const told = call.pause.refuse(this.#pauseRequest(call, pauseMs, 0));
    await settledWithin(told, Math.min(pauseMs, TELLING_PATIENCE_MS), call.signal);
  }

  /**
   * Where the API will take less than the bucket would give. A token is one request only where nothing
   * else is said, so with `tokens` a number of requests means nothing, but none left does.
   */
  async #lower(call: PacedCall, advice: UpstreamAdvice, granted: Granted): Promise<void> {
    const { remaining = Infinity, pauseMs = 0 } = advice;
    const isSpent = remaining <= 0;
    const isFewer = this.#options.tokens === undefined && remaining < granted.remaining;
    if (!(pauseMs > 0) || !(isSpent || (isFewer && !granted.isUnmetered))) return;
    const forMs = Math.min(Math.ceil(pauseMs), isSpent ? this.#maxPauseMs : LOWERED_FOR_MS);
    const tokens = Math.max(0, Math.floor(remaining));
    const told = call.pause.lower(this.#pauseRequest(call, forMs, tokens));
    await settledWithin(told, TELLING_PATIENCE_MS);
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

/** A refusal as Sluice would give it, had it the pause. */
function refusedByPause({ bucket, tokens }: PacedCall, heldMs: number): Refused {
  const detail = `The API wants nobody to ask for another ${heldMs} ms`;
  return { ok: false, bucket, tokens, reason: "timeout", detail, retryAfterMs: heldMs };
}

/**
 * What Sluice's clock shows, less what `performance.now()` does: a grant says what it read. The answer may
 * have been on its way for all of the time that the call took and did not wait, so a difference to the clock
 * here counts only where it is more than that.
 */
function aheadMs({ grantedAtMs, waitedMs, isUnmetered }: Granted, tookMs: number): number {
  const nowMs = Date.now();
  const behindMs = nowMs - grantedAtMs;
  const latestBehindMs = Math.max(0, tookMs - waitedMs) + CLOCK_NOISE_MS;
  const isSame = isUnmetered || (behindMs > -CLOCK_NOISE_MS && behindMs < latestBehindMs);
  return (isSame ? nowMs : grantedAtMs) - performance.now();
}

function isRefusal({ isRefusal, remaining }: UpstreamAdvice): boolean {
  return isRefusal ?? remaining === undefined;
}

/** A request that came as a `Request` with a body was copied only where its method allows it. */
function maySendAgain(
  { isIdempotent, hasLastingBody, toCopy }: PacedCall,
  advice: UpstreamAdvice,
): boolean {
  const { retry = isIdempotent } = advice;
  return retry && (hasLastingBody || (isIdempotent && toCopy !== undefined));
}

/**
 * What `advice` says; nothing where it fails, and that on the console.
 *
 * @throws {TypeError} Where it has used the body up that the caller is to read.
 */
async function ask(
  advice: NonNullable<PacedFetchOptions["advice"]>,
  response: Response,
  signal: AbortSignal | undefined,
): Promise<UpstreamAdvice | undefined> {
  let said: UpstreamAdvice | undefined = undefined;
  try {
    said = await orAborted(Promise.resolve(advice(response)), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    console.error("advice failed, and status and fields are read instead:", error);
  }
  if (!response.bodyUsed) return said;
  throw new TypeError("advice must read response.clone(): the response is its caller's to read");
}

/** Nobody will read this body. Not to be awaited: of a body with copies, that may be for ever. */
function discard({ body }: Pick<Response, "body">): void {
  body?.cancel().catch(() => undefined);
}
