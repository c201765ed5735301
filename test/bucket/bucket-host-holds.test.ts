import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy } from "../../src/core/policy.ts";

const tenASecond = { capacity: 10, refillTokens: 10, refillIntervalMs: 1_000 };
const holding = { ...tenASecond, hold: { maxMs: 60_000 } };
const oneAtATime = { ...tenASecond, concurrency: { max: 1, ttlMs: 5_000 } };

/** One bucket whose host may be replaced at any time. */
class Served {
  readonly platform = new MemoryPlatform();
  readonly configured;
  host = new BucketHost(this.platform);

  constructor(fields: PolicyFields) {
    this.configured = { name: "*", ...Policy.of(fields).toJSON() };
  }

  /** The object is lost, and its next instance starts. */
  restart(): void {
    this.host = new BucketHost(this.platform);
  }

  pass(ms: number): void {
    this.platform.nowMs += ms;
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

  /** A caller that follows its place: its answers, its ticket, and what breaks its connection. */
  follow(call: Partial<AcquireCall> = {}) {
    const followed = { answers: [] as AcquireAnswer[], ticket: "", leave: (): void => undefined };
    const leave = this.host.acquire(
      { bucket: "x", policy: this.configured, tokens: 1, ...call },
      {
        answered: (answer) => followed.answers.push(answer),
        moved: ({ ticket = "" }) => void (followed.ticket = ticket),
      },
    );
    return Object.assign(followed, { leave: () => void leave?.() });
  }

  release({ permit }: Grant): void {
    this.host.releasePermit("x", this.configured, permit?.id ?? "none");
  }

  grant(call: Partial<AcquireCall> = {}): Grant {
    const [answer] = this.acquire(call);
    if (answer?.kind === "replay") return answer.grant;
    if (answer?.kind === "outcome" && answer.outcome.ok) return answer.outcome;
    throw new Error(`Not granted: ${JSON.stringify(answer)}`);
  }

  hold(call: Partial<AcquireCall> = {}): string {
    return this.grant({ holdMs: 30_000, ...call }).hold?.id ?? "none";
  }

  get snapshot() {
    return this.host.inspect("x", this.configured);
  }
}

describe("a hold", () => {
  it("is on the disk before its grant is answered, and can be settled after a restart", () => {
    const served = new Served(holding);
    const id = served.hold({ tokens: 4 });
    expect(served.platform.takeWrites()).toEqual(["bucket", "open 0"]);
    served.restart();
    expect(served.snapshot).toMatchObject({ tokens: 6, heldTokens: { rate: 4 } });
    const settled = served.host.changeHold("x", served.configured, id, { used: 1 });
    expect(settled).toMatchObject({
      kind: "settled",
      settled: { id, used: { rate: 1 }, returned: { rate: 3 }, owed: { rate: 0 } },
    });
    expect(served.platform.takeWrites()).toEqual(["open 0"]);
    served.restart();
    expect(served.snapshot).toMatchObject({ tokens: 9, heldTokens: { rate: 0 } });
    expect(served.host.changeHold("x", served.configured, id, { used: 1 })).toEqual(settled);
    expect(served.platform.takeWrites()).toEqual([]);
  });

  it("serves waiters with what it gives back, in the turn that settles it", () => {
    const served = new Served(holding);
    const id = served.hold({ tokens: 10 });
    const waiting = served.acquire({ tokens: 2 });
    expect(waiting).toEqual([]);
    served.host.dropHold("x", served.configured, id);
    expect(waiting).toMatchObject([{ kind: "outcome", outcome: { ok: true, remaining: 8 } }]);
  });

  it("has the same id for a repeat with the same key, also after a restart", () => {
    const served = new Served(holding);
    const id = served.hold({ idempotencyKey: "k" });
    expect(served.hold({ idempotencyKey: "k" })).toBe(id);
    served.restart();
    expect(served.hold({ idempotencyKey: "k" })).toBe(id);
    expect(served.acquire({ idempotencyKey: "k", holdMs: 20_000 })).toMatchObject([
      { kind: "key-reused" },
    ]);
  });

  it("that a caller waits for is opened when it comes back to its place", () => {
    const served = new Served(holding);
    served.grant({ tokens: 10 });
    let grant: AcquireAnswer | undefined;
    const call = { bucket: "x", policy: served.configured, tokens: 5 };
    const keyed = { ...call, holdMs: 30_000, idempotencyKey: "k" };
    const leave = served.host.acquire(keyed, { answered: () => undefined });
    leave?.();
    served.host.acquire(keyed, { answered: (answer) => (grant = answer) });
    served.pass(1_000);
    served.host.alarm();
    const expiresAtMs = served.platform.nowMs + 30_000;
    expect(grant).toMatchObject({ outcome: { ok: true, hold: { expiresAtMs } } });
  });

  it.each([
    ["has no hold", tenASecond, "holdMs needs a policy with hold"],
    ["allows none for so long", holding, "holdMs must be at most the policy's hold.maxMs, 60000"],
  ])("is refused if the policy %s, and nothing is taken", (_, fields, message) => {
    const served = new Served(fields);
    expect(served.acquire({ holdMs: 60_001 })).toMatchObject([
      { kind: "invalid", errors: [{ field: "holdMs" }] },
    ]);
    expect(JSON.stringify(served.acquire({ holdMs: 60_001 }))).toContain(message);
    expect(served.platform.takeWrites()).toEqual([]);
  });

  it("can't be extended beyond the policy's longest, but to it", () => {
    const served = new Served(holding);
    const id = served.hold();
    const extend = (extendMs: number) => {
      return served.host.changeHold("x", served.configured, id, { extendMs });
    };
    expect(extend(60_001)).toMatchObject({ kind: "invalid", errors: [{ field: "extendMs" }] });
    const expiresAtMs = served.platform.nowMs + 60_000;
    expect(extend(60_000)).toEqual({ kind: "open", id, expiresAtMs });
  });

  it("is remembered for ten minutes after its end, when a settle books what is over", () => {
    const served = new Served(holding);
    const id = served.hold({ tokens: 4 });
    served.pass(30_000);
    served.restart();
    expect(served.snapshot).toMatchObject({ heldTokens: { rate: 0 } });
    const settle = (used: number) => {
      return served.host.changeHold("x", served.configured, id, { used });
    };
    expect(settle(6)).toMatchObject({ settled: { returned: { rate: 0 }, owed: { rate: 2 } } });
    expect(served.snapshot.tokens).toBe(8);
    served.pass(600_000);
    expect(settle(6)).toEqual({ kind: "unknown-hold" });
  });
});

describe("a permit", () => {
  it("is given back after a restart, which serves the head", () => {
    const served = new Served(oneAtATime);
    const { permit } = served.grant();
    served.restart();
    const waiting = served.acquire();
    expect(waiting).toEqual([]);
    served.platform.takeWrites();
    served.host.releasePermit("x", served.configured, permit?.id ?? "");
    expect(waiting).toMatchObject([{ outcome: { ok: true, permit: { id: "id-2" } } }]);
    expect(served.platform.takeWrites()).toEqual(["open 0"]);
    const second = waiting[0]?.kind === "outcome" && waiting[0].outcome;
    const fence = second && second.ok ? second.permit?.fence : undefined;
    expect(fence).toBeGreaterThan(permit?.fence ?? Infinity);
  });

  it("is lost after its time, also if nothing has happened since", () => {
    const served = new Served(oneAtATime);
    const { permit } = served.grant();
    expect(served.snapshot.permits).toMatchObject({ held: 1 });
    served.pass(5_000);
    expect(served.snapshot.permits).toEqual({ max: 1, held: 0 });
    const extended = served.host.extendPermit("x", served.configured, permit?.id ?? "");
    expect(extended).toEqual({ kind: "permit-lost" });
    served.restart();
    expect(served.grant().permit?.fence).toBeGreaterThan(permit?.fence ?? Infinity);
  });

  it("has a higher fence than those before a DELETE, of which there were many at once", async () => {
    const served = new Served({ ...tenASecond, concurrency: { max: 10, ttlMs: 5_000 } });
    const fences = Array.from({ length: 10 }, () => served.grant().permit?.fence ?? Infinity);
    await served.host.reset();
    await served.host.reset();
    expect(served.grant().permit?.fence).toBeGreaterThan(Math.max(...fences));
  });

  it("that is extended is on the disk with its new end", () => {
    const served = new Served(oneAtATime);
    const { permit } = served.grant();
    served.pass(4_000);
    const extended = served.host.extendPermit("x", served.configured, permit?.id ?? "");
    const expiresAtMs = served.platform.nowMs + 5_000;
    expect(extended).toMatchObject({ kind: "extended", permit: { ...permit, expiresAtMs } });
    served.restart();
    served.pass(4_999);
    expect(served.snapshot.permits?.held).toBe(1);
  });
});

describe("a repeat with the same key", () => {
  it("gets the same grant while its permit is out, extended or not, and after a restart", () => {
    const served = new Served(oneAtATime);
    const grant = served.grant({ idempotencyKey: "k" });
    served.pass(4_999);
    served.restart();
    expect(served.acquire({ idempotencyKey: "k" })).toMatchObject([{ kind: "replay", grant }]);
    served.host.extendPermit("x", served.configured, grant.permit?.id ?? "");
    served.pass(4_999);
    expect(served.acquire({ idempotencyKey: "k" })).toMatchObject([{ kind: "replay", grant }]);
  });

  it("is a new acquire once the permit is over, even if nothing has happened since", () => {
    for (const restarts of [false, true]) {
      const served = new Served(oneAtATime);
      const first = served.grant({ idempotencyKey: "k" });
      served.pass(5_000);
      if (restarts) served.restart();
      const second = served.grant({ idempotencyKey: "k" });
      expect(second.permit?.expiresAtMs).toBe(served.platform.nowMs + 5_000);
      expect(second.permit?.fence).toBeGreaterThan(first.permit?.fence ?? Infinity);
      expect(served.grant({ idempotencyKey: "k" })).toEqual(second);
    }
  });

  it("waits for a permit if others have them all, and may be cancelled then", () => {
    const served = new Served(oneAtATime);
    served.grant({ idempotencyKey: "k" });
    served.pass(5_000);
    const { permit } = served.grant();
    expect(served.host.cancel("k")).toBe(false);
    served.pass(10_001);
    const other = served.grant().permit ?? permit;
    const waiting = served.acquire({ idempotencyKey: "k" });
    expect(waiting).toEqual([]);
    served.host.releasePermit("x", served.configured, other?.id ?? "");
    expect(waiting).toMatchObject([{ kind: "outcome", outcome: { ok: true } }]);
    served.acquire({ idempotencyKey: "l" });
    expect(served.host.cancel("l")).toBe(true);
  });

  it("is a new acquire once the permit has been released", () => {
    const served = new Served(oneAtATime);
    const { permit } = served.grant({ idempotencyKey: "k" });
    served.host.releasePermit("x", served.configured, permit?.id ?? "");
    expect(served.grant({ idempotencyKey: "k" }).permit?.id).not.toBe(permit?.id);
    expect(served.snapshot).toMatchObject({ granted: 2, tokens: 8 });
  });

  it("is a new acquire once the hold is settled, and not while it can be", () => {
    const served = new Served(holding);
    const settled = served.hold({ idempotencyKey: "k" });
    served.host.changeHold("x", served.configured, settled, { used: 1 });
    const second = served.hold({ idempotencyKey: "k" });
    expect(second).not.toBe(settled);
    // Spent as reserved, and what is used beyond that can be booked.
    served.pass(30_000);
    expect(served.hold({ idempotencyKey: "k" })).toBe(second);
  });
});

describe("a place whose permit has come back", () => {
  const key = { idempotencyKey: "k" };

  /** Whether `again` has its grant only after a newcomer that came before it. */
  function isBehindNewcomer(served: Served, again: Partial<AcquireCall>, holder: Grant): boolean {
    const newcomer = served.acquire();
    const answers = served.acquire(again);
    expect([newcomer, answers]).toEqual([[], []]);
    served.release(holder);
    expect(newcomer.length + answers.length).toBe(1);
    return newcomer.length === 1;
  }

  it("is none any more after a restart, for its key and ticket", () => {
    const served = new Served(oneAtATime);
    const before = served.grant();
    const { answers, ticket } = served.follow(key);
    served.pass(100);
    served.release(before);
    expect(answers).toMatchObject([{ kind: "outcome", outcome: { ok: true } }]);
    served.release(served.grant(key));
    const holder = served.grant();
    served.restart();
    expect(isBehindNewcomer(served, { ...key, ticket }, holder)).toBe(true);
  });

  it("is none any more for its key, if its ticket was presented alone", () => {
    const served = new Served(oneAtATime);
    const before = served.grant();
    const { leave, ticket } = served.follow(key);
    leave();
    const alone = served.acquire({ ticket });
    served.pass(100);
    served.release(before);
    expect(alone).toMatchObject([{ kind: "outcome", outcome: { ok: true } }]);
    served.release(served.grant({ ticket }));
    const holder = served.grant();
    expect(isBehindNewcomer(served, key, holder)).toBe(true);
  });

  it("doesn't count against a later acquire with its key", () => {
    const served = new Served(oneAtATime);
    served.release(served.grant(key));
    served.pass(100);
    const holder = served.grant();
    const { leave, ticket } = served.follow(key);
    leave();
    served.restart();
    served.pass(100);
    expect(isBehindNewcomer(served, { ...key, ticket }, holder)).toBe(false);
  });
});

describe("the calls of holders", () => {
  it("know nothing in an unused bucket, and leave nothing on the disk", () => {
    const { host, configured, platform } = new Served(holding);
    const unknown = { kind: "unknown-hold" };
    expect(host.changeHold("x", configured, "a", { used: 1 })).toEqual(unknown);
    expect(host.changeHold("x", configured, "a", { extendMs: 60_000 })).toEqual(unknown);
    expect(host.dropHold("x", configured, "a")).toEqual(unknown);
    expect(host.extendPermit("x", configured, "a")).toEqual({ kind: "permit-lost" });
    host.releasePermit("x", configured, "a");
    expect(platform.takeWrites()).toEqual([]);
  });

  it("know nothing any more after a reset", async () => {
    const served = new Served(holding);
    const id = served.hold();
    await served.host.reset();
    expect(served.host.dropHold("x", served.configured, id)).toEqual({ kind: "unknown-hold" });
    served.restart();
    expect(served.host.dropHold("x", served.configured, id)).toEqual({ kind: "unknown-hold" });
    expect(served.snapshot.tokens).toBe(10);
  });

  it("end the instance if what they did can't be written", () => {
    const served = new Served(holding);
    const id = served.hold();
    served.platform.isBroken = true;
    expect(() => served.host.dropHold("x", served.configured, id)).toThrow("The disk is full");
    expect(served.platform.isAborted).toBe(true);
  });
});
