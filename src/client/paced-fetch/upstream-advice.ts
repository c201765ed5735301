/**
 * What an API says about its rate limit in status and fields, in whichever of the forms in use:
 *
 * - `Retry-After` (RFC 9110), in seconds or as a date; `Retry-After-Ms` and `X-Ms-Retry-After-Ms` (Azure,
 *   OpenAI);
 * - `RateLimit: "name";r=5;t=30` (draft-ietf-httpapi-ratelimit-headers-08 and later), and
 *   `RateLimit: limit=10, remaining=5, reset=30` (draft 07);
 * - pairs of fields with `limit` in their names, where one says `remaining` and the other `reset` or
 *   `reset-after`: `RateLimit-…` (drafts up to 06, GitLab), `X-RateLimit-…` (GitHub, Reddit, Discord),
 *   `X-Rate-Limit-…` and `X-App-Limit-24hour-…` (X), `X-RateLimit-…-Requests`, `…-Tokens` (OpenAI, Groq,
 *   Mistral, Cerebras), `Anthropic-RateLimit-Input-Tokens-…`;
 * - `X-Should-Retry: true` or `false` (OpenAI, Anthropic).
 *
 * A pair is found by its words and not by a list of APIs, so quotas of APIs that nobody here has heard of are
 * read too. A reset is whatever it can only be: seconds from now, an epoch in seconds or milliseconds if the
 * number is too large for that, a duration with units (`6m0s`), or a date. Instants of the server's clock are
 * taken relative to the response's own `Date`, so that a clock that is wrong, here or there, changes nothing.
 * Unreadable values are ignored, and so are negative counts (Azure sends −1 for "unknown").
 */
import { type FieldItem, parseFieldList } from "../fields/field-list.ts";
import {
  parseCount,
  parseDate,
  parseReset,
  parseRetryAfter,
  splitValues,
} from "./upstream-values.ts";

/** What an API says, in one answer. */
export interface UpstreamAdvice {
  /**
   * The API has refused this request because there were too many. Default: true where `remaining` is left
   * out.
   */
  readonly isRefusal?: boolean;
  /** Requests that it would still take before `pauseMs` is over; means nothing of a refusal. */
  readonly remaining?: number;
  /**
   * From now until it takes more, milliseconds; whoever pauses cuts it to what they can. Left out, or 0,
   * where a refusal doesn't say.
   */
  readonly pauseMs?: number;
  /** Shortest pause that the API asks for where a refusal doesn't say for how long, milliseconds. */
  readonly minPauseMs?: number;
  /** Whether a refused request may be sent again. Left out where the API leaves it to its caller. */
  readonly retry?: boolean;
}

/** The part of a `Response` that is read. */
export type UpstreamAnswer = Pick<Response, "status" | "headers">;

/** What is left of one limit, and until when. */
interface Quota {
  readonly remaining: number;
  /** Left out where it isn't said, or is over: it says nothing about what comes. */
  readonly resetMs?: number | undefined;
  /** Whether `remaining` counts requests, and not LLM tokens, points or bytes. */
  readonly isOfRequests: boolean;
}

type Fields = ReadonlyMap<string, string>;

/** An answer below it took the request. */
const LOWEST_REFUSAL = 400;
const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;
const FORBIDDEN = 403;
/** Anthropic's, and others': too busy for anybody. */
const OVERLOADED = 529;

/** `Retry-After` is rounded up to whole seconds, a field in milliseconds is not. */
const ROUNDING_MS = 1_000;
/** GitHub asks for it after a refusal by a secondary limit, which its fields say nothing about. */
const GITHUB_MIN_PAUSE_MS = 60_000;

/** Fields that are looked at. */
const FIELDS =
  /limit|^(?:age|retry-after|retry-after-ms|x-ms-retry-after-ms|x-should-retry|x-github-request-id)$/;
const REMAINING = /(?:^|-)remaining(?=-|$)/;
/** `X-RateLimit-Remaining`, `X-RateLimit-Remaining-Requests`, `…-Req-Minute`. */
const OF_REQUESTS = /(?:^|-)rate-?limit-remaining$|(?:^|-)req(?:uests?)?(?:-|$)/;

/**
 * What a response says about the rate limit of the API that sent it; `undefined` where it says nothing. Looks
 * at status and fields only.
 *
 * It is a refusal with status 429 or 529; with 503 and a `Retry-After` or `X-Should-Retry: true`; and with
 * 403, as GitHub answers, and a `Retry-After` or a quota that is used up. Of a refusal, `Retry-After` goes
 * before every reset, and a reset counts only of a quota that is used up, of several the latest. Of an answer
 * that is none, a quota that is used up goes before all others, then the one with the fewest requests left;
 * quotas of anything but requests count only when they are used up. Fields of a response that comes from a
 * cache (`Age` over 0) are old and not read, but of a refusal.
 *
 * @param nowMs When the response came, epoch milliseconds. Counts for dates only, and only where the
 * response has no `Date`.
 */
