/**
 * The verbs of a client of Sluice, over whatever reaches one: HTTP with a URL, or a service binding.
 *
 * What a caller has to expect of a limiter comes as a value, `{ ok: true, … }` or `{ ok: false, reason }`,
 * in a closed union. What only a wrong call or a wrong configuration leads to is thrown: `SluiceError`
 * where the service said so, `RangeError` and `TypeError` where it was clear before anything was sent.
 *
 * **Asking again.** Connections break, and then nobody knows whether the tokens were taken. So each acquire
 * has an idempotency key, and what is sent again is the same request to the letter: a grant that was given
 * is given again, a place in the queue that is still held is joined, and what never arrived is asked
 * for the first time. A place whose connection has broken is free for others, but for 30 s whoever comes back
 * stands where it stood, with its first deadline. Later, or if the bucket's object was lost meanwhile, it
 * stands at the end of the queue, and the service counts its `timeoutMs` anew; the caller's own count goes
 * on, and it leaves when that is over.
 *
 * **Giving up.** A service cannot always see that a caller has left, so the client tells it, by a call of its
 * own with the same key. And a wait that may last is streamed, so that both sides see that the other is there.
 *
 * **What a key costs.** A request with a key goes to the bucket itself, past any lease, and its grant is
 * written down by itself. Who would rather ask once, and lose a token now and then with a connection,
 * sets `retryForMs: 0`.
 *
 * Nothing here is of one platform: `fetch`, `AbortController`, timers and random values are all it needs.
 */
import type { PolicyFields } from "../core/policy.ts";
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { Reason } from "../protocol/reasons.ts";
import type { AcquireOutcome, RefusalReason } from "./acquire-outcome.ts";
import type { Answer } from "./transport/answer.ts";
import type { OnError, Report } from "./fault-report.ts";
import type { Attempt, RetryPolicy } from "./transport/retry.ts";
import type { SluiceErrorReason } from "./sluice-error.ts";

import { policyRanges } from "../core/policy.ts";
import { fieldString } from "../protocol/field-string.ts";
import { STREAM_IF_QUEUED } from "../protocol/acquire-bodies.ts";
import { errorOf, grantIn, membersOf, problemIn, unexpectedAnswer } from "./transport/answer.ts";
import {
  checkAcquireOptions,
  checkBucket,
  checkBucketInPath,
  checkCallOptions,
  checkIdempotencyKey,
  checkPause,
  checkPolicy,
} from "./arguments.ts";
import { Connection, type Call, type ConnectionOptions } from "./transport/connection.ts";
import { faultReporter } from "./fault-report.ts";
import { followStream } from "./transport/follow-stream.ts";
import { cancelCall, giveUp } from "./transport/give-up.ts";
import { retry, TransportError, SluiceUnreachableError } from "./transport/retry.ts";
import { SluiceError } from "./sluice-error.ts";

/** A place in the queue. */
export interface QueuedPlace {
  /** 1 is the head: next to be granted. */
  readonly position: number;
  /** Until the grant as things stand, milliseconds. */
  readonly etaMs: number;
}

