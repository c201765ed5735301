import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { LimitView } from "../../../src/core/limiter-state.ts";
import type { CompleteLimitFields, LimitInput } from "../../../src/core/limits/kinds.ts";
import type { BucketSnapshot, LimitSnapshot } from "../../../src/protocol/bucket-snapshot.ts";

import { Limiter } from "../../../src/core/limiter.ts";
import { Policy, type PolicyFields } from "../../../src/core/policy.ts";
import {
  boundariesBetween,
  forecastGrants,
  lateUnderPause,
  limitsAt,
  nextTickAfter,
  tokensAt,
  untilChangeMs,
  type KnownAsk,
  type TimedAsk,
} from "../../../src/client/watch/forecast.ts";
import { ONE_A_SECOND, snapshotOf } from "../../dashboard/messages.ts";
import { runs } from "../../../kit/runs.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TPM = { capacity: 1_000, refillTokens: 200, refillIntervalMs: 5_000 };
const FIVE = { capacity: 5, refillTokens: 2, refillIntervalMs: 3_000 };

/** Asks for so many tokens each. */
function asks(...counts: number[]): KnownAsk[] {
  return counts.map((tokens) => ({ tokens }));
}

/** The further limits of a snapshot. */
function limitsOf(
  fields: Readonly<Record<string, LimitInput>>,
  views: Readonly<Record<string, LimitView>>,
): Record<string, LimitSnapshot> {
  const { limits = {} } = Policy.of({ ...ONE_A_SECOND, limits: fields }).toJSON();
  const snapshots = Object.entries(views).map(([name, view]) => [
    name,
    { ...limits[name], ...view },
  ]);
  return Object.fromEntries(snapshots) as Record<string, LimitSnapshot>;
}

/** A bucket that gives 1 a second of `rate` and 200 each five seconds of `tpm`, at the start of both grids. */
function severalOf(
  tokens: { readonly rate: number; readonly tpm: number },
  state: Partial<BucketSnapshot> = {},
  views: Readonly<Record<string, LimitView>> = {},
): BucketSnapshot {
  const policy = { ...ONE_A_SECOND, capacity: 10, limits: { tpm: TPM } };
  const tpm = { tokens: tokens.tpm, nextTickAtMs: 5_000 };
  const limits = limitsOf({ tpm: TPM }, { tpm, ...views });
  return snapshotOf(policy, { tokens: tokens.rate, ...state, limits });
}

describe("tokensAt", () => {
  it("takes no notice of what a newer server says of a policy", () => {
    const snapshot = snapshotOf(FIVE);
    const newer = { ...snapshot, policy: { ...snapshot.policy, ofTomorrow: 1, maxWaitMs: 1e12 } };
    expect(tokensAt(newer, 3_000)).toBe(2);
  });

  it("adds the ticks of an idle bucket, up to the capacity", () => {
    const snapshot = snapshotOf(FIVE);
    const times = [0, 2_999, 3_000, 6_000, 8_999, 9_000, 1_000_000];
    expect(times.map((atMs) => tokensAt(snapshot, atMs))).toEqual([0, 0, 2, 4, 4, 5, 5]);
  });

  it("adds what the limiter adds that owes tokens", () => {
    const policy = Policy.of({ ...FIVE, initialTokens: 5, hold: { maxMs: 60_000 } });
    const limiter = new Limiter<string>(policy, { newId: () => "a" });
    limiter.acquire({ caller: "Ann", tokens: 5, holdMs: 60_000 }, 0);
    limiter.changeHold("a", { used: 8 }, 0);
    const { limits: _, ...view } = limiter.inspect(0);
    const snapshot = { bucket: "a", policy: { name: "*", ...policy.toJSON() }, ...view };
    expect(snapshot.owedTokens).toEqual({ rate: 3 });
    for (const atMs of [0, 3_000, 5_999, 6_000, 9_000, 99_000]) {
      expect([atMs, tokensAt(snapshot, atMs)]).toEqual([atMs, limiter.inspect(atMs).tokens]);
    }
  });

  it("adds nothing while callers wait, nor before the bucket has started", () => {
    expect(tokensAt(snapshotOf(FIVE, { waiters: 1, queuedTokens: 3 }), 60_000)).toBe(0);
    expect(tokensAt(snapshotOf(FIVE, { granted: 0, tokens: 2 }), 60_000)).toBe(2);
  });
});

