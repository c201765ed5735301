/**
 * A call of a bound Worker, from the checked arguments to its result: what calls/ are for HTTP. A refusal is
 * the response that HTTP gives, read: so it has the same reason in the same words, and the log has the same
 * line.
 */
import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { AcquireOptions } from "../client/client.ts";
import type { Right, Scope } from "./auth/scope.ts";
import type { BucketStub } from "./bucket-stub.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
/** A call about one bucket. */
interface BucketCall extends ServiceCall {
    readonly bucket: string;
}
/** A call. */
interface ServiceCall {
    readonly right: Right;
    readonly signal?: AbortSignal | undefined;
    readonly token?: string | undefined;
}
/**
 * Makes a call, with the caller's rights on the bucket.
 *
 * @throws {SluiceError} If `run` is not allowed or ends with a refusal, and if the bucket can't be reached.
 */
export declare function callBucket<Result>(env: SluiceEnv, call: BucketCall, run: (bucket: BucketStub, scopes: readonly Scope[]) => Promise<Result | Response>): Promise<Result>;
/**
 * Makes a call that is not about one bucket, with the caller's rights.
 *
 * @throws {SluiceError} If `run` is not allowed or ends with a refusal.
 */
export declare function callService<Result>(env: SluiceEnv, call: ServiceCall, run: (deployment: Deployment, scopes: readonly Scope[], leaving: AbortController) => Promise<Result | Response>): Promise<Result>;
/**
 * Makes an acquire.
 *
 * @throws {SluiceError} If it is not allowed or wrong. If the bucket can't be reached, the outcome says so.
 */
export declare function acquireTokens(env: SluiceEnv, name: string, options: AcquireOptions): Promise<AcquireOutcome>;
export {};
