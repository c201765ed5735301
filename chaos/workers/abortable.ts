/**
 * Sluice with an additional route, `POST /abort?bucket=NAME`, which aborts a bucket's object like a
 * deployment, a move to another machine or a failed commit: the object ends at once, and the calls that it
 * holds are rejected. For `npm run chaos` on workerd; never deployed.
 */
import sluice, { BucketObject as RealBucketObject } from "../../src/index.ts";

export { Sluice } from "../../src/index.ts";

/** The real object, with a way to abort it. */
export class BucketObject extends RealBucketObject {
  /** Rejects, like every call that the object holds. */
  abort(): void {
    this.ctx.abort("Aborted by chaos");
  }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "POST" || pathname !== "/abort") return sluice.fetch(request, env, ctx);
    const id = env.BUCKETS.idFromName(searchParams.get("bucket") ?? "");
    const stub = env.BUCKETS.get(id) as unknown as DurableObjectStub<BucketObject>;
    const isAborted = await stub.abort().then(
      () => false,
      () => true,
    );
    return new Response(null, { status: isAborted ? 204 : 500 });
  },
} satisfies ExportedHandler<Env>;
