/** A rate limit in front of a plain request handler: of a Worker, `Deno.serve` or `Bun.serve`. */
import type { RateLimitOptions } from "./limit-request.ts";
import type { ClientChoice } from "./client-choice.ts";

import { clientChooser } from "./client-choice.ts";
import { faultReporter } from "../fault-report.ts";
import { answerUnder } from "../holds/request-permit.ts";
import { checkRateLimitOptions, limitRequest, withRateLimitFields } from "./limit-request.ts";

/** What callbacks of `withRateLimit` are passed: the arguments of the handler. */
export interface HandlerCall<Incoming extends Request, Env, Context> {
  readonly request: Incoming;
  readonly env: Env;
  readonly ctx: Context;
}

/** A request handler with the signature of a Worker's `fetch`. */
export type Handler<Incoming extends Request, Env, Context> = (
  request: Incoming,
  env: Env,
  ctx: Context,
) => Response | Promise<Response>;

/**
 * What `withRateLimit` returns: a handler with all three arguments, and without those that `handler` doesn't name. So it
 * is also a route handler of frameworks that pass fewer, and know so by its type.
 */
export type LimitedHandler<Incoming extends Request, Env, Context> = ((
  request: Incoming,
  env: Env,
  ctx: Context,
) => Promise<Response>) &
  (unknown extends Context ? (request: Incoming, env: Env) => Promise<Response> : unknown) &
  (unknown extends Env & Context ? (request: Incoming) => Promise<Response> : unknown);

/**
 * Wraps `handler` so that it is called only with tokens; requests that are refused are answered in
 * its place. Answers of `handler` get the `RateLimit` fields.
 * If the bucket has `concurrency`, a request keeps its permit until its answer has been sent.
 *
 * @throws {RangeError} If the bucket or a number is out of range; the message names it.
 * @throws {TypeError} If an option has the wrong type, or options conflict.
 *
 * @example
 * export default {
 *   fetch: withRateLimit((request, env: Env) => new Response("hello"), {
 *     bucket: ({ request }) => bucketName("ip", addressKey(request.headers.get("CF-Connecting-IP"))),
 *   }),
 * };
 */
export function withRateLimit<Incoming extends Request, Env, Context>(
  handler: Handler<Incoming, Env, Context>,
  options: RateLimitOptions<HandlerCall<Incoming, Env, Context>> &
    ClientChoice<HandlerCall<Incoming, Env, Context>>,
): LimitedHandler<Incoming, Env, Context>;
export function withRateLimit<Incoming extends Request, Env, Context>(
  handler: Handler<Incoming, Env, Context>,
  options: RateLimitOptions<HandlerCall<Incoming, Env, Context>> &
    ClientChoice<HandlerCall<Incoming, Env, Context>>,
): (request: Incoming, env: Env, ctx: Context) => Promise<Response> {
  checkRateLimitOptions(options);
  const report = faultReporter(options.onError);
  const client = clientChooser(options, (call) => call);
  return async (request, env, ctx) => {
    const { signal } = request;
    const waitUntil = (promise: Promise<unknown>): void => keepGoing(ctx, promise);
    const context = { request, env, ctx };
    const verdict = await limitRequest({ context, client, signal, waitUntil, report }, options);
    if (verdict.kind === "answer") return verdict.response;
    const { permit } = verdict;
    const response = await answerUnder(permit, waitUntil, () => handler(request, env, ctx));
    return verdict.granted ? withRateLimitFields(response, verdict.granted) : response;
  };
}

function keepGoing(ctx: unknown, promise: Promise<unknown>): void {
  if (typeof ctx !== "object" || ctx === null || !("waitUntil" in ctx)) return;
  const { waitUntil } = ctx;
  if (typeof waitUntil === "function") waitUntil.call(ctx, promise);
}
