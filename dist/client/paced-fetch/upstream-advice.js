/**
 * Reads what an API says about its rate limit in status and headers, in any of the forms in use:
 *
 * - `Retry-After` (RFC 9110), in seconds or as a date; `Retry-After-Ms` and `X-Ms-Retry-After-Ms`
 *   (Azure, OpenAI);
 * - `RateLimit: "name";r=5;t=30` (draft-ietf-httpapi-ratelimit-headers-08 and later), and
 *   `RateLimit: limit=10, remaining=5, reset=30` (draft 07);
 * - pairs of headers with `limit` in their names, one with `remaining` and the other with `reset`
 *   or `reset-after`: `RateLimit-…` (drafts up to 06, GitLab), `X-RateLimit-…` (GitHub, Reddit,
 *   Discord), `X-Rate-Limit-…` and `X-App-Limit-24hour-…` (X), `X-RateLimit-…-Requests`, `…-Tokens`
 *   (OpenAI, Groq, Mistral, Cerebras), `Anthropic-RateLimit-Input-Tokens-…`;
 * - `X-Should-Retry: true` or `false` (OpenAI, Anthropic).
 *
 * Pairs are recognized by their words, not by a list of APIs, so quotas of unknown APIs are read as
 * well. The form of a reset follows from its value: seconds from now, an epoch in seconds or
 * milliseconds if the number is too large for that, a duration with units (`6m0s`), or a date.
 * Instants on the server's clock are taken relative to the response's own `Date`, so a wrong clock
 * on either side doesn't matter. Unreadable values are ignored, and so are negative counts (Azure
 * sends −1 for "unknown").
 */
import { parseFieldList } from "../fields/field-list.js";
import { parseCount, parseDate, parseReset, parseRetryAfter, splitValues, } from "./upstream-values.js";
/** Below this status, the request was accepted. */
const MIN_REFUSAL_STATUS = 400;
const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE = 503;
const FORBIDDEN = 403;
/** Used by Anthropic and others: too busy for any request. */
const OVERLOADED = 529;
/** `Retry-After` is rounded up to whole seconds; headers in milliseconds are not. */
const ROUNDING_MS = 1_000;
/**
 * GitHub asks for this pause after a refusal by a secondary limit, which its headers don't show.
 */
const GITHUB_MIN_PAUSE_MS = 60_000;
/** Headers that are read. */
const FIELDS = /limit|^(?:age|retry-after|retry-after-ms|x-ms-retry-after-ms|x-should-retry|x-github-request-id)$/;
const REMAINING = /(?:^|-)remaining(?=-|$)/;
/** What comes before a quota's name: `X-RateLimit-`, `Anthropic-RateLimit-`, `X-App-Limit-`. */
const BEFORE_NAME = /^.*?limit-/;
/** `X-RateLimit-Remaining`, `X-RateLimit-Remaining-Requests`, `…-Req-Minute`. */
const OF_REQUESTS = /(?:^|-)rate-?limit-remaining$|(?:^|-)req(?:uests?)?(?:-|$)/;
/**
 * Reads what a response says about the rate limit of the API that sent it; `undefined` if it says
 * nothing. Only status and headers are read.
 *
 * It is a refusal with status 429 or 529; with 503 and a `Retry-After` or `X-Should-Retry: true`;
 * and with 403, as GitHub answers, and a `Retry-After` or an exhausted quota. In a refusal,
 * `Retry-After` takes precedence over every reset, and only the resets of exhausted quotas count,
 * the latest of them. In any other answer, an exhausted quota takes precedence over all others,
 * then the quota with the fewest requests remaining; quotas of anything but requests count only
 * when exhausted. Headers of a cached response (`Age` over 0) are stale and ignored, except in a
 * refusal.
 *
 * @param nowMs When the response arrived, epoch milliseconds. Used only for dates, and only if the
 * response has no `Date`.
 *
 * @example
 * readUpstreamAdvice(new Response(null, { status: 429, headers: { "Retry-After": "5" } }), Date.now());
 * // { isRefusal: true, remaining: 0, pauseMs: 5000 }
 */
export function readUpstreamAdvice(answer, nowMs) {
    return readAdviceByLimit(answer, nowMs, () => undefined)[0]?.advice;
}
/**
 * As `readUpstreamAdvice`, for each limit separately. A refusal is about the limits whose quotas are
 * exhausted, or about no limit in particular (`undefined`) if none is. Counts of a quota that stands
 * for a limit are in that limit's unit, so they matter even if they aren't exhausted.
 *
 * @param limitOf The limit that a quota stands for, by the quota's lower-case name; `undefined` if
 * it stands for none.
 */
