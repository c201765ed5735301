import { describe, expect, it } from "vitest";

import type { Clock } from "../../src/bucket/clock.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { BucketDirectory } from "../../src/bucket/platform.ts";
import type { BusyReport } from "../../src/directory/directory.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy, type PolicyFields } from "../../src/core/policy.ts";
import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";

type Reported = Omit<BusyReport, "shards">;

/** A platform whose timers run as time passes, and whose directory lists what it is called with. */
class TimedPlatform extends MemoryPlatform {
  readonly reports: (Reported & { readonly atMs: number })[] = [];
  readonly ended: string[] = [];
  readonly overrides: unknown[] = [];
  readonly delays: number[] = [];
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  override readonly clock: Clock = {
    now: () => this.nowMs,
    setTimer: (callback, delayMs) => {
      this.delays.push(delayMs);
      const timer = { atMs: this.nowMs + delayMs, callback };
      this.#timers.push(timer);
      return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
    },
  };
  readonly directory: BucketDirectory = {
    reportBusy: (report) => this.reports.push({ ...report, atMs: this.nowMs }),
    busyEnded: (bucket) => this.ended.push(bucket),
    noteOverride: (_, override) => this.overrides.push(override),
  };

  /** Those of other parts are of two seconds at most. */
  get longTimers(): number {
    return this.delays.filter((delayMs) => delayMs > 2_000).length;
  }

  pass(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      const [next] = this.#timers.toSorted((one, other) => one.atMs - other.atMs);
      if (!next || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = untilMs;
  }
}

const bucket = "x";

function policyOf(fields: Partial<PolicyFields>) {
  const complete = { capacity: 100, refillTokens: 100, refillIntervalMs: 1_000, ...fields };
  return { name: "*", ...Policy.of(complete as PolicyFields).toJSON() };
}

class Served {
  readonly platform = new TimedPlatform();
  readonly startedAtMs = this.platform.nowMs;
  readonly policy;
  host = new BucketHost(this.platform);

  constructor(fields: Partial<PolicyFields> = {}) {
    this.policy = policyOf(fields);
  }

  acquire(call: Partial<AcquireCall> = {}): Leave | undefined {
    const asked = { bucket, policy: this.policy, tokens: 1, ...call };
    return this.host.acquire(asked, { answered: () => undefined });
  }

  /** Asks every `everyMs`, for so long. */
  ask(everyMs: number, durationMs: number, call: Partial<AcquireCall> = {}): void {
    for (let passedMs = 0; passedMs < durationMs; passedMs += everyMs) {
      this.acquire(call);
      this.platform.pass(everyMs);
    }
  }

