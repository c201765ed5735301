import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Policy } from "../../src/core/policy.ts";
import { MemoryPlatform } from "../../kit/edge/memory-platform.ts";

const bucket = "x";
const policy = {
  name: "*",
  ...Policy.of({
    capacity: 3,
    refillTokens: 1,
    refillIntervalMs: 1_000,
    initialTokens: 3,
  }).toJSON(),
};

/** One bucket, and what its callers were answered, in order. */
class Served {
  readonly platform = new MemoryPlatform();
  readonly host = new BucketHost(this.platform);
  readonly answers: string[] = [];

  batch(run: () => void): void {
    this.host.batch(bucket, policy, run);
  }

  acquire(name: string, call: Partial<AcquireCall> = {}): Leave | undefined {
    return this.host.acquire(
      { bucket, policy, tokens: 1, ...call },
      { answered: (answer) => void this.answers.push(`${name} ${textOf(answer)}`) },
    );
  }

  get tokens(): number {
    return this.host.inspect(bucket, policy).tokens;
  }
}

function textOf(answer: AcquireAnswer): string {
  if (answer.kind !== "outcome") return answer.kind;
  const { outcome } = answer;
  return outcome.ok ? `granted, ${outcome.remaining} left` : outcome.reason;
}

describe("BucketHost, a batch", () => {
  it("is written once, and answered in order after that", () => {
    const served = new Served();
    served.batch(() => {
      served.acquire("Ann");
      served.acquire("Bob", { tokens: 5 });
      served.acquire("Cat");
      expect(served.answers).toEqual([]);
      expect(served.platform.takeWrites()).toEqual([]);
    });
    expect(served.platform.takeWrites()).toEqual(["bucket"]);
    expect(served.answers).toEqual([
      "Ann granted, 2 left",
      "Bob exceeds-capacity",
      "Cat granted, 1 left",
    ]);
  });

  it("answers nobody if it can't be written", () => {
    const served = new Served();
    served.platform.isBroken = true;
    expect(() => served.batch(() => void served.acquire("Ann"))).toThrow("The disk is full");
    expect(served.platform.isAborted).toBe(true);
    expect(served.answers).toEqual([]);
  });

  it("grants a key once: a request with it joins the one that isn't answered yet", () => {
    const served = new Served();
    served.batch(() => {
      served.acquire("Ann", { idempotencyKey: "k" });
      served.acquire("Ann again", { idempotencyKey: "k" });
      served.acquire("Bob", { idempotencyKey: "k", tokens: 2 });
    });
    expect(served.answers).toEqual([
      "Bob key-reused",
      "Ann granted, 2 left",
      "Ann again granted, 2 left",
    ]);
    expect(served.tokens).toBe(2);
  });

  it("can't cancel what it has granted, by its key or by leaving", () => {
    const served = new Served();
    served.acquire("first", { tokens: 3 });
    const waits = served.acquire("Ann", { idempotencyKey: "k" });
    served.platform.nowMs += 1_000;
    served.batch(() => {
      // The tick is due, so this newcomer's turn grants Ann.
      served.acquire("Bob", { timeoutMs: 0, idempotencyKey: "b" });
      expect(served.host.cancel("k")).toBe(false);
      expect(waits?.()).toBe(false);
      served.acquire("Cat", { idempotencyKey: "c", timeoutMs: 1_000 });
      expect(served.host.cancel("c")).toBe(true);
    });
    expect(served.answers.slice(1)).toEqual([
      "Cat cancelled",
      "Ann granted, 0 left",
      "Bob timeout",
    ]);
    // Granted keys aren't cancelled ones.
    served.acquire("Ann again", { idempotencyKey: "k" });
    expect(served.answers.at(-1)).toBe("Ann again replay");
  });

  it("arms the alarm for what is left of the queue", () => {
    const served = new Served();
    const alarms: number[] = [];
    served.platform.alarms.setAlarm = async (...[atMs]: unknown[]) =>
      void alarms.push(Number(atMs));
    const startMs = served.platform.nowMs;
    served.batch(() => {
      for (const name of ["1", "2", "3", "4", "5"]) served.acquire(name);
    });
    expect(alarms).toEqual([startMs + 1_000]);
  });
});
