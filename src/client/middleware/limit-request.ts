/**
 * What stands before a handler of one's own: tokens for the request, or an answer in its place. One code
 * for Hono's middleware and for handlers without it, so that both answer the same.
 *
 * A callback is given whatever the surface calls a request: Hono's context, or `{ request, env, ctx }`.
 *
 * **When the limit itself fails**, a request gets an answer all the same, and does not pass by accident. A name
 * that no bucket can have is made legal. Other values that no bucket can be asked for are answered 400. A
 * callback that throws, and a Sluice that cannot be asked, is reported to `onError` and answered 503. (What
 * the client's `onUnavailable` covers has become an outcome before it gets here.)
 */
import type { FieldFault, Range } from "../../core/policy.ts";
import type { AcquireOutcome, Granted, Refused } from "../acquire-outcome.ts";
import type { AcquireOptions, Client } from "../client.ts";
import type { OnError, Report } from "../fault-report.ts";

import { integerFault, isIntegerWithin, policyRanges, showValue } from "../../core/policy.ts";
import { checkBucket, checkFunction, checkInteger, hasMethod } from "../arguments.ts";
import { legalBucketName } from "./bucket-name.ts";
import { rateLimitFields } from "../../protocol/rate-limit-fields.ts";
import { faultResponse, invalidRequestResponse, refusalResponse } from "./refusal-response.ts";
import { SluiceError } from "../sluice-error.ts";

/** A value, or what works it out of a request. */
type Of<Context, Value> = Value | ((context: Context) => Value | Promise<Value>);

/** Which tokens a request needs, and what becomes of it. */
export interface RateLimitOptions<Context> {
  /**
   * Name of the bucket: `A–Z a–z 0–9 . _ : @ / -`, 1 to 128 of them. Of a name with anything else that a
   * function gives, what is behind the last colon that can stay is hashed; see `bucketName`.
   */
  readonly bucket: Of<Context, string>;
  /** 1 to the bucket's capacity. Default: 1. A request for which a function gives no such number is answered 400. */
  readonly tokens?: Of<Context, number>;
  /**
   * How long a request may wait for its tokens, milliseconds, up to the policy's `maxWaitMs`. Default: 0,
   * which refuses it at once, as middlewares do. What a function gives is checked as `tokens` are.
   */
  readonly waitMs?: Of<Context, number>;
  /** Whether to let a request pass without tokens. Default: none. */
  readonly skip?: (context: Context) => boolean | Promise<boolean>;
  /** Answers a request that is refused. Default: Sluice's own problem document, see `refusalResponse`. */
  readonly onRefused?: (context: Context, refusal: Refused) => Response | Promise<Response>;
  /**
   * Told how it ended, for each request that was not skipped; before its handler, and in shadow mode
   * whenever it is known.
   */
  readonly onOutcome?: (context: Context, outcome: AcquireOutcome) => void | Promise<void>;
  /**
   * Told what whoever runs this should know of: a callback that throws, a token that is wrong, a bucket that
   * no policy matches. Such a request is answered 503, unless `onUnavailable` is `"open"` and it is not a
   * callback that fails. Default: `console.error`, the same at most once a minute.
   */
  readonly onError?: OnError | undefined;
  /**
   * Whether to report only. Then each request takes its tokens beside its handler, as it would have taken
   * them before it, and `onOutcome` is told how that ended: what it would have waited, or why it would
   * have been refused. It is not held up, not refused, and not told of the limit, even where Sluice fails.
   * Default: false.
   */
  readonly shadow?: Of<Context, boolean>;
}

/** What the surface knows of a request. */
export interface LimitedRequest<Context> {
  readonly context: Context;
  readonly client: (context: Context) => Client;
  /** Aborts when the caller has left. */
  readonly signal?: AbortSignal | undefined;
  /** Keeps the runtime going for this, beyond the answer, where the runtime can do that. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** Told what whoever runs this should know of; see `onError`. */
  readonly report: Report;
}

/** Whether the handler is to be called. */
export type Verdict =
  | { readonly kind: "pass"; readonly granted?: Granted }
  | { readonly kind: "answer"; readonly response: Response };

/**
 * Longest wait of a request in shadow mode: Workers give what is left after the answer 30 s. What would
 * have waited longer is reported as refused.
 */
const MAX_SHADOW_WAIT_MS = 25_000;

/** Status of an answer that becomes a WebSocket: its fields are the handshake's. */
const SWITCHING_PROTOCOLS = 101;

/** When to come back where Sluice could not be asked and nothing says more. */
const UNAVAILABLE_RETRY_MS = 1_000;

/** What nginx logs of a caller that has left: there is nobody to read it. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Looks at the options once, before any request.
 *
 * @throws {RangeError} Where the bucket or a number is out of range, naming it.
 * @throws {TypeError} Where an option is of the wrong kind, and where `shadow` has nobody to report to.
 */
