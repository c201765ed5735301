import { showValue } from "../../core/values.js";
import { isInScope } from "../auth/scope.js";
import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { forbidden } from "../auth/authorize.js";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.js";
import { COMMON_FIELDS } from "../../answers/common-fields.js";
import { busyMetrics } from "./busy-metrics.js";
import { metricsOf, MAX_ASKED_FOR } from "./metrics.js";
import { problemResponse } from "../../answers/problem.js";
import { prometheusText, PROMETHEUS_TEXT } from "./prometheus-text.js";
import { BoundedCalls } from "../../wire/bounded-calls.js";
import { ofUnusedBucket } from "../../bucket/unused-bucket.js";
/** Buckets that are asked at the same time. */
const CALLS_AT_ONCE = 32;
/** For all buckets together, in milliseconds: half of the time that Prometheus waits for a scrape. */
const SCRAPE_TIMEOUT_MS = 5_000;
/**
 * Concurrent scrapes in one isolate: a few Prometheus servers, and some room. Each reaches up to
 * `MAX_ASKED_FOR` buckets, and if Sluice is public anyone may scrape.
 */
const MAX_SCRAPES = 8;
/** When to retry then: a scrape takes some milliseconds. */
const BUSY_RETRY_MS = 1_000;
const scrapes = new BoundedCalls(MAX_SCRAPES, SCRAPE_TIMEOUT_MS);
/**
 * The answer to a scrape by a caller with `scopes`: of the named buckets those it may read, and all buckets
 * in `asked`, the values of `bucket` in the query; or a refusal if it may not read one of those.
 */
export async function metricsResponse(from, scopes, asked) {
    const { policies } = from;
    const mayRead = (name) => isInScope(scopes, "read", name);
    if (!scopes.some(({ rights }) => rights.includes("read")))
        return forbidden("read");
    const refusal = refusalOf(asked, mayRead, policies);
    if (refusal)
        return refusal;
    const names = new Set([...policies.exactNames(), ...asked].filter(mayRead));
    const buckets = [];
    for (const name of names) {
        const policy = policies.find(name);
        if (policy)
            buckets.push({ name, policy });
    }
    const scraped = await scrapes.run(() => {
        return Promise.all([scrape(from, buckets), busyIn(from)]);
    });
    if (!scraped) {
        const detail = `Cannot scrape: ${MAX_SCRAPES} scrapes are in progress`;
        return problemResponse("unavailable", { detail, retryAfterMs: BUSY_RETRY_MS });
    }
    const [named, busy] = scraped;
    const text = prometheusText([...metricsOf(named, Date.now()), ...busy]);
    const headers = { ...COMMON_FIELDS, "Content-Type": PROMETHEUS_TEXT };
    return new Response(text, { headers });
}
/** Of the buckets that are busy; none if they can't be listed, which is logged already. */
async function busyIn({ listBusy }) {
    try {
        return busyMetrics(await listBusy());
    }
    catch {
        return [];
    }
}
/** What is wrong with the names that are asked for. */
function refusalOf(asked, mayRead, policies) {
    if (asked.length > MAX_ASKED_FOR) {
        const message = `bucket may be given at most ${MAX_ASKED_FOR} times: got ${asked.length}`;
        return invalidRequestResponse([{ field: "bucket", message }]);
    }
    const faults = asked
        .filter((name) => !isBucketName(name))
        .map((name) => `bucket must be ${BUCKET_NAME_RULE}: got ${showValue(name)}`);
    if (faults.length > 0) {
        return invalidRequestResponse(faults.map((message) => ({ field: "bucket", message })));
    }
    for (const name of asked) {
        if (!mayRead(name))
            return forbidden("read", name);
        if (!policies.find(name)) {
            return problemResponse("unknown-bucket", { detail: `No policy matches ${showValue(name)}` });
        }
    }
    return undefined;
}
async function statsOf({ objects, files }, { name, policy }) {
    const unused = files && (await files.isUnused(name));
    const stats = unused && ofUnusedBucket((bucket) => bucket.stats(name, policy));
    return stats || (await objects.getByName(name).stats(name, policy));
}
/** Asks all buckets, a limited number at a time, until the time is up. */
async function scrape(from, buckets) {
    const scraped = buckets.map(({ name }) => ({ name, stats: undefined }));
    const failures = [];
    const timeUp = new AbortController();
    const waiting = buckets.entries();
    const ask = async () => {
        for (const [index, bucket] of waiting) {
            if (timeUp.signal.aborted)
                return;
            const { name } = bucket;
            try {
                scraped[index] = { name, stats: await statsOf(from, bucket) };
            }
            catch (error) {
                failures.push({ name, error });
            }
        }
    };
    const callers = Array.from({ length: Math.min(CALLS_AT_ONCE, buckets.length) }, ask);
    const pause = scheduler.wait(SCRAPE_TIMEOUT_MS, { signal: timeUp.signal });
    // Nothing waits for this promise if it settles last.
    pause.catch(() => undefined);
    await Promise.race([Promise.all(callers), pause]);
    timeUp.abort();
    const [first] = failures;
    if (first) {
        const names = failures.map(({ name }) => name).join(", ");
        console.error(`Cannot reach ${failures.length} of ${buckets.length} buckets: ${names}`, first.error);
    }
    // A copy: a bucket that answers late must not change what is being written.
    return [...scraped];
}