  /** When there were reports, in milliseconds since the start. */
  get reportedAtMs(): number[] {
    return this.platform.reports.map(({ atMs }) => atMs - this.startedAtMs);
  }
}

describe("BusyReports", () => {
  it("reports nothing and sets no timer for a bucket that is asked once, or now and then", () => {
    const served = new Served({ capacity: 1, refillTokens: 1 });
    served.acquire();
    expect(served.platform.longTimers).toBe(0);
    served.platform.pass(60_000);
    served.ask(8_000, 600_000);
    expect(served.platform.reports).toEqual([]);
    expect(served.host.history.points).toEqual([]);
    expect(served.platform.longTimers).toBe(0);
  });

  it("reports a bucket that is asked all the time once in ten seconds, from its turns alone", () => {
    const served = new Served();
    served.ask(100, 60_000);
    expect(served.reportedAtMs).toEqual([5_000, 15_000, 25_000, 35_000, 45_000, 55_000]);
    expect(served.platform.longTimers).toBe(0);
    expect(served.platform.reports.at(-1)).toMatchObject({
      bucket: "x",
      policyName: "*",
      isOverridden: false,
      capacity: 100,
      waiters: 0,
      grantedPerS: 10,
      refusedPerS: 0,
      waitP95Ms: 0,
      window: [100, 0, 0],
    });
    expect(served.host.history.points).toHaveLength(6);
    expect(served.host.history.points.at(-1)?.slice(1)).toEqual([100, 0, 0, 0, 0]);
  });

  it("reports refusals, and a pause", () => {
    const served = new Served({ capacity: 1, refillTokens: 1, refillIntervalMs: 60_000 });
    const untilMs = served.startedAtMs + 300_000;
    served.host.pause(bucket, served.policy, { untilMs, tokens: 0 });
    served.ask(500, 6_000, { timeoutMs: 0 });
    expect(served.platform.reports).toHaveLength(1);
    expect(served.platform.reports[0]).toMatchObject({
      grantedPerS: 0,
      refusedPerS: 2.2,
      tokens: 0,
      pausedUntilMs: untilMs,
    });
  });

  it("reports callers that wait, and their end, though nothing happens after it", () => {
    const served = new Served({ capacity: 1, refillTokens: 1, refillIntervalMs: 2_000 });
    for (let caller = 0; caller < 9; caller += 1) served.acquire();
    served.platform.pass(120_000);
    const waiters = served.platform.reports.map((report) => report.waiters);
    // Grants at 2, 4, … 16 seconds; the head waits for more than five from 6 seconds on.
    expect(served.reportedAtMs).toEqual([5_000, 15_000, 25_000]);
    expect(waiters).toEqual([6, 1, 0]);
    // All have come at the start.
    const waits = served.platform.reports.map((report) => report.oldestWaitMs);
    expect(waits).toEqual([5_000, 15_000, 0]);
    expect(served.platform.reports[0]?.maxWaitMs).toBe(60_000);
    // After the last report there is no timer.
    expect(served.platform.longTimers).toBe(2);
  });

  it("says by a timer that the waiters of sessions have gone, and sets none before", () => {
    const served = new Served({ capacity: 1, refillTokens: 1, refillIntervalMs: 60_000 });
    served.host.sessionsChanged(1);
    served.acquire();
    served.host.sessionsWait(2);
    const leaves = [served.acquire(), served.acquire({ timeoutMs: 3_600_000 })];
    served.platform.pass(7_000);
    served.host.alarm();
    served.platform.pass(1_000);
    expect(served.platform.reports).toMatchObject([{ waiters: 1 }]);
    expect(served.platform.longTimers).toBe(0);
    for (const leave of leaves) leave?.();
    served.host.sessionsWait(0);
    served.platform.pass(120_000);
    expect(served.platform.reports).toMatchObject([{ waiters: 1 }, { waiters: 0 }]);
    expect(served.platform.longTimers).toBe(1);
  });

  it("sets no timer in the first turn of an object that its sessions have woken", () => {
    const served = new Served({ capacity: 1, refillTokens: 1, refillIntervalMs: 30_000 });
    served.acquire();
    const queuedAtMs = served.platform.nowMs;
    const call = { bucket, policy: served.policy, tokens: 1, timeoutMs: 60_000 };
    served.platform.nowMs += 30_000;
    const woken = new BucketHost(served.platform);
    woken.sessionsChanged(1);
    woken.sessionsWait(2);
    woken.restore(
      [1, 2].map((id) => {
        const arrival = { queuedAtMs, deadlineAtMs: queuedAtMs + 60_000, arrivalNumber: id };
        const request = { sessionId: String(id), answered: () => undefined };
        return { call, timeoutMs: 60_000, arrival, request };
      }),
    );
    woken.alarm();
    expect(served.platform.reports).toMatchObject([{ waiters: 1, grantedPerS: 0.1 }]);
    expect(served.platform.longTimers).toBe(0);
  });

  it("tells the directory of a reset if it has reported, and starts over", () => {
    const served = new Served();
    served.ask(100, 10_000);
    void served.host.reset();
    expect(served.platform.ended).toEqual(["x"]);
    expect(served.host.history.points).toEqual([]);
    void served.host.reset();
    served.ask(100, 4_000);
    expect(served.platform.ended).toEqual(["x"]);
    expect(served.platform.reports).toHaveLength(1);
    served.ask(100, 4_000);
    expect(served.platform.reports).toHaveLength(2);
  });

  it("repeats an override with the first report of an instance", () => {
    const served = new Served();
    served.host.operators.changePolicy(bucket, served.policy, { capacity: 50 });
    const { overrides } = served.platform;
    overrides.length = 0;
    served.ask(100, 30_000);
    expect(overrides).toMatchObject([
      { bucket: "x", policy: { capacity: 50 }, hasPrevious: false },
    ]);
    expect(served.platform.reports).toMatchObject([{}, {}, { isOverridden: true, capacity: 50 }]);
    served.host = new BucketHost(served.platform);
    served.ask(100, 6_000);
    expect(overrides).toHaveLength(2);
  });

  it("keeps the history without a directory, too", () => {
    const platform = new MemoryPlatform();
    const host = new BucketHost(platform);
    const policy = policyOf({});
    for (let asked = 0; asked < 100; asked += 1) {
      host.acquire({ bucket, policy, tokens: 1 }, { answered: () => undefined });
      platform.nowMs += 100;
    }
    expect(host.history.points).toHaveLength(1);
  });
});
