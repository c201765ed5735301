import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { LimiterState } from "../../src/core/limiter-state.ts";
import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import type { PolicyOptions } from "../../src/core/policy.ts";
import type { Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { Policy } from "../../src/core/policy.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";
import { historyOf } from "../../kit/model/arbitraries.ts";
import { epochMs, policyOf, Scene, bucketIn, stateOf } from "../../kit/model/limiters.ts";
import { total } from "../../kit/statistics.ts";
import { windowsWithTooMuch, type SeenGrant } from "../../kit/model/virtual-time.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";

/** Ten thousand at the start, ten thousand a second: a batch is 250. */
const tenThousand = { capacity: 10_000, refillTokens: 10_000, initialTokens: 10_000 };

/** Tokens that each checkpoint put on the disk, in order. */
class Writes {
  readonly scene: Scene;
  readonly tokens: (number | undefined)[] = [];
  state: LimiterState | undefined = undefined;

  constructor(fields: Partial<TokenBucketFields> & PolicyOptions) {
    this.scene = new Scene(fields);
  }

  /** One grant and what it makes the owner write. */
  grant(atMs: number, tokens = 1): void {
    const [line = ""] = this.scene.try(atMs, "Ann", tokens);
    if (!line.startsWith("Ann granted")) throw new Error(line);
    this.checkpoint(atMs);
  }

  /** From what was written last. */
  restart(): void {
    const { scene, state } = this;
    if (state) scene.limiter = Limiter.from(scene.limiter.policy, state);
  }

  checkpoint(atMs: number): void {
    this.scene.advance(atMs);
    const state = this.scene.checkpoint(atMs);
    if (!state) return;
    this.state = state;
    this.tokens.push(bucketIn(state)?.tokens);
  }
}

describe("tokenBucket.maxBatch", () => {
  test.each([
    ["100 a day", { capacity: 100, refillTokens: 100, refillIntervalMs: 86_400_000 }, 0],
    ["100 a day, one by one", { capacity: 100, refillTokens: 1, refillIntervalMs: 864_000 }, 0],
    ["the original", { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }, 0],
    ["39 of 39 a second", { capacity: 39, refillTokens: 39, refillIntervalMs: 1_000 }, 0],
    ["40 of 40 a second", { capacity: 40, refillTokens: 40, refillIntervalMs: 1_000 }, 1],
    ["10,000 a second", { capacity: 10_000, refillTokens: 10_000, refillIntervalMs: 1_000 }, 250],
    ["10,000, 50 a second", { capacity: 10_000, refillTokens: 1, refillIntervalMs: 20 }, 50],
    ["10,000, 1.5 a second", { capacity: 10_000, refillTokens: 3, refillIntervalMs: 2_000 }, 1],
    ["10,000 a day", { capacity: 10_000, refillTokens: 10_000, refillIntervalMs: 86_400_000 }, 0],
    ["a million", { capacity: 1e6, refillTokens: 10_000, refillIntervalMs: 1_000 }, 10_000],
    ["the largest", { capacity: 1e9, refillTokens: 1e9, refillIntervalMs: 10 }, 25_000_000],
  ])("of %s", (_, fields, batch) => {
    expect(tokenBucket.maxBatch(bucketFieldsOf(Policy.of(fields)))).toBe(batch);
  });
});

describe("Limiter.checkpoint, batches", () => {
  test("1,000 grants in a row of a bucket of 10,000 write 5 times, and once when they are over", () => {
    const writes = new Writes(tenThousand);
    for (let index = 0; index < 1_000; index += 1) writes.grant(Math.floor(index / 2));
    expect(writes.tokens).toHaveLength(5);
    expect(writes.scene.flushInMs).toBe(1_250);
    writes.checkpoint(1_749);
    expect(writes.tokens).toHaveLength(6);
    expect(writes.tokens.at(-1)).toBe(writes.scene.inspect(1_749).tokens);
  });

  test("the first grant is written as it is, the second with a batch, the next ones not at all", () => {
    const writes = new Writes(tenThousand);
    for (let index = 0; index < 252; index += 1) writes.grant(10);
    expect(writes.tokens).toEqual([9_999, 9_998 - 250]);
    writes.grant(11);
    expect(writes.tokens).toEqual([9_999, 9_748, 9_747 - 250]);
  });

  test("grants at a distance are written one by one, and nothing is left to give back", () => {
    const writes = new Writes({
      capacity: 600,
      initialTokens: 600,
      refillTokens: 9_000_000,
      refillIntervalMs: 3_600_000,
    });
    for (let index = 1; index <= 5; index += 1) writes.grant(index * 1_250);
    expect(writes.tokens).toEqual([599, 598, 597, 596, 595]);
    expect(writes.scene.flushInMs).toBeUndefined();
  });

  test("a bucket without a batch writes every grant, however fast they come", () => {
    const writes = new Writes({ capacity: 100, initialTokens: 100, refillIntervalMs: 86_400_000 });
    for (let index = 0; index < 100; index += 1) writes.grant(index);
    expect(writes.tokens).toEqual(Array.from({ length: 100 }, (_, index) => 99 - index));
  });

  test("a grant of more than a batch is written whole", () => {
    const writes = new Writes(tenThousand);
    writes.grant(0);
    writes.grant(0, 5_000);
    expect(writes.tokens).toEqual([9_999, 4_999 - 250]);
  });

  test.each([
    ["100 in 10 ms", { refillTokens: 100, refillIntervalMs: 10 }, 5],
    ["one in 10 ms", { refillTokens: 1, refillIntervalMs: 10 }, 11],
    ["10,000 in 100 ms", { refillTokens: 10_000, refillIntervalMs: 100 }, 5],
  ])("ticks that flow over leave the batch as it is: %s", (_, rate, count) => {
    const writes = new Writes({ ...tenThousand, ...rate });
    for (let index = 0; index < 1_000; index += 1) writes.grant(index);
    expect(writes.tokens).toHaveLength(count);
  });

  test("a batch is leased for 20 seconds, and not counted on in the last of them", () => {
    const writes = new Writes(tenThousand);
    writes.grant(0);
    for (let atMs = 1_000; atMs < 20_000; atMs += 1_000) writes.grant(atMs);
    expect(writes.tokens).toEqual([9_999, 9_749]);
    writes.grant(20_000);
    expect(writes.tokens).toEqual([9_999, 9_749, 9_749]);
  });

  test("restored, the batch occupies the bucket until its lease ends", () => {
    const scene = new Scene(tenThousand);
    scene.limiter = Limiter.from(
      scene.limiter.policy,
      stateOf({
        startedAtMs: epochMs,
        tick: 0,
        tokens: 9_748,
        leased: [{ untilMs: epochMs + 20_500, tokens: 250 }],
      }),
    );
    expect(scene.inspect(20_000).tokens).toBe(9_750);
    expect(scene.inspect(20_999).tokens).toBe(9_750);
    expect(scene.inspect(21_000).tokens).toBe(10_000);
  });

  test("restarted while a batch is out, it takes no other until that one's lease has ended", () => {
    const writes = new Writes(tenThousand);
    writes.grant(0);
    writes.grant(1);
    for (const atMs of [2, 3, 4]) {
      writes.restart();
      writes.grant(atMs);
      writes.grant(atMs);
    }
    // One batch is lost, and not one with each restart; what is granted meanwhile is written.
    expect(writes.tokens).toEqual([9_999, 9_748, 9_747, 9_746, 9_745, 9_744, 9_743, 9_742]);
    for (const atMs of [19_500, 20_000, 20_001]) writes.grant(atMs);
    expect(writes.tokens.slice(-3)).toEqual([9_749, 9_749, 9_748 - 250]);
  });

  test("contended: ticks to come are spent ahead, 20 writes for 1,000 grants at 50 a second", () => {
    const writes = new Writes({ capacity: 10_000, refillIntervalMs: 20, initialTokens: 0 });
    writes.scene.acquire(0, "first");
    writes.checkpoint(0);
    for (let tick = 1; tick <= 1_000; tick += 1) {
      writes.scene.acquire(tick * 20 - 1, "next");
      writes.scene.advance(tick * 20);
      writes.checkpoint(tick * 20);
    }
    expect(writes.tokens[2]).toBe(-50);
    expect(writes.tokens.length).toBeGreaterThanOrEqual(20);
    expect(writes.tokens.length).toBeLessThanOrEqual(23);
  });

  test("several grants of one tick are one turn: slow ticks are written as they are", () => {
    const writes = new Writes({ capacity: 400, refillTokens: 100, refillIntervalMs: 5_000 });
    for (let index = 0; index < 500; index += 1) writes.scene.acquire(0, `caller ${index}`);
    for (let tick = 0; tick <= 4; tick += 1) writes.checkpoint(tick * 5_000);
    expect(writes.tokens).toEqual([0, 0, 0, 0, 0]);
    expect(writes.scene.flushInMs).toBeUndefined();
  });

  test("contended at a tick a second, with late ones: not quiet in between", () => {
    const writes = new Writes({ capacity: 80, refillTokens: 2, initialTokens: 0 });
    for (let index = 0; index < 200; index += 1) writes.scene.acquire(0, `caller ${index}`);
    for (let tick = 0; tick <= 90; tick += 1) writes.checkpoint(tick * 1_000 + (tick % 9) * 25);
    expect(writes.tokens.length).toBeLessThanOrEqual(48);
  });

  test("a refusal a while after the last grant gives the batch back, too", () => {
    const writes = new Writes({ ...tenThousand, refillIntervalMs: 60_000 });
    writes.scene.setPolicy(0, { refillTokens: 1_000_000 });
    writes.grant(0);
    writes.grant(1);
    expect(writes.tokens).toEqual([9_999, 9_998 - 250]);
    writes.scene.try(1_250, "Bob", 10_000);
    writes.checkpoint(1_250);
    expect(writes.tokens).toHaveLength(2);
    writes.scene.try(1_251, "Bob", 10_000);
    writes.checkpoint(1_251);
    expect(writes.tokens.at(-1)).toBe(9_998);
    expect(writes.scene.flushInMs).toBeUndefined();
  });

  test("a change of the policy is written with a batch of the new size", () => {
    const writes = new Writes({ ...tenThousand, refillTokens: 100 });
    writes.grant(0);
    writes.grant(0);
    writes.scene.setPolicy(1, { capacity: 640 });
    writes.checkpoint(1);
    writes.grant(2);
    expect(writes.tokens).toEqual([9_999, 9_998 - 100, 640 - 16]);
  });

  test("a pause is written with no larger a batch than it keeps, and without any where that is none", () => {
    for (const [kept, durable] of [
      [1_000, 1_000 - 250],
      [100, 0],
      [0, 0],
    ] as const) {
      const writes = new Writes(tenThousand);
      writes.grant(0);
      writes.grant(1);
      writes.scene.pause(2, 60_000, kept);
      writes.checkpoint(2);
      expect(writes.tokens).toEqual([9_999, 9_998 - 250, durable]);
      expect(writes.scene.flushInMs).toBe(kept > 0 ? 1_249 : undefined);
    }
  });

  test("what a pause keeps is granted out of batches, and no write counts more than there is", () => {
    const writes = new Writes(tenThousand);
    writes.grant(0);
    writes.grant(0);
    writes.scene.pause(0, 60_000, 600);
    for (let index = 0; index < 600; index += 1) writes.grant(1);
    expect(writes.tokens).toEqual([9_999, 9_998 - 250, 600 - 250, 349 - 250, 0]);
    expect(writes.scene.try(1, "Ann")).toEqual(["Ann refused: timeout, retry after 60999"]);
  });

  test("a clock that jumps back gives the batch back", () => {
    const writes = new Writes({ ...tenThousand, refillTokens: 100, refillIntervalMs: 1_000 });
    writes.grant(500);
    writes.grant(501);
    writes.scene.try(-9_000, "Bob", 10_000);
    writes.checkpoint(-9_000);
    expect(writes.tokens).toEqual([9_999, 9_998 - 100, 9_998]);
  });

  test("a clock that jumps ahead for one write doesn't end what restarts have lost", () => {
    const writes = new Writes(tenThousand);
    writes.grant(0);
    writes.grant(1);
    writes.restart();
    writes.grant(30_000);
    for (const atMs of [2, 3, 4, 5]) writes.grant(atMs);
    expect(writes.tokens.slice(2)).toEqual([9_999, 9_998, 9_997, 9_996, 9_995]);
    for (const atMs of [20_000, 20_001]) writes.grant(atMs);
    expect(writes.tokens.slice(-2)).toEqual([9_994, 9_993 - 250]);
  });

  test("restored below zero: reads as empty, and pays off before it grants", () => {
    const scene = new Scene({ capacity: 10_000, refillIntervalMs: 20 });
    const bucket = { startedAtMs: epochMs, tick: 0, tokens: -50 };
    scene.limiter = Limiter.from(scene.limiter.policy, stateOf(bucket));
    expect(scene.inspect(0)).toMatchObject({ tokens: 0, nextTickAtMs: 20 });
    expect(scene.try(0, "Ann")).toEqual(["Ann refused: timeout, retry after 1020"]);
    expect(scene.acquire(0, "Ann")).toEqual(["Ann waits"]);
    expect(scene.runDaemon(2_000)).toEqual(["Ann granted 1 at 1020 after 1020, 0 left"]);
  });
});

describe("Limiter.checkpoint, batches of a calendar", () => {
  const hourMs = 3_600_000;
  const startAtMs = Math.floor(epochMs / hourMs) * hourMs;
  /** A batch is 2,000. */
  const policy = Policy.of({ capacity: 80_000, every: "hour" });

  /** What the disk has after each write that `grants` of 100 tokens make, one a millisecond. */
  function writesOf(grants: number): LimiterState[] {
    const limiter = new Limiter<string>(policy);
    const writes = Array.from({ length: grants }, (_, index) => {
      return limiter.acquire({ caller: "Ann", tokens: 100 }, startAtMs + index).write;
    });
    return writes.filter((write) => write !== undefined);
  }

  test("are seldom, and no larger than what is there", () => {
    const tokens = writesOf(800).map(({ limits = [] }) => {
      return LimitSet.restore(policy.limits, limits).first.tokens;
    });
    expect(tokens.slice(0, 3)).toEqual([79_900, 77_800, 75_700]);
    expect(tokens.slice(-3)).toEqual([2_200, 100, 0]);
    expect(tokens).toHaveLength(40);
  });

  test.each([1, 2, 790, 799, 800])(
    "leave no debt to a lower capacity if the owner dies after %d grants",
    (grants) => {
      const disk = writesOf(grants).at(-1);
      if (!disk) throw new Error("Nothing was written");
      const restarted = Limiter.from<string>(policy, disk);
      restarted.setPolicy(Policy.of({ capacity: 10, every: "hour" }), startAtMs + grants);
      expect(restarted.inspect(startAtMs + hourMs).tokens).toBe(10);
    },
  );
});

/** Buckets that take batches: of every ratio of tick, second and capacity. */
const anyBatchingPolicy = fc
  .record({
    capacity: fc.integer({ min: 40, max: 1_200 }),
    refillTokens: fc.integer({ min: 1, max: 900 }),
    refillIntervalMs: fc.constantFrom(10, 40, 250, 1_000, 3_000),
    isEmpty: fc.boolean(),
  })
  .map(({ isEmpty, capacity, ...fields }) =>
    policyOf({ ...fields, capacity, initialTokens: isEmpty ? 0 : capacity, maxWaitMs: 3_600_000 }),
  );

interface Step {
  readonly kind: "take" | "pass" | "jump" | "restart" | "move" | "pause" | "lift";
  readonly tokens: number;
  readonly ms: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom(
        ...(["take", "take", "take", "take", "take", "take", "take"] as const),
        ...(["pass", "pass", "jump", "restart", "move"] as const),
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom("pause", "pause", "lift") },
  ),
  tokens: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  // Now and then long enough for the batch of a predecessor to end.
  ms: fc.oneof(fc.nat(30), fc.nat(300), fc.nat(1_500), fc.constant(20_000)),
});

