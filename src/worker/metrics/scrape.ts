/**
 * `GET /metrics`: named buckets, in Prometheus's format.
 *
 * **Named** buckets are those whose policy is configured under their exact name: they are known to exist
 * without asking anything, and the configuration limits their number. Buckets of a prefix are as many as
 * callers make up, and one time series for each would be more than Prometheus is made for. Ask for the ones you
 * need by name, `?bucket=NAME`. Those that are busy are seen all the same, the busiest by name (busy-metrics.ts).
 *
 * **A scrape returns what it can get in time.** Each bucket is asked once, without the retries that a caller
 * gets, because the next scrape comes soon; one that doesn't answer is down in `sluice_up` and has no other
 * sample. A scrape starts no bucket, takes no tokens and writes nothing.
 */
import type { Scope } from "../auth/scope.ts";
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { BusyBucket } from "../../protocol/busy-bucket.ts";
import type { BucketStats } from "../../wire/bucket-answers.ts";
import type { BucketFiles } from "../config/bucket-files.ts";
import type { BucketNamespace } from "../config/env.ts";
import type { Metric } from "./prometheus-text.ts";
import type { ScrapedBucket } from "./metrics.ts";
import type { PolicyTable } from "../config/policy-table.ts";

import { showValue } from "../../core/values.ts";
import { isInScope } from "../auth/scope.ts";
import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { forbidden } from "../auth/authorize.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { COMMON_FIELDS } from "../../answers/common-fields.ts";
import { busyMetrics } from "./busy-metrics.ts";
import { metricsOf, MAX_ASKED_FOR } from "./metrics.ts";
import { problemResponse } from "../../answers/problem.ts";
import { prometheusText, PROMETHEUS_TEXT } from "./prometheus-text.ts";
import { BoundedCalls } from "../../wire/bounded-calls.ts";
import { ofUnusedBucket } from "../../bucket/unused-bucket.ts";

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

interface NamedBucket {
  readonly name: string;
  readonly policy: NamedPolicyFields;
}

const scrapes = new BoundedCalls(MAX_SCRAPES, SCRAPE_TIMEOUT_MS);

/** Which buckets there are, and how to reach them. */
export interface Scraped {
  readonly objects: BucketNamespace;
  /** Set if files can be seen: a bucket that was never used is then answered for without its object. */
  readonly files?: BucketFiles | undefined;
  readonly policies: PolicyTable;
  /** The clock of the buckets, epoch milliseconds. */
  readonly now: () => number;
  /** Lists the busy buckets that the caller may read; rejects if they can't be listed. */
  readonly listBusy: () => Promise<readonly BusyBucket[]>;
}

/**
 * The answer to a scrape by a caller with `scopes`: of the named buckets those it may read, and all buckets
 * in `asked`, the values of `bucket` in the query; or a refusal if it may not read one of those.
 */
export async function metricsResponse(
  from: Scraped,
  scopes: readonly Scope[],
  asked: readonly string[],
): Promise<Response> {
  const { policies } = from;
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
  const scraped = await scrapes.run(() => {
    return Promise.all([scrape(from, buckets), busyIn(from)]);
  });
  if (!scraped) {
    const detail = `Cannot scrape: ${MAX_SCRAPES} scrapes are in progress`;
    return problemResponse("unavailable", { detail, retryAfterMs: BUSY_RETRY_MS });
  }
  const [named, busy] = scraped;
  const text = prometheusText([...metricsOf(named, from.now()), ...busy]);
  const headers = { ...COMMON_FIELDS, "Content-Type": PROMETHEUS_TEXT };
  return new Response(text, { headers });
}

/** Of the buckets that are busy; none if they can't be listed, which is logged already. */
async function busyIn({ listBusy }: Scraped): Promise<readonly Metric[]> {
  try {
    return busyMetrics(await listBusy());
  } catch {
    return [];
  }
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

async function statsOf(
  { objects, files }: Scraped,
  { name, policy }: NamedBucket,
): Promise<BucketStats> {
  const unused = files && (await files.isUnused(name));
  const stats = unused && ofUnusedBucket((bucket) => bucket.stats(name, policy));
  return stats || (await objects.getByName(name).stats(name, policy));
}

/** Asks all buckets, a limited number at a time, until the time is up. */
async function scrape(from: Scraped, buckets: readonly NamedBucket[]): Promise<ScrapedBucket[]> {
  const scraped: ScrapedBucket[] = buckets.map(({ name }) => ({ name, stats: undefined }));
  const failures: { readonly name: string; readonly error: unknown }[] = [];
  let isTimeUp = false;
  const waiting = buckets.entries();
  const ask = async (): Promise<void> => {
    for (const [index, bucket] of waiting) {
      if (isTimeUp) return;
      const { name } = bucket;
      try {
        scraped[index] = { name, stats: await statsOf(from, bucket) };
      } catch (error) {
        failures.push({ name, error });
      }
    }
  };
  const callers = Array.from({ length: Math.min(CALLS_AT_ONCE, buckets.length) }, ask);
  let timer: ReturnType<typeof setTimeout> | null = null;
  const pause = new Promise<void>((resolve) => (timer = setTimeout(resolve, SCRAPE_TIMEOUT_MS)));
  await Promise.race([Promise.all(callers), pause]);
  clearTimeout(timer);
  isTimeUp = true;
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
