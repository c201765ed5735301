/** The bucket that a call is about, if its caller may make the call there. */
import type { Right, Scope } from "../auth/scope.ts";
import type { BucketCaller, BucketStub } from "../bucket-stub.ts";
import type { Deployment } from "../deployment.ts";
import type { Parameter } from "../pages/openapi-types.ts";
import type { CallContext } from "./call.ts";
/**
 * The bucket `name`; or the refusal, if `scopes` lack `right` on it or no policy matches it. No promise of the
 * bucket goes on once `caller` has left; see `BucketStub` for who needs none.
 */
export declare function bucketFor(deployment: Deployment, scopes: readonly Scope[], right: Right, name: string, caller: BucketCaller | undefined): BucketStub | Response;
/** Passes the bucket that the path names to `answer`, if the caller has `right` on it. */
export declare function withBucketInPath({ deployment, scopes, request }: CallContext, right: Right, answer: (bucket: BucketStub, name: string) => Response | Promise<Response>): Response | Promise<Response>;
/** The id of the hold or permit that the path names. */
export declare function idInPath(url: string): string;
/** The parameter that `idInPath` reads. */
export declare function openGrantInPath(what: "hold" | "permit"): Parameter;
