/**
 * Finds what answers a request, by its method and path.
 *
 * It is Hono's router without Hono's application around it, which makes a context for each request: that would
 * live as long as the request waits, and takes longer than the rest of the way to a bucket.
 */
import { METHOD_NAME_ALL } from "hono/router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { getPath } from "hono/utils/url";
import { problemResponse } from "../answers/problem.js";
import { showValue } from "../core/values.js";
import { errorResponse } from "./failure-response.js";
import { VARY } from "./http/accept.js";
/**
 * Routes of one app. Paths have parameters as OpenAPI writes them, `{name}`; handlers read them themselves.
 *
 * @example
 * const router = new Router();
 * router.add("GET", "/buckets/{name}", inspect); // HEAD, too
 * router.allow("/buckets/{name}", ["GET", "HEAD"]); // 405 for all other methods
 */
export class Router {
    #handlers = new RegExpRouter();
    #methods = new RegExpRouter();
    #pageFor;
    /** @param pageFor What browsers get instead of a `404` in JSON. */
    constructor(pageFor = () => undefined) {
        this.#pageFor = pageFor;
    }
    /** A handler for GET also gets HEAD; the body of its answer is dropped. */
    add(method, path, handler) {
        this.#handlers.add(method, routeOf(path), handler);
    }
    /** Which methods a `405` for this path lists; without it, the answer is `404`. */
    allow(path, methods) {
        this.#methods.add(METHOD_NAME_ALL, routeOf(path), methods);
    }
    /** Answers a request. Never throws, and its promise never rejects. */
    answer(request) {
        const { method } = request;
        return method === "HEAD"
            ? withoutBody(this.#answer(request, "GET"))
            : this.#answer(request, method);
    }
    /** The answer where no handler is: `405`, or `404`. */
    refuse(request) {
        const path = getPath(request);
        const methods = first(this.#methods.match(METHOD_NAME_ALL, path));
        if (methods) {
            const allowed = methods.join(", ");
            const detail = `${showValue(request.method)} is not one of ${allowed}`;
            return problemResponse("method-not-allowed", { detail, headers: { Allow: allowed } });
        }
        const page = this.#pageFor(request, path);
        const detail = `There is nothing at ${showValue(path)}: GET /docs has all calls, GET /buckets lists the busy buckets`;
        return page ?? problemResponse("not-found", { detail, headers: VARY });
    }
    #answer(request, method) {
        try {
            const handler = first(this.#handlers.match(method, getPath(request)));
            if (!handler)
                return this.refuse(request);
            const answer = handler(request);
            if (!(answer instanceof Promise))
                return answer;
            return answer.catch((error) => errorResponse(error, request));
        }
        catch (error) {
            return errorResponse(error, request);
        }
    }
}
function routeOf(path) {
    return path.replaceAll(/\{(\w+)\}/g, ":$1");
}
/** What was added first of all that matches. Hono's list is missing for some paths that no URL has. */
function first([matching]) {
    return matching?.[0]?.[0];
}
async function withoutBody(answer) {
    return new Response(null, await answer);
}
