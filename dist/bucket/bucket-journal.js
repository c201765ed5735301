import { hasGrantRows, recordOf, restore } from "./bucket-record.js";
import { newestState } from "./stored-rows.js";
/** Writes one bucket to the disk, and reads it back. */
export class BucketJournal {
    #platform;
    /** Of the last write that had one. */
    #seq = 0;
    /** What the bucket's own row says, if there may be rows of grants beside it. */
    #head = undefined;
    #forgetAtMs = undefined;
    constructor(platform) {
        this.#platform = platform;
    }
    /** What was read last of `StoredLimiter.forgetAtMs`. */
    get forgetAtMs() {
        return this.#forgetAtMs;
    }
    /**
     * The bucket on the disk; `undefined` if there is none.
     *
     * @throws {RangeError} If it is in an unknown format, or is illegal.
     */
    read() {
        const { disk, timeZones, newId } = this.#platform;
        const record = disk.read();
        if (!record)
            return undefined;
        if (!hasGrantRows(record)) {
            const bucket = restore(record, [], { timeZones, newId });
            this.#forgetAtMs = record.limiter.forgetAtMs;
            return bucket;
        }
        const rows = [...disk.grantRows.list()];
        const { seq, limiter } = newestState(record, rows);
        this.#forgetAtMs = limiter.forgetAtMs;
        const grants = rows.map(([slot, { grant }]) => ({ slot, grant }));
        const bucket = restore({ ...record, limiter }, grants, { timeZones, newId });
        this.#seq = seq;
        this.#head = headOf(bucket);
        return bucket;
    }
    /** Writes what a turn of `bucket` says must be written: the limiter's state, and open grants if there are any. */
    write(bucket, limiter, rows, forgetAtMs) {
        const { disk } = this.#platform;
        const state = forgetAtMs === undefined ? limiter : { ...limiter, forgetAtMs };
        const seq = this.#seq + 1;
        const isOwnRowValid = rows !== undefined && isSameHead(this.#head, bucket);
        if (!isOwnRowValid) {
            const record = recordOf(bucket, state, seq);
            disk.write(record);
            const isNumbered = hasGrantRows(record);
            this.#seq = isNumbered ? seq : 0;
            this.#head = isNumbered ? headOf(bucket) : undefined;
        }
        if (!rows)
            return;
        this.#seq = seq;
        for (const [index, { slot, grant }] of rows.entries()) {
            const isLast = index === rows.length - 1;
            const carried = isOwnRowValid && isLast ? { seq, limiter: state } : {};
            disk.grantRows.put(slot, { grant, ...carried });
        }
    }
    /** The disk has been erased. */
    forget() {
        this.#seq = 0;
        this.#head = undefined;
    }
}
function headOf({ policyName, isOverridden, override, limiter: { policy } }) {
    return { policyName, isOverridden, override, policy };
}
function isSameHead(head, bucket) {
    if (!head)
        return false;
    const { policyName, isOverridden, override, policy } = headOf(bucket);
    // A policy is replaced as a whole, and so is what is known of an override.
    return (head.policy === policy &&
        head.policyName === policyName &&
        head.isOverridden === isOverridden &&
        head.override === override);
}
