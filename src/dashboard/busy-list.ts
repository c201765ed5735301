/** What the home page shows of busy buckets. Pure. */
import type { BusyBucket, BusySort } from "../protocol/busy-bucket.ts";
import type { BusyNews } from "./busy-feed.ts";

import { busySorts } from "../protocol/list-params.ts";

/** A report is old from this age on, in milliseconds: two of a busy bucket are missing. */
const OLD_MS = 20_000;

/** All buckets of the list together, but for reports that are old. */
export interface BusySums {
  readonly waiters: number;
  readonly grantedPerS: number;
  readonly refusedPerS: number;
}

/** How old a bucket's report is, in milliseconds, if that is so old that it may not hold any more. */
export function ageIfOld({ atMs }: BusyBucket, nowMs: number): number | undefined {
  const ageMs = nowMs - atMs;
  return ageMs > OLD_MS ? ageMs : undefined;
}

/** The sums of what is listed. */
export function sumsOf({ buckets, atMs }: BusyNews): BusySums {
  const fresh = buckets.filter((each) => ageIfOld(each, atMs) === undefined);
  const sum = (of: (bucket: BusyBucket) => number): number => {
    return fresh.reduce((total, bucket) => total + of(bucket), 0);
  };
  return {
    waiters: sum(({ waiters }) => waiters),
    grantedPerS: sum(({ grantedPerS }) => grantedPerS),
    refusedPerS: sum(({ refusedPerS }) => refusedPerS),
  };
}

/** What the last reports of a bucket say of that by which the list is sorted, oldest first; of names, the waiters. */
export function trendOf({ recent = [] }: BusyBucket, sort: BusySort): readonly number[] {
  return recent.map(([granted, refused, waiters]) => {
    if (sort === "granted") return granted;
    return sort === "refused" ? refused : waiters;
  });
}

/** What the address of the home page says of the list: `/?prefix=team/&sort=refused`. */
export function askInQuery(query: string): { readonly prefix: string; readonly sort: BusySort } {
  const params = new URLSearchParams(query);
  const sort = busySorts.find((each) => each === params.get("sort")) ?? "waiters";
  return { prefix: params.get("prefix") ?? "", sort };
}

/** The query that says so; empty for what is the case without one. */
export function queryOf(prefix: string, sort: BusySort): string {
  const params = new URLSearchParams();
  if (prefix !== "") params.set("prefix", prefix);
  if (sort !== "waiters") params.set("sort", sort);
  return params.size > 0 ? `?${params}` : "";
}
