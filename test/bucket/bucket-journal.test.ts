import { describe, expect, it } from "vitest";

import type { PolicyFields } from "../../src/core/policy.ts";

import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";
import { BucketJournal } from "../../src/bucket/bucket-journal.ts";
import { Caller } from "../../src/bucket/caller.ts";
import { newBucket, type OpenBucket } from "../../src/bucket/open-bucket.ts";
import { Policy } from "../../src/core/policy.ts";

const plain = { capacity: 10, refillTokens: 10, refillIntervalMs: 1_000 };
const holding = { ...plain, hold: { maxMs: 60_000 } };

/** A bucket and its journal, by hand. */
class Written {
  readonly platform = new MemoryPlatform();
  readonly journal = new BucketJournal(this.platform);
  bucket: OpenBucket;

  constructor(fields: PolicyFields) {
    const policy = { name: "*", ...Policy.of(fields).toJSON() };
    this.bucket = newBucket("x", policy, this.platform);
  }

  /** Acquires, and returns what was written. */
  acquire(holdMs?: number, tokens = 1): string[] {
    const { limiter } = this.bucket;
    const { nowMs } = this.platform;
    const policy = { name: "*", ...limiter.policy.toJSON() };
    const call = { bucket: "x", policy, tokens };
    const caller = new Caller(call, 0, { answered: () => undefined });
    const turn = limiter.acquire({ caller, tokens, timeoutMs: 0, holdMs }, nowMs);
    if (turn.write) this.journal.write(this.bucket, turn.write, turn.rows);
    return this.platform.takeWrites();
  }

  settle(id: string, used: number): string[] {
    const { turn } = this.bucket.limiter.changeHold(id, { used }, this.platform.nowMs);
    if (turn.write) this.journal.write(this.bucket, turn.write, turn.rows);
    return this.platform.takeWrites();
  }

  setPolicy(fields: PolicyFields): string[] {
    const turn = this.bucket.limiter.setPolicy(Policy.of(fields), this.platform.nowMs);
    if (turn.write) this.journal.write(this.bucket, turn.write, turn.rows);
    return this.platform.takeWrites();
  }

  /** The bucket as the next instance reads it. */
  restored(): OpenBucket {
    const restored = new BucketJournal(this.platform).read();
    if (!restored) throw new Error("There is no bucket on the disk");
    return restored;
  }

  /** What the bucket shows, in memory and as the next instance reads it. */
  get shown(): { readonly kept: unknown; readonly read: unknown } {
    const { nowMs } = this.platform;
    const [kept, read] = [this.bucket, this.restored()].map(({ limiter }) => {
      return { view: limiter.inspect(nowMs), policy: limiter.policy.toJSON() };
    });
    return { kept, read };
  }
}

describe("BucketJournal.write", () => {
  it("writes one row for a grant with a hold and one for its end, once the bucket has a row", () => {
    const written = new Written(holding);
    expect(written.acquire(30_000)).toEqual(["bucket", "open 0"]);
    expect(written.shown.read).toEqual(written.shown.kept);
    expect(written.acquire(30_000)).toEqual(["open 1"]);
    expect(written.shown.read).toEqual(written.shown.kept);
    expect(written.settle("id-1", 0)).toEqual(["open 0"]);
    expect(written.shown.read).toEqual(written.shown.kept);
    expect(written.acquire()).toEqual(["bucket"]);
    expect(written.shown.read).toEqual(written.shown.kept);
    expect(written.settle("id-2", 3)).toEqual(["open 1"]);
    expect(written.shown.read).toEqual(written.shown.kept);
  });

  it("writes the bucket's own row, too, if its policy isn't the one that is there", () => {
    const written = new Written(holding);
    written.acquire(30_000);
    expect(written.setPolicy({ ...holding, capacity: 7 })).toEqual(["bucket"]);
    expect(written.acquire(30_000)).toEqual(["open 1"]);
    written.bucket.isOverridden = true;
    expect(written.acquire(30_000)).toEqual(["bucket", "open 2"]);
    written.bucket.policyName = "other";
    expect(written.settle("id-1", 1)).toEqual(["bucket", "open 0"]);
    written.bucket.override = { atMs: 5 };
    expect(written.acquire(30_000)).toEqual(["bucket", "open 3"]);
    expect(written.setPolicy({ ...holding, capacity: 7, forgetAfterMs: 60_000 })).toEqual([
      "bucket",
    ]);
    expect(written.acquire(30_000)).toEqual(["open 4"]);
    expect(written.shown.read).toEqual(written.shown.kept);
    expect(written.restored()).toMatchObject({ isOverridden: true, policyName: "other" });
    expect(written.restored().override).toEqual({ atMs: 5 });
  });

  it("goes on from what it has read", () => {
    const written = new Written(holding);
    written.acquire(30_000);
    written.acquire(30_000);
    const journal = new BucketJournal(written.platform);
    const restored = journal.read();
    if (!restored) throw new Error("There is no bucket on the disk");
    const { turn } = restored.limiter.changeHold("id-1", { used: 0 }, written.platform.nowMs);
    if (turn.write) journal.write(restored, turn.write, turn.rows);
    expect(written.platform.takeWrites()).toEqual(["open 0"]);
    written.bucket = restored;
    expect(written.shown.read).toEqual(written.shown.kept);
  });

  it("keeps a bucket without holds and permits in the format that it had", () => {
    const written = new Written(plain);
    expect(written.acquire()).toEqual(["bucket"]);
    expect(written.platform.disk.read()).toMatchObject({ format: 4 });
    expect(written.platform.disk.read()).not.toHaveProperty("seq");
    written.setPolicy({ ...plain, limits: { two: plain } });
    expect(written.platform.disk.read()).toMatchObject({ format: 5 });
    written.restored();
    expect(written.platform.rowsRead).toBe(0);
  });

  it.each<[string, PolicyFields]>([
    ["hold", holding],
    ["concurrency", { ...plain, concurrency: { max: 1, ttlMs: 5_000 } }],
  ])("writes format 6 if the policy has %s", (_, fields) => {
    const written = new Written(fields);
    written.acquire();
    expect(written.platform.disk.read()).toMatchObject({ format: 6, seq: 1 });
    written.setPolicy(plain);
    const hasRows = fields !== holding;
    expect(written.platform.disk.read()).toMatchObject({ format: hasRows ? 6 : 4 });
    expect(written.shown.read).toEqual(written.shown.kept);
  });

  it("stays in format 6 as long as there are rows, and their holds can be settled", () => {
    const written = new Written(holding);
    written.acquire(30_000, 5);
    written.setPolicy(plain);
    expect(written.platform.disk.read()).toMatchObject({ format: 6 });
    expect(written.settle("id-1", 2)).toEqual(["open 0"]);
    expect(written.shown.read).toEqual(written.shown.kept);
  });

  it("starts anew once the disk is erased", async () => {
    const written = new Written(holding);
    written.acquire(30_000);
    await written.platform.disk.erase();
    written.journal.forget();
    written.bucket.limiter.reset(written.platform.nowMs);
    expect(written.acquire(30_000)).toEqual(["bucket", "open 0"]);
    expect(written.platform.disk.read()).toMatchObject({ seq: 1 });
    expect(written.shown.read).toEqual(written.shown.kept);
  });
});