export function readAdviceByLimit({ status, headers }, nowMs, limitOf) {
    const fields = fieldsOf(headers);
    if (status < MIN_REFUSAL_STATUS && fields.size === 0)
        return [];
    const sentAtMs = parseDate(headers.get("Date") ?? "") ?? nowMs;
    const quotas = readQuotas(fields, sentAtMs);
    const retryAfterMs = readRetryAfter(fields, sentAtMs);
    const retry = readShouldRetry(fields);
    const spent = quotas.filter(({ remaining }) => remaining === 0);
    const isRefusal = status === TOO_MANY_REQUESTS ||
        status === OVERLOADED ||
        (status === UNAVAILABLE && (retryAfterMs !== undefined || retry === true)) ||
        (status === FORBIDDEN && (retryAfterMs !== undefined || spent.length > 0));
    if (!isRefusal) {
        if (Number(fields.get("age") ?? 0) > 0)
            return [];
        return [...Map.groupBy(quotas, ({ name }) => limitOf(name))].flatMap(([limit, ofLimit]) => {
            const advice = scarcestOf(ofLimit, limit !== undefined);
            return advice ? [{ limit, advice }] : [];
        });
    }
    const spentByLimit = Map.groupBy(spent, ({ name }) => limitOf(name));
    if (spent.length === 0)
        spentByLimit.set(undefined, []);
    return [...spentByLimit].map(([limit, ofLimit]) => {
        const pauseMs = retryAfterMs ?? latest(ofLimit.map(({ resetMs }) => resetMs));
        const asksForMore = !pauseMs && fields.has("x-github-request-id");
        const advice = {
            isRefusal,
            remaining: 0,
            ...(pauseMs !== undefined && { pauseMs }),
            ...(asksForMore && { minPauseMs: GITHUB_MIN_PAUSE_MS }),
            ...(retry !== undefined && { retry }),
        };
        return { limit, advice };
    });
}
/** One pass over the headers is cheaper than looking up each possible name. */
function fieldsOf(headers) {
    const fields = new Map();
    for (const [name, value] of headers)
        if (FIELDS.test(name))
            fields.set(name, value);
    return fields;
}
function readRetryAfter(fields, sentAtMs) {
    const read = (name, parse) => latest(splitValues(fields.get(name) ?? "").map((value) => parse(value, sentAtMs)));
    const secondsMs = read("retry-after", parseRetryAfter);
    // A date that has just passed: the limit is over.
    const untilMs = secondsMs === undefined ? undefined : Math.max(0, secondsMs);
    const exactMs = latest([
        read("retry-after-ms", parseCount),
        read("x-ms-retry-after-ms", parseCount),
    ]);
    const isSame = exactMs !== undefined && exactMs > (untilMs ?? 0) - ROUNDING_MS;
    return isSame ? exactMs : untilMs;
}
function readShouldRetry(fields) {
    const text = fields.get("x-should-retry")?.trim().toLowerCase();
    return text === "true" || (text === "false" ? false : undefined);
}
/** @param isOfUnit Whether all of them count what the limit counts. */
function scarcestOf(quotas, isOfUnit) {
    let scarcest = undefined;
    for (const { remaining, resetMs, isOfRequests } of quotas) {
        if (resetMs === undefined || (remaining > 0 && !isOfRequests && !isOfUnit))
            continue;
        const isScarcer = !scarcest ||
            remaining < scarcest.remaining ||
            (remaining === scarcest.remaining && resetMs > scarcest.resetMs);
        if (isScarcer)
            scarcest = { remaining, resetMs };
    }
    return scarcest && { isRefusal: false, remaining: scarcest.remaining, pauseMs: scarcest.resetMs };
}
function readQuotas(fields, sentAtMs) {
    const quotas = listedQuotas(fields, sentAtMs);
    for (const [name, text] of fields) {
        if (!REMAINING.test(name))
            continue;
        const resets = ["-reset-after", "-reset"].map((word) => resetsOf(fields.get(name.replace(REMAINING, word).replace(/^-/, "")), sentAtMs));
        const read = resets.find((each) => each.some((resetMs) => resetMs !== undefined)) ?? [];
        const quota = { name: quotaNameIn(name), isOfRequests: OF_REQUESTS.test(name) };
        quotas.push(...paired(splitValues(text).map(parseCount), read, quota));
    }
    return quotas;
}
/** `tokens` of `x-ratelimit-remaining-tokens` and of `anthropic-ratelimit-tokens-remaining`. */
function quotaNameIn(field) {
    return field.replace(BEFORE_NAME, "").replace(REMAINING, "").replace(/^-/, "");
}
/** Reads `"a";r=5;t=30, "b";r=1`, and `limit=10, remaining=5, reset=30`. */
function listedQuotas(fields, sentAtMs) {
    const text = fields.get("ratelimit");
    if (text === undefined)
        return [];
    const items = parseFieldList(text);
    const otherUnits = parseFieldList(fields.get("ratelimit-policy") ?? "").filter(isOfOtherUnit);
    const quotas = items.flatMap(({ name, parameters }) => paired([parseCount(parameters.get("r"))], resetsOf(parameters.get("t"), sentAtMs), {
        name: name.toLowerCase(),
        isOfRequests: !otherUnits.some((policy) => policy.name === name),
    }));
    const valuesOf = (wanted) => items.flatMap(({ name }) => {
        const [key = "", value = ""] = name.split("=", 2);
        return key.trim().toLowerCase() === wanted ? [value.trim()] : [];
    });
    const remaining = valuesOf("remaining").map(parseCount);
    const resets = resetsOf(valuesOf("reset").join(), sentAtMs);
    return [...quotas, ...paired(remaining, resets, { name: "", isOfRequests: true })];
}
/** `qu` names the unit that is counted, if it isn't requests. */
function isOfOtherUnit({ parameters }) {
    return (parameters.get("qu") ?? "requests") !== "requests";
}
function resetsOf(text, sentAtMs) {
    return splitValues(text ?? "").map((value) => parseReset(value, sentAtMs));
}
/**
 * Pairs the counts of one header with the resets of another. Values at the same position of both
 * lists come from the same sender; if the lists differ in length, the latest reset is safe for all.
 */
function paired(counts, resets, quota) {
    return counts.flatMap((remaining, place) => {
        if (remaining === undefined)
            return [];
        const resetMs = counts.length === resets.length ? resets[place] : latest(resets);
        return [{ ...quota, remaining, resetMs: (resetMs ?? 0) > 0 ? resetMs : undefined }];
    });
}
function latest(durationsMs) {
    const known = durationsMs.filter((each) => each !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
}