/** An instance of a bucket that does what its owner does, and dies when it finds the disk taken over. */
class Instance {
  readonly limiter: Limiter<string>;
  readonly #disk: Disk;
  isCurrent = true;

  constructor(disk: Disk, policy: Policy) {
    this.#disk = disk;
    this.limiter = disk.text
      ? Limiter.from(policy, JSON.parse(disk.text))
      : new Limiter<string>(policy);
    if (disk.owner) disk.owner.isCurrent = false;
    disk.owner = this;
  }

  /** Tokens that it grants and tells; it may not if it has to write and is not the current one. */
  take(tokens: number, nowMs: number): SeenGrant | undefined {
    const turn = this.limiter.acquire({ caller: "Ann", tokens, timeoutMs: 0 }, nowMs);
    const [settlement] = turn.settled;
    if (!this.write(turn) || !settlement?.outcome.ok) return undefined;
    return { tokens, grantedAtMs: settlement.outcome.grantedAtMs };
  }

  /** Keeps `tokens` for `forMs`. */
  pause(tokens: number, forMs: number, nowMs: number): void {
    this.write(this.limiter.pause({ untilMs: nowMs + forMs, tokens }, nowMs));
  }

  resume(nowMs: number): void {
    this.write(this.limiter.resume(nowMs));
  }

