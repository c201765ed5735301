/**
 * Which buckets have overrides, as far as they have said so: a row each, as an override is rare, set by an admin, and
 * there until its bucket is reset. Buckets are where overrides are kept; this is a list of them, and may lack one whose
 * bucket could not say so. It is made good by what the bucket says when it is next busy.
 */
import type { KnownOverride } from "../protocol/known-override.ts";
/** Where the book is kept. Throws if it can't write. */
export interface OverrideRows {
    list(): Iterable<KnownOverride>;
    put(entry: KnownOverride): void;
    delete(bucket: string): void;
    /** The last row was deleted: what is left on the disk may go. */
    erase(): void;
}
/** The overrides that are known. */
export declare class OverrideBook {
    #private;
    constructor(rows: OverrideRows);
    /** Keeps `entry` in place of the bucket's earlier one. Writes nothing if the two are the same. */
    note(entry: KnownOverride): void;
    /** The bucket has no override any more. Writes nothing if none was known. */
    drop(bucket: string): void;
    /** In the order of the buckets' names. */
    list(): readonly KnownOverride[];
}
