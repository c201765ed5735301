import { queueFields } from "../core/policy.js";
import { MAX_SHARDS, legalShards, shardOf } from "./shards.js";
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
/**
 * One shard of the directory.
 *
 * @example
 * const directory = new Directory(0);
 * directory.report({ bucket: "x", waiters: 3, shards: 1, … }, nowMs); // { shards: 1 }
 * directory.list("", nowMs).buckets; // [{ bucket: "x", waiters: 3, atMs: nowMs, … }]
 */
export class Directory {
    #index;
    #entries = new Map();
    /** Entries of buckets that still report here. */
    #own = 0;
    #shards = 1;
    /** @param index The number of this shard, counted from 0. */
    constructor(index) {
        this.#index = index;
        // Others have sent buckets here: there are at least so many.
        while (this.#shards <= index)
            this.#shards *= 2;
    }
    /** Whether nothing has been reported that is still kept. */
    get isEmpty() {
        return this.#entries.size === 0;
    }
    /** Keeps a report, in place of the bucket's earlier one. */
    report({ shards, window, ...shown }, nowMs) {
        const { bucket } = shown;
        this.#learn(legalShards(shards));
        const known = this.#entries.get(bucket);
        const recent = known?.recent ?? new Float32Array(MAX_RECENT * RECENT_SIZE);
        const windows = known?.windows ?? 0;
        recent.set(window, (windows % MAX_RECENT) * RECENT_SIZE);
        this.#entries.set(bucket, { shown: { ...shown, atMs: nowMs }, recent, windows: windows + 1 });
        if (!known && this.#isOwn(bucket))
            this.#own += 1;
        if (this.#own > MAX_ENTRIES && this.#shards < MAX_SHARDS) {
            this.sweep(nowMs);
            if (this.#own > MAX_ENTRIES)
                this.#learn(this.#shards * 2);
        }
        return { shards: this.#shards };
    }
    /** The bucket has been reset: there is nothing to list. */
    drop(bucket) {
        if (this.#entries.delete(bucket) && this.#isOwn(bucket))
            this.#own -= 1;
    }
    /**
     * The buckets whose names begin with `prefix`.
     *
     * @param hasRecent Whether the entries have `recent`.
     */
    list(prefix, hasRecent, nowMs) {
        const buckets = [];
        for (const [bucket, { shown, recent, windows }] of this.#entries) {
            if (!bucket.startsWith(prefix) || isOver(shown, nowMs))
                continue;
            const now = nowMs - shown.atMs > RATES_HOLD_MS ? { ...shown, ...NO_RATES } : shown;
            buckets.push(hasRecent ? { ...now, recent: inOrder(recent, windows) } : now);
        }
        return { buckets, shards: this.#shards };
    }
    /** Forgets what is too old. */
    sweep(nowMs) {
        for (const [bucket, { shown }] of this.#entries) {
            if (isOver(shown, nowMs))
                this.#entries.delete(bucket);
        }
        this.#countOwn();
    }
    #learn(shards) {
        if (shards <= this.#shards)
            return;
        this.#shards = shards;
        this.#countOwn();
    }
    #countOwn() {
        this.#own = 0;
        for (const bucket of this.#entries.keys())
            if (this.#isOwn(bucket))
                this.#own += 1;
    }
    #isOwn(bucket) {
        return shardOf(bucket, this.#shards) === this.#index;
    }
}
const NO_RATES = { grantedPerS: 0, refusedPerS: 0, waitP95Ms: 0 };
/** The clock of a new instance may be behind that of the previous one; nothing is kept for ever because of it. */
function isOver({ waiters, atMs }, nowMs) {
    return Math.abs(nowMs - atMs) > (waiters > 0 ? KEPT_WITH_WAITERS_MS : KEPT_MS);
}
/** The windows of a ring, oldest first. */
function inOrder(ring, windows) {
    const count = Math.min(windows, MAX_RECENT);
    return Array.from({ length: count }, (_, index) => {
        const at = ((windows - count + index) % MAX_RECENT) * RECENT_SIZE;
        return [ring[at] ?? 0, ring[at + 1] ?? 0, ring[at + 2] ?? 0];
    });
}
