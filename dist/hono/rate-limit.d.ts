/** The rate limit as Hono middleware. */
import type { Context, Env, MiddlewareHandler } from "hono";
import type { ClientChoice } from "../client/middleware/client-choice.ts";
import type { Granted } from "../client/acquire-outcome.ts";
import type { RateLimitOptions } from "../client/middleware/limit-request.ts";
/** Variables that later handlers find in `c.var`. */
export interface RateLimitVariables {
    /** The grant of this request. Missing if the limit was skipped, and in shadow mode. */
    rateLimit?: Granted;
}
/** Hono's default environment of a context. */
type AnyEnv = Context extends Context<infer E> ? E : never;
/** An environment with these variables added. */
type Limited<E extends Env> = E & {
    Variables: RateLimitVariables;
};
/** Options of `rateLimit`; callbacks are passed Hono's context. */
export type HonoRateLimitOptions<E extends Env = AnyEnv> = RateLimitOptions<Context<Limited<E>>> & ClientChoice<Context<Limited<E>>>;
/**
 * Middleware that takes tokens before the next handler runs, and answers in its place if they are
 * refused. Answers of later handlers get the `RateLimit` fields, in addition to those of other
 * limits. If the bucket has `concurrency`, a request keeps its permit until its answer has been sent.
 *
 * If TypeScript can't infer the app's environment, name it: `rateLimit<AppEnv>({ … })`.
 *
 * @throws {RangeError} If the bucket or a number is out of range; the message names it.
 * @throws {TypeError} If an option has the wrong type, or options conflict.
 *
 * @example
 * const bucket = (c: Context): string => bucketName("login", addressKey(c.req.header("CF-Connecting-IP")));
 * app.use("/login", rateLimit({ bucket }));
 */
export declare function rateLimit<E extends Env = AnyEnv>(options: HonoRateLimitOptions<E>): MiddlewareHandler<Limited<E>>;
export {};
