/**
 * Items in order of an instant: a binary heap. Items whose instant doesn't count any more stay in it until
 * they come up, or until half of all are such, so removing one costs nothing.
 */
/** A heap with fewer items isn't worth cleaning up. */
const MIN_CLEANED = 64;
/**
 * Items by instant, earliest first; of one instant, the one that was added first.
 *
 * @example
 * const deadlines = new EarliestFirst<string>((name, atMs) => deadlineOf(name) === atMs);
 * deadlines.add(2_000, "Bob");
 * deadlines.add(1_000, "Ann");
 * deadlines.nextAtMs; // 1000
 * deadlines.takeBy(1_500); // "Ann"
 * deadlines.takeBy(1_500); // undefined
 */
export class EarliestFirst {
    /** Whether an item still counts at the instant it was added with. */
    #counts;
    #heap = [];
    #added = 0;
    /** The number of items at which those that don't count are removed. */
    #cleanedAt = MIN_CLEANED;
    constructor(counts) {
        this.#counts = counts;
    }
    /**
     * Others with the same instants, in the same order.
     *
     * @param itemOf What takes an item's place; `undefined` for one that doesn't count any more.
     */
    copy(counts, itemOf) {
        const copy = new EarliestFirst(counts);
        const entries = this.#heap.flatMap((entry) => {
            const item = itemOf(entry.item);
            return item === undefined ? [] : [{ ...entry, item }];
        });
        copy.#heap = sorted(entries);
        copy.#added = this.#added;
        return copy;
    }
    /** The earliest instant, epoch milliseconds; `Infinity` if there is none. */
    get nextAtMs() {
        let [first] = this.#heap;
        while (first && !this.#counts(first.item, first.atMs)) {
            this.#removeFirst();
            [first] = this.#heap;
        }
        return first?.atMs ?? Infinity;
    }
    add(atMs, item) {
        if (this.#heap.length >= this.#cleanedAt)
            this.#clean();
        this.#heap.push({ atMs, number: this.#added, item });
        this.#added += 1;
        this.#rise(this.#heap.length - 1);
    }
    /** Removes and returns the earliest item, if its instant isn't after `nowMs`. */
    takeBy(nowMs) {
        if (this.nextAtMs > nowMs)
            return undefined;
        return this.#removeFirst()?.item;
    }
    #clean() {
        const kept = this.#heap.filter(({ item, atMs }) => this.#counts(item, atMs));
        this.#heap = sorted(kept);
        this.#cleanedAt = Math.max(MIN_CLEANED, 2 * kept.length);
    }
    #removeFirst() {
        const [first] = this.#heap;
        const last = this.#heap.pop();
        if (last && this.#heap.length > 0) {
            this.#heap[0] = last;
            this.#sink();
        }
        return first;
    }
    #rise(from) {
        let index = from;
        while (index > 0) {
            const parent = (index - 1) >> 1;
            if (!isBefore(this.#heap[index], this.#heap[parent]))
                return;
            this.#swap(index, parent);
            index = parent;
        }
    }
    #sink() {
        let index = 0;
        for (;;) {
            const left = 2 * index + 1;
            const smaller = isBefore(this.#heap[left + 1], this.#heap[left]) ? left + 1 : left;
            if (!isBefore(this.#heap[smaller], this.#heap[index]))
                return;
            this.#swap(index, smaller);
            index = smaller;
        }
    }
    #swap(index, other) {
        const [one, two] = [this.#heap[index], this.#heap[other]];
        if (!one || !two)
            return;
        this.#heap[index] = two;
        this.#heap[other] = one;
    }
}
/** A list in order is a heap. */
function sorted(entries) {
    return entries.toSorted((one, other) => (isBefore(one, other) ? -1 : 1));
}
/** `undefined` is behind the end. */
function isBefore(one, other) {
    if (!one || !other)
        return one !== undefined;
    return one.atMs === other.atMs ? one.number < other.number : one.atMs < other.atMs;
}
