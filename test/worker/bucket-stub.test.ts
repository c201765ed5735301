/**
 * A bucket with leases whose object is overloaded. The runtime says so of a deployed object only, with a
 * mark on the error of the call; here a stand-in for the object's namespace says it.
 */
import type { env } from "cloudflare:workers";

import { waitUntil } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";

import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";

import { Policy } from "../../src/core/policy.ts";
import { BucketStub } from "../../src/worker/bucket-stub.ts";
import { LeasedBuckets } from "../../src/worker/leased-bucket.ts";
import { stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

let logged: MockInstance<typeof console.error>;
useVirtualTime();
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockReturnValue();
  // The log of refusals.
  vi.spyOn(console, "info").mockReturnValue();
});

function letPass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

const ttlMs = 400;
const policy: NamedPolicyFields = {
  name: "*",
  ...Policy.of({
    capacity: 100,
    initialTokens: 100,
    refillTokens: 100,
    refillIntervalMs: 1_000,
    lease: { maxTokens: 50, ttlMs },
  }).toJSON(),
};

/** The real objects behind a gate that turns calls away. */
class GatedObjects {
  requests = 0;
  error: Error | undefined = undefined;
  /** Whether asks for leases come through all the same. */
  lends = false;
  readonly #name = uniqueName();

  acquire(): Promise<Response> {
    const caller = new Request("https://sluice.test/");
    const deployment = {
      env: { BUCKETS: this.#namespace },
      leases: this.#leases,
      now: () => Date.now(),
    };
    const bucket = new BucketStub(deployment, this.#name, policy, caller);
    const ask = { tokens: 1, timeoutMs: 0 };
    return Promise.resolve(bucket.acquire(ask));
  }

  get #namespace(): typeof env.BUCKETS {
    const stub = (): object => {
      const object = stubOf(this.#name);
      return {
        fetch: async (url: string) => {
          this.requests += 1;
          if (this.error) throw this.error;
          return await object.fetch(url);
        },
        lend: async (...asked: Parameters<typeof object.lend>) => {
          if (this.error && !this.lends) throw this.error;
          return await object.lend(...asked);
        },
      };
    };
    return (this.#known ??= { getByName: stub } as never);
  }

  #known: typeof env.BUCKETS | undefined = undefined;
  readonly #leases = new LeasedBuckets(this.#namespace, waitUntil);
}

describe("a bucket with leases whose object is overloaded", () => {
  it("is sent no requests for a quarter of ttlMs, and then again", async () => {
    const objects = new GatedObjects();
    objects.error = Object.assign(new Error("overloaded"), { overloaded: true });
    expect((await objects.acquire()).status).toBe(503);
    expect(logged).toHaveBeenCalledOnce();
    const { requests } = objects;
    const refused = await objects.acquire();
    expect(refused.status).toBe(503);
    const { reason, retryAfterMs } = await refused.json<{ reason: string; retryAfterMs: number }>();
    expect(reason).toBe("unavailable");
    expect(retryAfterMs).toBe(ttlMs / 4);
    expect(objects.requests).toBe(requests);
    objects.error = undefined;
    letPass(retryAfterMs);
    expect((await objects.acquire()).status).toBe(200);
  });

  it("is asked for a lease meanwhile, and its tokens are granted", async () => {
    const objects = new GatedObjects();
    // A bucket that has not started lends nothing.
    expect((await objects.acquire()).status).toBe(200);
    objects.error = Object.assign(new Error("overloaded"), { overloaded: true });
    objects.lends = true;
    expect((await objects.acquire()).status).toBe(503);
    expect(logged).toHaveBeenCalledOnce();
    const { requests } = objects;
    // `Date` stands still: no request goes to the object any more, so a grant is one from a lease.
    let { status } = await objects.acquire();
    expect(status).toBe(503);
    while (status === 503) {
      await new Promise((resolve) => setTimeout(resolve));
      ({ status } = await objects.acquire());
    }
    expect(status).toBe(200);
    expect(objects.requests).toBe(requests);
  });

  it("is sent requests after any other failure", async () => {
    const objects = new GatedObjects();
    objects.error = Object.assign(new TypeError("broken"), { remote: true });
    expect((await objects.acquire()).status).toBe(503);
    expect(logged).toHaveBeenCalledOnce();
    objects.error = undefined;
    expect((await objects.acquire()).status).toBe(200);
  });
});
