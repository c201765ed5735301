import { Directory } from "../directory/directory.js";
import { OverrideBook } from "../directory/override-book.js";
import { CoalescingTimer } from "./coalescing-timer.js";
/**
 * How often old entries are removed. An object without a call leaves memory after ten seconds, and its entries with it;
 * a timer that is set keeps it.
 */
const SWEEP_MS = 5_000;
/** One shard. Knows no platform, as a `BucketHost` doesn't. */
export class DirectoryObject {
    #index;
    #directory;
    #clock;
    #rows;
    #sweep;
    /** Read from the disk on first use: most shards have none. */
    #overrides = undefined;
    constructor(index, clock, rows) {
        this.#index = index;
        this.#directory = new Directory(index);
        this.#clock = clock;
        this.#rows = rows;
        this.#sweep = new CoalescingTimer(clock, () => {
            this.#directory.sweep(clock.now());
            if (!this.#directory.isEmpty)
                this.#sweep.set(SWEEP_MS);
        });
    }
    /** See `Directory.report`. */
    report(report) {
        this.#sweep.set(SWEEP_MS);
        // That it has none any more was said, and may have been lost.
        if (this.#index === 0 && !report.isOverridden)
            this.overrides.drop(report.bucket);
        return this.#directory.report(report, this.#clock.now());
    }
    /** See `Directory.drop`. */
    drop(bucket) {
        this.#directory.drop(bucket);
    }
    /** See `Directory.list`. */
    list(prefix, hasRecent) {
        return this.#directory.list(prefix, hasRecent, this.#clock.now());
    }
    /** The overrides that are known. */
    get overrides() {
        return (this.#overrides ??= new OverrideBook(this.#rows));
    }
}
