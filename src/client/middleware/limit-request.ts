/**
 * The rate limit in front of a request handler: takes tokens for a request, or answers in its
 * place. Hono's middleware and plain handlers share this code, so both answer the same.
 *
 * Callbacks are passed whatever the framework uses for a request: Hono's context, or
 * `{ request, env, ctx }`.
 *
 * **When the rate limit itself fails**, the request still gets an answer and is never let through
 * by accident. An illegal bucket name is made legal. Other illegal values are answered with 400. A
 * callback that throws, or a Sluice that can't be asked, is reported to `onError` and answered with
 * 503. (Faults to which the client's `onUnavailable` applies have already become an outcome.)
 */
import type { FieldFault, Range } from "../../core/values.ts";
import type { AcquireOutcome, Granted, Refused } from "../acquire-outcome.ts";
import type { AcquireOptions, Client, ClientOptions } from "../client.ts";
import type { OnError, Report } from "../fault-report.ts";

import { askedTokensFaults } from "../../core/ask.ts";
import { tokenBucketFields } from "../../core/limits/token-bucket-fields.ts";
import { queueFields } from "../../core/policy.ts";
import { integerFault, isIntegerWithin, showValue } from "../../core/values.ts";
import {
  checkBucket,
  checkFunction,
  checkInteger,
  checkTokensToTake,
  clientOptions,
  hasMethod,
  knownMembers,
} from "../arguments.ts";
import { RequestPermit } from "../holds/request-permit.ts";
import { legalBucketName } from "./bucket-name.ts";
import { clientClosedResponse } from "../../protocol/client-closed.ts";
import { rateLimitFields } from "../../protocol/rate-limit-fields.ts";
import { faultResponse, invalidRequestResponse, refusalResponse } from "./refusal-response.ts";
import { SluiceError } from "../sluice-error.ts";
import { isUnknownLimit } from "../unknown-limit.ts";

/** A value, or a function that returns it for a request. */
type Of<Context, Value> = Value | ((context: Context) => Value | Promise<Value>);

/** Options of `withRateLimit` and of Hono's `rateLimit`. */
export interface RateLimitOptions<Context> {
  /**
   * Name of the bucket: 1 to 128 characters of `A–Z a–z 0–9 . _ : @ / -`. If a function returns a
   * name with other characters, the part after its last legal colon is hashed; see `bucketName`.
   */
  readonly bucket: Of<Context, string>;
  /**
   * Tokens to take from each limit that `limits` doesn't name: 1 to the bucket's capacity, or 0
   * together with `limits`. Default: 1. If a function returns an illegal number, the request is
   * answered with 400.
   */
  readonly tokens?: Of<Context, number>;
  /**
   * Tokens to take from single limits of a bucket that has several, by the limit's name: 0 to the
   * limit's capacity. What a function returns is checked as for `tokens`. Default: `tokens` from
   * each.
   */
  readonly limits?: Of<Context, Readonly<Record<string, number>>>;
  /**
   * How long a request may wait for its tokens, in milliseconds, 0 to the policy's `maxWaitMs`.
   * Default: 0, which refuses it at once, as rate limiting middleware usually does. What a function
   * returns is checked as for `tokens`.
   */
  readonly waitMs?: Of<Context, number>;
  /** Whether to let a request pass without tokens. Default: never. */
  readonly skip?: (context: Context) => boolean | Promise<boolean>;
  /**
   * Produces the answer to a refused request. Default: the same problem document as Sluice's own,
   * see `refusalResponse`.
   */
  readonly onRefused?: (context: Context, refusal: Refused) => Response | Promise<Response>;
  /**
   * Called with the outcome of each request that was not skipped: before its handler, or in shadow
   * mode as soon as it is known.
   */
  readonly onOutcome?: (context: Context, outcome: AcquireOutcome) => void | Promise<void>;
  /**
   * Called with faults that the operator should know about: Sluice that can't be reached, a callback
   * that throws, a wrong token, a bucket that no policy matches or that lacks a limit, a `waitMs` over
   * the policy's `maxWaitMs`. Such a request is answered with 503 (with 400 for `waitMs`), unless
   * `onUnavailable` is `"open"` and the fault is not in a callback or `waitMs`. With `client`, the
   * client's own `onError` is called with faults that its `onUnavailable` covers. Default:
   * `console.error`, at most once a minute for each kind of fault.
   */
  readonly onError?: OnError | undefined;
  /**
   * Dry run: report outcomes without enforcing them. Each request takes its tokens in parallel with
   * its handler, as it would have taken them before, and `onOutcome` is called with the result: how
   * long it would have waited, or why it would have been refused. The request is not delayed, not
   * refused, and its answer carries no `RateLimit` fields, even if Sluice fails. Requires
   * `onOutcome`. Default: false.
   */
  readonly shadow?: Of<Context, boolean>;
}

