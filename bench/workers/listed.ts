/**
 * Sluice with a directory that counts its calls (`GET /directory-calls`) and can be ended (`POST /restart-directory`).
 * With the variable `REPORTS` = "off" its objects report nothing: that is the deployment to compare with.
 */
import type { BusyReport, KnownShards } from "../../src/directory/directory.ts";

import sluice, { BucketObject as Reporting, type SluiceEnv } from "../../src/index.ts";

const DIRECTORY = "#directory:0";

/** All objects are in this isolate. */
let calls = 0;

interface Env extends Omit<SluiceEnv, "BUCKETS"> {
  readonly BUCKETS: DurableObjectNamespace<BucketObject>;
  readonly REPORTS?: string;
}

/** Has the name that the configuration binds. */
export class BucketObject extends Reporting {
  constructor(ctx: DurableObjectState, { BUCKETS, REPORTS, ...env }: Env) {
    super(ctx, REPORTS === "off" ? env : { ...env, BUCKETS });
  }

  override reportBusy(report: BusyReport): KnownShards {
    calls += 1;
    return super.reportBusy(report);
  }

  restart(): void {
    this.ctx.abort("A restart");
  }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/directory-calls") return new Response(String(calls));
    if (pathname !== "/restart-directory") return sluice.fetch(request, env, ctx);
    await Promise.allSettled([env.BUCKETS.getByName(DIRECTORY).restart()]);
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;
