/**
 * What Sluice's memory is measured against: a Worker and an object that hold requests and do nothing
 * else. It answers the two calls that the measurement makes, `/acquire` (which it never answers) and
 * `GET /buckets/NAME`. For `npm run chaos` on workerd; never deployed.
 */
import { DurableObject } from "cloudflare:workers";

/** Under the name that the configuration binds. */
export class BucketObject extends DurableObject {
  /** Kept: a request whose answer nobody can give any more is garbage, and takes little. */
  readonly #waiters: ((response: Response) => void)[] = [];

  override fetch(request: Request): Response | Promise<Response> {
    if (new URL(request.url).pathname !== "/acquire") {
      return Response.json({ waiters: this.#waiters.length });
    }
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}

export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/healthz") return new Response();
    const name = searchParams.get("bucket") ?? pathname.slice("/buckets/".length);
    return env.BUCKETS.get(env.BUCKETS.idFromName(name)).fetch(request);
  },
} satisfies ExportedHandler<Env>;
