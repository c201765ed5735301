/** An isolate's leases of one bucket, whose object is played by the test. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { LeaseAsk } from "../../src/core/lease.ts";
import type { LeaseAnswer } from "../../src/protocol.ts";

import { Policy } from "../../src/core/policy.ts";
import { LeasedBucket } from "../../src/edge/leased-bucket.ts";
import { useVirtualDate } from "./virtual-time.ts";

beforeEach(useVirtualDate);
afterEach(() => {
  vi.useRealTimers();
});

const ttlMs = 100;
const lease = { maxTokens: 100, ttlMs };
const policy = Policy.of({ capacity: 1_000, refillTokens: 1, refillIntervalMs: 1_000, lease });

/** Lends what is wanted, each time until another instant. */
class Lender {
  readonly asks: LeaseAsk[] = [];
  readonly secondAsk = Promise.withResolvers<LeaseAsk>();
  /** The last answer. An isolate that waits for it hears of it before the test does. */
  answer: Promise<LeaseAnswer> | undefined = undefined;
  readonly #policyFields: object;

  constructor(policyFields: object = policy.toJSON()) {
    this.#policyFields = policyFields;
  }

  lend(ask: LeaseAsk): Promise<LeaseAnswer> {
    this.asks.push(ask);
    if (this.asks.length === 2) this.secondAsk.resolve(ask);
    this.answer = Promise.resolve(this.#answerTo(ask));
    return this.answer;
  }

  #answerTo({ wanted }: LeaseAsk): LeaseAnswer {
    const startedAtMs = Date.now();
    const untilMs = startedAtMs + 10_000 + this.asks.length;
    return {
      ...(wanted > 0 && { lease: { tokens: wanted, startedAtMs, untilMs, ttlMs } }),
      bucket: {
        bucket: "x",
        policy: { name: "*", ...this.#policyFields } as LeaseAnswer["bucket"]["policy"],
        tokens: 900,
        waiters: 0,
        queuedTokens: 0,
        nextTickAtMs: startedAtMs + 1_000,
        granted: 0,
        refused: 0,
        cancelled: 0,
      },
    };
  }
}

describe("LeasedBucket", () => {
  it("gives back what is left at a lease's end, though the clock was set back while it was quiet", async () => {
    const lender = new Lender();
    const bucket = new LeasedBucket(lease, (ask) => lender.lend(ask));
    expect(bucket.acquire(10)).toBeUndefined();
    bucket.say();
    await lender.answer;
    expect(bucket.acquire(1)?.status).toBe(200);
    // `Date` stands still, the timer does not: as if the clock were set back by just what has passed.
    const { uses } = await lender.secondAsk.promise;
    expect(uses).toMatchObject([{ used: 1, returned: 9 }]);
    expect(lender.asks).toHaveLength(2);
  });

  it("goes on asking after an answer of a deployment whose policies it does not know", async () => {
    const lender = new Lender({ ...policy.toJSON(), novelty: 1 });
    const bucket = new LeasedBucket(lease, (ask) => lender.lend(ask));
    expect(bucket.acquire(10)).toBeUndefined();
    bucket.say();
    await lender.answer;
    expect(bucket.acquire(10)).toBeUndefined();
    vi.setSystemTime(Date.now() + ttlMs / 4);
    bucket.say();
    expect(lender.asks).toHaveLength(2);
  });
});
