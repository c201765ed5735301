/**
 * Sluice with objects that log when they are loaded into memory, and which reports reach the directory. Reports of
 * buckets whose names begin with `slow` take seconds. `POST /restart-directory` ends the directory's object. Never
 * deployed.
 */
import type { BusyReport, KnownShards } from "../../src/directory/directory.ts";

import sluice, { BucketObject as Quiet } from "../../src/index.ts";

const SLOW_MS = 3_000;
const DIRECTORY = "#directory:0";

/** Has the name that the configuration binds. */
export class BucketObject extends Quiet {
  constructor(ctx: DurableObjectState, env: Env) {
    const getByName = (name: string) => {
      const directory = env.BUCKETS.getByName(name);
      return {
        reportBusy: async (report: BusyReport) => {
          return report.bucket.startsWith("slow")
            ? await directory.reportSlowly(report)
            : await directory.reportBusy(report);
        },
        busyEnded: async (bucket: string) => directory.busyEnded(bucket),
        noteOverride: async () => undefined,
      };
    };
    super(ctx, { ...env, BUCKETS: { getByName } });
    console.error(`An object starts: ${ctx.id.name}`);
  }

  override reportBusy(report: BusyReport): KnownShards {
    console.error(`A report: ${report.bucket}`);
    return super.reportBusy(report);
  }

  async reportSlowly(report: BusyReport): Promise<KnownShards> {
    console.error(`A slow report begins: ${report.bucket}`);
    await scheduler.wait(SLOW_MS);
    console.error(`A slow report ends: ${report.bucket}`);
    return this.reportBusy(report);
  }

  restart(): void {
    this.ctx.abort("A restart");
  }
}

interface Env {
  readonly BUCKETS: DurableObjectNamespace<BucketObject>;
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/restart-directory") {
      return sluice.fetch(request, env as never, ctx);
    }
    await Promise.allSettled([env.BUCKETS.getByName(DIRECTORY).restart()]);
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;
