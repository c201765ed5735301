/**
 * What every surface of Sluice does, written once. The core, the object, HTTP and the in-process filter
 * each define how to open a bucket, how to ask it, and how to let virtual time pass. The list below
 * then holds for all of them, to the millisecond.
 */
import { describe, expect, it } from "vitest";

import type { LimiterView } from "../../src/core/limiter-state.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { PolicyFields } from "../../src/core/policy.ts";

export interface Ask {
  tokens?: number;
  limits?: Readonly<Record<string, number>>;
  timeoutMs?: number;
}

/** A request that has arrived at the bucket. */
export interface Held {
  /** How it ended; `undefined` while it waits. */
  readonly outcome: Outcome | undefined;
  /** The caller leaves. Resolves once the bucket knows. */
  leave(): Promise<void>;
}

export interface AskedPause {
  untilMs: number;
  tokens?: number;
  limits?: readonly string[];
}

/** A bucket in virtual time. */
export interface OpenedBucket {
  /** Resolves once the request has arrived, so that the next one comes after it. */
  acquire(ask?: Ask): Promise<Held>;
  inspect(): Promise<LimiterView>;
  /** Pauses the bucket; `untilMs: 0` ends a pause. Absent if the surface has no such call. */
  pause?(pause: AskedPause): Promise<LimiterView>;
  /** Lets time pass. The daemon wakes exactly when it wants to. */
  pass(durationMs: number): Promise<void>;
  readonly nowMs: number;
}

const oneASecond: PolicyFields = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
/** Five requests, and one more a second; 100 LLM tokens, full again every ten seconds. */
const requestsAndTokens: PolicyFields = {
  capacity: 5,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  initialTokens: 5,
  limits: { llm: { capacity: 100, refillTokens: 100, refillIntervalMs: 10_000 } },
};

function describeOutcome(held: Held): string {
  const { outcome } = held;
  if (!outcome) return "waits";
  return outcome.ok ? `granted after ${outcome.waitedMs}` : outcome.reason;
}

/** Clocks there are at UTC+05:30 all year round. */
function nextMidnightInIndia(nowMs: number): number {
  const [dayMs, aheadMs] = [86_400_000, 19_800_000];
  return (Math.floor((nowMs + aheadMs) / dayMs) + 1) * dayMs - aheadMs;
}

