type Answer = Response | Promise<Response>;
/** Answers a request. What it throws is answered, too. */
export type Handler = (request: Request) => Answer;
/** A page for a request whose path leads nowhere; `undefined` if its sender wants none. */
type PageFor = (request: Request, path: string) => Response | undefined;
/**
 * Routes of one app. Paths have parameters as OpenAPI writes them, `{name}`; handlers read them themselves.
 *
 * @example
 * const router = new Router();
 * router.add("GET", "/buckets/{name}", inspect); // HEAD, too
 * router.allow("/buckets/{name}", ["GET", "HEAD"]); // 405 for all other methods
 */
export declare class Router {
    #private;
    /** @param pageFor What browsers get instead of a `404` in JSON. */
    constructor(pageFor?: PageFor);
    /** A handler for GET also gets HEAD; the body of its answer is dropped. */
    add(method: string, path: string, handler: Handler): void;
    /** Which methods a `405` for this path lists; without it, the answer is `404`. */
    allow(path: string, methods: readonly string[]): void;
    /** Answers a request. Never throws, and its promise never rejects. */
    answer(request: Request): Answer;
    /** The answer where no handler is: `405`, or `404`. */
    refuse(request: Request): Response;
}
export {};