  /** Whether what the turn has to write is on the disk. */
  write({ write: state }: Turn<string>): boolean {
    if (state && this.isCurrent) this.#disk.text = JSON.stringify(state);
    return !state || this.isCurrent;
  }
}

class Disk {
  text = "";
  owner: Instance | undefined = undefined;
}

test("a limit without a batch leaves the others without one: each grant is written, and a crash loses nothing", () => {
  const large = { capacity: 100_000, every: "month" } as const;
  const policy = Policy.of({
    capacity: 10_000,
    refillTokens: 10_000,
    refillIntervalMs: 1_000,
    limits: { large, day: { capacity: 1_000, every: "day" } },
  });
  const limiter = new Limiter<string>(policy);
  let written: LimiterState | undefined;
  for (let at = 0; at < 50; at += 1) {
    const { write } = limiter.acquire({ caller: "c" }, epochMs + at);
    expect(write).toBeDefined();
    written = write;
  }
  if (!written) throw new Error("Nothing was written");
  const restarted = Limiter.from<string>(policy, written).inspect(epochMs + 50);
  expect(restarted).toEqual(limiter.inspect(epochMs + 50));
  expect(restarted.limits?.["large"]?.tokens).toBe(99_950);
});

describe("with a crash at any point, and old instances that live on", () => {
  test("no window is granted too much, and a crash loses at most a batch", () => {
    let batched = 0;
    let byOldInstances = 0;
    fc.assert(
      fc.property(anyBatchingPolicy, historyOf(anyStep), (policy, history) => {
        const disk = new Disk();
        const grants: SeenGrant[] = [];
        let nowMs = epochMs;
        let latestMs = nowMs;
        let current = new Instance(disk, policy);
        let old: Instance | undefined;
        for (const { kind, tokens, ms } of history) {
          if (kind === "pass") nowMs += ms;
          if (kind === "jump") nowMs -= ms;
          if (kind === "move") old = current;
          if (kind === "move" || kind === "restart") current = new Instance(disk, policy);
          if (["take", "pause", "lift"].includes(kind)) latestMs = Math.max(latestMs, nowMs);
          // The old one does not hear of it, and may grant what is left of its batch.
          if (kind === "pause") current.pause(tokens * 10, ms, nowMs);
          if (kind === "lift") current.resume(nowMs);
          if (kind !== "take") continue;
          const before = disk.text;
          const grant = current.take(tokens, nowMs);
          if (grant) grants.push(grant);
          if (grant && disk.text === before) batched += 1;
          const byOld = old?.take(tokens, nowMs);
          if (byOld) {
            grants.push(byOld);
            byOldInstances += 1;
          } else {
            old = undefined;
          }
          // What a crash at this very point would leave, once the clock is where it has been before.
          const restored = Limiter.from<string>(policy, JSON.parse(disk.text));
          const lost = current.limiter.inspect(latestMs).tokens - restored.inspect(latestMs).tokens;
          expect(lost).toBeGreaterThanOrEqual(0);
          expect(lost).toBeLessThanOrEqual(tokenBucket.maxBatch(bucketFieldsOf(policy)));
          // Nor do those of crashes in a row add up: all that is out is one.
          restored.advance(latestMs);
          const { leased = [] } = bucketIn(restored.toJSON()) ?? {};
          expect(total(leased.map((sum) => sum.tokens))).toBeLessThanOrEqual(
            tokenBucket.maxBatch(bucketFieldsOf(policy)),
          );
        }
        expect(windowsWithTooMuch(policy, grants)).toEqual([]);
      }),
      { numRuns: runs(2_000) },
    );
    // Both happened, and not seldom.
    expect(batched).toBeGreaterThanOrEqual(timesSeen(5_000));
    expect(byOldInstances).toBeGreaterThanOrEqual(timesSeen(1_000));
  });
});
