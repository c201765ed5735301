import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { WatchEvent } from "../../src/protocol/watch-feed.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy } from "../../src/core/policy.ts";

const oneASecond = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

/** One bucket whose host may be replaced at any time. */
class Operated {
  readonly platform = new MemoryPlatform();
  readonly configured;
  host = new BucketHost(this.platform);

  constructor(fields: PolicyFields = oneASecond) {
    this.configured = { name: "*", ...Policy.of(fields).toJSON() };
  }

  /** The answers, to which later ones are added. */
  acquire(call: Partial<AcquireCall> = {}): AcquireAnswer[] {
    const answers: AcquireAnswer[] = [];
    this.host.acquire(
      { bucket: "x", policy: this.configured, tokens: 1, ...call },
      { answered: (answer) => answers.push(answer) },
    );
    return answers;
  }

  waiters(limit = 100) {
    return this.host.operators.waiters("x", this.configured, limit);
  }

  ids(): string[] {
    return this.waiters().waiters.map(({ id }) => id);
  }
}

describe("OperatorCalls.waiters", () => {
  it("starts no bucket, and writes nothing", () => {
    const operated = new Operated();
    expect(operated.waiters()).toEqual({ waiters: [], omitted: 0 });
    operated.acquire();
    operated.acquire();
    operated.platform.takeWrites();
    expect(operated.waiters().waiters).toHaveLength(1);
    expect(operated.waiters(0)).toEqual({ waiters: [], omitted: 1 });
    expect(operated.platform.takeWrites()).toEqual([]);
  });

  it("tells those of the same instant apart, and a grant changes nobody's id", () => {
    const operated = new Operated();
    for (let callers = 0; callers < 4; callers += 1) operated.acquire();
    const ids = operated.ids();
    expect(new Set(ids).size).toBe(3);
    operated.platform.nowMs += 1_000;
    operated.host.alarm();
    expect(operated.ids()).toEqual(ids.slice(1));
  });

  it("has whole milliseconds of a caller that was put back between two", () => {
    const operated = new Operated();
    operated.acquire();
    const atMs = operated.platform.nowMs;
    // A first call of an instance would open the recovery window.
    operated.acquire({ requeued: { arrivedAtMs: atMs - 500.25, elapsedMs: 500 } });
    expect(operated.waiters().waiters).toMatchObject([
      { queuedAtMs: atMs - 501, position: 1, etaMs: 1_000 },
    ]);
  });

  it("says 0 of one whose alarm is late", () => {
    const operated = new Operated();
    operated.acquire();
    operated.acquire();
    operated.platform.nowMs += 1_500;
    expect(operated.waiters().waiters).toMatchObject([{ etaMs: 0 }]);
  });

  it("lists callers that slept as before they did", () => {
    const operated = new Operated();
    operated.acquire();
    operated.acquire({ label: "job 7" });
    const before = operated.waiters();
    const [waiter] = before.waiters;
    if (!waiter) throw new Error("Nobody waits");
    const { queuedAtMs, deadlineAtMs, id } = waiter;
    operated.host = new BucketHost(operated.platform);
    const call = { bucket: "x", policy: operated.configured, tokens: 1, label: "job 7" };
    const arrival = { queuedAtMs, deadlineAtMs, arrivalNumber: Number(id.split("-")[1]) };
    const request = { answered: () => undefined };
    operated.host.restore([{ call, request, timeoutMs: 60_000, arrival }]);
    expect(operated.waiters()).toEqual(before);
  });

  it("fails if the state can't be read", () => {
    const operated = new Operated();
    operated.acquire();
    const record = operated.platform.disk.read();
    if (record) operated.platform.disk.write({ ...record, format: 99 });
    operated.host = new BucketHost(operated.platform);
    expect(() => operated.waiters()).toThrow(RangeError);
  });
});

