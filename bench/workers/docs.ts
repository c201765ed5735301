/**
 * The case `docs`: the design of the example that Cloudflare publishes
 * (https://developers.cloudflare.com/durable-objects/examples/build-a-rate-limiter/), written anew. The
 * object counts tokens in memory only, and starts full; an alarm refills it, and is armed by whoever
 * finds none; the Worker asks by RPC how long to wait and refuses where that is not 0. A restart
 * forgets what was taken. Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

import { granted, isHealthCheck, type BareEnv } from "./answer.ts";
import { benchPolicy } from "./bucket.ts";

const { capacity, refillTokens, refillIntervalMs } = benchPolicy;

/** Under the name that the configuration binds. */
export class BucketObject extends DurableObject<BareEnv> {
  #tokens: number = capacity;

  /** Takes a token and says 0, or says in how many milliseconds there may be one. */
  millisecondsToNext(): number {
    void this.#arm();
    if (this.#tokens < 1) return refillIntervalMs;
    this.#tokens -= 1;
    return 0;
  }

  override async alarm(): Promise<void> {
    if (this.#tokens >= capacity) return;
    this.#tokens = Math.min(capacity, this.#tokens + refillTokens);
    await this.#arm();
  }

  async #arm(): Promise<void> {
    const { storage } = this.ctx;
    const armedForMs = await storage.getAlarm();
    if (armedForMs === null) await storage.setAlarm(Date.now() + refillIntervalMs);
  }
}

export default {
  async fetch(request, env) {
    if (isHealthCheck(request)) return granted(env);
    const objects = env.BUCKETS as unknown as DurableObjectNamespace<BucketObject>;
    const bucket = objects.getByName("bench");
    const waitMs = await bucket.millisecondsToNext();
    return waitMs > 0 ? new Response("Too many requests", { status: 429 }) : granted(env);
  },
} satisfies ExportedHandler<BareEnv>;
