/**
 * Sluice with one more route, `POST /abort?bucket=NAME`, that does to a bucket's object what a deploy, a
 * move to another machine or a failed commit does: it ends at once, and all calls that it holds are
 * rejected. For `npm run chaos` on workerd; never deployed.
 */
import sluice, { BucketObject as RealBucketObject } from "../../src/index.ts";

/** The object as it is, with a way to break it. */
export class BucketObject extends RealBucketObject {
  /** Rejects, as every call does that the object holds. */
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
