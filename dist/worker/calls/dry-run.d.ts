/** `POST /buckets/NAME/dry-run`: what a change of a bucket's policy would do. */
import type { DryRun } from "../../protocol/queued-waiter.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";
export declare const dryRun: Call;
/** What a change would do; or the refusal, with everything that is wrong with `body`. */
export declare function tryChange(bucket: BucketStub, { note: _, ...changes }: Readonly<Record<string, unknown>>): Promise<DryRun | Response>;
