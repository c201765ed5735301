/**
 * A bucket on the disk: its own row, and the rows of its open grants.
 *
 * A grant with a hold or a permit has a row of its own, written in the turn that makes it and again when it
 * ends. That turn changes the bucket's tokens, too, which would be a second row. So the last of the rows that a
 * turn writes carries the limiter's state, and the bucket's own row is left as it is. Each of these writes has a
 * number, `seq`, and the highest one has the state that counts. Rows are rewritten and never deleted, so the state
 * is only overwritten by a newer one.
 *
 * A bucket without such grants has no other row than its own, and nothing else is read when it starts.
 */
import type { GrantRow } from "../core/holds/grant-row.ts";
import type { LimiterState } from "../core/limiter-state.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";
/** Writes one bucket to the disk, and reads it back. */
export declare class BucketJournal {
    #private;
    constructor(platform: Pick<BucketPlatform, "disk" | "timeZones" | "newId">);
    /** What was read last of `StoredLimiter.forgetAtMs`. */
    get forgetAtMs(): number | undefined;
    /**
     * The bucket on the disk; `undefined` if there is none.
     *
     * @throws {RangeError} If it is in an unknown format, or is illegal.
     */
    read(): OpenBucket | undefined;
    /** Writes what a turn of `bucket` says must be written: the limiter's state, and open grants if there are any. */
    write(bucket: OpenBucket, limiter: LimiterState, rows: readonly GrantRow[] | undefined, forgetAtMs?: number): void;
    /** The disk has been erased. */
    forget(): void;
}
