/** Forgetting a bucket that nobody uses: when, by which alarm, and what keeps it. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";
import { deployed } from "../../kit/edge/deployed.ts";
import { alarmAtMs, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy } from "../../src/core/policy.ts";

const MINUTE_MS = 60_000;
const oneASecond = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const forgotten = { ...oneASecond, forgetAfterMs: MINUTE_MS };

/** One bucket on a platform with an alarm, whose host may be replaced at any time. */
class Bucket {
  readonly platform = Object.assign(new MemoryPlatform(), { forgetsByAlarm: true });
  readonly startMs = this.platform.nowMs;
  configured;
  host = new BucketHost(this.platform);

  constructor(fields: PolicyFields = forgotten) {
    this.configured = { name: "*", ...Policy.of(fields).toJSON() };
  }

  /** The answers, to which later ones are added. */
  acquire(call: Partial<AcquireCall> = {}, leaves?: (() => void)[]): AcquireAnswer[] {
    const answers: AcquireAnswer[] = [];
    const leave = this.host.acquire(
      { bucket: "x", policy: this.configured, tokens: 1, ...call },
      { answered: (answer) => answers.push(answer) },
    );
    if (leave) leaves?.push(leave);
    return answers;
  }

  /** The object is lost, and its next instance finds what is on the disk. */
  restart(): void {
    this.host = new BucketHost(this.platform);
    const { alarmAtMs: atMs } = this.platform;
    if (atMs !== undefined) this.host.recover(atMs);
  }

  /** Lets time pass up to an instant after the start, and the alarm fire whenever it is due. */
  passTo(afterMs: number): void {
    const untilMs = this.startMs + afterMs;
    for (;;) {
      const { alarmAtMs: atMs = Infinity } = this.platform;
      if (atMs > untilMs) break;
      this.platform.nowMs = Math.max(atMs, this.platform.nowMs);
      this.platform.alarmAtMs = undefined;
      this.host.alarm();
    }
    this.platform.nowMs = untilMs;
  }

  get isThere(): boolean {
    return this.platform.disk.read() !== undefined;
  }

  get forgetAtMs(): number {
    return Number(this.platform.disk.read()?.limiter.forgetAtMs) - this.startMs;
  }
}

let bucket: Bucket;
beforeEach(() => {
  bucket = new Bucket();
});

describe("a bucket that nobody uses", () => {
  it("is forgotten by its alarm, within a minute, and starts again as any other", () => {
    bucket.acquire();
    expect(bucket.platform.takeWrites()).toEqual(["bucket"]);
    expect(bucket.forgetAtMs).toBe(MINUTE_MS);
    const { alarmAtMs: atMs = 0 } = bucket.platform;
    expect(atMs - bucket.startMs).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(atMs - bucket.startMs).toBeLessThan(2 * MINUTE_MS);
    bucket.passTo(atMs - bucket.startMs - 1);
    expect(bucket.isThere).toBe(true);
    bucket.passTo(2 * MINUTE_MS);
    expect(bucket.isThere).toBe(false);
    expect(bucket.platform.alarmAtMs).toBeUndefined();
    expect(bucket.acquire()).toMatchObject([{ outcome: { ok: true, remaining: 0 } }]);
    expect(bucket.host.inspect("x", bucket.configured)).toMatchObject({ granted: 1 });
  });

  it("is forgotten after a restart, too, which no callers are waited for", () => {
    bucket.acquire();
    bucket.passTo(30_000);
    bucket.restart();
    expect(bucket.acquire()).toMatchObject([{ outcome: { ok: true } }]);
    bucket.restart();
    bucket.passTo(3 * MINUTE_MS);
    expect(bucket.isThere).toBe(false);
  });

  it("is kept until it is full", () => {
    bucket = new Bucket({ ...forgotten, refillIntervalMs: 10 * MINUTE_MS });
    bucket.acquire();
    expect(bucket.forgetAtMs).toBe(10 * MINUTE_MS);
    bucket.passTo(10 * MINUTE_MS - 1);
    expect(bucket.isThere).toBe(true);
    bucket.passTo(11 * MINUTE_MS);
    expect(bucket.isThere).toBe(false);
  });

  it("pays for one alarm in each forgetAfterMs while it is used, and for no other row", () => {
    for (let afterMs = 0; afterMs < 20 * MINUTE_MS; afterMs += 2_000) {
      bucket.passTo(afterMs);
      bucket.acquire();
    }
    expect(bucket.platform.takeWrites()).toHaveLength(600);
    expect(bucket.platform.alarmsSet).toBeLessThanOrEqual(21);
  });

  it("has no alarm without forgetAfterMs, nor where something else looks for it", () => {
    bucket = new Bucket(oneASecond);
    bucket.acquire();
    expect(bucket.forgetAtMs).toBeNaN();
    expect(bucket.platform.alarmsSet).toBe(0);
    bucket = new Bucket();
    bucket.platform.forgetsByAlarm = false;
    bucket.acquire();
    expect(bucket.forgetAtMs).toBe(MINUTE_MS);
    expect(bucket.platform.alarmsSet).toBe(0);
  });

  it("is kept once its policy says no more about it", () => {
    bucket.acquire();
    bucket.passTo(10_000);
    bucket.configured = { name: "*", ...Policy.of(oneASecond).toJSON() };
    bucket.acquire();
    expect(bucket.platform.alarmAtMs).toBeUndefined();
    expect(bucket.forgetAtMs).toBeNaN();
  });
});

