import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { OpenBucket } from "../../src/bucket/open-bucket.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { HeldPlace } from "../../src/wire/held-place.ts";

import { Arrivals } from "../../src/bucket/arrivals.ts";
import { KeyedCalls } from "../../src/bucket/keyed-calls.ts";
import { newBucket } from "../../src/bucket/open-bucket.ts";
import { Policy } from "../../src/core/policy.ts";
import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";

const policy = {
  name: "*",
  ...Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON(),
};

/** An empty bucket's arrivals. Turns settle nobody: whoever arrives, waits. */
class Queue {
  readonly platform = new MemoryPlatform();
  readonly bucket: OpenBucket = newBucket("x", policy, this.platform);
  readonly answers: string[] = [];
  readonly tickets: string[] = [];
  readonly keyed = new KeyedCalls(this.platform.disk.keyedGrants);
  readonly #arrivals = new Arrivals(this.platform, this.keyed, {
    now: () => this.platform.nowMs,
    finish: () => undefined,
  });

  constructor() {
    this.bucket.limiter.acquire({ caller: undefined as never }, this.platform.nowMs);
  }

  /** A request that follows its place. */
  follow(): Leave | undefined {
    const answered = (answer: AcquireAnswer): void => void this.answers.push(answer.kind);
    const moved = ({ ticket = "" }: HeldPlace): void => void this.tickets.push(ticket);
    const call = { bucket: "x", policy, tokens: 1 };
    const arriving = { call, request: { answered, moved }, heldMs: 0 };
    return this.#arrivals.admit(this.bucket, arriving, this.platform.nowMs);
  }

  admit(call: Partial<AcquireCall> = {}, heldMs = 0): Leave | undefined {
    const answered = (answer: AcquireAnswer): void => void this.answers.push(answer.kind);
    const arriving = {
      call: { bucket: "x", policy, tokens: 1, ...call },
      request: { answered },
      heldMs,
    };
    return this.#arrivals.admit(this.bucket, arriving, this.platform.nowMs);
  }

  get deadlines(): number[] {
    return [...this.bucket.limiter.places()].map(
      ({ waiter }) => waiter.deadlineAtMs - this.platform.nowMs,
    );
  }
}

describe("Arrivals", () => {
  it("count the time in the recovery window, and that before a reset, against the timeout", () => {
    const queue = new Queue();
    queue.admit({ timeoutMs: 5_000 });
    queue.admit({ timeoutMs: 5_000 }, 200);
    const requeued = { arrivedAtMs: queue.platform.nowMs, elapsedMs: 1_000 };
    queue.admit({ timeoutMs: 5_000, requeued }, 300);
    expect(queue.deadlines).toEqual([5_000, 4_800, 3_700]);
  });

  it("share one place under one key, eight at most, until the last of them leaves", () => {
    const queue = new Queue();
    const leaves = Array.from({ length: 8 }, () => queue.admit({ idempotencyKey: "k" }));
    expect(queue.deadlines).toEqual([60_000]);
    expect(queue.admit({ idempotencyKey: "k" })).toBeUndefined();
    expect(queue.answers).toEqual(["place-crowded"]);
    for (const leave of leaves.slice(1)) expect(leave?.()).toBe(true);
    expect(queue.deadlines).toEqual([60_000]);
    expect(leaves[0]?.()).toBe(true);
    expect(leaves[0]?.()).toBe(false);
    expect(queue.deadlines).toEqual([]);
  });

  it("give a caller whose connection broke its old deadline back", () => {
    const queue = new Queue();
    queue.admit({ idempotencyKey: "k", timeoutMs: 9_000 })?.();
    queue.admit();
    queue.platform.nowMs += 100;
    queue.admit({ idempotencyKey: "k", timeoutMs: 9_000 });
    expect(queue.deadlines).toEqual([8_900, 59_900]);
  });

  it("refuse what the policy forbids, and take nothing", () => {
    const queue = new Queue();
    expect(queue.admit({ holdMs: 1_000 })).toBeUndefined();
    expect(queue.answers).toEqual(["invalid"]);
    expect(queue.deadlines).toEqual([]);
  });

  it("make a ticket for a caller that follows its place, and for no other", () => {
    const queue = new Queue();
    queue.admit();
    expect(queue.platform.takeWrites()).toEqual([]);
    queue.follow();
    queue.follow();
    expect(queue.platform.takeWrites()).toEqual(["ticket secret"]);
    expect(new Set(queue.tickets).size).toBe(2);
  });

  it("end the instance if a ticket's secret can't be written", () => {
    const queue = new Queue();
    queue.platform.isBroken = true;
    expect(() => queue.follow()).toThrow("The disk is full");
    expect(queue.platform.isAborted).toBe(true);
    expect(queue.tickets).toEqual([]);
  });
});
