/**
 * The list of busy buckets, from the directory: all of its shards are asked at the same time, and no bucket is.
 *
 * **A list is whole or there is none.** If a shard can't be reached, the list would be shorter, and nothing in it would
 * say so.
 *
 * **Names outside a caller's scope** are left out before anything is counted, sorted or cut.
 */
import type { BusyBucket, BusyBuckets } from "../protocol/busy-bucket.ts";
import type { Scope } from "./auth/scope.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { BusyParams } from "./http/busy-params.ts";
/** The list can't be made at the moment. `message` may be shown to callers. */
export declare class NoBusyListError extends Error {
    readonly name = "NoBusyListError";
}
/** Where the directory is. */
type Listed = Pick<SluiceEnv, "BUCKETS" | "FILES">;
/**
 * The busy buckets that a caller with `scopes` may read, in no particular order.
 *
 * @throws {NoBusyListError} (as a rejection) If a shard can't be reached within two seconds, and if too many lists
 * are in progress.
 */
export declare function listBusy(env: Listed, scopes: readonly Scope[], { prefix, hasRecent }: Pick<BusyParams, "prefix" | "hasRecent">): Promise<readonly BusyBucket[]>;
/**
 * The same of all names for a scrape, of which only so many are in progress, too. It has no place among the lists:
 * a key that polls them would take the busy buckets out of everybody's metrics.
 *
 * @throws {NoBusyListError} As `listBusy` does, but for a number of lists.
 */
export declare function listBusyToScrape(env: Listed, scopes: readonly Scope[]): Promise<readonly BusyBucket[]>;
/** The first of `buckets` in the order of `sort`. */
export declare function cutList(buckets: readonly BusyBucket[], { sort, limit }: Pick<BusyParams, "sort" | "limit">): BusyBuckets;
export {};
