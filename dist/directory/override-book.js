/** The overrides that are known. */
export class OverrideBook {
    #rows;
    #entries = new Map();
    constructor(rows) {
        this.#rows = rows;
        for (const entry of rows.list())
            this.#entries.set(entry.bucket, entry);
    }
    /** Keeps `entry` in place of the bucket's earlier one. Writes nothing if the two are the same. */
    note(entry) {
        const known = this.#entries.get(entry.bucket);
        if (known && JSON.stringify(known) === JSON.stringify(entry))
            return;
        this.#rows.put(entry);
        this.#entries.set(entry.bucket, entry);
    }
    /** The bucket has no override any more. Writes nothing if none was known. */
    drop(bucket) {
        if (!this.#entries.has(bucket))
            return;
        this.#rows.delete(bucket);
        this.#entries.delete(bucket);
        if (this.#entries.size === 0)
            this.#rows.erase();
    }
    /** In the order of the buckets' names. */
    list() {
        return [...this.#entries.values()].toSorted((one, other) => one.bucket < other.bucket ? -1 : 1);
    }
}