/** What a caller asks for. */
export interface AcquireOptions {
  /** 1 to the bucket's capacity. Default: 1. */
  readonly tokens?: number;
  /**
   * 0 (do not wait) to the policy's `maxWaitMs`. Default: the policy's `maxWaitMs`. The service counts from
   * when the request reaches its bucket.
   */
  readonly timeoutMs?: number;
  /**
   * Gives the place in the queue up when it aborts: the promise rejects at once, and on the side the service is
   * told so (`cancel`), for a few seconds at most. Without a key it only hears that the connection is closed.
   */
  readonly signal?: AbortSignal;
  /**
   * 1 to 255 printable ASCII characters. Default: a new one for each acquire; none where `retryForMs` is 0.
   * Another acquire with the same key must ask for the same `tokens` and `timeoutMs`. Once one with it has
   * been given up, others with it are refused with `cancelled` for ten seconds.
   */
  readonly idempotencyKey?: string;
  /**
   * Told the place in the queue, at once and whenever it changes; not called where nobody has to wait.
   * The acquire leaves the queue, and rejects with what this throws, or with what a promise that it
   * returns rejects with.
   */
  readonly onQueued?: (place: QueuedPlace) => void;
  /**
   * Given what is still to be done when the acquire has been given up, which is to tell the service so. Pass
   * `(promise) => ctx.waitUntil(promise)` in a Worker, which else ends that with the request. The promise
   * never rejects, and settles within a few seconds.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** What a pause says. */
export interface PauseFields {
  /** Until when the bucket's ticks bring nothing, epoch milliseconds; at most a day ahead. */
  readonly untilMs: number;
  /** Most tokens that the bucket keeps. Default: 0. */
  readonly tokens?: number;
}

/** What every other call takes. */
export interface CallOptions {
  /** Ends the call; what it was to change may be changed or not. */
  readonly signal?: AbortSignal;
}

/**
 * The verbs. Everything is checked before it is sent. A call that changes something says what it is to
 * become, so it is sent again where the connection breaks, like all others. Every promise rejects with
 * the signal's reason where a signal aborts.
 */
export interface Client {
  /**
   * Takes tokens, waiting for them if need be. Resolves with the grant, or with a refusal. Where the
   * connection breaks it asks again with the same key, and so pays once at most.
   *
   * @throws {SluiceError} Where the service says that the call itself is wrong, and where it cannot be
   * reached and `onUnavailable` is `"throw"`. Other verbs throw it in that case, whatever `onUnavailable` is.
   * @throws {RangeError | TypeError} Where an argument is wrong; nothing was sent.
   */
  acquire(bucket: string, options?: AcquireOptions): Promise<AcquireOutcome>;
  /** `acquire` that does not wait: granted now or refused. */
  tryAcquire(
    bucket: string,
    options?: Pick<AcquireOptions, "tokens" | "signal" | "idempotencyKey">,
  ): Promise<AcquireOutcome>;
  /**
   * Removes a waiting acquire, by the `idempotencyKey` that it was asked with: it is refused with `cancelled`,
   * and takes nothing. Resolves with whether it was waiting; with `false` where it is granted already, or not
   * known. An acquire with this key that arrives within the next 10 seconds is refused so, too.
   */
  cancel(bucket: string, idempotencyKey: string, options?: CallOptions): Promise<boolean>;
  /** The bucket as it is. Takes nothing, starts nothing. */
  inspect(bucket: string, options?: CallOptions): Promise<BucketSnapshot>;
  /** Gives the bucket a policy of its own, for good; what is left out stays. Needs an `ADMIN_TOKEN`. */
  setPolicy(
    bucket: string,
    policy: Partial<PolicyFields>,
    options?: CallOptions,
  ): Promise<BucketSnapshot>;
  /** Refuses all who wait with `bucket-reset` and forgets the bucket. Needs an `ADMIN_TOKEN`. */
  reset(bucket: string, options?: CallOptions): Promise<void>;
  /**
   * Keeps at most `tokens` in the bucket and lets its ticks up to and including `untilMs` bring nothing;
   * then it goes on, one tick at a time. Of two pauses the later end and the lower number of tokens count,
   * whoever asks. With an `ADMIN_TOKEN` an `untilMs` that is over, as 0 is, ends the pause; without, it
   * changes nothing. Needs an `ADMIN_TOKEN`, or a token with the right `pause`.
   */
  pause(bucket: string, pause: PauseFields, options?: CallOptions): Promise<BucketSnapshot>;
}

/**
 * What an acquire comes to where Sluice cannot be reached: an error is thrown, the caller may pass without
 * (`isUnmetered`), or it is refused as `unavailable`.
 *
 * The same holds where Sluice cannot be used as things are: the token is wrong or was revoked, no policy
 * matches the bucket, the configuration of Sluice is illegal, or what answers is no Sluice. With `"open"` and
 * `"closed"` such a fault goes to `onError`, and stops nobody, or everybody, who asks.
 */
export type OnUnavailable = "throw" | "open" | "closed";

/** How to reach Sluice, and what to do where that is not possible. */
export type ClientOptions = ConnectionOptions & {
  /** Default: `"throw"`, so that whoever wants anything else says so. */
  readonly onUnavailable?: OnUnavailable;
  /**
   * Told each time that `onUnavailable` `"open"` or `"closed"` decides because of something that only whoever
   * runs this can mend: see `OnUnavailable`. Default: `console.error`, the same at most once a minute.
   */
  readonly onError?: OnError | undefined;
  /**
   * For how long a call goes on asking where nothing comes of it: in pauses and failed attempts, of each
   * of these the first two seconds; 0 to an hour. An acquire begins no new attempt, but for a first one at
   * once, when its `timeoutMs` is over. 0 asks once, and sends no key of its own. Default: 10,000.
   */
  readonly retryForMs?: number;
};

/** A restart or a deploy is over sooner. */
const DEFAULT_RETRY_MS = 10_000;
/** What an answer may take on its way, and Sluice to find its bucket again, beyond the time of waiting. */
const ANSWER_MS = 10_000;
/** The same for an acquire that is asked again when its time is over: if it still has its place, it is told. */
const LATE_ANSWER_MS = 2_000;
/**
 * A wait that may be longer is streamed. Of a held response that says nothing, nobody between can tell whether
 * both ends are there: proxies give it up, and a caller that has left is not noticed. What does not have to
 * wait is answered in the plain way all the same.
 */
const MAX_SILENT_WAIT_MS = 1_000;
/** The same from Worker to Worker, where the runtime sees both ends: only for what merely looks like a binding. */
const MAX_BOUND_SILENCE_MS = 60_000;
/** When to try again where Sluice cannot be reached and does not say. */
const UNAVAILABLE_RETRY_MS = 1_000;
/** What is nobody's fault who asks. */
const MISCONFIGURED: ReadonlySet<SluiceErrorReason> = new Set([
  "unauthorized",
  "admin-disabled",
  "origin-not-allowed",
  "unknown-bucket",
  "illegal-configuration",
  "not-found",
  "method-not-allowed",
  "unexpected-answer",
]);
const ACQUIRE_OPTIONS = [
  "tokens",
  "timeoutMs",
  "signal",
  "idempotencyKey",
  "onQueued",
  "waitUntil",
];
/** Status of a reset. */
const NO_CONTENT = 204;
/** Bytes of an idempotency key: as much as a random UUID, and more. */
const KEY_BYTES = 16;

/**
 * A client. It holds nothing: no connection, no timer but for calls under way.
 *
 * @throws {RangeError | TypeError} Where an option is wrong.
 *
 * @example
 * const sluice = createClient({ url: "https://sluice.example.com", token, onUnavailable: "open" });
 * const outcome = await sluice.acquire("exports", { timeoutMs: 5_000 });
 * if (outcome.ok) await run();
 * else console.log(outcome.reason, outcome.retryAfterMs);
 *
 * @example
 * const sluice = createClient({ service: env.SLUICE }); // in a Worker that is bound to Sluice
 */
export function createClient(options: ClientOptions): Client {
  return new ConnectedClient(options);
}

/**
 * The client of a caller that Sluice serves in its own process, by RPC. A bucket that cannot be reached is a
 * refusal; all else is thrown, since it is for the caller to decide.
 */
export function createServedClient(service: Service, token: string | undefined): Client {
  const options = { service, token, onUnavailable: "closed", retryForMs: 0 } as const;
  return new ConnectedClient(options, new Set());
}

type Service = NonNullable<ClientOptions["service"]>;

/** What is known of an acquire that was not answered. */
interface AskedAcquire {
  readonly bucket: string;
  readonly tokens: number;
  readonly startedAtMs: number;
}

class ConnectedClient implements Client {
  readonly #connection: Connection;
  readonly #onUnavailable: OnUnavailable;
  readonly #report: Report;
  readonly #retryForMs: number;
  /** Reasons of errors that `onUnavailable` covers. */
  readonly #covered: ReadonlySet<SluiceErrorReason>;

