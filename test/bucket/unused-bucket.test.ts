import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { BucketHost } from "../../src/bucket/bucket-host.ts";

import { ofUnusedBucket } from "../../src/bucket/unused-bucket.ts";
import { Policy } from "../../src/core/policy.ts";

const fields = { capacity: 3, refillTokens: 1, refillIntervalMs: 1_000 };
const policy = { name: "*", ...Policy.of(fields).toJSON() };

function answerTo(bucket: BucketHost, tokens: number): AcquireAnswer | undefined {
  let answer: AcquireAnswer | undefined;
  bucket.acquire({ bucket: "x", policy, tokens }, { answered: (given) => (answer = given) });
  return answer;
}

describe("ofUnusedBucket", () => {
  it.each<[string, (bucket: BucketHost) => unknown, object]>([
    ["a snapshot", (bucket) => bucket.inspect("x", policy), { tokens: 1, granted: 0 }],
    ["statistics", (bucket) => bucket.stats("x", policy), { snapshot: { bucket: "x" } }],
    [
      "more tokens than fit",
      (bucket) => answerTo(bucket, 4),
      { kind: "outcome", outcome: { ok: false, reason: "exceeds-capacity" } },
    ],
    ["an empty change", (bucket) => bucket.operators.changePolicy("x", policy, {}), { ok: true }],
    [
      "an illegal change",
      (bucket) => bucket.operators.changePolicy("x", policy, { capacity: 0 }),
      { ok: false },
    ],
    ["the end of a pause", (bucket) => bucket.resume("x", policy), { tokens: 1 }],
  ])("answers %s", (_, ask, expected) => {
    expect(ofUnusedBucket(ask)).toMatchObject(expected);
  });

  it.each<[string, (bucket: BucketHost) => unknown]>([
    ["a grant", (bucket) => answerTo(bucket, 1)],
    ["a change", (bucket) => bucket.operators.changePolicy("x", policy, { capacity: 9 })],
    ["a pause", (bucket) => bucket.pause("x", policy, { untilMs: Date.now() + 60_000, tokens: 0 })],
  ])("does not answer %s, which would have to be stored", (_, ask) => {
    expect(ofUnusedBucket(ask)).toBeUndefined();
  });

  it("throws what the question throws", () => {
    const failing = (): never => {
      throw new TypeError("a fault of the caller");
    };
    expect(() => ofUnusedBucket(failing)).toThrow(new TypeError("a fault of the caller"));
  });
});
