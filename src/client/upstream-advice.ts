/**
 * What an API says about its rate limit, in whichever of the forms that are in use:
 *
 * - `Retry-After` (RFC 9110), in seconds or as a date, and `Retry-After-Ms` (Azure, OpenAI);
 * - `RateLimit: "name";r=5;t=30` (draft-ietf-httpapi-ratelimit-headers-08 and later), and
 *   `RateLimit: limit=10, remaining=5, reset=30` (draft 07);
 * - `RateLimit-Remaining`, `RateLimit-Reset` (drafts up to 06, GitLab, Docker Hub);
 * - `X-RateLimit-Remaining`, `X-RateLimit-Reset` (GitHub, Reddit, …) or `-Reset-After` (Discord);
 * - `X-Rate-Limit-Remaining`, `X-Rate-Limit-Reset` (X, Okta);
 * - `X-RateLimit-Remaining-Requests`, `X-RateLimit-Reset-Requests` (OpenAI);
 * - `Anthropic-RateLimit-Requests-Remaining`, `-Reset` (Anthropic).
 *
 * A reset is whatever it can only be: seconds from now, an epoch in seconds or milliseconds where the
 * number is too large for that, a duration with units (`6m0s`), or a date. Instants of the server's
 * clock are taken relative to the response's own `Date`, so that a clock that is wrong, here or there,
 * changes nothing. What cannot be read is as good as not there, and negative counts (Azure sends −1 for
 * "unknown") are not read.
 */
import { parseFieldList } from "./field-list.ts";

/** What an API says, in one answer. */
export interface UpstreamAdvice {
  /** It has refused this request because there were too many. */
  readonly isRefusal: boolean;
  /** Requests that it would still take until then; 0 where it has refused. */
  readonly remaining: number;
  /** From now until it takes more, milliseconds. Left out where a refusal does not say. */
  readonly pauseMs?: number;
}

/** The part of a `Response` that is read. */
export type UpstreamAnswer = Pick<Response, "status" | "headers">;

/** Requests left, and until when. */
interface Quota {
  readonly remaining: number;
  readonly resetMs?: number | undefined;
}

/** From here on a number cannot be seconds from now: it would be 31 years, and is an epoch since 2001. */
const LEAST_EPOCH_SECONDS = 1_000_000_000;
/** From here on an epoch is in milliseconds: in seconds, it would be the year 5138. */
const LEAST_EPOCH_MS = 100_000_000_000;

const MS_BY_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Fields that come in pairs; of the resets, the first that is there and can be read. */
const quotaFields: readonly { readonly remaining: string; readonly resets: readonly string[] }[] = [
  { remaining: "RateLimit-Remaining", resets: ["RateLimit-Reset"] },
  {
    remaining: "X-RateLimit-Remaining",
    resets: ["X-RateLimit-Reset-After", "X-RateLimit-Reset"],
  },
  { remaining: "X-Rate-Limit-Remaining", resets: ["X-Rate-Limit-Reset"] },
  { remaining: "X-RateLimit-Remaining-Requests", resets: ["X-RateLimit-Reset-Requests"] },
  {
    remaining: "Anthropic-RateLimit-Requests-Remaining",
    resets: ["Anthropic-RateLimit-Requests-Reset"],
  },
];

/**
 * What a response says about the rate limit of the API that sent it; `undefined` where it says nothing.
 *
 * It is a refusal with status 429; with 503 and a `Retry-After`; and with 403, as GitHub answers, and a
 * `Retry-After` or no request left. Of a refusal, `Retry-After` goes before every reset. Of several
 * quotas, the one with the fewest requests left counts, of those the one with the latest reset. Fields
 * of a response that comes from a cache (`Age` over 0) are old and not read, but of a refusal.
 *
 * @param nowMs When the response came, epoch milliseconds. Counts for dates only, and only where the
 * response has no `Date`.
 */
export function readUpstreamAdvice(
  answer: UpstreamAnswer,
  nowMs: number,
): UpstreamAdvice | undefined {
  const { status, headers } = answer;
  const sentAtMs = parseDate(headers.get("Date") ?? "") ?? nowMs;
  const scarcest = scarcestQuota(headers, sentAtMs);
  const retryAfterMs = readRetryAfter(headers, sentAtMs);
  const isRefusal =
    status === 429 ||
    (status === 503 && retryAfterMs !== undefined) ||
    (status === 403 && (retryAfterMs !== undefined || scarcest?.remaining === 0));
  if (isRefusal) {
    const pauseMs = retryAfterMs ?? scarcest?.resetMs;
    return { isRefusal, remaining: 0, ...(pauseMs !== undefined && { pauseMs }) };
  }
  const isCached = Number(headers.get("Age") ?? 0) > 0;
  if (isCached || scarcest?.resetMs === undefined) return undefined;
  return { isRefusal, remaining: scarcest.remaining, pauseMs: scarcest.resetMs };
}

