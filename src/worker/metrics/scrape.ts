/**
 * `GET /metrics`: the named buckets, as Prometheus reads them.
 *
 * **Named** is a bucket whose policy stands under its exact name: it is known to exist without asking
 * anybody, and the configuration bounds their number. Buckets of a prefix are as many as callers make
 * up; no list of them is kept anywhere, and one time series for each would be more than Prometheus is
 * made for. Those that somebody cares for are asked for by name, `?bucket=NAME`.
 *
 * **A scrape gives what it can get in time.** Each bucket is asked once, without the patience that a
 * caller is shown, since the next scrape comes soon; one that does not answer is down in `sluice_up` and
 * has no other sample. It starts no bucket, takes nothing and writes nothing.
 */
import type { Scope } from "../auth/access-tokens.ts";
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { BucketStats } from "../../wire/bucket-answers.ts";
import type { BucketFiles } from "../config/bucket-files.ts";
import type { BucketObject } from "../../bucket/bucket-object.ts";
import type { ScrapedBucket } from "./metrics.ts";
import type { PolicyTable } from "../config/policy-table.ts";

import { showValue } from "../../core/policy.ts";
import { isInScope } from "../auth/access-tokens.ts";
import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { forbidden } from "../auth/authorize.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { COMMON_FIELDS } from "../../answers/common-fields.ts";
import { metricsOf, MAX_ASKED_FOR } from "./metrics.ts";
import { problemResponse } from "../../answers/problem.ts";
import { prometheusText, PROMETHEUS_TEXT } from "./prometheus-text.ts";
import { ofUnusedBucket } from "../../bucket/unused-bucket.ts";

/** Buckets that are asked at the same time. */
const CALLS_AT_ONCE = 32;
/** For all buckets together, in milliseconds: half of the time that Prometheus waits for a scrape. */
const SCRAPE_TIMEOUT_MS = 5_000;
/**
 * Scrapes at the same time in one isolate: a few Prometheus, and some room. Each opens up to
 * `MAX_ASKED_FOR` buckets, and where Sluice is public anybody may ask.
 */
const MAX_SCRAPES = 8;
/** When to come back then: a scrape takes some milliseconds. */
const BUSY_RETRY_MS = 1_000;

/** A scrape that shows nothing is most often a table with patterns only. */
const NOTHING_TO_SHOW =
  "# No bucket is named: give one a policy under its exact name, or ask with ?bucket=NAME\n";

interface NamedBucket {
  readonly name: string;
  readonly policy: NamedPolicyFields;
}

/** When the scrapes of this isolate began that are under way, epoch milliseconds. */
const underWay = new Set<{ readonly startedAtMs: number }>();

/** Where the buckets are, and which. */
export interface Scraped {
  readonly objects: DurableObjectNamespace<BucketObject>;
  /** Where they can be seen: a bucket that was never used is answered for without its object. */
  readonly files?: BucketFiles | undefined;
  readonly policies: PolicyTable;
}

/**
 * The answer to a scrape by somebody who holds `scopes`: of the named buckets those that he may read,
 * and all that `asked` holds, the values of `bucket` in the query, or a refusal where he may not.
 */
export async function metricsResponse(
  scraped: Scraped,
  scopes: readonly Scope[],
  asked: readonly string[],
): Promise<Response> {
  const { policies } = scraped;
  const mayRead = (name: string): boolean => isInScope(scopes, "read", name);
  if (!scopes.some(({ rights }) => rights.includes("read"))) return forbidden("read");
  const refusal = refusalOf(asked, mayRead, policies);
  if (refusal) return refusal;
  const names = new Set([...policies.exactNames(), ...asked].filter(mayRead));
  const buckets: NamedBucket[] = [];
  for (const name of names) {
    const policy = policies.find(name);
    if (policy) buckets.push({ name, policy });
  }
  if (countUnderWay() >= MAX_SCRAPES) {
    const detail = `Cannot scrape: ${MAX_SCRAPES} scrapes are under way`;
    return problemResponse("unavailable", { detail, retryAfterMs: BUSY_RETRY_MS });
  }
  const text = prometheusText(metricsOf(await scrapeCounted(scraped, buckets)));
  const headers = { ...COMMON_FIELDS, "Content-Type": PROMETHEUS_TEXT };
  return new Response(text === "" ? NOTHING_TO_SHOW : text, { headers });
}

/** What is wrong with the names that are asked for. */
function refusalOf(
  asked: readonly string[],
  mayRead: (name: string) => boolean,
  policies: PolicyTable,
): Response | undefined {
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
    if (!mayRead(name)) return forbidden("read", name);
    if (!policies.find(name)) {
      return problemResponse("unknown-bucket", { detail: `No policy matches ${showValue(name)}` });
    }
  }
  return undefined;
}

/** One whose caller has left may never come to its end: its time is up all the same. */
function countUnderWay(): number {
  const nowMs = Date.now();
  for (const scrape of underWay) {
    const sinceMs = nowMs - scrape.startedAtMs;
    if (sinceMs < 0 || sinceMs > SCRAPE_TIMEOUT_MS) underWay.delete(scrape);
  }
  return underWay.size;
}

async function scrapeCounted(
  scraped: Scraped,
  buckets: readonly NamedBucket[],
): Promise<ScrapedBucket[]> {
  const counted = { startedAtMs: Date.now() };
  underWay.add(counted);
  try {
    return await scrape(scraped, buckets);
  } finally {
    underWay.delete(counted);
  }
}

async function statsOf(
  { objects, files }: Scraped,
  { name, policy }: NamedBucket,
): Promise<BucketStats> {
  const unused = files && (await files.isUnused(name));
  const stats = unused && ofUnusedBucket((bucket) => bucket.stats(name, policy));
  return stats || (await objects.getByName(name).stats(name, policy));
}

/** Asks all of them, some at a time, until the time is up. */
async function scrape(from: Scraped, buckets: readonly NamedBucket[]): Promise<ScrapedBucket[]> {
  const scraped: ScrapedBucket[] = buckets.map(({ name }) => ({ name, stats: undefined }));
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  const timeUp = new AbortController();
  const waiting = buckets.entries();
  const ask = async (): Promise<void> => {
    for (const [index, bucket] of waiting) {
      if (timeUp.signal.aborted) return;
      const { name } = bucket;
      try {
        scraped[index] = { name, stats: await statsOf(from, bucket) };
      } catch (error) {
        failures.push({ name, error });
      }
    }
  };
  const callers = Array.from({ length: Math.min(CALLS_AT_ONCE, buckets.length) }, ask);
  const pause = scheduler.wait(SCRAPE_TIMEOUT_MS, { signal: timeUp.signal });
  // Whichever is last: nobody hears of it.
  pause.catch(() => undefined);
  await Promise.race([Promise.all(callers), pause]);
  timeUp.abort();
  const [first] = failures;
  if (first) {
    const names = failures.map(({ name }) => name).join(", ");
    console.error(
      `Cannot reach ${failures.length} of ${buckets.length} buckets: ${names}`,
      first.error,
    );
  }
  // A copy: a bucket that answers late must not change what is being written.
  return [...scraped];
}
