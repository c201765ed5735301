/** A rate limit in front of a plain request handler: of a Worker, `Deno.serve` or `Bun.serve`. */
import type { RateLimitOptions } from "./limit-request.ts";
import type { ClientChoice } from "./client-choice.ts";
/** What callbacks of `withRateLimit` are passed: the arguments of the handler. */
export interface HandlerCall<Incoming extends Request, Env, Context> {
    readonly request: Incoming;
    readonly env: Env;
    readonly ctx: Context;
}
/** A request handler with the signature of a Worker's `fetch`. */
export type Handler<Incoming extends Request, Env, Context> = (request: Incoming, env: Env, ctx: Context) => Response | Promise<Response>;
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
export declare function withRateLimit<Incoming extends Request, Env, Context>(handler: Handler<Incoming, Env, Context>, options: RateLimitOptions<HandlerCall<Incoming, Env, Context>> & ClientChoice<HandlerCall<Incoming, Env, Context>>): (request: Incoming, env: Env, ctx: Context) => Promise<Response>;
