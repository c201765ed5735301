/** `DELETE /buckets/NAME/policy`: takes an override of a bucket's policy back. */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { PolicyBefore } from "../../wire/bucket-answers.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";
/** What an override can give way to. */
export declare const POLICIES_BEFORE: readonly PolicyBefore[];
export declare const dropOverride: Call;
/** The `to` of a URL; or the refusal, if it is none. `undefined` if there is no `to`. */
export declare function policyBeforeIn(url: string): PolicyBefore | Response | undefined;
/** The bucket `name` under its earlier policy; or the refusal, if there is none. */
export declare function dropOverrideOf(bucket: BucketStub, name: string, to: PolicyBefore): Promise<BucketSnapshot | Response>;
/** There is nothing to go back to. */
export declare function noOverrideResponse(name: string, to: PolicyBefore): Response;
