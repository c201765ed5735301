/**
 * What stands before a handler of one's own: tokens for the request, or an answer in its place. One code
 * for Hono's middleware and for handlers without it, so that both answer the same.
 *
 * A callback is given whatever the surface calls a request: Hono's context, or `{ request, env, ctx }`.
 */
import type { AcquireOutcome, Granted, Refused } from "./acquire-outcome.ts";
import type { Client } from "./client.ts";

import { policyLimits } from "../core/policy.ts";
import { checkBucket, checkFunction, checkInteger } from "./arguments.ts";
import { rateLimitStateFields } from "./rate-limit-state.ts";
import { refusalResponse } from "./refusal-response.ts";

/** A value, or what works it out of a request. */
type Of<Context, Value> = Value | ((context: Context) => Value | Promise<Value>);

/** Which tokens a request needs, and what becomes of it. */
export interface RateLimitOptions<Context> {
  /** Name of the bucket: `A–Z a–z 0–9 . _ : @ / -`, 1 to 128 of them. */
  readonly bucket: Of<Context, string>;
  /** 1 to the bucket's capacity. Default: 1. */
  readonly tokens?: Of<Context, number>;
  /**
   * How long a request may wait for its tokens, milliseconds, up to the policy's `maxWaitMs`. Default: 0,
   * which refuses it at once, as middlewares do.
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
  if (typeof tokens !== "function") checkInteger({ tokens }, "tokens", policyLimits.capacity);
  if (typeof waitMs !== "function") checkInteger({ waitMs }, "waitMs", policyLimits.maxWaitMs);
  for (const name of ["skip", "onRefused", "onOutcome"]) checkFunction({ ...options }, name);
  if (shadow !== false && !onOutcome) {
    throw new TypeError("shadow reports to onOutcome, which is missing");
  }
}

/**
 * Takes the tokens for a request, waiting for them if need be. A caller that leaves meanwhile gives its
 * place up.
 *
 * @throws What the client throws, and what a callback throws.
 */
export async function limitRequest<Context>(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<Verdict> {
  const { context, signal } = limited;
  if (await options.skip?.(context)) return { kind: "pass" };
  if (await valueOf(options.shadow ?? false, context)) {
    await reportOnly(limited, options);
    return { kind: "pass" };
  }
  try {
    const asked = await askedBy(context, options);
    const outcome = await acquire(limited, { ...asked, ...(signal && { signal }) });
    await options.onOutcome?.(context, outcome);
    if (outcome.ok) return { kind: "pass", granted: outcome };
    const { onRefused = (_, refusal): Response => refusalResponse(refusal) } = options;
    return { kind: "answer", response: await onRefused(context, outcome) };
  } catch (error) {
    if (!signal?.aborted) throw error;
    return { kind: "answer", response: new Response(null, { status: CLIENT_CLOSED_REQUEST }) };
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
  for (const [name, value] of Object.entries(rateLimitStateFields(rateLimit))) {
    answer.headers.append(name, value);
  }
  return answer;
}

/** Asks beside the handler. What it asks for is worked out before, while the request is whole. */
async function reportOnly<Context>(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<void> {
  const { context } = limited;
  try {
    const asked = await askedBy(context, options);
    const timeoutMs = Math.min(asked.timeoutMs, MAX_SHADOW_WAIT_MS);
    const report = acquire(limited, { ...asked, timeoutMs })
      .then((outcome) => options.onOutcome?.(context, outcome))
      .catch(reportFault);
    limited.waitUntil(report);
  } catch (error) {
    reportFault(error);
  }
}

function reportFault(error: unknown): void {
  console.error("A rate limit in shadow mode failed:", error);
}

/** What is asked for. */
interface Asked {
  readonly bucket: string;
  readonly tokens: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

async function askedBy<Context>(
  context: Context,
  { bucket, tokens = 1, waitMs = 0 }: RateLimitOptions<Context>,
): Promise<Asked> {
  return {
    bucket: await valueOf(bucket, context),
    tokens: await valueOf(tokens, context),
    timeoutMs: await valueOf(waitMs, context),
  };
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
