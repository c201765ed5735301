/** The rate limit as a middleware of Hono. */
import type { Context, Env, MiddlewareHandler } from "hono";

import type { ClientChoice } from "../client/middleware/client-choice.ts";
import type { Granted } from "../client/acquire-outcome.ts";
import type { RateLimitOptions } from "../client/middleware/limit-request.ts";

import { clientChooser } from "../client/middleware/client-choice.ts";
import { faultReporter } from "../client/fault-report.ts";
import {
  checkRateLimitOptions,
  limitRequest,
  withRateLimitFields,
} from "../client/middleware/limit-request.ts";

/** What handlers behind the middleware find in `c.var`. */
export interface RateLimitVariables {
  /** The grant of this request. Left out where it was skipped, and in shadow mode. */
  rateLimit?: Granted;
}

/** What Hono takes for the environment of a context of which nothing is known. */
type AnyEnv = Context extends Context<infer E> ? E : never;

/** An environment with these variables added. */
type Limited<E extends Env> = E & { Variables: RateLimitVariables };

/** The options of `rateLimit`; their callbacks are given Hono's context. */
export type HonoRateLimitOptions<E extends Env = AnyEnv> = RateLimitOptions<Context<Limited<E>>> &
  ClientChoice<Context<Limited<E>>>;

/**
 * A middleware that asks for tokens before what is behind it, and answers in its place where there are
 * none. The answers of what is behind it get the `RateLimit` fields, beside those of other limits.
 *
 * Where TypeScript cannot see which app it is for, name the app's environment: `rateLimit<AppEnv>({ … })`.
 *
 * @throws {RangeError} Where a number of the options is out of range, naming it.
 * @throws {TypeError} Where the options do not go together.
 *
 * @example
 * const bucket = (c: Context): string => bucketName("login", addressKey(c.req.header("CF-Connecting-IP")));
 * app.use("/login", rateLimit({ bucket }));
 */
export function rateLimit<E extends Env = AnyEnv>(
  options: HonoRateLimitOptions<E>,
): MiddlewareHandler<Limited<E>> {
  checkRateLimitOptions(options);
  const report = faultReporter(options.onError);
  const client = clientChooser<Context<Limited<E>>>(options, (c) => c.env);
  return async (c, next) => {
    const { signal } = c.req.raw;
    const waitUntil = (promise: Promise<unknown>): void => keepGoing(c, promise);
    const verdict = await limitRequest({ context: c, client, signal, waitUntil, report }, options);
    if (verdict.kind === "answer") return verdict.response;
    const { granted } = verdict;
    if (granted) c.set("rateLimit", granted);
    await next();
    if (!granted) return undefined;
    const answer = withRateLimitFields(c.res, granted);
    // Emptied first: Hono would lay the fields of the one before over those of the new one.
    c.res = undefined;
    c.res = answer;
    return undefined;
  };
}

function keepGoing(c: Context, promise: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(promise);
  } catch {
    // Hono throws where the runtime has none, which is then one that goes on by itself.
  }
}
