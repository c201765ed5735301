/**
 * `OperatorCalls.dryRun` on random buckets, with debts, permits, calendars and pauses: it changes nothing, and says what
 * the change then does.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { DryRun } from "../../src/protocol/queued-waiter.ts";

import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy } from "../../src/core/policy.ts";
import { timeZones } from "../../src/time-zones.ts";

const anyTokens = fc.integer({ min: 1, max: 8 });
const anyBucket = fc.record({
  capacity: fc.integer({ min: 1, max: 10 }),
  refillTokens: fc.integer({ min: 1, max: 4 }),
  refillIntervalMs: fc.constantFrom(10, 25, 1_000),
});
const anyCalendar = fc.record({
  capacity: fc.integer({ min: 1, max: 20 }),
  every: fc.constantFrom("hour" as const, "day" as const),
});
const anyLimits = fc.constantFrom("none", "tpm", "day", "both").chain((which) => {
  return fc.record({
    ...((which === "tpm" || which === "both") && { tpm: anyBucket }),
    ...((which === "day" || which === "both") && { day: anyCalendar }),
  });
});
const anyHold = fc.constantFrom("queue" as const, "front" as const).map((debt) => {
  return { maxMs: 5_000, debt };
});
const anyConcurrency = fc.integer({ min: 1, max: 3 }).map((max) => ({ max, ttlMs: 1_000 }));
const anyQueue = {
  queueLimit: fc.constantFrom(2, 1_000, 1_000),
  maxWaitMs: fc.constantFrom(60, 3_000, 3_600_000),
};
const anyPolicy: fc.Arbitrary<PolicyFields> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: anyBucket }, anyCalendar),
    fc.record(anyQueue),
    fc.record(
      { limits: anyLimits, hold: anyHold, concurrency: anyConcurrency },
      { requiredKeys: [] },
    ),
  )
  .map(([first, queue, others]) => Object.assign(first, queue, others));

const anyChange = fc.oneof(
  fc.record(
    {
      capacity: fc.integer({ min: 1, max: 10 }),
      refillTokens: fc.integer({ min: 1, max: 4 }),
      refillIntervalMs: fc.constantFrom(10, 25, 1_000, 60_000),
      ...anyQueue,
      limits: fc.oneof(fc.constant(null), fc.constant({ tpm: null }), anyLimits),
      hold: fc.oneof(fc.constant(null), anyHold),
      concurrency: fc.oneof(fc.constant(null), anyConcurrency),
    },
    { requiredKeys: [] },
  ),
  anyCalendar,
);

const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      tokens: anyTokens,
      tpm: fc.option(anyTokens, { nil: undefined, freq: 3 }),
      timeoutMs: fc.constantFrom(undefined, undefined, 0, 50, 2_000),
      holdMs: fc.constantFrom(undefined, undefined, 1_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("settle" as const), used: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(5, 30, 900) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pause" as const), ms: fc.nat(2_000) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;

/** A bucket to which things have happened. */
class Lived {
  readonly platform = new MemoryPlatform();
  readonly host = new BucketHost(this.platform);
  readonly configured;
  /** What each caller was answered, by its label. */
  readonly answers = new Map<string, AcquireAnswer>();
  readonly #holds: string[] = [];
  readonly #permits: string[] = [];
  #callers = 0;

  constructor(fields: PolicyFields) {
    this.configured = { name: "*", ...Policy.of(fields, timeZones).toJSON() };
  }

  live(step: Step): void {
    switch (step.kind) {
      case "acquire":
        return this.#acquire(step);
      case "settle": {
        const id = this.#holds.shift();
        if (id !== undefined) this.host.changeHold("x", this.configured, id, { used: step.used });
        return undefined;
      }
      case "release": {
        const id = this.#permits.shift();
        if (id !== undefined) this.host.releasePermit("x", this.configured, id);
        return undefined;
      }
      case "pass":
        this.platform.nowMs += step.ms;
        return this.host.alarm();
      case "pause": {
        const untilMs = this.platform.nowMs + step.ms;
        this.host.pause("x", this.configured, { untilMs, tokens: 0 });
        return undefined;
      }
      default:
        return step satisfies never;
    }
  }

  get waiters() {
    return this.host.operators.waiters("x", this.configured, 10_000).waiters;
  }

  get snapshot() {
    return this.host.inspect("x", this.configured);
  }

  /** All there is to see, in memory and on the disk. */
  get seen(): string {
    const { disk, nowMs, alarmAtMs } = this.platform;
    const rows = [...disk.grantRows.list()];
    return JSON.stringify(
      [this.snapshot, this.waiters, [...this.answers], disk.read(), rows, nowMs, alarmAtMs],
      (_, value: unknown) => (value === Infinity ? "never" : value),
    );
  }

  #acquire({ tokens, tpm, timeoutMs, holdMs }: Extract<Step, { kind: "acquire" }>): void {
    const label = `caller ${(this.#callers += 1)}`;
    const call = {
      bucket: "x",
      policy: this.configured,
      tokens,
      label,
      ...(tpm !== undefined && { limits: { tpm } }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(holdMs !== undefined && { holdMs }),
    };
    this.host.acquire(call, {
      answered: (answer) => {
        this.answers.set(label, answer);
        if (answer.kind !== "outcome" || !answer.outcome.ok) return;
        const { hold, permit } = answer.outcome;
        if (hold) this.#holds.push(hold.id);
        if (permit) this.#permits.push(permit.id);
      },
    });
  }
}

