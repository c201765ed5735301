/** `GET /buckets`: which buckets are busy. */
import type { BusyBuckets } from "../../protocol/busy-bucket.ts";
import type { Scope } from "../auth/scope.ts";
import type { Deployment } from "../deployment.ts";
import type { Call } from "./call.ts";
import { type BusyParams } from "../http/busy-params.ts";
export declare const listBuckets: Call;
/** The list for a caller with `scopes`; or the refusal. */
export declare function listBusyBuckets({ env }: Pick<Deployment, "env">, scopes: readonly Scope[], params: BusyParams): Promise<BusyBuckets | Response>;
