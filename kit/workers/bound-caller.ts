/**
 * A Worker that is bound to Sluice and disconnects in every possible way. Never deployed. The first segment
 * of a path selects how it calls, the second names the bucket.
 */
import { DurableObject } from "cloudflare:workers";

import type { Sluice } from "../../src/worker/rpc.ts";

import { createClient, type QueuedPlace } from "../../src/client/index.ts";

interface CallerEnv {
  readonly SLUICE: Service<typeof Sluice>;
}

/** Has the name that the configuration binds; never called. */
export class BucketObject extends DurableObject {}

/** How long a caller of `/signal` waits before it aborts: long enough to be in the queue. */
const PATIENCE_MS = 300;

type Way = (bucket: string, env: CallerEnv) => Promise<unknown>;

const ways: Readonly<Record<string, Way>> = {
  /** Waits for the outcome. */
  wait: async (bucket, { SLUICE }) => await SLUICE.acquire(bucket),
  /** Waits through the binding's HTTP interface. */
  fetch: async (bucket, { SLUICE }) => {
    const response = await SLUICE.fetch(`https://sluice/acquire?bucket=${bucket}`);
    return response.json();
  },
  /** Answers without waiting for the call it has started. */
  forget: async (bucket, { SLUICE }) => {
    const forgotten = Promise.resolve(SLUICE.acquire(bucket));
    forgotten.catch(() => undefined);
    while ((await SLUICE.inspect(bucket)).waiters === 0) await scheduler.wait(1);
    return "forgotten";
  },
  /** Aborts, and stays connected until the test has seen the result. */
  signal: async (bucket, { SLUICE }) => {
    const client = createClient({ service: SLUICE });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const reason: unknown = await client
      .acquire(bucket, { signal })
      .catch((error: Error) => error.name);
    // The cancel can't be the end of this request, which is still running.
    const { waiters, cancelled } = await untilCancelled(bucket, SLUICE);
    return { reason, waiters, cancelled };
  },
  /** Receives its places. */
  places: async (bucket, { SLUICE }) => {
    const places: QueuedPlace[] = [];
    const outcome = await SLUICE.acquire(bucket, { onQueued: (place) => void places.push(place) });
    return { places, outcome };
  },
  /** Can't receive its place, and stays connected until the test has seen the result. */
  deaf: async (bucket, { SLUICE }) => {
    const onQueued = (): void => {
      throw new Error("deaf");
    };
    const acquired = Promise.resolve(SLUICE.acquire(bucket, { onQueued }));
    const reason: unknown = await acquired.catch((error: Error) => error.message);
    const { waiters, cancelled } = await untilCancelled(bucket, SLUICE);
    return { reason, waiters, cancelled };
  },
  /** The result of a signal over RPC. */
  rpcsignal: async (bucket, { SLUICE }) => {
    const { signal } = new AbortController();
    return Promise.resolve(SLUICE.acquire(bucket, { signal })).catch((error: Error) => error.name);
  },
  /** The error as it arrives over RPC. */
  error: async (bucket, { SLUICE }) => {
    const error: unknown = await SLUICE.reset(bucket, { token: "wrong" }).catch(
      (error: unknown) => error,
    );
    return { ...(error as object), name: (error as Error).name };
  },
};

async function untilCancelled(bucket: string, sluice: CallerEnv["SLUICE"]) {
  for (;;) {
    const snapshot = await sluice.inspect(bucket);
    if (snapshot.cancelled > 0) return snapshot;
    await scheduler.wait(1);
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    const [, way = "", bucket = ""] = new URL(request.url).pathname.split("/");
    const call = ways[way];
    return Response.json(call ? await call(bucket, env) : "ready");
  },
} satisfies ExportedHandler<CallerEnv>;