  constructor(options: ClientOptions, covered = MISCONFIGURED) {
    this.#covered = covered;
    this.#connection = new Connection(options);
    this.#onUnavailable = options.onUnavailable ?? "throw";
    this.#report = faultReporter(options.onError);
    this.#retryForMs = options.retryForMs ?? DEFAULT_RETRY_MS;
  }

  async acquire(bucket: string, options: AcquireOptions = {}): Promise<AcquireOutcome> {
    checkBucket(bucket);
    checkAcquireOptions(options, ACQUIRE_OPTIONS);
    return this.#acquire(bucket, options);
  }

  async tryAcquire(
    bucket: string,
    options: Pick<AcquireOptions, "tokens" | "signal" | "idempotencyKey"> = {},
  ): Promise<AcquireOutcome> {
    checkBucket(bucket);
    checkAcquireOptions(options, ["tokens", "signal", "idempotencyKey"]);
    return this.#acquire(bucket, { ...options, timeoutMs: 0 });
  }

  async cancel(
    bucket: string,
    idempotencyKey: string,
    options: CallOptions = {},
  ): Promise<boolean> {
    checkBucket(bucket);
    checkIdempotencyKey(idempotencyKey);
    checkCallOptions(options);
    const call = cancelCall(bucket, idempotencyKey);
    const { status, body } = await this.#send(call, options);
    const { cancelled } = membersOf(body);
    if (typeof cancelled !== "boolean") throw unexpectedAnswer(status, body);
    return cancelled;
  }

