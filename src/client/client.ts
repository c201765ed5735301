/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The Sluice client: one set of verbs over any transport that reaches Sluice (HTTP with a URL, or a
 * service binding).
 *
 * Outcomes a caller must expect from a rate limiter are values: `{ ok: true, … }` or
 * `{ ok: false, reason }`, a closed union. Only a wrong call or a wrong configuration throws:
 * `SluiceError` if the service reported it, `RangeError` or `TypeError` if it was clear before
 * anything was sent.
 *
 * **Retries.** When a connection breaks, the client can't know whether the tokens were taken. So
 * each acquire carries an idempotency key, and a retry sends exactly the same request: a grant
 * already made is returned again, a place in the queue that is still held is joined, and a request
 * that never arrived is made for the first time. Once its connection breaks, a waiting request no
 * longer holds up the callers behind it, but a retry within 30 s gets its original place back, with
 * its original deadline. A request that was queued has a ticket as well, if Sluice has sent one: it
 * goes along with a retry, and keeps the place until the deadline, even if the bucket's object was
 * lost. Without either, the retry joins the end of the queue and the service counts its `timeoutMs`
 * from the start again; the client's own count continues, and the client leaves the queue when that
 * count ends.
 *
 * **Sessions.** Many acquires of a bucket can share a WebSocket (`transport`). An attempt goes over
 * it or over HTTP, and its answer is the same; whatever fails there is retried here.
 *
 * **Giving up.** A service can't always see that a caller has disconnected, so the client sends a
 * cancel call with the same key. A wait that may be long is streamed, so that each side can see
 * that the other is still connected.
 *
 * **The cost of a key.** A request with a key goes to the bucket itself rather than to a lease, and
 * its grant is written individually. To skip retries, and risk losing a token when a connection
 * breaks, set `retryForMs: 0`.
 *
 * Nothing here is platform-specific: it needs only `fetch`, `AbortController`, timers and random
 * values.
 */
import type { AcquireOutcome } from "./acquire-outcome.ts";
import type { BucketVerbs, CallOptions } from "./bucket-verbs.ts";
import type { Transport } from "./session/session-pool.ts";
import type { Answer, Place } from "./transport/answer.ts";
import type { OnError, Report } from "./fault-report.ts";
import type { HoldVerbs } from "./holds/hold-verbs.ts";
import type { Attempt, RetryPolicy } from "./transport/retry.ts";

import { queueFields } from "../core/policy.ts";
import { fieldsOfReason } from "../protocol/reasons.ts";
import { membersOf } from "../core/is-record.ts";
import { holderClockOf, setHolderClock } from "../holding/holder-clock.ts";
import { outcomeIn, unavailableOutcome } from "./acquire-outcome.ts";
import { unexpectedAnswer } from "./transport/answer.ts";
import {
  acquireOptions,
  checkAcquireOptions,
  checkBucket,
  checkCallOptions,
  checkIdempotencyKey,
  tryAcquireOptions,
} from "./arguments.ts";
import { AcquireRequest } from "./transport/acquire-request.ts";
import { Connection, type ConnectionOptions } from "./transport/connection.ts";
import { faultReporter, reportToConsole } from "./fault-report.ts";
import { followStream } from "./transport/follow-stream.ts";
import { cancelCall, giveUp } from "./transport/give-up.ts";
import { abandonGrant, returnGrant } from "./holds/abandon-grant.ts";
import { HoldClient } from "./holds/hold-client.ts";
import { SessionPool } from "./session/session-pool.ts";
import { keepGoing } from "./keep-going.ts";
import { newKey } from "./new-key.ts";
import { DEFAULT_OVERDUE_MS, RetriedCalls } from "./transport/retried-calls.ts";
import { retry, SluiceUnreachableError } from "./transport/retry.ts";
import { TransportError, unavailableError } from "./transport/transport-error.ts";
import { SluiceError } from "./sluice-error.ts";
import { explainUnknownLimit, isUnknownLimit } from "./unknown-limit.ts";

/** A waiter's place in the queue. */
export interface QueuedPlace {
  /** 1 is the head of the queue: the next to be granted. */
  readonly position: number;
  /** Estimated time until the grant, in milliseconds. */
  readonly etaMs: number;
  /** Present, and true, if `etaMs` is a guess: it depends on when permits come back. */
  readonly estimate?: true;
}

