/**
 * The case `naive`: as durable as Sluice in the plainest way. Ticks are worked out from the clock, and
 * what is left is written for each grant; the runtime holds the answer back until it is on the disk.
 * Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

import { granted, isHealthCheck, type BareEnv } from "./answer.ts";
import { benchPolicy } from "./bucket.ts";

const { capacity, refillTokens, refillIntervalMs } = benchPolicy;

interface Bucket {
  readonly tokens: number;
  /** Up to here, ticks are counted. */
  readonly tickAtMs: number;
}

/** Under the name that the configuration binds. */
export class BucketObject extends DurableObject<BareEnv> {
  #bucket: Bucket = this.ctx.storage.kv.get<Bucket>("bucket") ?? {
    tokens: capacity,
    tickAtMs: Date.now(),
  };

  override fetch(): Response {
    const { tokens, tickAtMs } = this.#bucket;
    const ticks = Math.max(0, Math.floor((Date.now() - tickAtMs) / refillIntervalMs));
    const filled = Math.min(capacity, tokens + ticks * refillTokens);
    if (filled < 1) return new Response("Too many requests", { status: 429 });
    this.#bucket = { tokens: filled - 1, tickAtMs: tickAtMs + ticks * refillIntervalMs };
    this.ctx.storage.kv.put("bucket", this.#bucket);
    return granted(this.env);
  }
}

export default {
  fetch(request, env) {
    if (isHealthCheck(request)) return granted(env);
    return env.BUCKETS.getByName("bench").fetch(request);
  },
} satisfies ExportedHandler<BareEnv>;
