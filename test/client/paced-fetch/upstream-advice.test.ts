/** What APIs say about their limits, as rows: status, fields, what is read. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  readAdviceByLimit,
  readUpstreamAdvice,
} from "../../../src/client/paced-fetch/upstream-advice.ts";

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
/** Longer than anybody counts: cut to what is the longest pause by whoever pauses. */
const endless = refusal(Number.MAX_SAFE_INTEGER);
const left = (remaining: number, pauseMs: number) => ({ isRefusal: false, remaining, pauseMs });

const github = { "X-GitHub-Request-Id": "A1B2:3C4D" };
const inSeconds = (seconds: number): string => String(NOW_SECONDS + seconds);

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
    // openai/openai-python#3799, urllib3/urllib3#3743, elizaOS#23807: as any other that is too long.
    ["16 digits", 429, { "Retry-After": "1000000000000000" }, endless],
    ["20 digits", 429, { "Retry-After": "99999999999999999999" }, endless],
    ["the largest integer of 64 bits", 429, { "Retry-After": "9223372036854775807" }, endless],
    ["400 digits and a fraction", 429, { "Retry-After": `${"9".repeat(400)}.5` }, endless],
    ["an epoch in microseconds", 429, { "Retry-After": `${NOW_MS}000` }, endless],
    ["a duration of 20 digits", 429, { "Retry-After": `${"9".repeat(20)}s` }, endless],
    // Kong/kong#14353, aaronpowell/httpstatus#153, draft-polli-ratelimit-headers#77: sent by two.
    ["said twice", 429, { "Retry-After": "5, 5" }, refusal(5_000)],
    ["said twice, the longer last", 429, { "Retry-After": "30, 60" }, refusal(60_000)],
    ["said twice, the longer first", 429, { "Retry-After": "60,30" }, refusal(60_000)],
    ["said twice, once readable", 429, { "Retry-After": "soon, 30, -5" }, refusal(30_000)],
    ["said twice, endless", 429, { "Retry-After": `5, ${"9".repeat(20)}` }, endless],
    ["said twice, by 503", 503, { "Retry-After": "5, 5" }, refusal(5_000)],
    [
      "said twice, as dates",
      429,
      { "Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT, Tuesday, 24-Nov-26 12:01:00 GMT" },
      refusal(60_000),
    ],
    [
      "said twice, as a date and in seconds",
      429,
      { "Retry-After": "5, Tue, 24 Nov 2026 12:00:30 GMT" },
      refusal(30_000),
    ],
    ["Infinity", 429, { "Retry-After": "Infinity" }, refusal()],
    ["hexadecimal", 429, { "Retry-After": "0x10" }, refusal()],
    ["a year: read, bounded by who pauses", 429, { "Retry-After": "31536000" }, refusal(31_536e6)],
    ["milliseconds", 429, { "Retry-After-Ms": "1500", "Retry-After": "2" }, refusal(1_500)],
    ["milliseconds, as Cosmos DB sends them", 429, { "x-ms-retry-after-ms": "61" }, refusal(61)],
    ["milliseconds, 20 digits", 429, { "Retry-After-Ms": "9".repeat(20) }, endless],
    ["milliseconds, twice", 429, { "Retry-After-Ms": "200, 900" }, refusal(900)],
    [
      "milliseconds of one, 60 s of another",
      429,
      { "Retry-After-Ms": "200", "Retry-After": "60" },
      refusal(60_000),
    ],
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