describe("untilChangeMs", () => {
  it("is the time to the next tick of a bucket that fills", () => {
    expect(untilChangeMs(snapshotOf(FIVE), 1_000)).toBe(2_000);
    expect(untilChangeMs(snapshotOf(FIVE), 3_000)).toBe(3_000);
  });

  it("is nothing where the page has nothing to work out: full, waited for, not started", () => {
    expect(untilChangeMs(snapshotOf(FIVE), 9_000)).toBeUndefined();
    expect(untilChangeMs(snapshotOf(FIVE, { waiters: 1 }), 1_000)).toBeUndefined();
    expect(untilChangeMs(snapshotOf(FIVE, { granted: 0 }), 1_000)).toBeUndefined();
  });
});

describe("a paused bucket", () => {
  it("gets nothing before its first tick after the pause, and then one at a time", () => {
    const paused = snapshotOf(FIVE, { nextTickAtMs: 60_000, pausedUntilMs: 58_000 });
    expect([0, 30_000, 59_999, 60_000, 63_000].map((at) => tokensAt(paused, at))).toEqual([
      0, 0, 0, 2, 4,
    ]);
    expect(untilChangeMs(paused, 10_000)).toBe(50_000);
    expect(forecastGrants({ ...paused, waiters: 2, queuedTokens: 4 }, asks(2, 2))).toEqual([
      60_000, 63_000,
    ]);
  });
});

describe("nextTickAfter", () => {
  it("is on the grid, and after the instant", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { nextTickAtMs: 10_250 });
    expect([0, 10_249, 10_250, 10_251, 12_250].map((at) => nextTickAfter(snapshot, at))).toEqual([
      10_250, 10_250, 11_250, 11_250, 13_250,
    ]);
  });
});

describe("forecastGrants", () => {
  it("gives each its tick, in the order of the queue", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { waiters: 3, queuedTokens: 3 });
    expect(forecastGrants(snapshot, asks(1, 1, 1))).toEqual([1_000, 2_000, 3_000]);
  });

  it("lets those go first who came before the page", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { waiters: 4, queuedTokens: 4 });
    expect(forecastGrants(snapshot, asks(1, 1))).toEqual([3_000, 4_000]);
  });

  it("survives more tokens than the capacity holds, as after a change of policy", () => {
    const snapshot = snapshotOf(ONE_A_SECOND, { waiters: 1, queuedTokens: 7 });
    expect(forecastGrants(snapshot, asks(7))).toEqual([1_000]);
  });

  it("takes of each limit what is asked of it", () => {
    const snapshot = severalOf({ rate: 10, tpm: 100 }, { waiters: 2, queuedTokens: 2 });
    expect(forecastGrants(snapshot, [{ tokens: 1, limits: { tpm: 500 } }, { tokens: 1 }])).toEqual([
      10_000, 15_000,
    ]);
  });

  it("is not held up by a limit that has its tokens, however late its next ones come", () => {
    const month = { capacity: 9, every: "month" } as const;
    const snapshot = snapshotOf(
      { ...ONE_A_SECOND, limits: { month } },
      {
        waiters: 1,
        limits: limitsOf({ month }, { month: { tokens: 9, nextTickAtMs: 31 * DAY_MS } }),
      },
    );
    expect(forecastGrants(snapshot, asks(1, 1))).toEqual([1_000, 2_000]);
  });

  it("is not held up by a limit that is paused, as far as it has tokens", () => {
    const state = { waiters: 3, queuedTokens: 3 };
    const tpm = { tokens: 2, nextTickAtMs: 605_000, pausedUntilMs: 600_000 };
    const snapshot = severalOf({ rate: 0, tpm: 0 }, state, { tpm });
    expect(forecastGrants(snapshot, asks(1, 1, 1))).toEqual([1_000, 2_000, 605_000]);
  });

  it("has what a calendar has put aside when its pause ends", () => {
    const state = { waiters: 3, queuedTokens: 6, nextTickAtMs: 5_000, pausedUntilMs: 5_000 };
    const fields = { capacity: 9, every: "day" } as const;
    const snapshot = snapshotOf(fields, { ...state, tokens: 1, pausedTokens: 4 });
    expect(forecastGrants(snapshot, asks(2, 3, 1))).toEqual([5_000, 5_000, DAY_MS]);
  });

  it("is what the limiter does", () => {
    const bucket = fc.record({
      capacity: fc.integer({ min: 1, max: 6 }),
      refillTokens: fc.integer({ min: 1, max: 6 }),
      refillIntervalMs: fc.integer({ min: 10, max: 1_000 }),
    });
    const calendar = fc.record({
      capacity: fc.integer({ min: 1, max: 6 }),
      every: fc.constant("hour" as const),
      at: fc.constantFrom("00:00", "00:20"),
      initialTokens: fc.constantFrom(0, 1),
    });
    const limit: fc.Arbitrary<LimitInput> = fc.oneof({ weight: 3, arbitrary: bucket }, calendar);
    const policies = fc.record({ first: limit, others: fc.array(limit, { maxLength: 3 }) });
    const sizes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 4, maxLength: 4 });
    const askLists = fc.array(sizes, { minLength: 1, maxLength: 12 });
    const pauses = fc.option(
      fc.record({ index: fc.nat(3), forMs: fc.integer({ min: 1, max: 9_000 }) }),
    );
    const law = fc.property(
      policies,
      askLists,
      fc.oneof(fc.nat(5_000), fc.integer({ min: HOUR_MS - 5_000, max: HOUR_MS + 5_000 })),
      pauses,
      (drawn, lists, askedAtMs, pause) => {
        const names = drawn.others.map((_, index) => `limit-${index}`);
        const others = Object.fromEntries(
          drawn.others.map((each, index) => [names[index] ?? "", each]),
        );
        const hasOthers = names.length > 0;
        const fields: PolicyFields = {
          ...drawn.first,
          ...(hasOthers && { limits: others }),
          maxWaitMs: 3_600_000,
        };
        const policy = Policy.of(fields);
        const limiter = new Limiter<number>(policy);
        limiter.acquire({ caller: -1 }, 0);
        if (pause) {
          const limits = [["rate", ...names][pause.index] ?? "rate"];
          limiter.pause({ untilMs: askedAtMs + pause.forMs, tokens: 1, limits }, askedAtMs);
        }
        const waiting: [caller: number, ask: KnownAsk][] = [];
        for (const [caller, list] of lists.entries()) {
          const counts = policy.limits.map((each, index) =>
            Math.min(list[index] ?? 0, each.fields.capacity),
          );
          const named = Object.fromEntries(
            names.map((name, index) => [name, counts[index + 1] ?? 0]),
          );
          const ask = { tokens: counts[0] ?? 0, ...(hasOthers && { limits: named }) };
          if (counts.every((count) => count === 0)) continue;
          const tokens = hasOthers ? counts : ask.tokens;
          if (limiter.acquire({ caller, tokens }, askedAtMs).waiter) waiting.push([caller, ask]);
        }
        const { limits: views = {}, ...view } = limiter.inspect(askedAtMs);
        const limits = limitsOf(others, views);
        const snapshot = snapshotOf(fields, { ...view, ...(hasOthers && { limits }) });
        const forecast = forecastGrants(
          snapshot,
          waiting.map(([, ask]) => ask),
        );
        const grants = new Map<number, number>();
        for (let atMs = limiter.nextWakeAtMs; atMs !== undefined; atMs = limiter.nextWakeAtMs) {
          for (const { caller } of limiter.advance(atMs).settled) grants.set(caller, atMs);
        }
        expect(forecast).toEqual(waiting.map(([caller]) => grants.get(caller)));
      },
    );
    fc.assert(law, { numRuns: runs(300) });
  });
});

