/** The rate limit as a middleware of Hono. */
import type { Context, Env, MiddlewareHandler } from "hono";

import type { ClientChoice } from "../client/client-choice.ts";
import type { Granted } from "../client/client.ts";
import type { RateLimitOptions } from "../client/limit-request.ts";

import { clientChooser } from "../client/client-choice.ts";
import { checkRateLimitOptions, limitRequest } from "../client/limit-request.ts";
import { rateLimitStateFields } from "../client/rate-limit-state.ts";

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

/** Status of an answer that becomes a WebSocket: its fields are the handshake's. */
const SWITCHING_PROTOCOLS = 101;

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
 * app.use("/login", rateLimit({ bucket: (c) => `login:${c.req.header("CF-Connecting-IP")}` }));
 */
export function rateLimit<E extends Env = AnyEnv>(
  options: HonoRateLimitOptions<E>,
): MiddlewareHandler<Limited<E>> {
  checkRateLimitOptions(options);
  const client = clientChooser<Context<Limited<E>>>(options, (c) => c.env);
  return async (c, next) => {
    const verdict = await limitRequest(
      { context: c, client, signal: c.req.raw.signal, waitUntil: waitUntilOf(c) },
      options,
    );
    if (verdict.kind === "answer") return verdict.response;
    const { granted } = verdict;
    if (granted) c.set("rateLimit", granted);
    await next();
    if (!granted?.rateLimit || c.res.status === SWITCHING_PROTOCOLS) return undefined;
    for (const [name, value] of Object.entries(rateLimitStateFields(granted.rateLimit))) {
      c.header(name, value, { append: true });
    }
    return undefined;
  };
}

/** Of a runtime that has one; Hono throws where there is none. */
function waitUntilOf(c: Context): ((promise: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = c;
    return (promise) => executionCtx.waitUntil(promise);
  } catch {
    return undefined;
  }
}