/** A reset counts only of a quota that is used up: a refusal says nothing by the others. */
const quotaRows: Record<string, readonly Row[]> = {
  "quotas of a refusal": [
    [
      "OpenAI, out of LLM tokens (dirge#719)",
      429,
      {
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-reset-requests": "12ms",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
      },
      refusal(360_000),
    ],
    [
      "OpenAI, out of both",
      429,
      {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "8.64s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "59.7ms",
      },
      refusal(8_640),
    ],
    [
      "OpenAI, out of nothing that it tells of",
      429,
      { "x-ratelimit-remaining-requests": "4999", "x-ratelimit-reset-requests": "12ms" },
      refusal(),
    ],
    [
      "GitHub, a secondary limit (hub4j/github-api#1805, JuliaWeb/GitHub.jl#231)",
      429,
      { ...github, "X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": inSeconds(3_000) },
      { ...refusal(), minPauseMs: 60_000 },
    ],
    [
      "GitHub, a secondary limit of 403 that says for how long",
      403,
      { ...github, "X-RateLimit-Remaining": "4990", "Retry-After": "60" },
      refusal(60_000),
    ],
    [
      "GitHub, used up",
      429,
      { ...github, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": inSeconds(90) },
      refusal(90_000),
    ],
    [
      "somebody else with some left",
      429,
      { "X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": inSeconds(3_000) },
      refusal(),
    ],
    [
      "X, whose 24 hours are used up",
      429,
      {
        "x-rate-limit-remaining": "1199",
        "x-rate-limit-reset": inSeconds(890),
        "x-app-limit-24hour-remaining": "0",
        "x-app-limit-24hour-reset": inSeconds(40_000),
      },
      refusal(40_000_000),
    ],
    [
      "X, whose 24 hours it does not tell of",
      429,
      { "x-rate-limit-remaining": "1199", "x-rate-limit-reset": inSeconds(890) },
      refusal(),
    ],
    [
      "Anthropic, out of output tokens",
      429,
      {
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-24T12:00:01Z",
        "anthropic-ratelimit-input-tokens-remaining": "30000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-24T12:00:02Z",
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-24T12:00:40Z",
      },
      refusal(40_000),
    ],
    [
      "Cerebras, out of its day",
      429,
      {
        "x-ratelimit-remaining-requests-day": "0",
        "x-ratelimit-reset-requests-day": "33011.382867",
        "x-ratelimit-remaining-tokens-minute": "0",
        "x-ratelimit-reset-tokens-minute": "11.382867",
      },
      refusal(33_011_383),
    ],
    [
      "Mistral, which says no reset",
      429,
      { "x-ratelimit-remaining-req-minute": "0", "x-ratelimit-remaining-tokens-minute": "9000" },
      refusal(),
    ],
    [
      "the draft, with some left of each",
      429,
      { RateLimit: '"a";r=9;t=5, "b";r=1;t=60' },
      refusal(),
    ],
    ["403 with some left", 403, { RateLimit: '"a";r=9;t=5' }, left(9, 5_000)],
    ["a reset gone by", 429, { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0" }, refusal()],
  ],
  "quotas of two senders": [
    [
      "paired by their places (Kong/kong#14353)",
      429,
      { "X-RateLimit-Remaining": "0, 500", "X-RateLimit-Reset": "20, 3000" },
      refusal(20_000),
    ],
    [
      "the other way round",
      429,
      { "X-RateLimit-Remaining": "500, 0", "X-RateLimit-Reset": "20, 3000" },
      refusal(3_000_000),
    ],
    [
      "both used up",
      429,
      { "X-RateLimit-Remaining": "0, 0", "X-RateLimit-Reset": "20, 3000" },
      refusal(3_000_000),
    ],
    [
      "one count, two resets",
      429,
      { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20, 3000" },
      refusal(3_000_000),
    ],
    [
      "two counts, one reset",
      429,
      { "X-RateLimit-Remaining": "500, 0", "X-RateLimit-Reset": "20" },
      refusal(20_000),
    ],
    [
      "the fewest left",
      200,
      { "X-RateLimit-Remaining": "500, 3", "X-RateLimit-Reset": "20, 3000" },
      left(3, 3_000_000),
    ],
    [
      "none left, last",
      200,
      { "X-RateLimit-Remaining": "500, 0", "X-RateLimit-Reset": "20, 30" },
      left(0, 30_000),
    ],
    [
      "one of them unreadable",
      429,
      { "X-RateLimit-Remaining": "few, 0", "X-RateLimit-Reset": "20, 30" },
      refusal(30_000),
    ],
    [
      "dates, which have commas of their own",
      429,
      {
        "X-RateLimit-Remaining": "0, 500",
        "X-RateLimit-Reset": "Tue, 24 Nov 2026 12:00:20 GMT, Tue, 24 Nov 2026 13:00:00 GMT",
      },
      refusal(20_000),
    ],
    [
      "draft 07",
      429,
      { RateLimit: "limit=10, remaining=0, reset=20, limit=900, remaining=500, reset=3000" },
      refusal(20_000),
    ],
  ],
  "quotas of what is no request": [
    [
      "LLM tokens, some left",
      200,
      { "x-ratelimit-remaining-tokens": "12", "x-ratelimit-reset-tokens": "6m0s" },
      undefined,
    ],
    [
      "LLM tokens, none left",
      200,
      {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "20ms",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
      },
      left(0, 360_000),
    ],
    [
      "Anthropic's input tokens, none left",
      200,
      {
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-24T12:00:01Z",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-24T12:00:30Z",
      },
      left(0, 30_000),
    ],
    [
      "a unit of the draft, some left",
      200,
      { RateLimit: '"b";r=9;t=5', "RateLimit-Policy": '"b";q=99;qu="content-bytes"' },
      undefined,
    ],
    [
      "a unit of the draft, none left",
      200,
      { RateLimit: '"b";r=0;t=5', "RateLimit-Policy": '"b";q=99;qu="content-bytes"' },
      left(0, 5_000),
    ],
    [
      "requests, by the draft's name for them",
      200,
      { RateLimit: '"b";r=9;t=5', "RateLimit-Policy": '"b";q=99;qu="requests"' },
      left(9, 5_000),
    ],
    [
      "Azure, which knows nothing of them",
      429,
      {
        "x-ratelimit-remaining-tokens": "-1",
        "x-ratelimit-reset-tokens": "0",
        "retry-after-ms": "4200",
      },
      refusal(4_200),
    ],
    ["no limit at all", 403, { "x-upload-remaining": "0", "x-upload-reset": "5" }, undefined],
  ],
  "whether to send again": [
    ["never", 429, { "x-should-retry": "false" }, { ...refusal(), retry: false }],
    ["by all means", 429, { "X-Should-Retry": "true" }, { ...refusal(), retry: true }],
    ["a word that is neither", 429, { "x-should-retry": "maybe" }, refusal()],
    [
      "503 that wants to be asked again",
      503,
      { "x-should-retry": "true" },
      { ...refusal(), retry: true },
    ],
    ["503 that does not", 503, { "x-should-retry": "false" }, undefined],
    ["an error of no limit", 500, { "x-should-retry": "true" }, undefined],
    ["overloaded", 529, {}, refusal()],
    ["overloaded, for so long", 529, { "Retry-After": "7" }, refusal(7_000)],
    [
      "overloaded, with some left",
      529,
      { "x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "30s" },
      refusal(),
    ],
  ],
};

describe.each(Object.entries({ ...rows, ...quotaRows }))("%s", (_, rows) => {
  it.each(rows)("%s: %s", (_what, status, fields, advice) => {
    const answer = { status, headers: new Headers(fields) };
    expect(readUpstreamAdvice(answer, NOW_MS)).toEqual(advice);
  });
});

/** BerriAI/litellm#39816; the process's own zone has nothing to do with the API. */
describe.each(["UTC", "America/New_York", "Asia/Tokyo"])("in the zone %s", (zone) => {
  const { TZ } = process.env;
  beforeAll(() => {
    process.env["TZ"] = zone;
  });
  afterAll(() => {
    if (TZ === undefined) delete process.env["TZ"];
    else process.env["TZ"] = TZ;
  });

  it.each([
    ["2026-11-24T12:00:30"],
    ["2026-11-24 12:00:30"],
    ["2026-11-24T12:00:30.000"],
    ["2026-11-24 12:00:30 UTC"],
    ["2026-11-24T21:00:30+09:00"],
    ["2026-11-24 07:00:30 -0500"],
    ["Tue, 24 Nov 2026 12:00:30"],
    ["Tue Nov 24 12:00:30 2026"],
    ["Tue, 24-Nov-2026 12:00:30"],
    ["Tue, 24 Nov 2026 07:00:30 EST"],
    ["Tue Nov 24 2026 12:00:30 PM"],
  ])("%s is UTC, but for a zone that it names", (reset) => {
    const headers = new Headers({ "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset });
    expect(readUpstreamAdvice({ status: 429, headers }, NOW_MS)).toEqual(refusal(30_000));
    const retryAfter = new Headers({ "Retry-After": reset });
    expect(readUpstreamAdvice({ status: 429, headers: retryAfter }, NOW_MS)).toEqual(
      refusal(30_000),
    );
  });
});

describe("readAdviceByLimit", () => {
  const quotaNames = (fields: Record<string, string>): string[] => {
    const names: string[] = [];
    const answer = { status: 200, headers: new Headers(fields) };
    readAdviceByLimit(answer, NOW_MS, (name) => void names.push(name));
    return names;
  };

  it.each([
    ["x-ratelimit-remaining", ""],
    ["ratelimit-remaining", ""],
    ["x-rate-limit-remaining", ""],
    ["x-ratelimit-remaining-tokens", "tokens"],
    ["x-ratelimit-remaining-tokens-minute", "tokens-minute"],
    ["anthropic-ratelimit-input-tokens-remaining", "input-tokens"],
    ["anthropic-ratelimit-requests-remaining", "requests"],
    ["x-app-limit-24hour-remaining", "24hour"],
  ])("calls the quota of %s %o", (field, name) => {
    expect(quotaNames({ [field]: "3" })).toEqual([name]);
  });

  it("calls the quotas of a list by their names", () => {
    expect(quotaNames({ RateLimit: '"llm:*";r=3, "llm:*/TPM";r=4' })).toEqual([
      "llm:*",
      "llm:*/tpm",
    ]);
    expect(quotaNames({ RateLimit: "limit=5, remaining=3, reset=9" })).toEqual([""]);
  });

  it("reads each limit by itself", () => {
    const headers = new Headers({
      RateLimit: '"a";r=5;t=9, "b";r=3;t=7, "c";r=0;t=2',
      "RateLimit-Policy": '"a";q=9;qu="content-bytes", "b";q=9, "c";q=9',
    });
    const limitOf = (name: string): string | undefined => ({ a: "one", c: "two" })[name];
    expect(readAdviceByLimit({ status: 200, headers }, NOW_MS, limitOf)).toEqual([
      { limit: "one", advice: left(5, 9_000) },
      { limit: undefined, advice: left(3, 7_000) },
      { limit: "two", advice: left(0, 2_000) },
    ]);
    expect(readAdviceByLimit({ status: 429, headers }, NOW_MS, limitOf)).toEqual([
      { limit: "two", advice: refusal(2_000) },
    ]);
  });
});
