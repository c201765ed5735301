/** A rate limit before a plain handler of requests: of a Worker, of `Deno.serve`, of `Bun.serve`. */
import type { RateLimitOptions } from "./limit-request.ts";
import type { ClientChoice } from "./client-choice.ts";

import { clientChooser } from "./client-choice.ts";
import { faultReporter } from "../fault-report.ts";
import { checkRateLimitOptions, limitRequest, withRateLimitFields } from "./limit-request.ts";

/** What a callback of `withRateLimit` is given: what its handler is. */
export interface HandlerCall<Incoming extends Request, Env, Context> {
  readonly request: Incoming;
  readonly env: Env;
  readonly ctx: Context;
}

/** A handler, as a Worker's `fetch` is one. */
export type Handler<Incoming extends Request, Env, Context> = (
  request: Incoming,
  env: Env,
  ctx: Context,
) => Response | Promise<Response>;

/**
 * A handler that asks for tokens before it calls `handler`, and answers for it where there are none. The
 * answers of `handler` get the `RateLimit` fields.
 *
 * @throws {RangeError} Where a number of the options is out of range, naming it.
 * @throws {TypeError} Where the options do not go together.
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
): (request: Incoming, env: Env, ctx: Context) => Promise<Response> {
  checkRateLimitOptions(options);
  const report = faultReporter(options.onError);
  const client = clientChooser(options, ({ env }) => env);
  return async (request, env, ctx) => {
    const { signal } = request;
    const waitUntil = (promise: Promise<unknown>): void => keepGoing(ctx, promise);
    const context = { request, env, ctx };
    const verdict = await limitRequest({ context, client, signal, waitUntil, report }, options);
    if (verdict.kind === "answer") return verdict.response;
    const response = await handler(request, env, ctx);
    return verdict.granted ? withRateLimitFields(response, verdict.granted) : response;
  };
}

function keepGoing(ctx: unknown, promise: Promise<unknown>): void {
  if (typeof ctx !== "object" || ctx === null || !("waitUntil" in ctx)) return;
  const { waitUntil } = ctx;
  if (typeof waitUntil === "function") waitUntil.call(ctx, promise);
}
