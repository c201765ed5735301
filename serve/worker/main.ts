/**
 * The Worker's main module where `npm run serve` runs it: the same Worker, which sees the files of the
 * buckets (bucket-files.ts), and can be told that its process is about to end.
 *
 * workerd ends in order only when nothing is held any more, and Sluice holds what waits. So before that
 * the launcher calls `Control`, on a socket that nobody else reaches. From then on newcomers are turned
 * away at the door, and every object with waiters tells them so. It is the objects who tell them: only
 * there is it certain that a caller who is told `unavailable` has taken nothing. What the Worker gives
 * up in the middle of a call may have been granted and written by then.
 *
 * All of this works because workerd runs a Worker and its objects in one isolate, where Cloudflare may
 * use many. Before the end nothing here costs a request more than a look at a boolean.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import { stoppingResponse } from "../../src/answers/acquire-response.ts";
import { opennessOf } from "../../src/worker/auth/openness.ts";
import { settingsOf } from "../../src/worker/settings.ts";
import sluice, { BucketObject as Bucket, type SluiceEnv } from "../../src/index.ts";
import { ServedBucketFiles } from "./bucket-files.ts";

export * from "../../src/index.ts";

interface ServedEnv extends SluiceEnv {
  /** The folder of the buckets' files, to be read. */
  readonly BUCKET_FOLDER: Fetcher;
  readonly LAUNCHER: Fetcher;
}

/** What the Worker is handed: its environment, and the files of the buckets. One, as that is one. */
let env: SluiceEnv | undefined;

function withFiles(served: ServedEnv): SluiceEnv {
  const { BUCKETS, BUCKET_FOLDER, LAUNCHER } = served;
  env ??= { ...served, FILES: new ServedBucketFiles(BUCKETS, BUCKET_FOLDER, LAUNCHER) };
  return env;
}

/** Whether the process is about to end. */
let isEnding = false;

/** The objects in memory, by name; those that the runtime has dropped go with their garbage. */
const objects = new Map<string, WeakRef<Bucket>>();
const dropped = new FinalizationRegistry((name: string) => {
  if (objects.get(name)?.deref() === undefined) objects.delete(name);
});

/** A bucket that can be found while it is in memory. */
export class BucketObject extends Bucket {
  constructor(ctx: DurableObjectState, env: SluiceEnv) {
    const { sql } = ctx.storage;
    // Whoever runs a machine may set its clock. Measured: 6 µs.
    super(ctx, env, () => 1_000 * Number(sql.exec("SELECT unixepoch('subsec') AS s").one()["s"]));
    // For a request that was let in at the door just before it was closed.
    if (isEnding) this.close();
    const { name } = ctx.id;
    if (name === undefined) return;
    objects.set(name, new WeakRef(this));
    dropped.register(this, name);
  }
}

/** What the launcher reaches, and nobody else. */
export class Control extends WorkerEntrypoint<SluiceEnv> {
  /**
   * POST ends the waiting, for good, and answers once all who waited have been told. GET says who may call,
   * by the settings that decide it.
   */
  override async fetch(request: Request): Promise<Response> {
    if (request.method !== "POST") {
      return Response.json({ isEnding, openness: opennessOf(settingsOf(this.env)) });
    }
    isEnding = true;
    const told: Promise<void>[] = [];
    for (const [name, reference] of objects) {
      const object = reference.deref();
      // Only a flag: what it has to write and to tell is for a turn of its own.
      object?.close();
      if (object?.isAwaited) told.push(this.env.BUCKETS.getByName(name).shutDown());
    }
    await Promise.all(told);
    return Response.json({ isEnding });
  }
}

export default {
  fetch(request, served, ctx): Response | Promise<Response> {
    return isEnding ? stoppingResponse() : sluice.fetch(request, withFiles(served), ctx);
  },
} satisfies ExportedHandler<ServedEnv>;
