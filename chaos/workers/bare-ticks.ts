/**
 * The baseline for Sluice's punctuality under a flood: a Worker and objects that answer one held request at
 * each tick of a timer, and refuse every request to the object `flooded` at once. No limiter, no storage: if
 * such an object is late, the runtime is. For `npm run chaos` on workerd; never deployed.
 */
import { DurableObject } from "cloudflare:workers";

/** The same as of the paced buckets in flood.ts. */
const INTERVAL_MS = 100;
const MAX_NAME_LENGTH = 128;

/** Has the class name that the configuration binds. */
export class BucketObject extends DurableObject {
  #startedAtMs = 0;
  readonly #waiters: ((response: Response) => void)[] = [];

  override fetch(request: Request): Response | Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/acquire") return Response.json({ granted: 0 });
    if (searchParams.get("bucket") === "flooded") return new Response(null, { status: 429 });
    if (this.#startedAtMs === 0) {
      this.#startedAtMs = Date.now();
      return grant();
    }
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      if (this.#waiters.length === 1) this.#wait();
    });
  }

  #wait(): void {
    const sinceStartMs = Date.now() - this.#startedAtMs;
    setTimeout(() => this.#tick(), INTERVAL_MS - (sinceStartMs % INTERVAL_MS));
  }

  #tick(): void {
    this.#waiters.shift()?.(grant());
    if (this.#waiters.length > 0) this.#wait();
  }
}

function grant(): Response {
  return Response.json({ tokens: 1, grantedAtMs: Date.now() });
}

export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/healthz") return new Response();
    if (request.method === "POST") return new Response(null, { status: 413 });
    const name = searchParams.get("bucket") ?? pathname.slice("/buckets/".length);
    if (name.length > MAX_NAME_LENGTH) return new Response(null, { status: 400 });
    return env.BUCKETS.get(env.BUCKETS.idFromName(name)).fetch(request);
  },
} satisfies ExportedHandler<Env>;