/** Options of `Client.acquire`. */
export interface AcquireOptions {
  /**
   * Tokens to take, up to the bucket's capacity. If the bucket has several limits, these are taken
   * from each of them that `limits` doesn't name. 0 is allowed only together with `limits`.
   * Default: 1.
   */
  readonly tokens?: number;
  /**
   * Tokens to take from single limits, by the limit's name: 0 to the limit's capacity. The bucket's
   * first limit is called `rate`. The acquire is granted when all limits have enough, and takes
   * from all of them or from none. At least one limit must be asked for a token. Default: `tokens`
   * from each.
   */
  readonly limits?: Readonly<Record<string, number>>;
  /**
   * Longest wait in milliseconds: 0 (don't wait) to the policy's `maxWaitMs`. Default: the policy's
   * `maxWaitMs`. The service starts counting when the request reaches its bucket.
   */
  readonly timeoutMs?: number;
  /**
   * How long to hold the tokens so that what was used can be settled, in milliseconds: 1,000 to the
   * policy's `hold.maxMs`. The grant then has a `hold`. Default: no hold, the tokens are spent at
   * once.
   */
  readonly holdMs?: number;
  /**
   * Aborting it leaves the queue: the promise rejects at once with the signal's reason, and the
   * client sends a `cancel` in the background, for a few seconds at most. Without a key, the
   * service sees only that the connection has closed.
   */
  readonly signal?: AbortSignal;
  /**
   * 1 to 255 printable ASCII characters. Default: a new key for each acquire, or no key if
   * `retryForMs` is 0. Another acquire with the same key must ask for the same `tokens`, `limits`,
   * `timeoutMs` and `holdMs`. Once an acquire is given up, others with its key are refused with `cancelled` for
   * ten seconds.
   */
  readonly idempotencyKey?: string;
  /**
   * What this caller calls itself, up to 64 printable characters, so that operators know who waits. They see it in
   * lists and feeds, as does everybody who may read the bucket: put no secret into it. A retry may have another one.
   */
  readonly label?: string;
  /**
   * Called with the place in the queue as soon as the acquire is queued and each time the place
   * changes; never called if the tokens are granted or refused at once. If it throws, or returns a
   * promise that rejects, the acquire leaves the queue and rejects with that error.
   */
  readonly onQueued?: (place: QueuedPlace) => void;
  /**
   * Called when the acquire is given up, with the promise of the cancel call. Pass
   * `(promise) => ctx.waitUntil(promise)` in a Worker, which otherwise stops that call when the
   * request ends. The promise never rejects and settles within a few seconds.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** Options of `Client.tryAcquire`. */
export type TryAcquireOptions = Pick<
  AcquireOptions,
  "tokens" | "limits" | "holdMs" | "signal" | "idempotencyKey"
>;

/**
 * The verbs of a client. Arguments are checked before anything is sent. Every call is retried when
 * its connection breaks; that is safe for calls that change something, because they state the new
 * value. Every promise rejects with the signal's reason as soon as its signal aborts.
 */
export interface Client extends HoldVerbs, BucketVerbs {
  /**
   * Takes tokens, waiting for them if necessary. Resolves with the grant, or with a refusal. Broken
   * connections are retried with the same key, so a retry is never charged twice.
   *
   * @throws {SluiceError} If the service rejects the call itself, or if Sluice can't be reached and
   * `onUnavailable` is `"throw"`. Other verbs throw it in both cases, whatever `onUnavailable` is.
   * @throws {RangeError | TypeError} If an argument is wrong; nothing was sent.
   */
  acquire(bucket: string, options?: AcquireOptions): Promise<AcquireOutcome>;
  /** `acquire` with `timeoutMs: 0`: granted or refused without waiting. */
  tryAcquire(bucket: string, options?: TryAcquireOptions): Promise<AcquireOutcome>;
  /**
   * Removes a waiting acquire, identified by its `idempotencyKey`: it is refused with `cancelled`
   * and takes nothing. Resolves with whether it was waiting: `false` if it is already granted, or
   * unknown. An acquire with this key that arrives within the next 10 seconds is also refused with
   * `cancelled`.
   */
  cancel(bucket: string, idempotencyKey: string, options?: CallOptions): Promise<boolean>;
}

/** A client whose connections can be closed. */
export interface ClosableClient extends Client, AsyncDisposable {
  /**
   * Closes the sessions of this client at once, so that they don't keep the process alive. Acquires that wait on one
   * go on over HTTP; so does whatever is asked later. Without sessions, it does nothing.
   */
  close(): void;
}

/**
 * How an acquire ends if Sluice can't be reached: `"throw"` throws an error, `"open"` (fail open)
 * lets the caller proceed without tokens (`isUnmetered`), `"closed"` (fail closed) refuses it as
 * `unavailable`.
 *
 * The same applies if Sluice can't be used as it is configured: the token is wrong or was revoked,
 * no policy matches the bucket, the bucket lacks a limit that `limits` names, Sluice's
 * configuration is invalid, or something other than Sluice answers. Then every caller is let
 * through, or refused, until the fault is fixed. With `"open"` and `"closed"` every fault goes to
 * `onError`.
 */
export type OnUnavailable = "throw" | "open" | "closed";

/** How to reach Sluice, and what to do if it can't be reached. */
export type ClientOptions = ConnectionOptions & {
  /** Default: `"throw"`, so that failing open or closed is always an explicit choice. */
  readonly onUnavailable?: OnUnavailable;
  /**
   * Called each time `onUnavailable` `"open"` or `"closed"` applies, with the cause: a `SluiceError`,
   * whose `reason` is `unavailable` if Sluice can't be reached. Default: `console.error`, at most once
   * a minute for each kind of fault, however many clients there are.
   */
  readonly onError?: OnError | undefined;
  /**
   * How long a call keeps retrying after its connection broke, in milliseconds, 0 to 3,600,000 (an
   * hour); the last attempt starts then. Counted are the pauses and, of each failed attempt, the
   * time since Sluice was last heard from, two seconds at most. If Sluice asks for a longer pause
   * than is left, or the `timeoutMs` of an acquire is over, no new attempt is made, except for an
   * immediate first retry. 0 sends one attempt, without a generated key. Default: 10,000.
   */
  readonly retryForMs?: number;
  /**
   * How long an answer may be overdue, in milliseconds, 1 to 3,600,000: after that, Sluice counts as
   * unreachable. The answer to an acquire is due at the end of its `timeoutMs` (without one, after an
   * hour, the longest wait that a policy allows), that of another call at once. Each retry of an
   * acquire may take what is left of its `timeoutMs`, and then `overdueMs` or two seconds, whichever
   * is less. Default: 10,000.
   */
  readonly overdueMs?: number;
  /**
   * How acquires are sent. `"http"`: each as a request of its own. `"session"`: all of a bucket over one WebSocket,
   * which is opened by its first acquire. `"auto"`: over HTTP, and over a WebSocket once at least four acquires of a
   * bucket are under way at once, or 20 begin within a second. Outcomes are the same.
   *
   * A session closes a second after the last acquire and permit on it; until then, it keeps the process alive. If it
   * can't be opened, its acquires go over HTTP, and it is tried again after a minute.
   *
   * In a Worker, a WebSocket belongs to the request that opened it: `"auto"` is `"http"` there, and `"session"` is for
   * a client that is used in one request only, or in a Durable Object. `"auto"` is also `"http"` for buckets whose
   * grants have a permit, and for clients with a `fetch` of their own and no `WebSocket`.
   *
   * Default: `"auto"`.
   */
  readonly transport?: Transport | undefined;
};

/** Longer than a restart or a deployment takes. */
const DEFAULT_RETRY_MS = 10_000;
/**
 * Time beyond the wait itself that the answer to an acquire may take if it is retried after its time
 * is over: if it still has its place, it is answered at once.
 */
const LATE_ANSWER_MS = 2_000;
/**
 * A wait that may be longer is streamed. While a held response sends nothing, no intermediary can
 * tell whether both ends are still connected: proxies time out, and a caller that disconnects goes
 * unnoticed. Requests that don't have to wait get a plain response either way.
 */
const MAX_SILENT_WAIT_MS = 1_000;
/**
 * The same from Worker to Worker, where the runtime sees both ends: needed only for a `service`
 * that isn't a real binding.
 */
const MAX_BOUND_SILENCE_MS = 60_000;

/**
 * Creates a client. It holds no connections and no timers other than those of calls in progress, and of sessions: see
 * `transport`.
 *
 * @throws {RangeError | TypeError} If an option is wrong.
 *
 * @example
 * const sluice = createClient({ url: "https://sluice.example.com", token, onUnavailable: "open" });
 * const outcome = await sluice.acquire("exports", { timeoutMs: 5_000 });
 * if (outcome.ok) await run();
 * else console.log(outcome.reason, outcome.retryAfterMs);
 *
 * @example
 * const sluice = createClient({ service: env.SLUICE }); // in a Worker with a binding to Sluice
 */
export function createClient(options: ClientOptions): ClosableClient {
  return connect(options);
}

/**
 * Creates a client that retries nothing, and yet sends keys, which are what makes an acquire cancellable. For a fake:
 * its tests own the timers that retries would wait for.
 */
export function createClientWithoutRetries(options: ConnectionOptions): ClosableClient {
  return connect({ ...options, retryForMs: 0 }, true);
}

function connect(options: ClientOptions, sendsKeys?: boolean): ClosableClient {
  const client = new ConnectedClient(options, sendsKeys);
  const { service } = options;
  if (service) setHolderClock(client, holderClockOf(service));
  return client;
}

/** An acquire that got no answer. */
interface AskedAcquire {
  readonly bucket: string;
  readonly tokens: number;
  readonly startedAtMs: number;
}

class ConnectedClient extends HoldClient implements ClosableClient {
  readonly #connection: Connection;
  readonly #calls: RetriedCalls;
  readonly #onUnavailable: OnUnavailable;
  readonly #report: Report;
  readonly #retryForMs: number;
  readonly #sendsKeys: boolean;
  readonly #overdueMs: number;
  readonly #sessions: SessionPool | undefined;

