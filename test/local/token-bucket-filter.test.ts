import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createTokenBucketFilter } from "../../src/local/token-bucket-filter.ts";

describe("TokenBucketFilter", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives one token a second unless told otherwise", async () => {
    const filter = createTokenBucketFilter(1);
    expect(await filter.getToken()).toMatchObject({ ok: true, tokens: 1, remaining: 0 });
    const second = filter.getToken();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await second).toMatchObject({ ok: true, waitedMs: 1_000 });
  });

  it("starts its bucket at the first call, not when it is built", async () => {
    const filter = createTokenBucketFilter(1);
    await vi.advanceTimersByTimeAsync(700);
    await filter.getToken();
    expect(filter.tryGetToken()).toEqual({ ok: false, reason: "timeout", retryAfterMs: 1_000 });
  });

  it("sets no timer while nobody waits, and one while somebody does", async () => {
    const filter = createTokenBucketFilter(1);
    await filter.getToken();
    expect(vi.getTimerCount()).toBe(0);
    const waiting = Promise.all([filter.getToken(), filter.getToken()]);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tryGetToken takes what is there and overtakes nobody", async () => {
    const filter = createTokenBucketFilter(3, { initialTokens: 3 });
    expect(filter.tryGetToken({ tokens: 2 })).toMatchObject({ ok: true, remaining: 1 });
    void filter.getToken({ tokens: 3 });
    expect(filter.tryGetToken()).toEqual({ ok: false, reason: "timeout", retryAfterMs: 3_000 });
    filter.close();
  });

  it("pause holds up those who wait, and lets them go when it is lifted", async () => {
    const filter = createTokenBucketFilter(1);
    await filter.getToken();
    const waiting = filter.getToken();
    const nowMs = filter.inspect().nextTickAtMs - 1_000;
    expect(filter.pause({ untilMs: nowMs + 30_000 })).toMatchObject({
      pausedUntilMs: nowMs + 30_000,
      nextTickAtMs: nowMs + 31_000,
      waiters: 1,
    });
    await vi.advanceTimersByTimeAsync(20_500);
    expect(filter.pause({ untilMs: 0 })).not.toHaveProperty("pausedUntilMs");
    await vi.advanceTimersByTimeAsync(500);
    expect(await waiting).toMatchObject({ ok: true, waitedMs: 21_000 });
  });

  it("pause refuses what is out of range, and does nothing to a filter that is closed", () => {
    const filter = createTokenBucketFilter(1);
    const { nextTickAtMs } = filter.inspect();
    const untilMs = nextTickAtMs + 86_400_000;
    expect(() => filter.pause({ untilMs })).toThrow(/^untilMs must be at most 86400000 ms ahead, /);
    expect(() => filter.pause({ untilMs: 0.5, tokens: -1 })).toThrow(
      /0\.5; tokens must be .*: got -1$/,
    );
    filter.close();
    expect(filter.pause({ untilMs: nextTickAtMs })).not.toHaveProperty("pausedUntilMs");
  });

  it("rejects with the signal's reason when it aborts, and gives the place up", async () => {
    const filter = createTokenBucketFilter(1);
    await filter.getToken();
    const controller = new AbortController();
    const leaving = filter.getToken({ signal: controller.signal });
    const staying = filter.getToken();
    controller.abort(new Error("changed my mind"));
    await expect(leaving).rejects.toThrow("changed my mind");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await staying).toMatchObject({ ok: true, waitedMs: 1_000 });
    expect(filter.inspect()).toMatchObject({ granted: 2, cancelled: 1, waiters: 0 });
  });

  it("rejects at once, taking nothing, where the signal has aborted before", async () => {
    const filter = createTokenBucketFilter(1);
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(filter.getToken({ signal })).rejects.toThrow("too late");
    expect(filter.inspect()).toMatchObject({ tokens: 1, granted: 0 });
  });

  it("takes its listener off the signal once it is settled", async () => {
    const filter = createTokenBucketFilter(1);
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    await filter.getToken();
    const waiting = filter.getToken({ signal: controller.signal });
    await vi.advanceTimersByTimeAsync(1_000);
    await waiting;
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]?.slice(0, 2)).toEqual(added.mock.calls[0]?.slice(0, 2));
    controller.abort();
    expect(filter.inspect().cancelled).toBe(0);
  });

  it("close refuses all who wait and all who come, and stops the timer", async () => {
    const filter = createTokenBucketFilter(1);
    await filter.getToken();
    const waiting = [filter.getToken(), filter.getToken()];
    filter.close();
    filter.close();
    const refused = { ok: false, reason: "bucket-reset" };
    expect(await Promise.all(waiting)).toEqual([refused, refused]);
    expect(vi.getTimerCount()).toBe(0);
    expect(await filter.getToken()).toEqual(refused);
    expect(filter.tryGetToken()).toEqual(refused);
  });

  it("takes a whole policy, and options, in human units", async () => {
    const perMinute = createTokenBucketFilter({ limit: "100/1m", burst: 2, maxWait: "30s" });
    expect(perMinute.inspect()).toMatchObject({ tokens: 2 });
    await perMinute.getToken({ tokens: 2 });
    expect(perMinute.tryGetToken()).toMatchObject({ ok: false, retryAfterMs: 613 });
    await expect(perMinute.getToken({ timeoutMs: 30_001 })).rejects.toThrow("from 0 to 30000");

    const everyTwo = createTokenBucketFilter(1, {
      refillInterval: "2s",
      limits: { day: { limit: "5/1d", burst: 3 } },
    });
    await everyTwo.getToken();
    expect(everyTwo.tryGetToken()).toMatchObject({ ok: false, retryAfterMs: 2_000 });
    expect(everyTwo.inspect().limits?.["day"]).toMatchObject({ tokens: 2 });
    const daily = createTokenBucketFilter({ capacity: 9, every: "day" });
    expect(daily.inspect()).toMatchObject({ tokens: 9 });
  });

  it("names what is wrong in human units as it was written", () => {
    expect(() => createTokenBucketFilter({ limit: "100/1m", burst: 100 })).toThrow(
      new RangeError(
        'Illegal policy: burst must be below the limit, so at most 99 of "100/1m": got 100',
      ),
    );
    const both = { refillInterval: "1s", refillIntervalMs: 1_000 } as const;
    expect(() => createTokenBucketFilter(1, both)).toThrow("refillInterval is given twice");
    expect(() => createTokenBucketFilter("1" as never)).toThrow("capacity must be an integer");
    expect(() => createTokenBucketFilter({} as never)).toThrow("capacity is missing");
  });

  it("names what is wrong with the tokens of single limits, and takes nothing", async () => {
    const daily = { capacity: 9, every: "day" } as const;
    const filter = createTokenBucketFilter(5, { initialTokens: 5, limits: { daily } });
    for (const [limits, message] of [
      [{ dayly: 1 }, '"dayly" is no limit of this bucket: rate, daily'],
      [{ daily: -1 }, "limits.daily must be an integer from 0"],
      [
        { daily: 0, rate: 0 },
        "tokens must be at least 1 of one limit (rate, daily): got 0 of each",
      ],
      [null, "limits must be an object"],
    ] as const) {
      await expect(filter.getToken({ limits: limits as never })).rejects.toThrow(message);
      expect(() => filter.tryGetToken({ limits: limits as never })).toThrow(message);
    }
    expect(() => filter.pause({ untilMs: 0, limits: ["dayly"] })).toThrow(
      new RangeError('"dayly" is no limit of this bucket: rate, daily'),
    );
    expect(filter.inspect()).toMatchObject({ tokens: 5, limits: { daily: { tokens: 9 } } });
    expect(filter.tryGetToken({ tokens: 0, limits: { daily: 4 } })).toMatchObject({
      ok: true,
      limits: { daily: { tokens: 4, remaining: 5 } },
    });
  });

  it("takes time zones from the platform, and names one that there isn't", () => {
    const filterIn = (timeZone: string): ReturnType<typeof createTokenBucketFilter> => {
      return createTokenBucketFilter(3, { every: "month", timeZone });
    };
    const { nextTickAtMs } = filterIn("Asia/Kolkata").inspect();
    expect(new Date(nextTickAtMs).toISOString()).toMatch(/T18:30:00.000Z$/);
    expect(() => filterIn("Mars/Olympus")).toThrow('got "Mars/Olympus"');
  });

  it("names what is wrong with a policy or a request, and takes nothing", async () => {
    expect(() => createTokenBucketFilter(0)).toThrow(
      new RangeError("Illegal policy: capacity must be an integer from 1 to 1000000000: got 0"),
    );
    expect(() => createTokenBucketFilter(1, { refillIntervalMs: 1 })).toThrow(RangeError);
    const filter = createTokenBucketFilter(1);
    await expect(filter.getToken({ tokens: 0 })).rejects.toThrow(RangeError);
    await expect(filter.getToken({ timeoutMs: 60_001 })).rejects.toThrow(
      "timeoutMs must be an integer from 0 to 60000: got 60001",
    );
    expect(() => filter.tryGetToken({ tokens: 1.5 })).toThrow(RangeError);
    for (const options of [5_000, "api:ann", null]) {
      const error = new TypeError(`options must be an object: got ${JSON.stringify(options)}`);
      await expect(filter.getToken(options as never)).rejects.toThrow(error);
      expect(() => filter.tryGetToken(options as never)).toThrow(error);
    }
    const lease = { maxTokens: 5, ttlMs: 1_000 };
    expect(() => createTokenBucketFilter(10, { lease })).toThrow(
      "Illegal policy: lease is for buckets of a Worker, so a filter takes none: leave it out",
    );
    createTokenBucketFilter(10, { lease: null });
    expect(() => filter.tryGetToken({ tokens: 0 })).toThrow(
      "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
    );
    // A list is no number of tokens, though it is what the limiter takes of several limits.
    for (const tokens of [[], [0], [1]]) {
      expect(() => filter.tryGetToken({ tokens: tokens as never })).toThrow(
        "tokens must be an integer from 1 to 9007199254740991",
      );
    }
    expect(filter.inspect()).toMatchObject({ tokens: 1, granted: 0, refused: 0 });
  });
});

describe("TokenBucketFilter in a process of its own", () => {
  const module = new URL("../../src/local/token-bucket-filter.ts", import.meta.url).href;

  async function run(script: string): Promise<string> {
    const source = `import { createTokenBucketFilter } from ${JSON.stringify(module)};\n${script}`;
    const args = ["--input-type=module", "--eval", source];
    return (await promisify(execFile)(process.execPath, args)).stdout.trim();
  }

  it("keeps it alive while somebody waits, and no longer", async () => {
    const script = `
      const filter = createTokenBucketFilter(1, { refillIntervalMs: 20, refillTokens: 1 });
      filter.getToken();
      filter.getToken().then(({ ok }) => console.log(ok));
    `;
    expect(await run(script)).toBe("true");
  });
});