/** A request, as the framework passes it to the rate limit. */
export interface LimitedRequest<Context> {
  readonly context: Context;
  readonly client: (context: Context) => Client;
  /** Aborts when the caller disconnects. */
  readonly signal?: AbortSignal | undefined;
  /** Keeps the runtime alive for this promise after the answer, if the runtime supports it. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** Reports faults that the operator should know about; see `onError`. */
  readonly report: Report;
}

/** Whether to call the handler. A permit must be given back after it; see `answerUnder`. */
export type Verdict =
  | {
      readonly kind: "pass";
      readonly granted?: Granted;
      readonly permit?: RequestPermit | undefined;
    }
  | { readonly kind: "answer"; readonly response: Response };

/**
 * Longest wait of a request in shadow mode: Workers stop background work 30 s after the answer.
 * Requests that would have waited longer are reported as refused.
 */
const MAX_SHADOW_WAIT_MS = 25_000;

/** Status of an answer that becomes a WebSocket: its headers belong to the handshake. */
const SWITCHING_PROTOCOLS = 101;

/** Options of a rate limit that are not those of its client. */
const ownOptions = [
  "bucket",
  "tokens",
  "limits",
  "waitMs",
  "skip",
  "onRefused",
  "onOutcome",
  "shadow",
  "client",
] as const;

/** `retryAfterMs` if Sluice could not be asked and gave none. */
const UNAVAILABLE_RETRY_MS = 1_000;

/**
 * Checks the options once, before any request.
 *
 * @throws {RangeError} If the bucket or a number is out of range; the message names it.
 * @throws {TypeError} If an option is unknown or has the wrong type, or `shadow` is used without
 * `onOutcome`.
 */
export function checkRateLimitOptions<Context>(options: RateLimitOptions<Context>): void {
  const allowed: readonly (keyof RateLimitOptions<Context> | keyof ClientOptions | "client")[] = [
    ...ownOptions,
    ...clientOptions,
  ];
  knownMembers("options", options, allowed);
  const { bucket, tokens, limits, waitMs, shadow = false, onOutcome } = options;
  if (typeof bucket !== "function") checkBucket(bucket);
  checkTokensToTake(tokens, limits);
  if (typeof waitMs !== "function") checkInteger({ waitMs }, "waitMs", queueFields.maxWaitMs);
  for (const name of ["skip", "onRefused", "onOutcome", "onError"])
    checkFunction({ ...options }, name);
  if (shadow !== false && !onOutcome) {
    throw new TypeError("shadow requires onOutcome to report to");
  }
}

/**
 * Takes the tokens for a request, waiting for them if necessary. A caller that disconnects
 * meanwhile leaves the queue.
 *
 * @throws Whatever a callback throws as its answer: anything with a `getResponse` method, such as
 * Hono's `HTTPException`.
 */
export async function limitRequest<Context>(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<Verdict> {
  const { context, signal, waitUntil } = limited;
  try {
    if (await options.skip?.(context)) return { kind: "pass" };
    if (await valueOf(options.shadow ?? false, context)) {
      await acquireInShadow(limited, options);
      return { kind: "pass" };
    }
    const asked = await askedBy(context, options);
    const askedAtMs = performance.now();
    const outcome = await acquireOrRefuse(limited, {
      ...asked,
      waitUntil,
      ...(signal && { signal }),
    });
    const permit = outcome.ok ? permitOf(limited, outcome, askedAtMs) : undefined;
    try {
      await reportOutcome(limited, options, outcome);
    } catch (error) {
      if (permit) waitUntil(permit.release());
      throw error;
    }
    if (outcome.ok) return { kind: "pass", granted: outcome, permit };
    return { kind: "answer", response: await refuse(limited, options, outcome) };
  } catch (error) {
    return { kind: "answer", response: answerTo(error, limited) };
  }
}

/** The answer to a request without an outcome. */
function answerTo<Context>(error: unknown, { signal, report }: LimitedRequest<Context>): Response {
  if (signal?.aborted) return clientClosedResponse();
  if (error instanceof InvalidAskError) {
    // No caller chooses how long it may wait: the option, or the policy's `maxWaitMs`, is wrong.
    if (error.errors.some(({ field }) => field === "waitMs")) report(error);
    return invalidRequestResponse(error.errors);
  }
  throwAnswer(error);
  report(error);
  return faultResponse();
}

/** @throws The error itself, if it carries an answer. */
function throwAnswer(error: unknown): void {
  if (hasMethod(error, "getResponse")) throw error;
}

/** Turns errors of the client into an outcome, except those of what the request asks for. */
async function acquireOrRefuse<Context>(
  limited: LimitedRequest<Context>,
  asked: Asked,
): Promise<AcquireOutcome> {
  try {
    return await acquire(limited, asked);
  } catch (error) {
    if (limited.signal?.aborted || error instanceof InvalidAskError) throw error;
    limited.report(error);
    const { bucket, tokens } = asked;
    const detail = "Sluice is unavailable";
    const refusal = { bucket, tokens, detail, retryAfterMs: UNAVAILABLE_RETRY_MS };
    return { ok: false, reason: "unavailable", ...refusal };
  }
}

function permitOf<Context>(
  { context, client, report }: LimitedRequest<Context>,
  granted: Granted,
  askedAtMs: number,
): RequestPermit | undefined {
  if (!granted.permit) return undefined;
  return RequestPermit.of(granted, { client: client(context), askedAtMs, report });
}

async function reportOutcome<Context>(
  { context, report }: LimitedRequest<Context>,
  { onOutcome }: RateLimitOptions<Context>,
  outcome: AcquireOutcome,
): Promise<void> {
  try {
    await onOutcome?.(context, outcome);
  } catch (error) {
    throwAnswer(error);
    report(error);
  }
}

async function refuse<Context>(
  { context, report }: LimitedRequest<Context>,
  { onRefused = (_, refusal): Response => refusalResponse(refusal) }: RateLimitOptions<Context>,
  refusal: Refused,
): Promise<Response> {
  try {
    return await onRefused(context, refusal);
  } catch (error) {
    throwAnswer(error);
    report(error);
    return refusalResponse(refusal);
  }
}

/**
 * Adds the `RateLimit` fields to a handler's answer, after those of other limits, because both
 * fields are lists. The result is a copy: the handler's response may come from `fetch`, with
 * immutable headers, or be reused. An answer that becomes a WebSocket is returned unchanged.
 */
export function withRateLimitFields(response: Response, { rateLimit }: Granted): Response {
  if (!rateLimit || response.status === SWITCHING_PROTOCOLS) return response;
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(rateLimitFields(rateLimit))) {
    answer.headers.append(name, value);
  }
  return answer;
}

