import { clientChooser } from "../client/middleware/client-choice.js";
import { faultReporter } from "../client/fault-report.js";
import { answerUnder } from "../client/holds/request-permit.js";
import { checkRateLimitOptions, limitRequest, withRateLimitFields, } from "../client/middleware/limit-request.js";
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
export function rateLimit(options) {
    checkRateLimitOptions(options);
    const report = faultReporter(options.onError);
    const client = clientChooser(options, (c) => c.env);
    return async (c, next) => {
        const { signal } = c.req.raw;
        const waitUntil = (promise) => keepGoing(c, promise);
        const verdict = await limitRequest({ context: c, client, signal, waitUntil, report }, options);
        if (verdict.kind === "answer")
            return verdict.response;
        const { granted, permit } = verdict;
        if (!granted)
            return next();
        c.set("rateLimit", granted);
        const response = await answerUnder(permit, waitUntil, async () => {
            await next();
            return c.res;
        });
        const answer = withRateLimitFields(response, granted);
        // Cleared first: otherwise Hono copies the headers of the previous response onto the new one.
        c.res = undefined;
        c.res = answer;
        return undefined;
    };
}
function keepGoing(c, promise) {
    try {
        c.executionCtx.waitUntil(promise);
    }
    catch {
        // Hono throws if the runtime has no execution context; such a runtime keeps running anyway.
    }
}
