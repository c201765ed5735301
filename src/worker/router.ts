/**
 * Finds what answers a request, by its method and path.
 *
 * It is Hono's router without Hono's application around it, which makes a context for each request: that would
 * live as long as the request waits, and takes longer than the rest of the way to a bucket.
 */
import { problemResponse } from "../answers/problem.ts";
import { showValue } from "../core/values.ts";
import { errorResponse } from "./failure-response.ts";
import { getPath, METHOD_NAME_ALL, RegExpRouter } from "./hono.ts";
import { VARY } from "./http/accept.ts";

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
export class Router {
  readonly #handlers = new RegExpRouter<Handler>();
  readonly #methods = new RegExpRouter<readonly string[]>();
  readonly #pageFor: PageFor;

  /** @param pageFor What browsers get instead of a `404` in JSON. */
  constructor(pageFor: PageFor = (): undefined => undefined) {
    this.#pageFor = pageFor;
  }

  /** A handler for GET also gets HEAD; the body of its answer is dropped. */
  add(method: string, path: string, handler: Handler): void {
    this.#handlers.add(method, routeOf(path), handler);
  }

  /** Which methods a `405` for this path lists; without it, the answer is `404`. */
  allow(path: string, methods: readonly string[]): void {
    this.#methods.add(METHOD_NAME_ALL, routeOf(path), methods);
  }

  /** Answers a request. Never throws, and its promise never rejects. */
  answer(request: Request): Answer {
    const { method } = request;
    return method === "HEAD"
      ? withoutBody(this.#answer(request, "GET"))
      : this.#answer(request, method);
  }

  /** The answer where no handler is: `405`, or `404`. */
  refuse(request: Request): Response {
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

  #answer(request: Request, method: string): Answer {
    try {
      const handler = first(this.#handlers.match(method, getPath(request)));
      if (!handler) return this.refuse(request);
      const answer = handler(request);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => errorResponse(error, request));
    } catch (error) {
      return errorResponse(error, request);
    }
  }
}

function routeOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** What was added first of all that matches. Hono's list is missing for some paths that no URL has. */
function first<Added>([matching]: readonly [
  readonly (readonly [Added, unknown])[] | undefined,
  ...unknown[],
]): Added | undefined {
  return matching?.[0]?.[0];
}

async function withoutBody(answer: Answer): Promise<Response> {
  return new Response(null, await answer);
}