export function checkRateLimitOptions<Context>(options: RateLimitOptions<Context>): void {
  const { bucket, tokens, waitMs, shadow = false, onOutcome } = options;
  if (typeof bucket !== "function") checkBucket(bucket);
  if (typeof tokens !== "function") checkInteger({ tokens }, "tokens", policyRanges.capacity);
  if (typeof waitMs !== "function") checkInteger({ waitMs }, "waitMs", policyRanges.maxWaitMs);
  for (const name of ["skip", "onRefused", "onOutcome", "onError"])
    checkFunction({ ...options }, name);
  if (shadow !== false && !onOutcome) {
    throw new TypeError("shadow reports to onOutcome, which is missing");
  }
}

/**
 * Takes the tokens for a request, waiting for them if need be. A caller that leaves meanwhile gives its
 * place up.
 *
 * @throws What a callback throws to be the answer: anything with a `getResponse`, as an `HTTPException` of Hono.
 */
export async function limitRequest<Context>(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<Verdict> {
  const { context, signal, waitUntil } = limited;
  try {
    if (await options.skip?.(context)) return { kind: "pass" };
    if (await valueOf(options.shadow ?? false, context)) {
      await reportOnly(limited, options);
      return { kind: "pass" };
    }
    const asked = await askedBy(context, options);
    const outcome = await acquireOrRefuse(limited, {
      ...asked,
      waitUntil,
      ...(signal && { signal }),
    });
    await tellOutcome(limited, options, outcome);
    if (outcome.ok) return { kind: "pass", granted: outcome };
    return { kind: "answer", response: await refuse(limited, options, outcome) };
  } catch (error) {
    return { kind: "answer", response: answerTo(error, limited) };
  }
}

/** The answer where there is no outcome. */
function answerTo<Context>(error: unknown, { signal, report }: LimitedRequest<Context>): Response {
  if (signal?.aborted) return new Response(null, { status: CLIENT_CLOSED_REQUEST });
  if (error instanceof InvalidAskError) return invalidRequestResponse(error.errors);
  throwAnswer(error);
  report(error);
  return faultResponse();
}

/** @throws What was thrown to be an answer. */
function throwAnswer(error: unknown): void {
  if (hasMethod(error, "getResponse")) throw error;
}

/** An outcome in place of what the client throws, but for what the request itself is at fault for. */
async function acquireOrRefuse<Context>(
  limited: LimitedRequest<Context>,
  asked: Asked,
): Promise<AcquireOutcome> {
  try {
    return await acquire(limited, asked);
  } catch (error) {
    if (limited.signal?.aborted) throw error;
    if (error instanceof SluiceError && error.reason === "invalid-request") {
      throw new InvalidAskError(error.errors ?? []);
    }
    limited.report(error);
    const { bucket, tokens } = asked;
    const detail = "Sluice cannot be asked";
    const refusal = { bucket, tokens, detail, retryAfterMs: UNAVAILABLE_RETRY_MS };
    return { ok: false, reason: "unavailable", ...refusal };
  }
}

async function tellOutcome<Context>(
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
 * A handler's answer with the `RateLimit` fields, added to what other limits have said there, since both
 * fields are lists. It is a copy: a handler's own may be one that was fetched, whose fields cannot be
 * changed, or one that it gives again and again. An answer that becomes a WebSocket stays as it is.
 */
export function withRateLimitFields(response: Response, { rateLimit }: Granted): Response {
  if (!rateLimit || response.status === SWITCHING_PROTOCOLS) return response;
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(rateLimitFields(rateLimit))) {
    answer.headers.append(name, value);
  }
  return answer;
}

/** Asks beside the handler. What it asks for is worked out before, while the request is whole. */
async function reportOnly<Context>(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<void> {
  const { context, report } = limited;
  try {
    const asked = await askedBy(context, options);
    const timeoutMs = Math.min(asked.timeoutMs, MAX_SHADOW_WAIT_MS);
    const reported = acquire(limited, { ...asked, timeoutMs })
      .then((outcome) => options.onOutcome?.(context, outcome))
      .catch(report);
    limited.waitUntil(reported);
  } catch (error) {
    report(error);
  }
}

/** What is asked for. */
interface Asked extends Pick<AcquireOptions, "signal" | "waitUntil"> {
  readonly bucket: string;
  readonly tokens: number;
  readonly timeoutMs: number;
}

/** Nothing that any bucket could be asked for. */
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
  { bucket, tokens = 1, waitMs = 0 }: RateLimitOptions<Context>,
): Promise<Asked> {
  const asked = {
    bucket: await valueOf(bucket, context),
    tokens: (await valueOf(tokens, context)) ?? 1,
    timeoutMs: (await valueOf(waitMs, context)) ?? 0,
  };
  if (typeof asked.bucket !== "string") {
    throw new TypeError(`bucket must be a string: got ${showValue(asked.bucket)}`);
  }
  const faults = [
    ...faultOf("tokens", asked.tokens, policyRanges.capacity),
    ...faultOf("waitMs", asked.timeoutMs, policyRanges.maxWaitMs),
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
  return client(context).acquire(bucket, asked);
}

async function valueOf<Context, Value extends string | number | boolean>(
  value: Of<Context, Value>,
  context: Context,
): Promise<Value> {
  return typeof value === "function" ? value(context) : value;
}
