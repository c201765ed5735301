import { BucketHost } from "./bucket-host.ts";
/**
 * What an unused bucket answers to `ask`; `undefined` if it can't answer without storing something.
 *
 * @example
 * ofUnusedBucket((bucket) => bucket.inspect("x", policy)); // a BucketSnapshot
 * ofUnusedBucket((bucket) => bucket.pause("x", policy, pause)); // undefined
 */
export declare function ofUnusedBucket<Answer>(ask: (bucket: BucketHost) => Answer): Answer | undefined;
