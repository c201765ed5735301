/**
 * The Worker's main module under `npm run serve`: the same Worker, with access to the buckets' files
 * (bucket-files.ts) and an orderly shutdown.
 *
 * workerd ends in order only when no request is open, and Sluice keeps waiting callers' requests open. So
 * the launcher first calls `Control`, on a private socket. From then on the Worker refuses new callers, and
 * every object with waiters refuses those, and closes its sessions, whose clients come back to the next process. It has to be the objects: only they know for certain that a
 * caller that gets `unavailable` has taken nothing. A call that the Worker gave up on might already be
 * granted and written.
 *
 * This works because workerd runs a Worker and its objects in one isolate, where Cloudflare may use many.
 * Until the shutdown it costs each request no more than checking a boolean.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import { refusedResponse } from "../../src/answers/acquire-response.ts";
import { stopping } from "../../src/answers/acquire-result.ts";
import { opennessOf } from "../../src/worker/auth/openness.ts";
import { settingsOf } from "../../src/worker/settings.ts";
import sluice, { BucketObject as Bucket, type SluiceEnv } from "../../src/index.ts";
import { ServedBucketFiles } from "./bucket-files.ts";

export * from "../../src/index.ts";

interface ServedEnv extends SluiceEnv {
  /** The directory of the buckets' files, read-only. */
  readonly BUCKET_FOLDER: Fetcher;
  readonly LAUNCHER: Fetcher;
}

/** The Worker's environment with the buckets' files added. Built once, since the environment never changes. */
let env: SluiceEnv | undefined;

function withFiles(served: ServedEnv): SluiceEnv {
  const { BUCKETS, BUCKET_FOLDER, LAUNCHER } = served;
  env ??= { ...served, FILES: new ServedBucketFiles(BUCKETS, BUCKET_FOLDER, LAUNCHER) };
  return env;
}

/** Whether the process is shutting down. */
let isEnding = false;

/** An object that is in memory, or was and has sessions that its next instance will have. */
interface KnownObject {
  reference: WeakRef<Bucket>;
  hasSessions: boolean;
}

/** By name. Those that are garbage-collected are removed, unless they sleep while sessions are open. */
const objects = new Map<string, KnownObject>();
const dropped = new FinalizationRegistry((name: string) => {
  const known = objects.get(name);
  if (known?.reference.deref() === undefined && known?.hasSessions !== true) objects.delete(name);
});

/** A bucket that can be found while it is in memory. */
export class BucketObject extends Bucket {
  readonly #known: KnownObject | undefined;

  constructor(ctx: DurableObjectState, env: SluiceEnv) {
    const { sql } = ctx.storage;
    super(ctx, env, {
      // SQLite shows the machine's clock as it is, unlike `Date.now()`. Takes 6 µs.
      wallNow: () => 1_000 * Number(sql.exec("SELECT unixepoch('subsec') AS s").one()["s"]),
    });
    // For a request that the Worker accepted just before the shutdown.
    if (isEnding) this.close();
    const { name } = ctx.id;
    if (name === undefined) return;
    this.#known = { reference: new WeakRef<Bucket>(this), hasSessions: this.hasSessions };
    objects.set(name, this.#known);
    dropped.register(this, name);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    super.webSocketMessage(socket, data);
    this.#noteSessions();
  }

  override webSocketClose(socket: WebSocket): void {
    super.webSocketClose(socket);
    this.#noteSessions();
  }

  #noteSessions(): void {
    if (this.#known) this.#known.hasSessions = this.hasSessions;
  }
}

/** The launcher's private entrypoint. */
export class Control extends WorkerEntrypoint<SluiceEnv> {
  /**
   * POST refuses all callers from now on, and answers once those that waited have their answers. GET
   * returns who may call, from the settings that decide it.
   */
  override async fetch(request: Request): Promise<Response> {
    if (request.method !== "POST") {
      return Response.json({ isEnding, openness: opennessOf(settingsOf(this.env)) });
    }
    isEnding = true;
    const answered: Promise<void>[] = [];
    for (const [name, { reference, hasSessions }] of objects) {
      const object = reference.deref();
      // This only sets a flag; the object writes and answers in a turn of its own.
      object?.close();
      // One that sleeps is woken by the call.
      if (object?.isAwaited ?? hasSessions)
        answered.push(this.env.BUCKETS.getByName(name).shutDown());
    }
    await Promise.all(answered);
    return Response.json({ isEnding });
  }
}

export default {
  fetch(request, served, ctx): Response | Promise<Response> {
    return isEnding ? refusedResponse(stopping()) : sluice.fetch(request, withFiles(served), ctx);
  },
} satisfies ExportedHandler<ServedEnv>;