describe("lateUnderPause", () => {
  it("counts those whom the limiter then refuses", () => {
    const drawnPolicy = fc.record({
      capacity: fc.integer({ min: 1, max: 4 }),
      refillTokens: fc.integer({ min: 1, max: 4 }),
      refillIntervalMs: fc.integer({ min: 10, max: 3_000 }),
    });
    const caller = fc.record({
      tokens: fc.integer({ min: 1, max: 4 }),
      timeoutMs: fc.integer({ min: 0, max: 60_000 }),
    });
    const law = fc.property(
      drawnPolicy,
      fc.array(caller, { minLength: 1, maxLength: 15 }),
      fc.integer({ min: 1, max: 90_000 }),
      fc.nat(3),
      (drawn, callers, forMs, tokens) => {
        const fields = { ...drawn, maxWaitMs: 60_000 };
        const limiter = new Limiter<number>(Policy.of(fields));
        const waiters: TimedAsk[] = [];
        for (const [index, { tokens: count, timeoutMs }] of callers.entries()) {
          const ask = { tokens: Math.min(count, drawn.capacity), timeoutMs };
          const { waiter } = limiter.acquire({ caller: index, ...ask }, 0);
          if (waiter) waiters.push({ tokens: ask.tokens, deadlineAtMs: timeoutMs });
        }
        const { limits: _, ...view } = limiter.inspect(0);
        const pause = { untilMs: forMs, tokens };
        const late = lateUnderPause(snapshotOf(fields, view), waiters, pause, 0);
        const refused = limiter.pause(pause, 0).settled.filter(({ outcome }) => !outcome.ok);
        expect(late).toBe(refused.length);
      },
    );
    fc.assert(law, { numRuns: runs(300) });
  });

  it("leaves those in peace who wait for a limit that isn't paused", () => {
    const snapshot = severalOf({ rate: 0, tpm: 0 }, { waiters: 2, queuedTokens: 2 });
    const waiters = [9_000, 60_000].map((deadlineAtMs) => ({ tokens: 1, deadlineAtMs }));
    const pause = { untilMs: 30_000, tokens: 0 };
    expect(lateUnderPause(snapshot, waiters, pause, 0)).toBe(1);
    expect(lateUnderPause(snapshot, waiters, { ...pause, limits: ["other"] }, 0)).toBe(0);
  });
});

