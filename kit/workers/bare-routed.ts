/**
 * The bare Worker (bare.ts) as one would build it with a framework: behind Hono, which keeps its context until
 * the answer, and with an object that notices a caller that leaves. Never deployed.
 */
import { Hono } from "hono";

import { BucketObject as BareObject, pass } from "./bare.ts";

/** Has the name that the configuration binds. */
export class BucketObject extends BareObject {
  override fetch(request: Request): Response | Promise<Response> {
    request.signal.addEventListener("abort", () => this.disconnected(), { once: true });
    return super.fetch(request);
  }

  /** A caller has left; nothing depends on it here. */
  disconnected(): void {}
}

const app = new Hono<{ Bindings: Env }>();
app.all("*", (c) => pass(c.req.raw, c.env));

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
