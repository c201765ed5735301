import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";
export declare const setPolicy: Call;
/** The bucket under its new policy; or the refusal, with everything that is wrong with `body`. */
export declare function changePolicy(bucket: BucketStub, body: Readonly<Record<string, unknown>>): Promise<BucketSnapshot | Response>;