/**
 * Acquires in parallel with the handler. The arguments are computed first, before the handler can
 * consume the request.
 */
async function acquireInShadow<Context>(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<void> {
  const { context, report } = limited;
  try {
    const asked = await askedBy(context, options);
    const timeoutMs = Math.min(asked.timeoutMs, MAX_SHADOW_WAIT_MS);
    const askedAtMs = performance.now();
    const reported = acquire(limited, { ...asked, timeoutMs })
      .then(async (outcome) => {
        // It can't be kept until the response is done, which may be long before.
        if (outcome.ok) await permitOf(limited, outcome, askedAtMs)?.release();
        return options.onOutcome?.(context, outcome);
      })
      .catch(report);
    limited.waitUntil(reported);
  } catch (error) {
    report(error);
  }
}

/** The arguments of an acquire. */
interface Asked extends Pick<AcquireOptions, "limits" | "signal" | "waitUntil"> {
  readonly bucket: string;
  readonly tokens: number;
  readonly timeoutMs: number;
}

/** The request asks for something that no bucket could grant. */
class InvalidAskError extends Error {
  override readonly name = "InvalidAskError";
  readonly errors: readonly FieldFault[];

  constructor(errors: readonly FieldFault[]) {
    super(errors.map(({ message }) => message).join("; "));
    this.errors = errors;
  }
}

async function askedBy<Context>(
  context: Context,
  { bucket, tokens = 1, limits, waitMs = 0 }: RateLimitOptions<Context>,
): Promise<Asked> {
  const named = limits && (await valueOf(limits, context));
  const asked = {
    bucket: await valueOf(bucket, context),
    tokens: (await valueOf(tokens, context)) ?? 1,
    timeoutMs: (await valueOf(waitMs, context)) ?? 0,
    ...(named && { limits: named }),
  };
  if (typeof asked.bucket !== "string") {
    throw new TypeError(`bucket must be a string: got ${showValue(asked.bucket)}`);
  }
  const faults = [
    ...askedTokensFaults(asked, tokenBucketFields.capacity.max),
    ...faultOf("waitMs", asked.timeoutMs, queueFields.maxWaitMs),
  ];
  if (faults.length > 0) throw new InvalidAskError(faults);
  return { ...asked, bucket: legalBucketName(asked.bucket) };
}

function faultOf(field: string, value: number, limits: Range): FieldFault[] {
  return isIntegerWithin(value, limits) ? [] : [integerFault(field, value, limits)];
}

async function acquire<Context>(
  { context, client }: LimitedRequest<Context>,
  { bucket, ...asked }: Asked,
): Promise<AcquireOutcome> {
  try {
    return await client(context).acquire(bucket, asked);
  } catch (error) {
    const isInvalid = error instanceof SluiceError && error.reason === "invalid-request";
    if (!isInvalid || isUnknownLimit(error)) throw error;
    throw new InvalidAskError((error.errors ?? []).map(asOption));
  }
}

/** Names the option, where Sluice names its own parameter. */
function asOption({ field, message }: FieldFault): FieldFault {
  if (field !== "timeoutMs") return { field, message };
  return { field: "waitMs", message: message.replace(field, "waitMs") };
}

async function valueOf<
  Context,
  Value extends string | number | boolean | Readonly<Record<string, number>>,
>(value: Of<Context, Value>, context: Context): Promise<Value> {
  return typeof value === "function" ? value(context) : value;
}
