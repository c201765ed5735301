/** The verdict on a request. What a framework makes of it is in test/hono and with-rate-limit.test.ts. */
import { describe, expect, it } from "vitest";

import type { AcquireOutcome } from "../../../src/client/acquire-outcome.ts";
import type { AcquireOptions, Client } from "../../../src/client/client.ts";

import {
  checkRateLimitOptions,
  limitRequest,
  withRateLimitFields,
  type LimitedRequest,
  type RateLimitOptions,
} from "../../../src/client/middleware/limit-request.ts";
import { SluiceError } from "../../../src/client/sluice-error.ts";

const rateLimit = { policy: "b", capacity: 5, windowSeconds: 1, remaining: 4, resetSeconds: 1 };
const granted = {
  ok: true,
  bucket: "b",
  tokens: 1,
  remaining: 4,
  waitedMs: 0,
  grantedAtMs: 5,
  rateLimit,
} as const;
const refused = { ok: false, bucket: "b", tokens: 1, reason: "timeout", detail: "why" } as const;

type Context = string;

/** A request whose acquires end with `outcome`. */
function requestWith(outcome: AcquireOutcome | Error, signal?: AbortSignal) {
  const acquires: object[] = [];
  const faults: unknown[] = [];
  const kept: Promise<unknown>[] = [];
  const client = {
    acquire: async (bucket: string, { waitUntil: _, ...options }: AcquireOptions) => {
      acquires.push({ bucket, ...options });
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  } as unknown as Client;
  const limited: LimitedRequest<Context> = {
    context: "ctx",
    client: () => client,
    signal,
    waitUntil: (promise) => void kept.push(promise),
    report: (error) => void faults.push(error),
  };
  return { limited, acquires, faults, kept };
}

/** What the caller gets: the status of an answer in place of the handler's, or "pass". */
async function verdictOn(
  limited: LimitedRequest<Context>,
  options: RateLimitOptions<Context>,
): Promise<string | number> {
  const verdict = await limitRequest(limited, options);
  return verdict.kind === "pass" ? "pass" : verdict.response.status;
}

const fail = (): never => {
  throw new Error("callback failed");
};
const unauthorized = new SluiceError({ reason: "unauthorized", detail: "d" });
const noSuchLimit = new SluiceError({
  reason: "invalid-request",
  detail: "d",
  errors: [{ field: "tokens.tmp", message: '"tmp" is no limit of this bucket: rate' }],
});
const invalid = new SluiceError({ reason: "invalid-request", detail: "d", errors: [] });
const tooLong = new SluiceError({
  reason: "invalid-request",
  detail: "d",
  errors: [
    { field: "timeoutMs", message: "timeoutMs must be an integer from 0 to 60000: got 60001" },
  ],
});

describe("limitRequest", () => {
  it.each<readonly [string, AcquireOutcome | Error, object, string | number, number]>([
    ["a grant", granted, {}, "pass", 0],
    ["a refusal", refused, {}, 429, 0],
    [
      "a refusal with an answer",
      refused,
      { onRefused: () => new Response(null, { status: 402 }) },
      402,
      0,
    ],
    ["a refusal whose answer fails", refused, { onRefused: fail }, 429, 1],
    ["an outcome whose report fails", granted, { onOutcome: fail }, "pass", 1],
    ["a request that is skipped", refused, { skip: () => true }, "pass", 0],
    ["a fault of Sluice", unauthorized, {}, 503, 1],
    ["a request that Sluice calls invalid", invalid, {}, 400, 0],
    ["a limit that the bucket doesn't have", noSuchLimit, { limits: { tmp: 1 } }, 503, 1],
    ["a callback that fails", granted, { tokens: fail }, 503, 1],
    ["a callback for limits that fails", granted, { limits: fail }, 503, 1],
    ["tokens of a limit that are no number", granted, { limits: () => ({ tpm: NaN }) }, 400, 0],
    ["nothing of everything", granted, { tokens: () => 0, limits: () => ({ tpm: 0 }) }, 400, 0],
    ["nothing but of one limit", granted, { tokens: 0, limits: () => ({ tpm: 1 }) }, "pass", 0],
    ["a number that is none", granted, { tokens: () => 0 }, 400, 0],
    ["a wait that is too long", granted, { waitMs: () => 3_600_001 }, 400, 1],
    ["a wait that is too long for the policy", tooLong, { waitMs: 60_001 }, 400, 1],
    ["a bucket that is no text", granted, { bucket: () => 7 as never }, 503, 1],
  ])("decides on %s", async (_, outcome, options, verdict, faultCount) => {
    const { limited, faults } = requestWith(outcome);
    expect(await verdictOn(limited, { bucket: "b", ...options })).toBe(verdict);
    expect(faults).toHaveLength(faultCount);
  });

  it("asks for what the options say, under a legal name", async () => {
    const { limited, acquires } = requestWith(granted);
    await limitRequest(limited, {
      bucket: async (context) => `${context}:a b`,
      tokens: () => 2,
      waitMs: async () => 500,
    });
    expect(acquires).toEqual([
      { bucket: expect.stringMatching(/^ctx:hash@[\w-]{22}$/), tokens: 2, timeoutMs: 500 },
    ]);
  });

  it("asks for tokens of single limits, as they are or by a function", async () => {
    const { limited, acquires } = requestWith(granted);
    const options = { bucket: "b", tokens: 2 };
    await limitRequest(limited, { ...options, limits: { tpm: 9 } });
    await limitRequest(limited, { ...options, limits: async () => ({ tpm: 7, day: 0 }) });
    await limitRequest(limited, { ...options, limits: () => undefined as never });
    expect(acquires).toEqual([
      { bucket: "b", tokens: 2, timeoutMs: 0, limits: { tpm: 9 } },
      { bucket: "b", tokens: 2, timeoutMs: 0, limits: { tpm: 7, day: 0 } },
      { bucket: "b", tokens: 2, timeoutMs: 0 },
    ]);
  });

  it.each([false, true])("names waitMs if the policy allows less, shadow %s", async (shadow) => {
    const { limited, faults, kept } = requestWith(tooLong);
    const options = { bucket: "b", waitMs: 60_001, shadow, onOutcome: () => undefined };
    const verdict = await limitRequest(limited, options);
    await Promise.all(kept);
    const message = "waitMs must be an integer from 0 to 60000: got 60001";
    expect(faults).toMatchObject([{ message }]);
    const answer = verdict.kind === "answer" ? await verdict.response.json() : undefined;
    const errors = [{ field: "waitMs", message }];
    expect(answer).toEqual(
      shadow ? undefined : expect.objectContaining({ detail: message, errors }),
    );
  });

  it("answers a caller that has left with 499, and reports nothing", async () => {
    const { limited, faults } = requestWith(new Error("aborted"), AbortSignal.abort());
    expect(await verdictOn(limited, { bucket: "b" })).toBe(499);
    expect(faults).toEqual([]);
  });

  it("throws what a callback throws as its answer", async () => {
    const answer = Object.assign(new Error("teapot"), { getResponse: () => new Response() });
    const { limited } = requestWith(granted);
    const skip = (): never => {
      throw answer;
    };
    await expect(limitRequest(limited, { bucket: "b", skip })).rejects.toBe(answer);
  });

  it.each([
    ["refused", refused],
    ["failed", unauthorized],
  ])("in shadow mode passes what would have been %s, and reports it later", async (_, outcome) => {
    const { limited, acquires, kept, faults } = requestWith(outcome);
    const outcomes: unknown[] = [];
    const onOutcome = (context: Context, value: unknown): void =>
      void outcomes.push([context, value]);
    const options = { bucket: "b", shadow: true, waitMs: 60_000, onOutcome };
    expect(await verdictOn(limited, options)).toBe("pass");
    await Promise.all(kept);
    expect(acquires).toMatchObject([{ timeoutMs: 25_000 }]);
    const isFault = outcome instanceof Error;
    expect([outcomes, faults]).toEqual(isFault ? [[], [outcome]] : [[["ctx", outcome]], []]);
  });
});

describe("checkRateLimitOptions", () => {
  it.each<readonly [object, string]>([
    [{ bucket: "a b" }, "bucket must be 1 to 128 characters"],
    [{ bucket: "b", tokens: 0 }, "tokens must be at least 1, unless limits.NAME"],
    [
      { bucket: "b", tokens: 0, limits: { tpm: 0 } },
      "tokens must be at least 1, unless limits.NAME",
    ],
    [{ bucket: "b", tokens: -1, limits: () => ({}) }, "tokens must be an integer from 0"],
    [{ bucket: "b", limits: { tpm: -1 } }, "limits.tpm must be an integer from 0 to 1000000000"],
    [{ bucket: "b", limits: ["tpm"] }, "limits must be an object of tokens by the limit's name"],
    [{ bucket: "b", waitMs: -1 }, "waitMs must be an integer from 0 to 3600000: got -1"],
    [{ bucket: "b", skip: 7 }, "skip must be a function: got 7"],
    [{ bucket: "b", shadow: true }, "shadow requires onOutcome to report to"],
    [{ bucket: "b", onUnavailible: "open" }, '"onUnavailible" is not one of bucket, tokens,'],
  ])("throws for %o", (options, message) => {
    expect(() => checkRateLimitOptions(options as RateLimitOptions<Context>)).toThrow(message);
  });
});

describe("withRateLimitFields", () => {
  it("adds the fields to those of other limits, in a copy", () => {
    const response = new Response("fine", { status: 201, headers: { RateLimit: '"a";r=1' } });
    const answer = withRateLimitFields(response, granted);
    expect([answer.status, answer.headers.get("RateLimit")]).toEqual([201, '"a";r=1, "b";r=4;t=1']);
    expect(answer.headers.get("RateLimit-Policy")).toBe('"b";q=5;w=1');
    expect(response.headers.get("RateLimit")).toBe('"a";r=1');
  });

  it("adds each limit of a bucket that has several", () => {
    const others = [{ ...rateLimit, policy: "b/tpm", remaining: 0 }];
    const several = { ...granted, rateLimit: { ...rateLimit, others } };
    const { headers } = withRateLimitFields(new Response("fine"), several);
    expect(headers.get("RateLimit")).toBe('"b";r=4;t=1, "b/tpm";r=0;t=1');
    expect(headers.get("RateLimit-Policy")).toBe('"b";q=5;w=1, "b/tpm";q=5;w=1');
  });

  it("returns the answer itself if the bucket is unknown", () => {
    const { rateLimit: _, ...unmetered } = granted;
    const response = new Response("fine");
    expect(withRateLimitFields(response, unmetered)).toBe(response);
  });
});