/** What the change really does, in the form of a dry run. */
function changed(lived: Lived, changes: Record<string, unknown>): DryRun | undefined {
  const before = lived.waiters;
  const answer = lived.host.operators.changePolicy("x", lived.configured, changes);
  if (!answer.ok) return undefined;
  const etas = new Map(lived.waiters.map(({ id, etaMs }) => [id, etaMs]));
  const refused: DryRun["refused"][number][] = [];
  let moved = 0;
  for (const { id, label = "", etaMs } of before) {
    const ending = lived.answers.get(label);
    if (ending?.kind === "outcome" && !ending.outcome.ok) {
      refused.push({ id, reason: ending.outcome.reason });
    } else if ((ending ? 0 : etas.get(id)) !== etaMs) moved += 1;
  }
  return { snapshot: answer.snapshot, refused, moved };
}

describe("OperatorCalls.dryRun", () => {
  test("changes nothing, and says what the change then does", () => {
    const seen = {
      refused: 0,
      moved: 0,
      owing: 0,
      permits: 0,
      paused: 0,
      granted: 0,
      late: 0,
      illegal: 0,
    };
    fc.assert(
      fc.property(
        anyPolicy,
        fc.array(anyStep, { minLength: 5, maxLength: 40 }),
        anyChange,
        // How late the alarm is.
        fc.constantFrom(0, 0, 15, 40),
        (policy, steps, change, lateMs) => {
          const lived = new Lived(policy);
          for (const step of steps) lived.live(step);
          lived.platform.nowMs += lateMs;
          const before = lived.seen;
          lived.platform.takeWrites();
          const answer = lived.host.operators.dryRun("x", lived.configured, change);
          expect(lived.platform.takeWrites()).toEqual([]);
          expect(lived.seen).toBe(before);
          const { snapshot, waiters } = lived;
          const really = changed(lived, change);
          if (!answer.ok) {
            expect(really).toBeUndefined();
            seen.illegal += 1;
            return;
          }
          expect(answer.run).toEqual(really);
          const { refused, moved, snapshot: after } = answer.run;
          if (refused.length > 0) seen.refused += 1;
          if (moved > 0) seen.moved += 1;
          if (Object.values(snapshot.owedTokens ?? {}).some((owed) => owed > 0)) seen.owing += 1;
          if (Number(snapshot.permits?.held) > 0) seen.permits += 1;
          if (snapshot.pausedUntilMs !== undefined) seen.paused += 1;
          if (waiters[0]?.etaMs === 0) seen.late += 1;
          if (waiters.length > refused.length + after.waiters) seen.granted += 1;
        },
      ),
      { numRuns: runs(3_000) },
    );
    for (const [what, times] of Object.entries(seen)) {
      expect(times, what).toBeGreaterThanOrEqual(timesSeen(20));
    }
  });

  test("lists a thousand refused waiters, and counts the others", () => {
    const lived = new Lived({
      capacity: 2,
      refillTokens: 1,
      refillIntervalMs: 10,
      queueLimit: 1_500,
    });
    const ask = {
      kind: "acquire",
      tpm: undefined,
      timeoutMs: undefined,
      holdMs: undefined,
    } as const;
    lived.live({ ...ask, tokens: 1 });
    for (let callers = 0; callers < 1_200; callers += 1) lived.live({ ...ask, tokens: 2 });
    const ids = lived.waiters.map(({ id }) => id);
    const answer = lived.host.operators.dryRun("x", lived.configured, { capacity: 1 });
    expect(answer.ok && answer.run).toMatchObject({ omitted: 200, moved: 0 });
    expect(answer.ok && answer.run.refused.map(({ id }) => id)).toEqual(ids.slice(0, 1_000));
    expect(lived.waiters).toHaveLength(1_200);
  });

  test("counts nobody as moved whose time has come, even if the alarm is late", () => {
    const lived = new Lived({ capacity: 1, refillTokens: 1, refillIntervalMs: 10 });
    const ask = {
      kind: "acquire",
      tpm: undefined,
      timeoutMs: undefined,
      holdMs: undefined,
    } as const;
    for (let callers = 0; callers < 3; callers += 1) lived.live({ ...ask, tokens: 1 });
    lived.platform.nowMs += 15;
    const { operators } = lived.host;
    const slower = operators.dryRun("x", lived.configured, { refillIntervalMs: 1_000 });
    expect(slower.ok && slower.run).toMatchObject({ refused: [], moved: 1 });
    const larger = operators.dryRun("x", lived.configured, { capacity: 5 });
    expect(larger.ok && larger.run).toMatchObject({ refused: [], moved: 0 });
  });

  test("of nothing says that nothing happens, even if the alarm is late", () => {
    const lived = new Lived({ capacity: 1, refillTokens: 1, refillIntervalMs: 10 });
    const ask = {
      kind: "acquire",
      tpm: undefined,
      timeoutMs: undefined,
      holdMs: undefined,
    } as const;
    for (let callers = 0; callers < 3; callers += 1) lived.live({ ...ask, tokens: 1 });
    lived.platform.nowMs += 15;
    const { snapshot } = lived;
    expect(lived.host.operators.dryRun("x", lived.configured, {})).toEqual({
      ok: true,
      run: { snapshot, refused: [], moved: 0 },
    });
  });
});