export function readUpstreamAdvice(
  { status, headers }: UpstreamAnswer,
  nowMs: number,
): UpstreamAdvice | undefined {
  const fields = fieldsOf(headers);
  if (status < LOWEST_REFUSAL && fields.size === 0) return undefined;
  const sentAtMs = parseDate(headers.get("Date") ?? "") ?? nowMs;
  const quotas = readQuotas(fields, sentAtMs);
  const retryAfterMs = readRetryAfter(fields, sentAtMs);
  const retry = readShouldRetry(fields);
  const spent = quotas.filter(({ remaining }) => remaining === 0);
  const isRefusal =
    status === TOO_MANY_REQUESTS ||
    status === OVERLOADED ||
    (status === UNAVAILABLE && (retryAfterMs !== undefined || retry === true)) ||
    (status === FORBIDDEN && (retryAfterMs !== undefined || spent.length > 0));
  if (!isRefusal) return Number(fields.get("age") ?? 0) > 0 ? undefined : whatIsLeft(quotas);
  const pauseMs = retryAfterMs ?? latest(spent.map(({ resetMs }) => resetMs));
  const asksForMore = !pauseMs && fields.has("x-github-request-id");
  return {
    isRefusal,
    remaining: 0,
    ...(pauseMs !== undefined && { pauseMs }),
    ...(asksForMore && { minPauseMs: GITHUB_MIN_PAUSE_MS }),
    ...(retry !== undefined && { retry }),
  };
}

/** Found in one pass: a look at each name that might be there would cost more. */
function fieldsOf(headers: UpstreamAnswer["headers"]): Fields {
  const fields = new Map<string, string>();
  for (const [name, value] of headers) if (FIELDS.test(name)) fields.set(name, value);
  return fields;
}

function readRetryAfter(fields: Fields, sentAtMs: number): number | undefined {
  const read = (name: string, parse: typeof parseReset): number | undefined =>
    latest(splitValues(fields.get(name) ?? "").map((value) => parse(value, sentAtMs)));
  const secondsMs = read("retry-after", parseRetryAfter);
  // A date that has just gone by: the limit is over.
  const untilMs = secondsMs === undefined ? undefined : Math.max(0, secondsMs);
  const exactMs = latest([
    read("retry-after-ms", parseCount),
    read("x-ms-retry-after-ms", parseCount),
  ]);
  const isSame = exactMs !== undefined && exactMs > (untilMs ?? 0) - ROUNDING_MS;
  return isSame ? exactMs : untilMs;
}

function readShouldRetry(fields: Fields): boolean | undefined {
  const text = fields.get("x-should-retry")?.trim().toLowerCase();
  return text === "true" || (text === "false" ? false : undefined);
}

function whatIsLeft(quotas: readonly Quota[]): UpstreamAdvice | undefined {
  let scarcest: (Quota & { readonly resetMs: number }) | undefined = undefined;
  for (const { remaining, resetMs, isOfRequests } of quotas) {
    if (resetMs === undefined || (remaining > 0 && !isOfRequests)) continue;
    const isScarcer =
      !scarcest ||
      remaining < scarcest.remaining ||
      (remaining === scarcest.remaining && resetMs > scarcest.resetMs);
    if (isScarcer) scarcest = { remaining, resetMs, isOfRequests };
  }
  return scarcest && { isRefusal: false, remaining: scarcest.remaining, pauseMs: scarcest.resetMs };
}

function readQuotas(fields: Fields, sentAtMs: number): Quota[] {
  const quotas = listedQuotas(fields, sentAtMs);
  for (const [name, text] of fields) {
    if (!REMAINING.test(name)) continue;
    const resets = ["-reset-after", "-reset"].map((word) =>
      resetsOf(fields.get(name.replace(REMAINING, word).replace(/^-/, "")), sentAtMs),
    );
    const read = resets.find((each) => each.some((resetMs) => resetMs !== undefined)) ?? [];
    quotas.push(...paired(splitValues(text).map(parseCount), read, OF_REQUESTS.test(name)));
  }
  return quotas;
}

/** Of `"a";r=5;t=30, "b";r=1`, and of `limit=10, remaining=5, reset=30`. */
function listedQuotas(fields: Fields, sentAtMs: number): Quota[] {
  const text = fields.get("ratelimit");
  if (text === undefined) return [];
  const items = parseFieldList(text);
  const otherUnits = parseFieldList(fields.get("ratelimit-policy") ?? "").filter(isOfOtherUnit);
  const quotas = items.flatMap(({ name, parameters }) =>
    paired(
      [parseCount(parameters.get("r"))],
      resetsOf(parameters.get("t"), sentAtMs),
      !otherUnits.some((policy) => policy.name === name),
    ),
  );
  const valuesOf = (wanted: string): string[] =>
    items.flatMap(({ name }) => {
      const [key = "", value = ""] = name.split("=", 2);
      return key.trim().toLowerCase() === wanted ? [value.trim()] : [];
    });
  const remaining = valuesOf("remaining").map(parseCount);
  return [...quotas, ...paired(remaining, resetsOf(valuesOf("reset").join(), sentAtMs), true)];
}

/** `qu` names what is counted, where it isn't requests. */
function isOfOtherUnit({ parameters }: FieldItem): boolean {
  return (parameters.get("qu") ?? "requests") !== "requests";
}

function resetsOf(text: string | undefined, sentAtMs: number): (number | undefined)[] {
  return splitValues(text ?? "").map((value) => parseReset(value, sentAtMs));
}

/**
 * Counts and resets of one field each. Values in the same place of two lists are of the same sender; lists
 * that are not of the same length don't say whose is whose, and the latest reset is safe for all.
 */
function paired(
  counts: readonly (number | undefined)[],
  resets: readonly (number | undefined)[],
  isOfRequests: boolean,
): Quota[] {
  return counts.flatMap((remaining, place): Quota[] => {
    if (remaining === undefined) return [];
    const resetMs = counts.length === resets.length ? resets[place] : latest(resets);
    return [{ remaining, resetMs: (resetMs ?? 0) > 0 ? resetMs : undefined, isOfRequests }];
  });
}

function latest(durationsMs: readonly (number | undefined)[]): number | undefined {
  const known = durationsMs.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
