/**
 * The list of busy buckets, from the directory: all of its shards are asked at the same time, and no bucket is.
 *
 * **A list is whole or there is none.** If a shard can't be reached, the list would be shorter, and nothing in it would
 * say so.
 *
 * **Names outside a caller's scope** are left out before anything is counted, sorted or cut.
 */
import type { BusyBucket, BusyBuckets, BusySort } from "../protocol/busy-bucket.ts";
import type { ShardList } from "../directory/directory.ts";
import type { Scope } from "./auth/scope.ts";
import type { BucketAccess } from "./config/env.ts";
import type { BusyParams } from "./http/busy-params.ts";

import { directoryName, legalShards } from "../directory/shards.ts";
import { BoundedCalls } from "../wire/bounded-calls.ts";
import { isTransient } from "../wire/call-with-retry.ts";
import { isInScope } from "./auth/scope.ts";

/** A shard answers within milliseconds; a list that takes longer is made again soon. */
const LIST_TIMEOUT_MS = 2_000;
/** A list may reach all shards, and anyone who may read may ask for it. */
const MAX_LISTS = 8;

const lists = new BoundedCalls(MAX_LISTS, LIST_TIMEOUT_MS);

/** The list can't be made at the moment. `message` may be shown to callers. */
export class NoBusyListError extends Error {
  override readonly name = "NoBusyListError";
}

/**
 * The busy buckets that a caller with `scopes` may read, in no particular order.
 *
 * @throws {NoBusyListError} (as a rejection) If a shard can't be reached within two seconds, and if too many lists
 * are in progress.
 */
export async function listBusy(
  env: BucketAccess,
  scopes: readonly Scope[],
  { prefix, hasRecent }: Pick<BusyParams, "prefix" | "hasRecent">,
): Promise<readonly BusyBucket[]> {
  const all = await lists.run(() => withinTime(askShards(env, prefix, hasRecent)));
  if (!all) throw new NoBusyListError(`${MAX_LISTS} lists of busy buckets are in progress`);
  return all.filter(({ bucket }) => isInScope(scopes, "read", bucket));
}

/**
 * The same of all names for a scrape, of which only so many are in progress, too. It has no place among the lists:
 * a key that polls them would take the busy buckets out of everybody's metrics.
 *
 * @throws {NoBusyListError} As `listBusy` does, but for a number of lists.
 */
export async function listBusyToScrape(
  env: BucketAccess,
  scopes: readonly Scope[],
): Promise<readonly BusyBucket[]> {
  const all = await withinTime(askShards(env, "", false));
  return all.filter(({ bucket }) => isInScope(scopes, "read", bucket));
}

/** The first of `buckets` in the order of `sort`. */
export function cutList(
  buckets: readonly BusyBucket[],
  { sort, limit }: Pick<BusyParams, "sort" | "limit">,
): BusyBuckets {
  const sorted = buckets.toSorted((one, other) => {
    return mostFirst[sort](other) - mostFirst[sort](one) || (one.bucket < other.bucket ? -1 : 1);
  });
  return { buckets: sorted.slice(0, limit), omitted: Math.max(0, sorted.length - limit) };
}

const mostFirst: Readonly<Record<BusySort, (bucket: BusyBucket) => number>> = {
  waiters: ({ waiters }) => waiters,
  granted: ({ grantedPerS }) => grantedPerS,
  refused: ({ refusedPerS }) => refusedPerS,
  name: () => 0,
};

async function askShards(
  env: BucketAccess,
  prefix: string,
  hasRecent: boolean,
): Promise<readonly BusyBucket[]> {
  /** By name. A bucket that has moved is in two shards. */
  const latest = new Map<string, BusyBucket>();
  let asked = 0;
  // How many there are is what the one that has heard of the most says.
  for (let shards = 1; asked < shards;) {
    const indexes = Array.from({ length: shards - asked }, (_, offset) => asked + offset);
    asked = shards;
    const answers = await Promise.all(
      indexes.map((index) => askShard(env, index, prefix, hasRecent)),
    );
    for (const answer of answers) {
      shards = Math.max(shards, legalShards(answer.shards));
      for (const entry of answer.buckets) {
        const known = latest.get(entry.bucket);
        if (!known || known.atMs < entry.atMs) latest.set(entry.bucket, entry);
      }
    }
  }
  return [...latest.values()];
}

/** Asks again once: a shard may just have been reset, or its file may be damaged, which holds nothing of its own. */
async function askShard(
  { BUCKETS, FILES }: BucketAccess,
  index: number,
  prefix: string,
  hasRecent: boolean,
): Promise<ShardList> {
  const name = directoryName(index);
  const ask = async (): Promise<ShardList> => {
    const list: unknown = await BUCKETS.getByName(name).listBusy(prefix, hasRecent);
    // The types of RPC make an array of any length of a tuple.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return list as ShardList;
  };
  try {
    // A shard without a file is not in memory, and asking it would make one.
    const isUnused = (await FILES?.isUnused(name)) === true;
    return isUnused ? { buckets: [], shards: 1 } : await ask();
  } catch (error) {
    const fault = (await FILES?.stateOf(name))?.fault;
    if (fault !== undefined) await FILES?.setAside(name);
    else if (!isTransient(error)) throw error;
    return await ask();
  }
}

async function withinTime<Result>(call: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<never>((_, reject) => {
    const error = new Error(`No answer within ${LIST_TIMEOUT_MS} ms`);
    timer = setTimeout(() => reject(error), LIST_TIMEOUT_MS);
  });
  try {
    return await Promise.race([call, timeout]);
  } catch (cause) {
    console.error("Cannot list the busy buckets", cause);
    throw new NoBusyListError("The list of busy buckets could not be made", { cause });
  } finally {
    clearTimeout(timer);
  }
}