  async inspect(bucket: string, options: CallOptions = {}): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    return this.#snapshot("GET", pathOf(bucket), undefined, options);
  }

  async setPolicy(
    bucket: string,
    policy: Partial<PolicyFields>,
    options: CallOptions = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkPolicy(policy);
    checkCallOptions(options);
    return this.#snapshot("PUT", pathOf(bucket), policy, options);
  }

  async reset(bucket: string, options: CallOptions = {}): Promise<void> {
    checkBucketInPath(bucket);
    checkCallOptions(options);
    const { status, body } = await this.#call("DELETE", pathOf(bucket), undefined, options);
    // A page that somebody in between answers with has reset nothing.
    if (status !== NO_CONTENT) throw unexpectedAnswer(status, body);
  }

  async pause(
    bucket: string,
    pause: PauseFields,
    options: CallOptions = {},
  ): Promise<BucketSnapshot> {
    checkBucketInPath(bucket);
    checkPause(pause);
    checkCallOptions(options);
    return this.#snapshot("POST", `${pathOf(bucket)}/pause`, pause, options);
  }

  async #acquire(bucket: string, options: AcquireOptions): Promise<AcquireOutcome> {
    const { tokens, timeoutMs, signal, onQueued, waitUntil } = options;
    const startedAtMs = performance.now();
    const idempotencyKey = options.idempotencyKey ?? (this.#retryForMs > 0 ? newKey() : undefined);
    const query = new URLSearchParams({ bucket });
    if (tokens !== undefined) query.set("tokens", String(tokens));
    if (timeoutMs !== undefined) query.set("timeoutMs", String(timeoutMs));
    const request = {
      method: "POST",
      path: `/acquire?${query.toString()}`,
      headers: {
        ...(idempotencyKey !== undefined && { "Idempotency-Key": fieldString(idempotencyKey) }),
        ...(this.#isStreamed(options) && { Accept: STREAM_IF_QUEUED }),
      },
    };
    let mayWait = false;
    const ask = async (attempt: Attempt): Promise<AcquireOutcome> => {
      mayWait = timeoutMs !== 0;
      const response = await this.#connection.send(request, attempt.signal);
      const answer = isEventStream(response)
        ? await followStream(response, onQueued ?? ignore, attempt)
        : await this.#connection.read(response);
      mayWait = false;
      return outcomeIn(answer, bucket, tokens ?? 1);
    };
    try {
      return await retry(ask, this.#patienceFor(timeoutMs, signal));
    } catch (error) {
      if (mayWait && idempotencyKey !== undefined && isGivenUp(error, options)) {
        const told = giveUp(this.#connection, cancelCall(bucket, idempotencyKey));
        keepGoing(told, waitUntil);
      }
      return this.#failed(error, { bucket, tokens: tokens ?? 1, startedAtMs });
    }
  }

  /** Whether the service is to say something while it holds the request. */
  #isStreamed({ timeoutMs = Infinity, onQueued }: AcquireOptions): boolean {
    if (onQueued) return true;
    if (!this.#connection.isBound) return timeoutMs > MAX_SILENT_WAIT_MS;
    return timeoutMs < Infinity && timeoutMs > MAX_BOUND_SILENCE_MS;
  }

  #patienceFor(timeoutMs: number | undefined, signal: AbortSignal | undefined): RetryPolicy {
    const longestMs = timeoutMs ?? policyRanges.maxWaitMs.max;
    return {
      signal,
      retryForMs: this.#retryForMs,
      untilMs: longestMs,
      attemptMs: (failures, elapsedMs) => {
        if (failures === 0) return longestMs + ANSWER_MS;
        return Math.max(0, longestMs - elapsedMs) + LATE_ANSWER_MS;
      },
    };
  }

  /** What an acquire comes to that was not answered with an outcome. */
  #failed(error: unknown, asked: AskedAcquire): AcquireOutcome {
    if (error instanceof SluiceUnreachableError) return this.#unavailable(error.fault, asked);
    const isCovered = error instanceof SluiceError && this.#covered.has(error.reason);
    if (!isCovered || this.#onUnavailable === "throw") throw error;
    this.#report(error);
    return this.#unavailable(misconfigured(), asked);
  }

  #unavailable(
    fault: TransportError,
    { bucket, tokens, startedAtMs }: AskedAcquire,
  ): AcquireOutcome {
    switch (this.#onUnavailable) {
      case "throw":
        throw unavailableError(fault);
      case "open": {
        const grantedAtMs = Date.now();
        const waitedMs = Math.round(performance.now() - startedAtMs);
        const grant = { bucket, tokens, remaining: 0, waitedMs, grantedAtMs };
        return { ok: true, ...grant, isUnmetered: true };
      }
      case "closed": {
        const retryAfterMs = fault.retryAfterMs ?? UNAVAILABLE_RETRY_MS;
        const { message: detail } = fault;
        return { ok: false, bucket, tokens, reason: "unavailable", detail, retryAfterMs };
      }
      default:
        return this.#onUnavailable satisfies never;
    }
  }

  async #snapshot(
    method: string,
    path: string,
    body: object | undefined,
    options: CallOptions,
  ): Promise<BucketSnapshot> {
    const answer = await this.#call(method, path, body, options);
    if (isSnapshot(answer.body)) return answer.body;
    throw unexpectedAnswer(answer.status, answer.body);
  }

