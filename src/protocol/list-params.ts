/**
 * What a list may be asked for. Not beside the rules of an acquire, which are worked out from others: a bundler would
 * keep those in everything that checks a list.
 */
import type { Range } from "../core/values.ts";
import type { BusySort } from "./busy-bucket.ts";

/** How many entries a list may have: of waiters, and of buckets. */
export const listRange = { min: 1, max: 1_000 } as const satisfies Range;

/** The orders of a list of busy buckets, the default first. */
export const busySorts = [
  "waiters",
  "granted",
  "refused",
  "name",
] as const satisfies readonly BusySort[];