describe("OperatorCalls.removeWaiter", () => {
  it("is seen by watchers as a caller that has left", () => {
    const operated = new Operated();
    operated.acquire();
    const held = operated.acquire();
    const events: WatchEvent[] = [];
    operated.host.observe({ turned: (news) => void events.push(...news) });
    operated.platform.nowMs += 300;
    expect(operated.host.operators.removeWaiter(operated.ids()[0] ?? "")).toBe(true);
    expect(held).toEqual([{ kind: "cancelled-by-admin" }]);
    expect(events).toEqual([
      { kind: "cancelled", id: 1, atMs: operated.platform.nowMs, tokens: 1, waitedMs: 300 },
    ]);
    expect(operated.host.inspect("x", operated.configured)).toMatchObject({
      waiters: 0,
      cancelled: 1,
      refused: 0,
    });
  });

  it("grants those behind that fit now, in the same turn", () => {
    const operated = new Operated({ ...oneASecond, capacity: 3, initialTokens: 3 });
    operated.acquire({ tokens: 2 });
    const large = operated.acquire({ tokens: 3 });
    const small = operated.acquire();
    expect(small).toEqual([]);
    const [id = ""] = operated.ids();
    expect(operated.host.operators.removeWaiter(id)).toBe(true);
    expect(large).toEqual([{ kind: "cancelled-by-admin" }]);
    expect(small).toMatchObject([{ kind: "outcome", outcome: { ok: true } }]);
  });

  it("finds nobody in a bucket that was never used, or was reset", async () => {
    const operated = new Operated();
    expect(operated.host.operators.removeWaiter("1-1")).toBe(false);
    operated.acquire();
    operated.acquire();
    const [id = ""] = operated.ids();
    await operated.host.reset();
    expect(operated.host.operators.removeWaiter(id)).toBe(false);
  });

  it("keeps out a caller that is requeued, as its answer was lost with the object", () => {
    const operated = new Operated();
    operated.acquire();
    operated.acquire({ idempotencyKey: "k" });
    operated.platform.takeWrites();
    operated.host.operators.removeWaiter(operated.ids()[0] ?? "");
    expect(operated.platform.takeWrites()).toEqual(["removed"]);
    operated.host = new BucketHost(operated.platform);
    // The recovery window is not what is tested here.
    operated.acquire({ tokens: 2 });
    const requeued = { arrivedAtMs: operated.platform.nowMs, elapsedMs: 0 };
    expect(operated.acquire({ idempotencyKey: "k", requeued })).toEqual([
      { kind: "cancelled-by-admin" },
    ]);
    expect(operated.host.waiters).toBe(0);
  });

  it("keeps out a caller that left the recovery window and comes back", () => {
    const operated = new Operated();
    operated.acquire();
    operated.acquire({ idempotencyKey: "k" });
    operated.host.operators.removeWaiter(operated.ids()[0] ?? "");
    // The next instance is in its recovery window until its timers fire.
    const timers: (() => void)[] = [];
    const { platform } = operated;
    const setTimer = (callback: () => void) => {
      timers.push(callback);
      return () => undefined;
    };
    const clock = { now: () => platform.nowMs, setTimer };
    operated.host = new BucketHost(Object.assign(platform, { clock }));
    operated.host.recover(platform.nowMs + 1_000);
    const call = { bucket: "x", policy: operated.configured, tokens: 1, idempotencyKey: "k" };
    const requeued = { arrivedAtMs: platform.nowMs, elapsedMs: 0 };
    const leave = operated.host.acquire({ ...call, requeued }, { answered: () => undefined });
    expect(leave?.()).toBe(true);
    const again = operated.acquire({ idempotencyKey: "k" });
    for (let round = 0; round < 5; round += 1) for (const timer of timers.splice(0)) timer();
    expect(again).toEqual([{ kind: "cancelled-by-admin" }]);
  });

  it("takes out nobody if that can't be written", () => {
    const operated = new Operated();
    operated.acquire();
    const held = operated.acquire({ idempotencyKey: "k" });
    const [id = ""] = operated.ids();
    operated.platform.isBroken = true;
    expect(() => operated.host.operators.removeWaiter(id)).toThrow("The disk is full");
    operated.platform.isBroken = false;
    expect([held, operated.ids()]).toEqual([[], [id]]);
    expect(operated.host.operators.removeWaiter(id)).toBe(true);
    expect(held).toEqual([{ kind: "cancelled-by-admin" }]);
  });

  it("writes nothing about a caller that has nothing to come back with", () => {
    const operated = new Operated();
    operated.acquire();
    operated.acquire();
    operated.platform.takeWrites();
    operated.host.operators.removeWaiter(operated.ids()[0] ?? "");
    expect(operated.platform.takeWrites()).toEqual([]);
  });

  it("answers every request that shares the place", () => {
    const operated = new Operated();
    operated.acquire();
    const first = operated.acquire({ idempotencyKey: "k" });
    const retry = operated.acquire({ idempotencyKey: "k" });
    operated.host.operators.removeWaiter(operated.ids()[0] ?? "");
    expect([...first, ...retry]).toEqual([
      { kind: "cancelled-by-admin" },
      { kind: "cancelled-by-admin" },
    ]);
    expect(operated.host.waiters).toBe(0);
  });
});

describe("OperatorCalls.changePolicy and dropOverride", () => {
  it("tell the directory, once the change is written; so does a reset", async () => {
    const operated = new Operated();
    const noted: unknown[] = [];
    const directory = {
      reportBusy: () => undefined,
      busyEnded: () => undefined,
      noteOverride: (bucket: string, override: unknown) => {
        noted.push([operated.platform.takeWrites(), bucket, override]);
      },
    };
    operated.host = new BucketHost(Object.assign(operated.platform, { directory }));
    const { operators } = operated.host;
    operators.changePolicy("x", operated.configured, {});
    operators.changePolicy("x", operated.configured, { capacity: 0 });
    operators.dropOverride("x", operated.configured, "configured");
    expect(noted).toEqual([]);
    operators.changePolicy("x", operated.configured, { capacity: 5 }, "why");
    operators.dropOverride("x", operated.configured, "configured");
    const atMs = operated.platform.nowMs;
    const policy = Policy.of({ ...oneASecond, capacity: 5 }).toJSON();
    const known = { bucket: "x", policy, atMs, note: "why", hasPrevious: false };
    expect(noted.splice(0)).toEqual([
      [["bucket"], "x", known],
      [["bucket"], "x", undefined],
    ]);
    await operated.host.reset();
    expect(noted).toEqual([]);
    operators.changePolicy("x", operated.configured, { capacity: 5 });
    await operated.host.reset();
    expect(noted.map((note) => (note as unknown[]).at(-1))).toMatchObject([
      { hasPrevious: false },
      undefined,
    ]);
  });

  it("tell nobody of a change that can't be written", () => {
    const operated = new Operated();
    const { operators } = operated.host;
    operated.platform.isBroken = true;
    expect(() => operators.changePolicy("x", operated.configured, { capacity: 5 })).toThrow(
      "The disk is full",
    );
    expect(operated.platform.isAborted).toBe(true);
  });
});
