/** An isolate's leases of buckets, whose objects are played by the test. */
import { waitUntil } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import type { LeaseAsk } from "../../src/core/lease/lease.ts";
import type { BucketObject } from "../../src/bucket/bucket-object.ts";
import type { LeaseAnswer } from "../../src/wire/bucket-answers.ts";

import { Policy } from "../../src/core/policy.ts";
import { LeasedBucket, LeasedBuckets } from "../../src/worker/leased-bucket.ts";
import { useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

const ttlMs = 100;
const lease = { maxTokens: 100, ttlMs };
const policy = Policy.of({ capacity: 1_000, refillTokens: 1, refillIntervalMs: 1_000, lease });

/** Lends what is wanted, each time until another instant. */
class Lender {
  readonly asks: LeaseAsk[] = [];
  readonly secondAsk = Promise.withResolvers<LeaseAsk>();
  /** The last answer. An isolate that waits for it hears of it before the test does. */
  answer: Promise<LeaseAnswer> | undefined = undefined;
  /** As of when it answers, a paused bucket lends nothing. */
  pausedUntilMs: number | undefined = undefined;
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
    const { pausedUntilMs } = this;
    const startedAtMs = Date.now();
    const untilMs = startedAtMs + 10_000 + this.asks.length;
    return {
      ...(wanted > 0 &&
        pausedUntilMs === undefined && { lease: { tokens: wanted, startedAtMs, untilMs, ttlMs } }),
      bucket: {
        bucket: "x",
        policy: { name: "*", ...this.#policyFields } as LeaseAnswer["bucket"]["policy"],
        tokens: 900,
        waiters: 0,
        queuedTokens: 0,
        nextTickAtMs: startedAtMs + 1_000,
        ...(pausedUntilMs !== undefined && { pausedUntilMs }),
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
    const bucket = new LeasedBucket(lease, (ask) => lender.lend(ask), waitUntil);
    expect(bucket.acquire(10)).toBeUndefined();
    bucket.flushReports();
    await lender.answer;
    expect(bucket.acquire(1)?.grant).toMatchObject({ ok: true, tokens: 1 });
    // `Date` stands still, the timer does not: as if the clock were set back by just what has passed.
    const { uses } = await lender.secondAsk.promise;
    expect(uses).toMatchObject([{ used: 1, returned: 9 }]);
    expect(lender.asks).toHaveLength(2);
  });

  it("gives all that it holds back when it hears that the bucket is paused", async () => {
    const lender = new Lender();
    const bucket = new LeasedBucket(lease, (ask) => lender.lend(ask), waitUntil);
    expect(bucket.acquire(40)).toBeUndefined();
    bucket.flushReports();
    await lender.answer;
    lender.pausedUntilMs = Date.now() + 60_000;
    // It is left with less than half of what it wants, asks for more, and is told.
    expect(bucket.acquire(30)?.grant).toMatchObject({ ok: true, tokens: 30 });
    expect(lender.asks).toHaveLength(2);
    while (lender.asks.length < 3) await lender.answer;
    expect(bucket.acquire(1)).toBeUndefined();
    expect(lender.asks.at(-1)).toMatchObject({ wanted: 0 });
    const uses = lender.asks.flatMap((ask) => ask.uses);
    expect(uses.reduce((all, { used }) => all + used, 0)).toBe(30);
    expect(uses.reduce((all, { returned }) => all + returned, 0)).toBe(10);
  });

  it("gives all that it holds back when it is told to, and nothing where it holds nothing", async () => {
    const lender = new Lender();
    const bucket = new LeasedBucket(lease, (ask) => lender.lend(ask), waitUntil);
    bucket.giveUp();
    expect(lender.asks).toHaveLength(0);
    bucket.acquire(10);
    bucket.flushReports();
    await lender.answer;
    expect(bucket.acquire(1)?.grant).toMatchObject({ ok: true, tokens: 1 });
    bucket.giveUp();
    expect(bucket.acquire(1)).toBeUndefined();
    expect(lender.asks.at(-1)).toMatchObject({
      wanted: 0,
      granted: 1,
      uses: [{ used: 1, returned: 9 }],
    });
  });

  it("goes on asking after an answer of a deployment whose policies it does not know", async () => {
    const lender = new Lender({ ...policy.toJSON(), novelty: 1 });
    const bucket = new LeasedBucket(lease, (ask) => lender.lend(ask), waitUntil);
    expect(bucket.acquire(10)).toBeUndefined();
    bucket.flushReports();
    await lender.answer;
    expect(bucket.acquire(10)).toBeUndefined();
    vi.setSystemTime(Date.now() + ttlMs / 4);
    bucket.flushReports();
    expect(lender.asks).toHaveLength(2);
  });
});

describe("LeasedBuckets.find", () => {
  const leased = { name: "*", ...policy.toJSON() };
  const buckets = (): LeasedBuckets => {
    return new LeasedBuckets({} as DurableObjectNamespace<BucketObject>, waitUntil);
  };

  it("finds nothing if the policy allows no lease", () => {
    const { lease: _, ...unleased } = leased;
    expect(buckets().find("a", unleased)).toBeUndefined();
  });

  it("finds the same each time a bucket is asked for by its name", () => {
    const known = buckets();
    const bucket = known.find("a", leased);
    expect(bucket).toBeDefined();
    expect(known.find("a", leased)).toBe(bucket);
    expect(known.find("b", leased)).not.toBe(bucket);
  });

  it("forgets the first of more than 10,000 buckets", () => {
    const known = buckets();
    const first = known.find("0", leased);
    const second = known.find("1", leased);
    for (let index = 2; index <= 10_000; index += 1) known.find(`${index}`, leased);
    expect(known.find("1", leased)).toBe(second);
    expect(known.find("0", leased)).not.toBe(first);
  });
});