  /** @param sendsKeys Whether each acquire gets a key if it has none. Default: if it may be retried. */
  constructor(options: ClientOptions, sendsKeys?: boolean) {
    const connection = new Connection(options);
    const { onUnavailable = "throw", onError, retryForMs = DEFAULT_RETRY_MS } = options;
    const { overdueMs = DEFAULT_OVERDUE_MS } = options;
    const calls = new RetriedCalls(connection, retryForMs, overdueMs);
    const sessions = SessionPool.of(connection, options.transport ?? "auto", retryForMs);
    super(calls, sessions);
    this.#sessions = sessions;
    this.#connection = connection;
    this.#calls = calls;
    this.#onUnavailable = onUnavailable;
    // Pages and samples create a client for each request.
    this.#report = onError ? faultReporter(onError) : reportToConsole;
    this.#retryForMs = retryForMs;
    this.#sendsKeys = sendsKeys ?? retryForMs > 0;
    this.#overdueMs = overdueMs;
  }

  async acquire(bucket: string, options: AcquireOptions = {}): Promise<AcquireOutcome> {
    checkBucket(bucket);
    checkAcquireOptions(options, acquireOptions);
    return this.#acquire(bucket, options);
  }

  async tryAcquire(bucket: string, options: TryAcquireOptions = {}): Promise<AcquireOutcome> {
    checkBucket(bucket);
    checkAcquireOptions(options, tryAcquireOptions);
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
    const { status, body } = await this.#calls.send(call, options);
    const { cancelled } = membersOf(body);
    if (typeof cancelled !== "boolean") throw unexpectedAnswer(status, body);
    return cancelled;
  }