describe("limitsAt", () => {
  it("adds to each limit of an idle bucket what its own ticks bring", () => {
    const snapshot = severalOf({ rate: 0, tpm: 0 });
    const tokensBy = (atMs: number): number[] =>
      limitsAt(snapshot, atMs).map(({ tokens }) => tokens);
    expect([0, 1_000, 4_999, 5_000, 60_000].map(tokensBy)).toEqual([
      [0, 0],
      [1, 0],
      [4, 0],
      [5, 200],
      [10, 1_000],
    ]);
    expect(limitsAt(snapshot, 5_000).map(({ name, nextTickAtMs }) => [name, nextTickAtMs])).toEqual(
      [
        ["rate", 6_000],
        ["tpm", 10_000],
      ],
    );
  });

  it("while callers wait, adds to all but the one that the head waits for, when it would be reported", () => {
    const state = { waiters: 1, queuedTokens: 1, headLimit: "tpm" };
    const snapshot = severalOf({ rate: 0, tpm: 100 }, state);
    const tokensBy = (atMs: number): number[] =>
      limitsAt(snapshot, atMs).map(({ tokens }) => tokens);
    expect([1_050, 1_100, 5_200].map(tokensBy)).toEqual([
      [0, 100],
      [1, 100],
      [5, 100],
    ]);
    expect(untilChangeMs(snapshot, 1_100)).toBe(1_000);
  });

  it("adds what a calendar's pause has put aside when that ends", () => {
    const fields = { capacity: 9, every: "day" } as const;
    const state = { tokens: 1, nextTickAtMs: 5_000, pausedUntilMs: 5_000, pausedTokens: 4 };
    const snapshot = snapshotOf(fields, state);
    expect([0, 4_999, 5_000, DAY_MS].map((atMs) => tokensAt(snapshot, atMs))).toEqual([1, 1, 5, 9]);
    expect(untilChangeMs(snapshot, 1_000)).toBe(4_000);
    expect(nextTickAfter(snapshot, 5_000)).toBe(DAY_MS);
  });

  it("knows a pause of each limit, until it ends", () => {
    const tpm = { tokens: 2, nextTickAtMs: 15_000, pausedUntilMs: 12_000 };
    const snapshot = severalOf({ rate: 0, tpm: 0 }, {}, { tpm });
    expect(limitsAt(snapshot, 11_999)[1]).toMatchObject({ tokens: 2, pausedUntilMs: 12_000 });
    expect(limitsAt(snapshot, 12_000)[1]).not.toHaveProperty("pausedUntilMs");
    expect(limitsAt(snapshot, 15_000)[1]).toMatchObject({ tokens: 202, nextTickAtMs: 20_000 });
  });

  it("takes a time zone that this runtime lacks for UTC", () => {
    const limits = { day: { capacity: 5, every: "day" } } as const;
    const snapshot = snapshotOf(
      { ...ONE_A_SECOND, limits },
      { limits: limitsOf(limits, { day: { tokens: 0, nextTickAtMs: DAY_MS } }) },
    );
    const { policy } = snapshot;
    const day = { ...policy.limits?.["day"], timeZone: "Moon/Tycho" } as CompleteLimitFields;
    const strange = { ...snapshot, policy: { ...policy, limits: { day } } };
    expect(limitsAt(strange, DAY_MS).map(({ tokens }) => tokens)).toEqual([1, 5]);
  });
});

describe("boundariesBetween", () => {
  it("has the boundaries of the calendars alone", () => {
    const limits = { day: { capacity: 5, every: "day", at: "12:00" }, tpm: TPM } as const;
    const snapshot = snapshotOf({ capacity: 5, every: "hour", limits });
    expect(boundariesBetween(snapshot, 10 * HOUR_MS, 12 * HOUR_MS)).toEqual([
      { name: "rate", atMs: 11 * HOUR_MS },
      { name: "rate", atMs: 12 * HOUR_MS },
      { name: "day", atMs: 12 * HOUR_MS },
    ]);
  });
});
