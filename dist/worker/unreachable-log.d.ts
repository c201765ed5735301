/**
 * What is known about a bucket that can't be reached, for the log and for the answer.
 *
 * The platform only reports "internal error" to the Worker, and its own log names neither the object nor its
 * file. So this module names the bucket, its file if it can be seen, and the remedy. Each bucket is logged at
 * most once a minute, because callers retry again and again.
 */
import type { BucketFiles } from "./config/bucket-files.ts";
import { BucketUnreachableError } from "../wire/call-with-retry.ts";
/** The bucket's state can't be read, and waiting won't help. `message` may be shown to callers. */
export declare class UnreadableStateError extends Error {
    readonly name = "UnreadableStateError";
    constructor(bucket: string, cause?: unknown);
}
/** Where a bucket is kept. */
export interface BucketPlace {
    readonly name: string;
    readonly files: BucketFiles | undefined;
}
/** What is wrong with the bucket's file, as of a moment ago; `undefined` if nothing is known to be wrong. */
export declare function faultOf(place: BucketPlace): Promise<string | undefined>;
/**
 * Logs that the bucket can't be reached.
 *
 * @returns The error to throw instead of `error`: the same, with a cause that says more if more is known.
 */
export declare function noteUnreachable(error: BucketUnreachableError, place: BucketPlace): Promise<BucketUnreachableError>;
/** The bucket starts over, so nothing that was known about it holds. */
export declare function forgetUnreachable(name: string): void;
