/**
 * What Sluice's waiting is measured against: a Worker and an object that hold requests, answer all of
 * them in one turn when they are told to, and do nothing else. It answers the three calls that the
 * measurement makes: `/acquire`, which it holds; `GET /buckets/NAME`, which says how many it holds; and
 * `PUT /buckets/NAME`, which says when it is going to answer them. Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

/** From being told to the turn that answers, so that the one who told it is not in the way. */
const RELEASE_AFTER_MS = 500;

interface BareEnv extends Env {
  /** What each held request is answered: as Sluice answers, where a measurement has asked it. */
  readonly ANSWER?: { readonly fields: Record<string, string>; readonly body: string };
}

/** Under the name that the configuration binds. */
export class BucketObject extends DurableObject<BareEnv> {
  /** Kept: a request whose answer nobody can give any more is garbage, and takes little. */
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

/** What the Worker does: all but readiness is the object's. */
export function pass(request: Request, env: BareEnv): Response | Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/healthz") return new Response();
  const name = searchParams.get("bucket") ?? pathname.slice("/buckets/".length);
  return env.BUCKETS.get(env.BUCKETS.idFromName(name)).fetch(request);
}

export default { fetch: pass } satisfies ExportedHandler<BareEnv>;
