/**
 * The bare Worker (bare.ts) with the two things that Sluice cannot do without while requests are held:
 * Hono, which keeps its context for as long as the answer takes, and an object that hears of a caller that
 * leaves. Never deployed.
 */
import { Hono } from "hono";

import { BucketObject as BareObject, pass } from "./bare.ts";

/** Under the name that the configuration binds. */
export class BucketObject extends BareObject {
  override fetch(request: Request): Response | Promise<Response> {
    request.signal.addEventListener("abort", () => this.disconnected(), { once: true });
    return super.fetch(request);
  }

  /** Somebody has; here nobody minds. */
  disconnected(): void {}
}

const app = new Hono<{ Bindings: Env }>();
app.all("*", (c) => pass(c.req.raw, c.env));

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