  close(): void {
    this.#sessions?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #acquire(bucket: string, options: AcquireOptions): Promise<AcquireOutcome> {
    const { tokens = 1, timeoutMs, signal, onQueued } = options;
    const startedAtMs = performance.now();
    const idempotencyKey = options.idempotencyKey ?? (this.#sendsKeys ? newKey() : undefined);
    const ask = idempotencyKey === undefined ? options : { ...options, idempotencyKey };
    const request = new AcquireRequest(bucket, ask, onQueued !== undefined);
    const onPlace = (place: Place): unknown => {
      const shown = request.placed(place);
      return onQueued?.(shown);
    };
    let mayWait = false;
    const attemptOnce = async (attempt: Attempt): Promise<AcquireOutcome> => {
      mayWait = timeoutMs !== 0;
      const answer =
        (await this.#sessions?.acquire(request, attempt, onPlace)) ??
        (await this.#overHttp(request, options, attempt, onPlace));
      mayWait = false;
      if (request.dropsTicket(answer)) return attemptOnce(attempt);
      const outcome = outcomeIn(answer, bucket, tokens);
      if (outcome.ok && outcome.permit) this.#sessions?.permitted(bucket);
      return outcome;
    };
    this.#sessions?.begin(bucket);
    try {
      return await retry(attemptOnce, this.#retryPolicy(timeoutMs, signal));
    } catch (error) {
      if (isGivenUp(error, options)) this.#giveUp(request, options, mayWait);
      return this.#failed(error, { bucket, tokens, startedAtMs });
    } finally {
      this.#sessions?.end(bucket);
    }
  }

  async #overHttp(
    request: AcquireRequest,
    options: AcquireOptions,
    attempt: Attempt,
    onPlace: (place: Place) => unknown,
  ): Promise<Answer> {
    const call = request.call(this.#isStreamed(options));
    const response = await this.#connection.send(call, attempt.signal);
    return isEventStream(response)
      ? followStream(response, onPlace, attempt)
      : this.#connection.read(response);
  }

  /** Leaves the queue, in the background. */
  #giveUp(request: AcquireRequest, options: AcquireOptions, mayWait: boolean): void {
    const { waitUntil } = options;
    const { cancelled } = request;
    // With a key of its own, the caller may still come for its grant.
    const isOwnKey = options.idempotencyKey !== undefined;
    const cancel = (): Promise<unknown> | undefined => {
      const call = mayWait && request.cancelCall();
      if (!call) return undefined;
      return isOwnKey
        ? giveUp(this.#connection, call)
        : abandonGrant(this.#connection, call, request.call(false), request.bucket);
    };
    if (!cancelled) {
      const cancelling = cancel();
      if (cancelling) keepGoing(cancelling, waitUntil);
      return;
    }
    const leave = async (): Promise<void> => {
      const outcome = await cancelled;
      if (outcome.kind === "unknown") await cancel();
      if (outcome.kind === "granted" && !isOwnKey) {
        await returnGrant(this.#connection, request.bucket, outcome.grant);
      }
    };
    keepGoing(leave(), waitUntil);
  }

  /**
   * Whether to ask for a stream, in which the service sends heartbeats while it holds the request.
   */
  #isStreamed({ timeoutMs = Infinity, onQueued }: AcquireOptions): boolean {
    if (onQueued) return true;
    if (!this.#connection.isBound) return timeoutMs > MAX_SILENT_WAIT_MS;
    return timeoutMs < Infinity && timeoutMs > MAX_BOUND_SILENCE_MS;
  }

  #retryPolicy(timeoutMs: number | undefined, signal: AbortSignal | undefined): RetryPolicy {
    const longestMs = timeoutMs ?? queueFields.maxWaitMs.max;
    return {
      signal,
      retryForMs: this.#retryForMs,
      untilMs: longestMs,
      attemptMs: (failures, elapsedMs) => {
        if (failures === 0) return longestMs + this.#overdueMs;
        return Math.max(0, longestMs - elapsedMs) + Math.min(this.#overdueMs, LATE_ANSWER_MS);
      },
    };
  }

  /** The outcome of an acquire that got no answer with an outcome, or the error to throw. */
  #failed(error: unknown, asked: AskedAcquire): AcquireOutcome {
    const unreached = error instanceof SluiceUnreachableError ? error.fault : undefined;
    const fault = unreached
      ? unavailableError(unreached)
      : explainUnknownLimit(error, asked.bucket);
    const isCovered = unreached !== undefined || isMisconfigured(fault);
    if (!isCovered || this.#onUnavailable === "throw") throw fault;
    this.#report(fault);
    return this.#unavailable(unreached ?? misconfigured(), asked);
  }

  #unavailable(
    fault: TransportError,
    { bucket, tokens, startedAtMs }: AskedAcquire,
  ): AcquireOutcome {
    if (this.#onUnavailable === "closed") return unavailableOutcome(fault, bucket, tokens);
    const grantedAtMs = Date.now();
    const waitedMs = Math.round(performance.now() - startedAtMs);
    const grant = { bucket, tokens, remaining: 0, waitedMs, grantedAtMs };
    return { ok: true, ...grant, isUnmetered: true };
  }
}

/**
 * Whether an acquire that ends with this error is given up for good: its caller has left, or
 * `onQueued` has failed, or nothing was heard for so long that its time is over. In that last case
 * the caller may retry with a key it chose itself, and would be refused if this cancelled it.
 */
function isGivenUp(error: unknown, { idempotencyKey }: AcquireOptions): boolean {
  if (!(error instanceof SluiceUnreachableError)) return true;
  return error.fault.isSilence && idempotencyKey === undefined;
}

/** Says nothing about the fault itself: refusals are shown to end users. */
function misconfigured(): TransportError {
  const detail = "Sluice cannot be used as configured";
  return new TransportError({ detail });
}

/** Whether only the operator can fix the fault. */
function isMisconfigured(error: unknown): boolean {
  if (!(error instanceof SluiceError)) return false;
  const { reason } = error;
  if (reason === "unexpected-answer" || isUnknownLimit(error)) return true;
  return fieldsOfReason(reason).isMisconfigured === true;
}

function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream *(;|$)/i.test(headers.get("Content-Type") ?? "");
}
