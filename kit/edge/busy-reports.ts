/** Busy buckets of tests: what they report, without being busy. */
import { env } from "cloudflare:workers";

import type { BusyReport } from "../../src/directory/directory.ts";

import { directoryName } from "../../src/directory/shards.ts";

/** What a bucket of one a second reports that has two waiters. */
function busyReportOf(bucket: string, fields: Partial<BusyReport> = {}): BusyReport {
  return {
    bucket,
    policyName: "*",
    isOverridden: false,
    tokens: 0,
    capacity: 1,
    waiters: 2,
    grantedPerS: 1,
    refusedPerS: 0,
    waitP95Ms: 2_100,
    window: [10, 0, 2],
    shards: 1,
    ...fields,
  };
}

/** Reports to the directory of the tests, as the bucket's object would. */
export async function reportBusy(
  bucket: string,
  fields: Partial<BusyReport> = {},
  shard = 0,
): Promise<void> {
  await env.BUCKETS.getByName(directoryName(shard)).reportBusy(busyReportOf(bucket, fields));
}
