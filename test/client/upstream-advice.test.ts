/** What APIs say about their limits, as rows: status, fields, what is read. */
import { describe, expect, it } from "vitest";

import { parseFieldList } from "../../src/client/field-list.ts";
import { rateLimitStateFields, readRateLimitState } from "../../src/client/rate-limit-state.ts";
import { readUpstreamAdvice } from "../../src/client/upstream-advice.ts";

/** Tuesday, 24 November 2026, 12:00:00 GMT. */
const NOW_MS = Date.UTC(2026, 10, 24, 12);
const NOW_SECONDS = NOW_MS / 1000;

type Row = readonly [
  what: string,
  status: number,
  fields: Record<string, string>,
  advice: object | undefined,
];

const refusal = (pauseMs?: number) => ({
  isRefusal: true,
  remaining: 0,
  ...(pauseMs !== undefined && { pauseMs }),
});
const left = (remaining: number, pauseMs: number) => ({ isRefusal: false, remaining, pauseMs });

const rows: Record<string, readonly Row[]> = {
  "Retry-After": [
    ["seconds", 429, { "Retry-After": "7" }, refusal(7_000)],
    ["seconds, 503", 503, { "Retry-After": "7" }, refusal(7_000)],
    ["seconds, 403", 403, { "Retry-After": "60" }, refusal(60_000)],
    ["a fraction, as Shopify sends it", 429, { "Retry-After": "2.0" }, refusal(2_000)],
    ["a fraction, rounded up", 429, { "Retry-After": "0.3001" }, refusal(301)],
    ["nothing", 429, {}, refusal()],
    ["nothing, 503", 503, {}, undefined],
    ["nothing, 403", 403, {}, undefined],
    ["of an answer that is no refusal", 200, { "Retry-After": "7" }, undefined],
    ["of a redirect", 301, { "Retry-After": "7" }, undefined],
    ["0", 429, { "Retry-After": "0" }, refusal(0)],
    ["negative", 429, { "Retry-After": "-5" }, refusal()],
    ["negative, 503", 503, { "Retry-After": "-5" }, undefined],
    ["rubbish", 429, { "Retry-After": "soon" }, refusal()],
    ["rubbish with a number", 429, { "Retry-After": "try 2030" }, refusal()],
    ["rubbish with a date in it", 429, { "Retry-After": "x 24 Nov 2030 12:00:00" }, refusal()],
    ["empty", 429, { "Retry-After": "" }, refusal()],
    ["too many digits", 429, { "Retry-After": "9".repeat(20) }, refusal()],
    ["Infinity", 429, { "Retry-After": "Infinity" }, refusal()],
    ["hexadecimal", 429, { "Retry-After": "0x10" }, refusal()],
    ["a year: read, bounded by who pauses", 429, { "Retry-After": "31536000" }, refusal(31_536e6)],
    ["milliseconds", 429, { "Retry-After-Ms": "1500", "Retry-After": "2" }, refusal(1_500)],
    ["rubbish milliseconds", 429, { "Retry-After-Ms": "x", "Retry-After": "2" }, refusal(2_000)],
    ["before a reset", 429, { "Retry-After": "2", RateLimit: '"a";r=0;t=9' }, refusal(2_000)],
  ],
  "Retry-After as a date": [
    ["without a Date", 429, { "Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT" }, refusal(30_000)],
    [
      "relative to the Date of a server whose clock is a day ahead",
      429,
      { "Retry-After": "Wed, 25 Nov 2026 12:00:30 GMT", Date: "Wed, 25 Nov 2026 12:00:00 GMT" },
      refusal(30_000),
    ],
    [
      "a Date that is rubbish",
      429,
      { "Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT", Date: "yesterday" },
      refusal(30_000),
    ],
    ["gone by", 429, { "Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT" }, refusal(0)],
    ["RFC 850", 429, { "Retry-After": "Tuesday, 24-Nov-26 12:00:30 GMT" }, refusal(30_000)],
    ["asctime", 429, { "Retry-After": "Tue Nov 24 12:00:30 2026" }, refusal(30_000)],
    ["no such day", 429, { "Retry-After": "Tue, 99 Nov 2026 12:00:30 GMT" }, refusal()],
    ["without a time", 429, { "Retry-After": "Tue, 24 Nov 2026" }, refusal()],
    ["an epoch", 429, { "Retry-After": String(NOW_SECONDS + 30) }, refusal(30_000)],
  ],
  "RateLimit, draft 08 and later": [
    ["requests left", 200, { RateLimit: '"default";r=5;t=30' }, left(5, 30_000)],
    ["of a 404", 404, { RateLimit: '"default";r=5;t=30' }, left(5, 30_000)],
    ["none left", 200, { RateLimit: '"default";r=0;t=30' }, left(0, 30_000)],
    ["a full bucket, without a reset", 200, { RateLimit: '"default";r=5' }, undefined],
    ["the scarcest of several", 200, { RateLimit: '"a";r=9;t=5, "b";r=2;t=60' }, left(2, 60_000)],
    ["the later of equals", 200, { RateLimit: '"a";r=0;t=5, "b";r=0;t=60' }, left(0, 60_000)],
    ["a refusal", 429, { RateLimit: '"a";r=9;t=5, "b";r=0;t=60' }, refusal(60_000)],
    [
      "a name with everything in it",
      200,
      { RateLimit: '"a, \\";r=9;t=1";r=3;t=2' },
      left(3, 2_000),
    ],
    ["a partition key", 200, { RateLimit: '"a";r=3;t=2;pk=:dXNlcg==:' }, left(3, 2_000)],
    ["a negative count", 200, { RateLimit: '"a";r=-1;t=2' }, undefined],
    ["no quota at all", 200, { RateLimit: '"a";q=5, ;;;, "' }, undefined],
    ["from a cache", 200, { RateLimit: '"a";r=0;t=30', Age: "20" }, undefined],
    ["from a cache, just now", 200, { RateLimit: '"a";r=0;t=30', Age: "0" }, left(0, 30_000)],
  ],
  "older drafts": [
    ["draft 07", 200, { RateLimit: "limit=10, remaining=4, reset=20" }, left(4, 20_000)],
    ["draft 07, refused", 429, { RateLimit: "limit=10, remaining=0, reset=20" }, refusal(20_000)],
    ["draft 06", 200, { "RateLimit-Remaining": "4", "RateLimit-Reset": "20" }, left(4, 20_000)],
    [
      "Docker Hub, which says no reset",
      200,
      { "RateLimit-Remaining": "76;w=21600", "RateLimit-Limit": "100;w=21600" },
      undefined,
    ],
    [
      "GitLab, an epoch",
      200,
      { "RateLimit-Remaining": "0", "RateLimit-Reset": String(NOW_SECONDS + 40) },
      left(0, 40_000),
    ],
  ],
  "forms of their own": [
    [
      "GitHub",
      200,
      { "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": String(NOW_SECONDS + 90) },
      left(3, 90_000),
    ],
    [
      "GitHub, relative to a Date whose clock is behind",
      200,
      {
        "X-RateLimit-Remaining": "3",
        "X-RateLimit-Reset": String(NOW_SECONDS - 3_600 + 90),
        Date: "Tue, 24 Nov 2026 11:00:00 GMT",
      },
      left(3, 90_000),
    ],
    [
      "GitHub, refused with 403",
      403,
      { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(NOW_SECONDS + 90) },
      refusal(90_000),
    ],
    [
      "GitHub, 403 for another reason",
      403,
      { "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": String(NOW_SECONDS + 90) },
      left(3, 90_000),
    ],
    [
      "Reddit",
      200,
      { "X-Ratelimit-Remaining": "598.0", "X-Ratelimit-Reset": "325" },
      left(598, 325_000),
    ],
    [
      "Discord",
      200,
      {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": `${NOW_SECONDS - 900}.123`,
        "X-RateLimit-Reset-After": "1.25",
      },
      left(0, 1_250),
    ],
    [
      "X",
      200,
      { "x-rate-limit-remaining": "0", "x-rate-limit-reset": String(NOW_SECONDS + 900) },
      left(0, 900_000),
    ],
    [
      "epoch in milliseconds",
      200,
      { "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": String(NOW_MS + 1_500) },
      left(1, 1_500),
    ],
    [
      "OpenAI",
      200,
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0.5s" },
      left(0, 360_500),
    ],
    [
      "OpenAI, milliseconds",
      200,
      { "x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "20ms" },
      left(59, 20),
    ],
    [
      "OpenAI, a request's tokens, which are no requests",
      200,
      { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s" },
      undefined,
    ],
    [
      "Azure, which sends -1 for unknown",
      200,
      { "x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "0" },
      undefined,
    ],
    [
      "Anthropic",
      200,
      {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-24T12:00:10Z",
      },
      left(0, 10_000),
    ],
    [
      "a date as people write it",
      200,
      {
        "X-RateLimit-Remaining": "7",
        "X-RateLimit-Reset": "Tue Nov 24 2026 13:00:10 GMT+0100 (Central European Standard Time)",
      },
      left(7, 10_000),
    ],
    [
      "a reset gone by",
      200,
      { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000000001" },
      undefined,
    ],
    [
      "a reset of rubbish",
      200,
      { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5x" },
      undefined,
    ],
    [
      "a count of rubbish",
      200,
      { "X-RateLimit-Remaining": "few", "X-RateLimit-Reset": "5" },
      undefined,
    ],
    ["a count alone", 200, { "X-RateLimit-Remaining": "0" }, undefined],
    ["nothing", 200, {}, undefined],
  ],
};

describe.each(Object.entries(rows))("%s", (_, rows) => {
  it.each(rows)("%s: %s", (_what, status, fields, advice) => {
    const answer = { status, headers: new Headers(fields) };
    expect(readUpstreamAdvice(answer, NOW_MS)).toEqual(advice);
  });
});

describe("the RateLimit fields of Sluice", () => {
  it.each([
    [
      '"*";q=1;w=1',
      '"*";r=0;t=1',
      { policy: "*", capacity: 1, windowSeconds: 1, remaining: 0, resetSeconds: 1 },
    ],
    ['"a";q=5;w=60', '"a";r=5', { policy: "a", capacity: 5, windowSeconds: 60, remaining: 5 }],
  ])("%s and %s are read, and written again as they were", (policy, limit, state) => {
    const fields = new Headers({ "RateLimit-Policy": policy, RateLimit: limit });
    expect(readRateLimitState(fields)).toEqual(state);
    expect(rateLimitStateFields(state)).toEqual({ "RateLimit-Policy": policy, RateLimit: limit });
  });

  it.each([
    ["none", {}],
    ["one of them", { RateLimit: '"*";r=0;t=1' }],
    ["of two policies", { RateLimit: '"a";r=0;t=1', "RateLimit-Policy": '"b";q=1;w=1' }],
    ["without a count", { RateLimit: '"a"', "RateLimit-Policy": '"a";q=1;w=1' }],
    ["with a count that is none", { RateLimit: '"a";r=x', "RateLimit-Policy": '"a";q=1;w=1' }],
  ])("%s: nothing is read", (_what, fields) => {
    expect(readRateLimitState(new Headers(fields as Record<string, string>))).toBeUndefined();
  });
});

it("parseFieldList throws at nothing", () => {
  const pieces = ['"', "\\", ",", ";", "=", "a", "1", " ", ":"];
  let seed = 1;
  for (let round = 0; round < 20_000; round += 1) {
    let text = "";
    for (let length = 0; length < 12; length += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      text += pieces[seed % pieces.length];
    }
    for (const item of parseFieldList(text)) expect(typeof item.name).toBe("string");
  }
});
