/**
 * What makes an object a shard of the directory: its memory, and its rows. The objects named `#directory:N` are of the
 * same class as those of buckets. A class of its own would need a migration, after which a deployment can't be rolled
 * back, and another binding in the configuration of each Worker that embeds Sluice.
 */
import type { BusyReport, KnownShards, ShardList } from "../directory/directory.ts";
import type { OverrideRows } from "../directory/override-book.ts";
import type { Clock } from "./clock.ts";

import { Directory } from "../directory/directory.ts";
import { OverrideBook } from "../directory/override-book.ts";
import { CoalescingTimer } from "./coalescing-timer.ts";

/**
 * How often old entries are removed. An object without a call leaves memory after ten seconds, and its entries with it;
 * a timer that is set keeps it.
 */
const SWEEP_MS = 5_000;

/** One shard. Knows no platform, as a `BucketHost` doesn't. */
export class DirectoryObject {
  readonly #index: number;
  readonly #directory: Directory;
  readonly #clock: Clock;
  readonly #rows: OverrideRows;
  readonly #sweep: CoalescingTimer;
  /** Read from the disk on first use: most shards have none. */
  #overrides: OverrideBook | undefined = undefined;

  constructor(index: number, clock: Clock, rows: OverrideRows) {
    this.#index = index;
    this.#directory = new Directory(index);
    this.#clock = clock;
    this.#rows = rows;
    this.#sweep = new CoalescingTimer(clock, () => {
      this.#directory.sweep(clock.now());
      if (!this.#directory.isEmpty) this.#sweep.set(SWEEP_MS);
    });
  }

  /** See `Directory.report`. */
  report(report: BusyReport): KnownShards {
    this.#sweep.set(SWEEP_MS);
    // That it has none any more was said, and may have been lost.
    if (this.#index === 0 && !report.isOverridden) this.overrides.drop(report.bucket);
    return this.#directory.report(report, this.#clock.now());
  }

  /** See `Directory.drop`. */
  drop(bucket: string): void {
    this.#directory.drop(bucket);
  }

  /** See `Directory.list`. */
  list(prefix: string, hasRecent: boolean): ShardList {
    return this.#directory.list(prefix, hasRecent, this.#clock.now());
  }

  /** The overrides that are known. */
  get overrides(): OverrideBook {
    return (this.#overrides ??= new OverrideBook(this.#rows));
  }
}
