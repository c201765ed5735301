/** `POST /buckets/NAME/pause`: holds a bucket's ticks up for a while. */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { Scope } from "../auth/scope.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";
export declare const pause: Call;
/**
 * The bucket `name` after it was paused, or resumed, by a caller with `scopes`; or the refusal, with everything
 * that is wrong with `fields`.
 */
export declare function pauseBucket(bucket: BucketStub, name: string, scopes: readonly Scope[], fields: Readonly<Record<string, unknown>>): Promise<BucketSnapshot | Response>;