function readRetryAfter(headers: Headers, sentAtMs: number): number | undefined {
  const afterMs = parseCount(headers.get("Retry-After-Ms"));
  if (afterMs !== undefined) return afterMs;
  const untilMs = parseReset(headers.get("Retry-After"), sentAtMs);
  // A date that has just gone by: the limit is over.
  return untilMs === undefined ? undefined : Math.max(0, untilMs);
}

function scarcestQuota(headers: Headers, sentAtMs: number): Quota | undefined {
  const quotas = [...listedQuotas(headers.get("RateLimit"), sentAtMs)];
  for (const { remaining, resets } of quotaFields) {
    const left = parseCount(headers.get(remaining));
    if (left === undefined) continue;
    const resetMs = resets
      .map((reset) => parseReset(headers.get(reset), sentAtMs))
      .find((each) => each !== undefined);
    quotas.push({ remaining: left, resetMs: ahead(resetMs) });
  }
  return quotas.reduce<Quota | undefined>((scarcest, quota) => {
    if (!scarcest || quota.remaining < scarcest.remaining) return quota;
    const isLater = (quota.resetMs ?? 0) > (scarcest.resetMs ?? 0);
    return quota.remaining === scarcest.remaining && isLater ? quota : scarcest;
  }, undefined);
}

/** Of `"a";r=5;t=30, "b";r=1`, and of `limit=10, remaining=5, reset=30`. */
function listedQuotas(text: string | null, sentAtMs: number): Quota[] {
  const items = parseFieldList(text ?? "");
  const quotas = items.flatMap(({ parameters }): Quota[] => {
    const remaining = parseCount(parameters.get("r"));
    const resetMs = ahead(parseReset(parameters.get("t"), sentAtMs));
    return remaining === undefined ? [] : [{ remaining, resetMs }];
  });
  const members = new Map(items.map(({ name }) => memberOf(name)));
  const remaining = parseCount(members.get("remaining"));
  if (remaining === undefined) return quotas;
  return [...quotas, { remaining, resetMs: ahead(parseReset(members.get("reset"), sentAtMs)) }];
}

function memberOf(text: string): [string, string] {
  const [key = "", value = ""] = text.split("=", 2);
  return [key.trim().toLowerCase(), value.trim()];
}

/** A reset that is over says nothing about what comes. */
function ahead(resetMs: number | undefined): number | undefined {
  return resetMs !== undefined && resetMs > 0 ? resetMs : undefined;
}

/** A number from 0, rounded down: `598.0` (Reddit), `76;w=21600` (Docker Hub). */
function parseCount(text: string | null | undefined): number | undefined {
  const digits = /^\s*(\d{1,15})(?:\.\d*)?\s*(?:[;,]|$)/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Milliseconds from when the response was sent; negative where that was before. */
function parseReset(text: string | null | undefined, sentAtMs: number): number | undefined {
  const value = (text ?? "").trim();
  const digits = /^(\d{1,15}(?:\.\d{1,9})?)\s*(?:;|$)/.exec(value)?.[1];
  if (digits !== undefined) {
    const number = Number(digits);
    if (number >= LEAST_EPOCH_MS) return Math.ceil(number) - sentAtMs;
    if (number >= LEAST_EPOCH_SECONDS) return Math.ceil(number * 1000) - sentAtMs;
    return Math.ceil(number * 1000);
  }
  const durationMs = parseDuration(value);
  if (durationMs !== undefined) return durationMs;
  const atMs = parseDate(value);
  return atMs === undefined ? undefined : atMs - sentAtMs;
}

/** `6m0s`, `1.5s`, `20ms`. */
function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[smhd]))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, number, unit = ""] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
    sumMs += Number(number) * (MS_BY_UNIT[unit] ?? 0);
  }
  return Math.ceil(sumMs);
}

/**
 * The forms of HTTP and of RFC 3339. `Date.parse` by itself would find a date in nearly anything that
 * has a number in it.
 */
function parseDate(text: string): number | undefined {
  const isRfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/.test(text);
  const isHttp = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/.test(text);
  if (!isRfc3339 && !isHttp) return undefined;
  // The oldest form of HTTP names no zone, and means GMT.
  const isZoned = isRfc3339 || /GMT|UTC|[+-]\d{4}/.test(text);
  const atMs = Date.parse(isZoned ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
