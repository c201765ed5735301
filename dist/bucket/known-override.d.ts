/** What the directory keeps of a bucket's override. */
import type { KnownOverride } from "../protocol/known-override.ts";
import type { OpenBucket } from "./open-bucket.ts";
/** The bucket's override as lists show it; `undefined` if the configured policy is in force. */
export declare function knownOverride(bucket: OpenBucket): KnownOverride | undefined;
