/**
 * Sluice with objects that are reset a moment after each request that reaches them, before any caller is
 * admitted, until `POST /rest`. For tests of what callers receive meanwhile. Never deployed.
 */
import sluice, { BucketObject as RealBucketObject } from "../../src/index.ts";

/** Less than a new instance waits for requeued callers. */
const RESET_AFTER_MS = 50;

let isRestless = true;

/** Has the name that the configuration binds. */
export class BucketObject extends RealBucketObject {
  override fetch(request: Request): Response | Promise<Response> {
    if (isRestless) setTimeout(() => this.ctx.abort("Restless"), RESET_AFTER_MS);
    return super.fetch(request);
  }
}

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/rest") return sluice.fetch(request, env, ctx);
    isRestless = false;
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;
