/** How many entries a list may have: of waiters, and of buckets. */
export declare const listRange: {
    readonly min: 1;
    readonly max: 1000;
};
/** The orders of a list of busy buckets, the default first. */
export declare const busySorts: readonly ["waiters", "granted", "refused", "name"];
