/**
 * What docs/guides/migrating.md and docs/compared.md say of others' software, held against the versions that are
 * installed here: a new one that does otherwise fails here, and not in front of a reader.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";

import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import Bottleneck from "bottleneck";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { hasRedis } from "../../kit/processes/redis.ts";
import { UpstashRest } from "./upstash-rest.ts";
import type { BucketPolicyFields } from "../../kit/model/bucket-policy.ts";

describe.skipIf(!(await hasRedis()))("@upstash/ratelimit", () => {
  let rest: UpstashRest;
  let redis: Redis;
  beforeAll(async () => {
    rest = await UpstashRest.start();
    const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = rest.env;
    redis = new Redis({ url, token, enableTelemetry: false });
  });
  afterAll(() => rest?.[Symbol.asyncDispose]());

  const uncached = { ephemeralCache: false, enableTelemetry: false } as const;

  it("a sliding window counts what it refuses, a token bucket does not", async () => {
    const windows = { slidingWindow: Ratelimit.slidingWindow(10, "1 h") } as const;
    const bucket = { tokenBucket: Ratelimit.tokenBucket(1, "1 h", 10) } as const;
    const left: Record<string, boolean[]> = {};
    for (const [prefix, limiter] of Object.entries({ ...windows, ...bucket })) {
      const ratelimit = new Ratelimit({ ...uncached, redis, limiter, prefix });
      const asked = [7, 7, 3];
      const answers: boolean[] = [];
      for (const rate of asked) answers.push((await ratelimit.limit("a", { rate })).success);
      left[prefix] = answers;
    }
    expect(left).toEqual({
      slidingWindow: [true, false, false],
      tokenBucket: [true, false, true],
    });
  });

  it("those who wait ask again at each reset", async () => {
    const limiter = Ratelimit.tokenBucket(1, "1 s", 1);
    const ratelimit = new Ratelimit({ ...uncached, redis, limiter, prefix: "waiting" });
    // So that the script is there.
    await ratelimit.limit("another");
    const before = rest.commands.length;
    const waiting = [1, 2, 3, 4].map(() => ratelimit.blockUntilReady("all", 20_000));
    const outcomes = await Promise.all(waiting);
    expect(outcomes.map(({ success }) => success)).toEqual([true, true, true, true]);
    // 4 + 3 + 2 + 1, and more where a reset is missed.
    expect(rest.commands.length - before).toBeGreaterThanOrEqual(10);
  });

  it("a sliding window may let through twice as many within its length", async () => {
    const hourMs = 3_600_000;
    const limiter = Ratelimit.slidingWindow(10, "1 h");
    const ratelimit = new Ratelimit({ ...uncached, redis, limiter, prefix: "edge" });
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const hour = Math.ceil(Date.now() / hourMs) * hourMs;
      let passed = 0;
      for (const nowMs of [hour - 100, hour + hourMs - 1_000]) {
        vi.setSystemTime(nowMs);
        for (let call = 0; call < 10; call += 1) {
          if ((await ratelimit.limit("a")).success) passed += 1;
        }
      }
      expect(passed).toBe(20);
    } finally {
      vi.useRealTimers();
    }
  });

  it("who hears nothing passes", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    const sockets: Socket[] = [];
    silent.on("connection", (socket) => sockets.push(socket));
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    try {
      const signal = AbortSignal.timeout(2_000);
      const away = new Redis({ url: `http://127.0.0.1:${port}`, token: "a", signal });
      const limiter = Ratelimit.fixedWindow(1, "1 h");
      const ratelimit = new Ratelimit({ ...uncached, redis: away, limiter, timeout: 100 });
      expect(await ratelimit.limit("a")).toMatchObject({ success: true, reason: "timeout" });
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });
});

describe("bottleneck", () => {
  it("spends a reservoir twice around a refill", async () => {
    const limiter = new Bottleneck({
      reservoir: 3,
      reservoirRefreshAmount: 3,
      reservoirRefreshInterval: 2_000,
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const startedAtMs = performance.now();
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((job) => limiter.schedule(() => Promise.resolve(job))),
    );
    expect(performance.now() - startedAtMs).toBeLessThan(1_900);
    await limiter.disconnect();
  });

  it("drops the oldest where the queue is full, if nothing else is said", async () => {
    const limiter = new Bottleneck({ maxConcurrent: 1, highWater: 1 });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const running = limiter.schedule(() => promise);
    const oldest = limiter
      .schedule(() => Promise.resolve("oldest"))
      .catch((error) => String(error));
    const newest = limiter.schedule(() => Promise.resolve("newest"));
    expect(await oldest).toMatch(/dropped/);
    resolve(undefined);
    await running;
    expect(await newest).toBe("newest");
  });
});

/** Of a bucket that was full, the most that it gives within a window, whenever that begins. */
function mostWithin(fields: BucketPolicyFields, windowMs: number): number {
  const { capacity, refillIntervalMs } = fields;
  const policy = Policy.of({ ...fields, initialTokens: capacity });
  const sums = Array.from({ length: refillIntervalMs }, (_, phaseMs) => {
    const limiter = new Limiter<string>(policy);
    limiter.acquire({ caller: "starts the bucket" }, 0);
    const fromMs = refillIntervalMs + phaseMs;
    let sum = 0;
    for (let nowMs = fromMs; nowMs < fromMs + windowMs; nowMs += 1) {
      const { tokens } = limiter.inspect(nowMs);
      if (tokens > 0) limiter.acquire({ caller: "greedy", tokens }, nowMs);
      sum += tokens;
    }
    return sum;
  });
  return Math.max(...sums);
}

it("pages take their costs from limits-and-cost.md", () => {
  const read = (page: string) => readFileSync(join(projectDir, "docs", page), "utf8");
  const rows = read("operate/limits-and-cost.md")
    .split("\n")
    .map((row) => row.split(" | "));
  const find = (what: RegExp) => rows.findIndex(([first = ""]) => what.test(first));
  const contended = rows[find(/contended at 1 grant a second/)] ?? [];
  const million = rows[find(/a million, 100 a second/)] ?? [];
  expect([contended[1], million[1]]).toEqual(["sluice", "sluice"]);
  const monthly = contended[7] ?? "";
  const grants = Number(contended[2]?.replaceAll(",", ""));
  const aMillion = `$${((Number(monthly.slice(1)) / grants) * 1_000_000).toFixed(2)}`;
  for (const figure of [million[7] ?? "", aMillion]) {
    expect(read("guides/migrating.md")).toContain(figure);
    expect(read("compared.md")).toContain(figure);
  }
  expect(read("compared.md")).toContain(monthly);
});

describe("the table of windows and buckets: N = 20 in W = 600 ms", () => {
  const rows: readonly [string, BucketPolicyFields, number][] = [
    ["a fixed window", { capacity: 20, refillTokens: 20, refillIntervalMs: 600 }, 40],
    ["an estimated one", { capacity: 20, refillTokens: 1, refillIntervalMs: 30 }, 40],
    ["a bucket", { capacity: 7, refillTokens: 2, refillIntervalMs: 250 }, 7 + 2 * 3],
    ["never more, burst 5", { capacity: 5, refillTokens: 1, refillIntervalMs: 40 }, 20],
    ["never more, burst 6", { capacity: 6, refillTokens: 1, refillIntervalMs: 43 }, 20],
  ];
  it.each(rows)("%s", (_, fields, most) => {
    expect(mostWithin(fields, 600)).toBe(most);
  });
});
