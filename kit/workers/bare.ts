/**
 * The baseline for Sluice's waiting: a Worker and an object that hold requests, answer all of them in one
 * turn when asked to, and do nothing else. It answers the three calls that the measurement makes: `/acquire`,
 * which it holds; `GET /buckets/NAME`, which returns how many it holds; and `PUT /buckets/NAME`, which
 * returns when it will answer them. Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

/** From the request to the turn that answers, so that the request itself is not in the way. */
const RELEASE_AFTER_MS = 500;

interface BareEnv extends Env {
  /** The answer to each held request, copied from Sluice's by the measurement. */
  readonly ANSWER?: { readonly fields: Record<string, string>; readonly body: string };
}

/** Has the name that the configuration binds. */
export class BucketObject extends DurableObject<BareEnv> {
  /** Never cleaned up: a request that can't be answered any more is garbage, and takes little memory. */
  #waiters: ((response: Response) => void)[] = [];

  override fetch(request: Request): Response | Promise<Response> {
    if (new URL(request.url).pathname === "/acquire") {
      return new Promise((resolve) => this.#waiters.push(resolve));
    }
    if (request.method !== "PUT") return Response.json({ waiters: this.#waiters.length });
    setTimeout(() => this.#release(), RELEASE_AFTER_MS);
    return Response.json({ nextTickAtMs: Date.now() + RELEASE_AFTER_MS });
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    const { fields, body } = this.env.ANSWER ?? { fields: {}, body: "{}" };
    for (const resolve of waiters) resolve(new Response(body, { headers: fields }));
  }
}

/** The Worker's part: the object handles everything but readiness. */
export function pass(request: Request, env: BareEnv): Response | Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/healthz") return new Response();
  const name = searchParams.get("bucket") ?? pathname.slice("/buckets/".length);
  return env.BUCKETS.get(env.BUCKETS.idFromName(name)).fetch(request);
}

export default { fetch: pass } satisfies ExportedHandler<BareEnv>;
