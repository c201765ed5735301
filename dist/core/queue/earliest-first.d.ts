/**
 * Items in order of an instant: a binary heap. Items whose instant doesn't count any more stay in it until
 * they come up, or until half of all are such, so removing one costs nothing.
 */
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
export declare class EarliestFirst<Item> {
    #private;
    constructor(counts: (item: Item, atMs: number) => boolean);
    /**
     * Others with the same instants, in the same order.
     *
     * @param itemOf What takes an item's place; `undefined` for one that doesn't count any more.
     */
    copy(counts: (item: Item, atMs: number) => boolean, itemOf: (item: Item) => Item | undefined): EarliestFirst<Item>;
    /** The earliest instant, epoch milliseconds; `Infinity` if there is none. */
    get nextAtMs(): number;
    add(atMs: number, item: Item): void;
    /** Removes and returns the earliest item, if its instant isn't after `nowMs`. */
    takeBy(nowMs: number): Item | undefined;
}