describe("a bucket is kept", () => {
  it.each<[string, object, (used: Bucket) => void, keptMs: number, goneMs: number | undefined]>([
    ["that was used", {}, (used) => used.acquire(), MINUTE_MS - 1, 2 * MINUTE_MS],
    [
      "with an override",
      {},
      (used) => used.host.operators.changePolicy("x", used.configured, { capacity: 2 }),
      86_400_000,
      undefined,
    ],
    [
      "that is paused",
      {},
      (used) => {
        const untilMs = used.startMs + 30 * MINUTE_MS;
        used.host.pause("x", used.configured, { untilMs, tokens: 0 });
      },
      30 * MINUTE_MS - 1,
      33 * MINUTE_MS,
    ],
    [
      "with a hold, and for ten minutes after it",
      { hold: { maxMs: 60_000 } },
      (used) => used.acquire({ holdMs: 60_000 }),
      11 * MINUTE_MS - 1,
      13 * MINUTE_MS,
    ],
    [
      "with a permit, until it ends",
      { concurrency: { max: 1, ttlMs: 300_000 } },
      (used) => used.acquire(),
      5 * MINUTE_MS - 1,
      7 * MINUTE_MS,
    ],
    [
      "with the permit of a session",
      { concurrency: { max: 1, ttlMs: 5_000 } },
      (used) => {
        used.host.acquire(
          { bucket: "x", policy: used.configured, tokens: 1 },
          { sessionId: "s", answered: () => undefined },
        );
      },
      86_400_000,
      undefined,
    ],
    [
      "with a grant that had a key, while that is kept",
      {},
      (used) => used.acquire({ idempotencyKey: "k" }),
      10 * MINUTE_MS - 1,
      13 * MINUTE_MS,
    ],
  ])("%s", (_, fields, use, keptMs, goneMs) => {
    bucket = new Bucket({ ...forgotten, ...fields });
    use(bucket);
    bucket.passTo(keptMs);
    expect(bucket.isThere).toBe(true);
    if (goneMs === undefined) return;
    bucket.passTo(goneMs);
    expect(bucket.isThere).toBe(false);
  });

  it("for the longest wait if it has given tickets", () => {
    bucket = new Bucket({ ...forgotten, maxWaitMs: 3_600_000, refillIntervalMs: 2_000 });
    bucket.acquire();
    const moved = vi.fn<() => void>();
    const call = { bucket: "x", policy: bucket.configured, tokens: 1 };
    const leave = bucket.host.acquire(call, { answered: () => undefined, moved });
    expect(moved).toHaveBeenCalledOnce();
    leave?.();
    bucket.passTo(61 * MINUTE_MS - 1);
    expect(bucket.isThere).toBe(true);
    bucket.passTo(63 * MINUTE_MS);
    expect(bucket.isThere).toBe(false);
  });
});

describe("an alarm for waiters", () => {
  it("replaces the one that forgets, and the other way round", () => {
    bucket = new Bucket({ ...forgotten, refillIntervalMs: 5_000 });
    bucket.acquire();
    const idleAtMs = bucket.platform.alarmAtMs;
    const leaves: (() => void)[] = [];
    bucket.acquire({}, leaves);
    expect(bucket.platform.alarmAtMs).toBe(bucket.startMs + 5_000);
    leaves[0]?.();
    expect(bucket.platform.alarmAtMs).toBe(idleAtMs);
  });

  it("that is found opens the recovery window", () => {
    bucket = new Bucket({ ...forgotten, refillIntervalMs: 5_000 });
    bucket.acquire();
    bucket.acquire();
    bucket.restart();
    const held = bucket.acquire();
    expect(held).toEqual([]);
    expect(bucket.host.waiters).toBe(0);
    expect(bucket.host.isAwaited).toBe(true);
  });

  it("that fires during it forgets nothing", () => {
    bucket.acquire();
    bucket.acquire();
    bucket.passTo(500);
    bucket.restart();
    bucket.acquire({ timeoutMs: 10_000 });
    bucket.platform.nowMs += 10;
    bucket.host.alarm();
    expect(bucket.isThere).toBe(true);
  });
});

describe("the object", () => {
  useVirtualTime();
  const POLICIES = { "*": forgotten };

  it("is empty once its alarm has fired", async () => {
    const name = uniqueName("forgotten");
    const path = `/acquire?bucket=${encodeURIComponent(name)}`;
    expect((await deployed({ POLICIES }, path)).status).toBe(200);
    const atMs = Number(await alarmAtMs(name));
    expect(atMs).toBeGreaterThan(Date.now());
    vi.setSystemTime(atMs);
    await runDurableObjectAlarm(stubOf(name));
    const left = await runInDurableObject(stubOf(name), async (_, { storage }) => {
      return [await storage.getAlarm(), ...storage.kv.list()];
    });
    expect(left).toEqual([null]);
    const again = await deployed({ POLICIES }, path);
    expect(await again.json()).toMatchObject({ remaining: 0 });
  });
});
