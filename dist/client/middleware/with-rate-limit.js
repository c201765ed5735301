import { clientChooser } from "./client-choice.js";
import { faultReporter } from "../fault-report.js";
import { answerUnder } from "../holds/request-permit.js";
import { checkRateLimitOptions, limitRequest, withRateLimitFields } from "./limit-request.js";
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
export function withRateLimit(handler, options) {
    checkRateLimitOptions(options);
    const report = faultReporter(options.onError);
    const client = clientChooser(options, ({ env }) => env);
    return async (request, env, ctx) => {
        const { signal } = request;
        const waitUntil = (promise) => keepGoing(ctx, promise);
        const context = { request, env, ctx };
        const verdict = await limitRequest({ context, client, signal, waitUntil, report }, options);
        if (verdict.kind === "answer")
            return verdict.response;
        const { permit } = verdict;
        const response = await answerUnder(permit, waitUntil, () => handler(request, env, ctx));
        return verdict.granted ? withRateLimitFields(response, verdict.granted) : response;
    };
}
function keepGoing(ctx, promise) {
    if (typeof ctx !== "object" || ctx === null || !("waitUntil" in ctx))
        return;
    const { waitUntil } = ctx;
    if (typeof waitUntil === "function")
        waitUntil.call(ctx, promise);
}
