import { tracing } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { AcquireAnswer, BucketState } from "../../src/answers/acquire-answer.ts";
import type { SpanLike } from "../../src/bucket/queue-span.ts";

import { Policy } from "../../src/core/policy.ts";
import { QueueSpan } from "../../src/bucket/queue-span.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const fields = Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 });
const call = { bucket: "login:ann", policy: { name: "login:*", ...fields.toJSON() }, tokens: 2 };
const asked = { bucket: {} as BucketState, timeoutMs: 0, asked: { tokens: 2 } };

class RecordingSpan implements SpanLike {
  readonly isTraced: boolean;
  readonly attributes: Record<string, unknown> = {};
  ends = 0;

  constructor(isTraced: boolean) {
    this.isTraced = isTraced;
  }

  setAttribute(key: string, value: unknown): void {
    if (this.ends > 0) throw new Error("The span has ended");
    this.attributes[key] = value;
  }

  end(): void {
    this.ends += 1;
  }
}

function recorded(isTraced = true): { span: RecordingSpan; startSpan: (name: string) => SpanLike } {
  const span = new RecordingSpan(isTraced);
  const startSpan = vi.fn<(name: string) => SpanLike>().mockReturnValue(span);
  return { span, startSpan };
}

describe("QueueSpan", () => {
  const granted: AcquireAnswer = {
    kind: "outcome",
    outcome: { ok: true, tokens: 2, remaining: 0, waitedMs: 5, grantedAtMs: 5 },
    ...asked,
  };

  it("says who waited for what, where, and how it ended", () => {
    const { span, startSpan } = recorded();
    const queued = new QueueSpan({ startSpan }, call, 3);
    expect(startSpan).toHaveBeenCalledWith("queued");
    expect(span.ends).toBe(0);
    queued.settled(granted);
    expect(span.attributes).toEqual({
      "sluice.bucket": "login:ann",
      "sluice.policy": "login:*",
      "sluice.tokens": 2,
      "sluice.position": 3,
      "sluice.result": "granted",
    });
    expect(span.ends).toBe(1);
  });

  it.each<[string, AcquireAnswer]>([
    ["timeout", { kind: "outcome", outcome: { ok: false, reason: "timeout" }, ...asked }],
    ["bucket-reset", { kind: "outcome", outcome: { ok: false, reason: "bucket-reset" }, ...asked }],
    ["reset", { kind: "reset" }],
  ])("ends with the result %s", (result, answer) => {
    const { span, startSpan } = recorded();
    new QueueSpan({ startSpan }, call, 1).settled(answer);
    expect(span.attributes["sluice.result"]).toBe(result);
  });

  it("ends as cancelled where the caller leaves", () => {
    const { span, startSpan } = recorded();
    new QueueSpan({ startSpan }, call, 1).cancelled();
    expect([span.attributes["sluice.result"], span.ends]).toEqual(["cancelled", 1]);
  });

  it("has no position where the request goes back to an old place", () => {
    const { span, startSpan } = recorded();
    expect(new QueueSpan({ startSpan }, call, 0)).toBeDefined();
    expect(span.attributes).not.toHaveProperty("sluice.position");
  });

  it("writes nothing where nobody traces", () => {
    const { span, startSpan } = recorded(false);
    new QueueSpan({ startSpan }, call, 1).settled(granted);
    expect(span.attributes).toEqual({});
  });

  it("is in nobody's way where a span cannot be made or ended", () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const startSpan = (): SpanLike => {
      throw new Error("No spans");
    };
    new QueueSpan({ startSpan }, call, 1).settled(granted);
    const { span, startSpan: start } = recorded();
    const queued = new QueueSpan({ startSpan: start }, call, 1);
    vi.spyOn(span, "end").mockImplementation(() => {
      throw new Error("No end");
    });
    queued.settled(granted);
    expect(logged).toHaveBeenCalledTimes(2);
  });

  it("does nothing, and logs nothing, in a runtime without startSpan", () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    new QueueSpan({}, call, 1).settled(granted);
    expect(logged).not.toHaveBeenCalled();
  });

  it("works with the platform's own, traced or not", () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    new QueueSpan(tracing, call, 1).settled(granted);
    expect(logged).not.toHaveBeenCalled();
  });
});
