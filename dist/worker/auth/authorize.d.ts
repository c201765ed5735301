/**
 * Who may call what. Without a known token, only method, path and origin of a request are looked at before it
 * is rejected. What a token is good for is checked once the bucket's name is known and before any policy is
 * looked up, so that a caller can't probe for buckets it has no right on.
 */
import type { AccessTokens, Bearer } from "./access-tokens.ts";
import type { Right, Scope } from "./scope.ts";
/** The settings that decide who may call. */
export interface GuardSettings {
    readonly apiTokens: AccessTokens | undefined;
    readonly adminTokens: AccessTokens | undefined;
    readonly isPublic: boolean;
}
/** What the sender of a request may do, or the response that rejects it. */
export type Guard = (bearer: Bearer) => Authorization | Promise<Authorization>;
type Authorization = readonly Scope[] | Response;
/** The guard of each right: it admits callers that may have the right on some bucket. */
export type Guards = Readonly<Record<Right, Guard>>;
/** For callers from the Internet. */
export declare function publicGuards(settings: GuardSettings): Guards;
/** For callers that have proved who they are by which entrypoint they reached. */
export declare function boundGuards(settings: GuardSettings): Guards;
/** Answers a request that `guard` admits; `answer` gets what its sender may do. */
export declare function authorize(bearer: Bearer, guard: Guard, answer: (scopes: readonly Scope[]) => Response | Promise<Response>): Response | Promise<Response>;
/** The refusal of a known caller that lacks `right` on this bucket, or on any bucket. */
export declare function forbidden(right: Right, bucket?: string): Response;
export {};