  #call(
    method: string,
    path: string,
    body: object | undefined,
    options: CallOptions,
  ): Promise<Answer> {
    return this.#send({ method, path, headers: {}, ...(body && { body }) }, options);
  }

  async #send(call: Call, { signal }: CallOptions): Promise<Answer> {
    const patience: RetryPolicy = {
      signal,
      retryForMs: this.#retryForMs,
      untilMs: Infinity,
      attemptMs: () => ANSWER_MS,
    };
    const ask = async (attempt: Attempt): Promise<Answer> => {
      const response = await this.#connection.send(call, attempt.signal);
      const answer = await this.#connection.read(response);
      const problem = problemIn(answer);
      if (problem) throw errorOf(problem);
      return answer;
    };
    try {
      return await retry(ask, patience);
    } catch (error) {
      throw error instanceof SluiceUnreachableError ? unavailableError(error.fault) : error;
    }
  }
}

/** How the acquire ended that was answered so. */
function outcomeIn(answer: Answer, bucket: string, tokens: number): AcquireOutcome {
  const problem = problemIn(answer);
  const { status, body, rateLimit } = answer;
  const state = rateLimit && { rateLimit };
  if (!problem) return { ok: true, ...grantIn(status, body), ...state };
  const { reason, detail, retryAfterMs, violatedPolicies } = problem;
  if (!isRefusal(reason)) throw errorOf(problem);
  const later = retryAfterMs !== undefined && { retryAfterMs };
  const violated = violatedPolicies && { violatedPolicies };
  return { ok: false, bucket, tokens, reason, detail, ...later, ...violated, ...state };
}

/** Whether a caller has to expect it. (`unavailable` is asked again, and never gets here.) */
function isRefusal(reason: Reason): reason is Exclude<RefusalReason, "unavailable"> {
  const refusals: readonly Reason[] = [
    "timeout",
    "queue-full",
    "exceeds-capacity",
    "bucket-reset",
    "cancelled",
  ];
  return refusals.includes(reason);
}

/**
 * Whether nobody comes back for the request of an acquire that ends so: its caller has left, or cannot be told
 * its place, or nothing was heard for so long that its own time is over. In that last case a key of the
 * caller's own may be asked with again, and would be refused if it were cancelled.
 */
function isGivenUp(error: unknown, { idempotencyKey }: AcquireOptions): boolean {
  if (!(error instanceof SluiceUnreachableError)) return true;
  return error.fault.isSilence && idempotencyKey === undefined;
}

function keepGoing(promise: Promise<unknown>, waitUntil: AcquireOptions["waitUntil"]): void {
  try {
    waitUntil?.(promise);
  } catch {
    // It goes on for as long as the runtime lets it; how the acquire ends is to be told all the same.
  }
}

/** Without the words of what is wrong: a refusal is shown to callers. */
function misconfigured(): TransportError {
  const detail = "Sluice cannot be used as it is configured";
  return new TransportError({ detail });
}

function unavailableError({ message, status, cause }: TransportError): SluiceError {
  return new SluiceError({ reason: "unavailable", detail: message, status, cause });
}

function isSnapshot(body: unknown): body is BucketSnapshot {
  const { bucket, policy, tokens } = membersOf(body);
  return typeof bucket === "string" && typeof policy === "object" && typeof tokens === "number";
}

function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream *(;|$)/i.test(headers.get("Content-Type") ?? "");
}

function pathOf(bucket: string): string {
  return `/buckets/${encodeURIComponent(bucket)}`;
}

/** A key that nobody else has. Not `randomUUID`, which pages without TLS lack. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function ignore(): void {
  // Nobody has asked for the place; the stream shows that the connection lives.
}
