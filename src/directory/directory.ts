/**
 * Which buckets are busy, as far as they have reported: what one shard of the directory keeps, in memory alone.
 *
 * **Nothing is written.** Each bucket that is busy reports every ten seconds, so a directory that has lost its memory
 * has all of them again within ten seconds, and a report that is lost is followed by another one.
 *
 * **Entries age.** What a report says of rates holds for its ten seconds, so an entry that is older than two reports
 * shows rates of 0. It stays for five minutes, so that a bucket that has just become quiet can still be found; if
 * callers waited then, for as long as any caller may wait: an object in which only sessions wait is asleep, and reports
 * when it is next awake.
 *
 * **Shards.** One directory is enough for thousands of buckets. With more, it answers reports with twice the number
 * of shards, and buckets then pick theirs among so many. What a bucket has reported to its earlier shard stays there
 * until it ages, so while buckets move, none is missing and some are in two shards: the later entry counts.
 */
import type { BusyBucket, RecentWindow } from "../protocol/busy-bucket.ts";

import { queueFields } from "../core/policy.ts";
import { MAX_SHARDS, legalShards, shardOf } from "./shards.ts";

/** Entries of one shard from which on there are twice as many shards: 200 reports a second, 2 % of a core. */
const MAX_ENTRIES = 2_000;
/** Two reports, so that a late one doesn't make a busy bucket look quiet. */
const RATES_HOLD_MS = 20_000;
const KEPT_MS = 5 * 60_000;
const KEPT_WITH_WAITERS_MS = queueFields.maxWaitMs.max;
/** Windows that an entry remembers: five minutes of reports. */
const MAX_RECENT = 30;
/** Numbers of a window. */
const RECENT_SIZE = 3;

/** What a busy bucket reports. */
export interface BusyReport extends Omit<BusyBucket, "atMs" | "recent"> {
  /** Acquires granted and refused in the window of the report, and the waiters at its end. */
  readonly window: RecentWindow;
  /** How many shards the bucket has heard of. */
  readonly shards: number;
}

/** What a directory answers: how many shards there are. */
export interface KnownShards {
  readonly shards: number;
}

/** What one shard has. */
export interface ShardList extends KnownShards {
  /** In no particular order. */
  readonly buckets: readonly BusyBucket[];
}

/** What is kept of a bucket. */
interface Entry {
  readonly shown: Omit<BusyBucket, "recent">;
  /** A ring of windows, `RECENT_SIZE` numbers each. */
  readonly recent: Float32Array;
  /** How many windows there have been. */
  windows: number;
}

/**
 * One shard of the directory.
 *
 * @example
 * const directory = new Directory(0);
 * directory.report({ bucket: "x", waiters: 3, shards: 1, … }, nowMs); // { shards: 1 }
 * directory.list("", nowMs).buckets; // [{ bucket: "x", waiters: 3, atMs: nowMs, … }]
 */
export class Directory {
  readonly #index: number;
  readonly #entries = new Map<string, Entry>();
  /** Entries of buckets that still report here. */
  #own = 0;
  #shards = 1;

  /** @param index The number of this shard, counted from 0. */
  constructor(index: number) {
    this.#index = index;
    // Others have sent buckets here: there are at least so many.
    while (this.#shards <= index) this.#shards *= 2;
  }

  /** Whether nothing has been reported that is still kept. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Keeps a report, in place of the bucket's earlier one. */
  report({ shards, window, ...shown }: BusyReport, nowMs: number): KnownShards {
    const { bucket } = shown;
    this.#learn(legalShards(shards));
    const known = this.#entries.get(bucket);
    const recent = known?.recent ?? new Float32Array(MAX_RECENT * RECENT_SIZE);
    const windows = known?.windows ?? 0;
    recent.set(window, (windows % MAX_RECENT) * RECENT_SIZE);
    this.#entries.set(bucket, { shown: { ...shown, atMs: nowMs }, recent, windows: windows + 1 });
    if (!known && this.#isOwn(bucket)) this.#own += 1;
    if (this.#own > MAX_ENTRIES && this.#shards < MAX_SHARDS) {
      this.sweep(nowMs);
      if (this.#own > MAX_ENTRIES) this.#learn(this.#shards * 2);
    }
    return { shards: this.#shards };
  }

  /** The bucket has been reset: there is nothing to list. */
  drop(bucket: string): void {
    if (this.#entries.delete(bucket) && this.#isOwn(bucket)) this.#own -= 1;
  }

  /**
   * The buckets whose names begin with `prefix`.
   *
   * @param hasRecent Whether the entries have `recent`.
   */
  list(prefix: string, hasRecent: boolean, nowMs: number): ShardList {
    const buckets: BusyBucket[] = [];
    for (const [bucket, { shown, recent, windows }] of this.#entries) {
      if (!bucket.startsWith(prefix) || isOver(shown, nowMs)) continue;
      const now = nowMs - shown.atMs > RATES_HOLD_MS ? { ...shown, ...NO_RATES } : shown;
      buckets.push(hasRecent ? { ...now, recent: inOrder(recent, windows) } : now);
    }
    return { buckets, shards: this.#shards };
  }

  /** Forgets what is too old. */
  sweep(nowMs: number): void {
    for (const [bucket, { shown }] of this.#entries) {
      if (isOver(shown, nowMs)) this.#entries.delete(bucket);
    }
    this.#countOwn();
  }

  #learn(shards: number): void {
    if (shards <= this.#shards) return;
    this.#shards = shards;
    this.#countOwn();
  }

  #countOwn(): void {
    this.#own = 0;
    for (const bucket of this.#entries.keys()) if (this.#isOwn(bucket)) this.#own += 1;
  }

  #isOwn(bucket: string): boolean {
    return shardOf(bucket, this.#shards) === this.#index;
  }
}

const NO_RATES = { grantedPerS: 0, refusedPerS: 0, waitP95Ms: 0 };

/** The clock of a new instance may be behind that of the previous one; nothing is kept for ever because of it. */
function isOver({ waiters, atMs }: Entry["shown"], nowMs: number): boolean {
  return Math.abs(nowMs - atMs) > (waiters > 0 ? KEPT_WITH_WAITERS_MS : KEPT_MS);
}

/** The windows of a ring, oldest first. */
function inOrder(ring: Float32Array, windows: number): RecentWindow[] {
  const count = Math.min(windows, MAX_RECENT);
  return Array.from({ length: count }, (_, index) => {
    const at = ((windows - count + index) % MAX_RECENT) * RECENT_SIZE;
    return [ring[at] ?? 0, ring[at + 1] ?? 0, ring[at + 2] ?? 0];
  });
}
