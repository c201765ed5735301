/** How many entries a list may have: of waiters, and of buckets. */
export const listRange = { min: 1, max: 1_000 };
/** The orders of a list of busy buckets, the default first. */
export const busySorts = [
    "waiters",
    "granted",
    "refused",
    "name",
];