/** Runs the list against one surface. */
export function describeBehaviours(
  surface: string,
  open: (policy: PolicyFields) => Promise<OpenedBucket>,
): void {
  describe(surface, () => {
    it("grants the first caller at once", async () => {
      const bucket = await open(oneASecond);
      const held = await bucket.acquire();
      expect(held.outcome).toEqual({
        ok: true,
        tokens: 1,
        remaining: 0,
        waitedMs: 0,
        grantedAtMs: bucket.nowMs,
      });
    });

    it("makes the first caller wait one interval where initialTokens is 0", async () => {
      const bucket = await open({ ...oneASecond, initialTokens: 0 });
      const held = await bucket.acquire();
      expect(describeOutcome(held)).toBe("waits");
      await bucket.pass(999);
      expect(describeOutcome(held)).toBe("waits");
      await bucket.pass(1);
      expect(describeOutcome(held)).toBe("granted after 1000");
    });

    it("grants ten callers at once one second apart, in order of arrival", async () => {
      const bucket = await open(oneASecond);
      const startMs = bucket.nowMs;
      const callers: Held[] = [];
      for (let i = 0; i < 10; i += 1) callers.push(await bucket.acquire());
      await bucket.pass(9_000);
      expect(callers.map(({ outcome }) => outcome?.ok && outcome.grantedAtMs - startMs)).toEqual([
        0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000,
      ]);
    });

    it("stays on the grid of its start, whenever it is asked", async () => {
      const bucket = await open(oneASecond);
      await bucket.acquire();
      await bucket.pass(3_700);
      await bucket.acquire();
      const late = await bucket.acquire();
      await bucket.pass(300);
      expect(describeOutcome(late)).toBe("granted after 300");
    });

    it("fills up to its capacity and no further", async () => {
      const bucket = await open({ capacity: 5, refillTokens: 2, refillIntervalMs: 1_000 });
      const first = await bucket.acquire();
      expect(first.outcome).toMatchObject({ ok: true, remaining: 1 });
      expect((await bucket.inspect()).tokens).toBe(1);
      await bucket.pass(1_000);
      expect((await bucket.inspect()).tokens).toBe(3);
      await bucket.pass(60_000);
      expect((await bucket.inspect()).tokens).toBe(5);
    });

    it("holds small requests back behind a large one that does not fit yet", async () => {
      const bucket = await open({ capacity: 3, refillTokens: 1, refillIntervalMs: 1_000 });
      await bucket.acquire();
      const large = await bucket.acquire({ tokens: 3 });
      const small = await bucket.acquire();
      await bucket.pass(2_999);
      expect([large, small].map(describeOutcome)).toEqual(["waits", "waits"]);
      await bucket.pass(1);
      expect([large, small].map(describeOutcome)).toEqual(["granted after 3000", "waits"]);
      await bucket.pass(1_000);
      expect(describeOutcome(small)).toBe("granted after 4000");
    });

    it("lets timeoutMs 0 overtake nobody, though its token is there", async () => {
      const bucket = await open({ capacity: 3, refillTokens: 1, refillIntervalMs: 1_000 });
      await bucket.acquire();
      await bucket.acquire({ tokens: 3 });
      await bucket.pass(1_000);
      const hasty = await bucket.acquire({ timeoutMs: 0 });
      expect(hasty.outcome).toEqual({ ok: false, reason: "timeout", retryAfterMs: 3_000 });
    });

    it("serves the head before a newcomer at the instant of a refill", async () => {
      const bucket = await open(oneASecond);
      await bucket.acquire();
      const head = await bucket.acquire();
      await bucket.pass(1_000);
      const newcomer = await bucket.acquire({ timeoutMs: 0 });
      expect([head, newcomer].map(describeOutcome)).toEqual(["granted after 1000", "timeout"]);
    });

    it("refuses at once what cannot be granted in time, and changes nothing", async () => {
      const bucket = await open(oneASecond);
      await bucket.acquire();
      await bucket.acquire();
      const before = await bucket.inspect();
      const refused = await bucket.acquire({ timeoutMs: 1_999 });
      expect(refused.outcome).toEqual({ ok: false, reason: "timeout", retryAfterMs: 2_000 });
      expect(await bucket.inspect()).toEqual({ ...before, refused: before.refused + 1 });
    });

    it("grants a caller whose deadline is the very tick", async () => {
      const bucket = await open(oneASecond);
      await bucket.acquire();
      const exact = await bucket.acquire({ timeoutMs: 1_000 });
      await bucket.pass(1_000);
      expect(describeOutcome(exact)).toBe("granted after 1000");
    });

    it("grants a refused request when it is retried after retryAfterMs, and not before", async () => {
      const bucket = await open({ capacity: 4, refillTokens: 3, refillIntervalMs: 700 });
      await bucket.acquire({ tokens: 3 });
      await bucket.acquire({ tokens: 2 });
      const ask = { tokens: 4, timeoutMs: 0 };
      const { outcome } = await bucket.acquire(ask);
      if (!outcome || outcome.ok) throw new Error("expected a refusal");
      const retryAfterMs = outcome.retryAfterMs ?? Number.NaN;
      await bucket.pass(retryAfterMs - 1);
      expect((await bucket.acquire(ask)).outcome).toMatchObject({ retryAfterMs: 1 });
      await bucket.pass(1);
      expect((await bucket.acquire(ask)).outcome).toMatchObject({ ok: true, remaining: 0 });
    });

    it("refuses with queue-full when queueLimit callers wait", async () => {
      const bucket = await open({ ...oneASecond, queueLimit: 2 });
      for (let i = 0; i < 3; i += 1) await bucket.acquire();
      const refused = await bucket.acquire();
      expect(refused.outcome).toEqual({ ok: false, reason: "queue-full", retryAfterMs: 3_000 });
      await bucket.pass(1_000);
      expect(describeOutcome(await bucket.acquire())).toBe("waits");
    });

    it("refuses more than the capacity for good, and starts no bucket for it", async () => {
      const bucket = await open({ ...oneASecond, capacity: 5, initialTokens: 2 });
      const refused = await bucket.acquire({ tokens: 6 });
      expect(refused.outcome).toEqual({ ok: false, reason: "exceeds-capacity" });
      await bucket.pass(60_000);
      expect((await bucket.inspect()).tokens).toBe(2);
    });

    it("moves those behind forward at once when a waiter leaves, and takes nothing for it", async () => {
      const bucket = await open({ capacity: 3, refillTokens: 1, refillIntervalMs: 1_000 });
      await bucket.acquire();
      const large = await bucket.acquire({ tokens: 3 });
      const small = await bucket.acquire();
      const last = await bucket.acquire();
      await bucket.pass(1_000);
      await large.leave();
      expect([small, last].map(describeOutcome)).toEqual(["granted after 1000", "waits"]);
      await bucket.pass(1_000);
      expect(describeOutcome(last)).toBe("granted after 2000");
      expect(await bucket.inspect()).toMatchObject({ granted: 3, cancelled: 1, waiters: 0 });
    });

    it("gives a place in the middle of the queue free", async () => {
      const bucket = await open(oneASecond);
      const callers: Held[] = [];
      for (let i = 0; i < 5; i += 1) callers.push(await bucket.acquire());
      await callers[2]?.leave();
      await bucket.pass(3_000);
      expect(callers.map(describeOutcome)).toEqual([
        "granted after 0",
        "granted after 1000",
        "waits",
        "granted after 2000",
        "granted after 3000",
      ]);
    });

    it("reads as it would start before its first acquire", async () => {
      const bucket = await open({ capacity: 5, refillTokens: 2, refillIntervalMs: 1_000 });
      await bucket.pass(10_000);
      expect(await bucket.inspect()).toEqual({
        tokens: 2,
        waiters: 0,
        queuedTokens: 0,
        nextTickAtMs: bucket.nowMs + 1_000,
        granted: 0,
        refused: 0,
        cancelled: 0,
      });
    });

    it("holds everybody up in a pause, and then goes on one tick at a time", async ({ skip }) => {
      const bucket = await open({ capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 });
      if (!bucket.pause) {
        skip("it cannot pause");
        return;
      }
      await bucket.acquire();
      const head = await bucket.acquire({ tokens: 2 });
      const late = await bucket.acquire({ timeoutMs: 9_000 });
      const untilMs = bucket.nowMs + 7_500;
      const view = await bucket.pause({ untilMs });
      expect(view).toMatchObject({ tokens: 0, waiters: 1, pausedUntilMs: untilMs });
      expect(view.nextTickAtMs).toBe(untilMs + 500);
      expect(late.outcome).toEqual({ ok: false, reason: "timeout", retryAfterMs: 10_000 });
      const hasty = await bucket.acquire({ timeoutMs: 0 });
      expect(hasty.outcome).toEqual({ ok: false, reason: "timeout", retryAfterMs: 10_000 });
      const last = await bucket.acquire();
      await bucket.pass(8_999);
      expect([head, last].map(describeOutcome)).toEqual(["waits", "waits"]);
      expect(await bucket.inspect()).not.toHaveProperty("pausedUntilMs");
      await bucket.pass(1);
      expect([head, last].map(describeOutcome)).toEqual(["granted after 9000", "waits"]);
      await bucket.pass(1_000);
      expect(describeOutcome(last)).toBe("granted after 10000");
    });

    it("grants in a pause what it keeps, and of two pauses the later and the lower count", async ({
      skip,
    }) => {
      const fields = { capacity: 5, refillTokens: 5, refillIntervalMs: 1_000, initialTokens: 5 };
      const bucket = await open(fields);
      if (!bucket.pause) {
        skip("it cannot pause");
        return;
      }
      const untilMs = bucket.nowMs + 5_000;
      await bucket.pause({ untilMs, tokens: 2 });
      const other = await bucket.pause({ untilMs: untilMs - 1_000, tokens: 3 });
      expect(other).toMatchObject({ tokens: 2, pausedUntilMs: untilMs });
      const [first, second, third] = [
        await bucket.acquire(),
        await bucket.acquire(),
        await bucket.acquire(),
      ];
      expect([first, second, third].map(describeOutcome)).toEqual([
        "granted after 0",
        "granted after 0",
        "waits",
      ]);
      await bucket.pass(6_000);
      expect(describeOutcome(third)).toBe("granted after 6000");
    });

    it("goes on at its next tick when a pause is lifted, without what the pause took", async ({
      skip,
    }) => {
      const bucket = await open({ capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 });
      if (!bucket.pause) {
        skip("it cannot pause");
        return;
      }
      await bucket.acquire();
      await bucket.pause({ untilMs: bucket.nowMs + 60_000 });
      await bucket.pass(3_500);
      const view = await bucket.pause({ untilMs: 0 });
      expect(view).toMatchObject({ tokens: 0, nextTickAtMs: bucket.nowMs + 500 });
      expect(view).not.toHaveProperty("pausedUntilMs");
      const held = await bucket.acquire();
      await bucket.pass(500);
      expect(describeOutcome(held)).toBe("granted after 500");
    });

    it("takes tokens of every limit or of none", async () => {
      const bucket = await open(requestsAndTokens);
      const first = await bucket.acquire({ limits: { llm: 70 } });
      expect(first.outcome).toEqual({
        ok: true,
        tokens: 1,
        remaining: 4,
        waitedMs: 0,
        grantedAtMs: bucket.nowMs,
        limits: { llm: { tokens: 70, remaining: 30 } },
      });
      const refused = await bucket.acquire({ limits: { llm: 40 }, timeoutMs: 9_999 });
      expect(refused.outcome).toEqual({
        ok: false,
        reason: "timeout",
        retryAfterMs: 10_000,
        violatedLimits: ["llm"],
      });
      expect(await bucket.inspect()).toMatchObject({ tokens: 4, limits: { llm: { tokens: 30 } } });
    });

    it("takes `tokens` of each limit that isn't named", async () => {
      const bucket = await open(requestsAndTokens);
      expect((await bucket.acquire({ tokens: 2 })).outcome).toMatchObject({
        remaining: 3,
        limits: { llm: { tokens: 2, remaining: 98 } },
      });
      expect((await bucket.acquire({ tokens: 0, limits: { llm: 8 } })).outcome).toMatchObject({
        tokens: 0,
        remaining: 3,
        limits: { llm: { tokens: 8, remaining: 90 } },
      });
      expect((await bucket.acquire({ tokens: 7, limits: { rate: 3 } })).outcome).toMatchObject({
        tokens: 3,
        remaining: 0,
        limits: { llm: { tokens: 7, remaining: 83 } },
      });
    });

    it("lets nobody overtake a head that waits for one of several limits", async () => {
      const bucket = await open(requestsAndTokens);
      await bucket.acquire({ limits: { llm: 70 } });
      const head = await bucket.acquire({ limits: { llm: 40 } });
      const small = await bucket.acquire();
      expect(await bucket.inspect()).toMatchObject({ waiters: 2, headLimit: "llm" });
      await bucket.pass(9_999);
      expect([head, small].map(describeOutcome)).toEqual(["waits", "waits"]);
      await bucket.pass(1);
      expect([head, small].map(describeOutcome)).toEqual([
        "granted after 10000",
        "granted after 10000",
      ]);
      expect(await bucket.inspect()).toMatchObject({ tokens: 3, limits: { llm: { tokens: 59 } } });
    });

    it("refuses for good what is more than the capacity of one limit", async () => {
      const bucket = await open(requestsAndTokens);
      const refused = await bucket.acquire({ limits: { llm: 101 } });
      expect(refused.outcome).toEqual({
        ok: false,
        reason: "exceeds-capacity",
        violatedLimits: ["llm"],
      });
    });

    it("pauses the limit that is named, and no other", async ({ skip }) => {
      const bucket = await open(requestsAndTokens);
      if (!bucket.pause) {
        skip("it cannot pause");
        return;
      }
      await bucket.acquire();
      const untilMs = bucket.nowMs + 15_000;
      const view = await bucket.pause({ untilMs, limits: ["llm"] });
      expect(view).toMatchObject({
        tokens: 4,
        limits: { llm: { tokens: 0, pausedUntilMs: untilMs, nextTickAtMs: bucket.nowMs + 20_000 } },
      });
      expect(view).not.toHaveProperty("pausedUntilMs");
      const light = await bucket.acquire({ limits: { llm: 0 } });
      const heavy = await bucket.acquire();
      expect([light, heavy].map(describeOutcome)).toEqual(["granted after 0", "waits"]);
      await bucket.pause({ untilMs: 0, limits: ["llm"] });
      await bucket.pass(10_000);
      expect(describeOutcome(heavy)).toBe("granted after 10000");
    });

    it("fills a calendar limit when a day begins in its time zone, and not before", async () => {
      const daily = { capacity: 2, every: "day", timeZone: "Asia/Kolkata" } as const;
      const bucket = await open({ ...requestsAndTokens, limits: { daily } });
      await bucket.acquire({ tokens: 2 });
      const midnightMs = nextMidnightInIndia(bucket.nowMs);
      expect(await bucket.inspect()).toMatchObject({
        limits: { daily: { tokens: 0, nextTickAtMs: midnightMs } },
      });
      await bucket.pass(midnightMs - bucket.nowMs - 30_000);
      expect((await bucket.acquire({ timeoutMs: 29_999 })).outcome).toEqual({
        ok: false,
        reason: "timeout",
        retryAfterMs: 30_000,
        violatedLimits: ["daily"],
      });
      const [first, second, third] = [
        await bucket.acquire(),
        await bucket.acquire(),
        await bucket.acquire({ limits: { daily: 0 } }),
      ];
      await bucket.pass(29_999);
      expect([first, second, third].map(describeOutcome)).toEqual(["waits", "waits", "waits"]);
      await bucket.pass(1);
      expect(
        [first, second, third].map(({ outcome }) => outcome?.ok && outcome.grantedAtMs),
      ).toEqual([midnightMs, midnightMs, midnightMs]);
    });

    it("puts aside what a pause of a calendar limit holds back, until it ends", async ({
      skip,
    }) => {
      const bucket = await open({ capacity: 10, every: "month" });
      if (!bucket.pause) {
        skip("it cannot pause");
        return;
      }
      await bucket.acquire({ tokens: 3 });
      const untilMs = bucket.nowMs + 5_000;
      expect(await bucket.pause({ untilMs, tokens: 1 })).toMatchObject({
        tokens: 1,
        pausedTokens: 6,
        pausedUntilMs: untilMs,
        nextTickAtMs: untilMs,
      });
      const [first, second] = [await bucket.acquire(), await bucket.acquire({ tokens: 2 })];
      expect([first, second].map(describeOutcome)).toEqual(["granted after 0", "waits"]);
      await bucket.pass(5_000);
      expect(describeOutcome(second)).toBe("granted after 5000");
      await bucket.pause({ untilMs: bucket.nowMs + 5_000 });
      const third = await bucket.acquire({ tokens: 3 });
      const view = await bucket.pause({ untilMs: 0 });
      expect(view).toMatchObject({ tokens: 1, waiters: 0 });
      expect(view).not.toHaveProperty("pausedTokens");
      expect(describeOutcome(third)).toBe("granted after 0");
    });

    it("counts its waiters and their tokens", async () => {
      const bucket = await open({ capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 });
      await bucket.acquire();
      await bucket.acquire({ tokens: 4 });
      await bucket.acquire({ tokens: 2 });
      expect(await bucket.inspect()).toMatchObject({ waiters: 2, queuedTokens: 6, tokens: 0 });
    });
  });
}
