import type { GrantedHold, GrantedPermit } from "../../core/outcome.ts";
import type { FieldFault } from "../../core/values.ts";
import type { GrantBody } from "../../protocol/acquire-bodies.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { RateLimitState } from "../../protocol/rate-limit-fields.ts";
import { SluiceError } from "../sluice-error.ts";
/** A fully read answer. */
export interface Answer {
    readonly status: number;
    /** The parsed body, or the text itself if it is not JSON. */
    readonly body: unknown;
    /** From `Retry-After`, if it is a number of seconds. */
    readonly retryAfterMs?: number | undefined;
    /** From the `RateLimit` fields, if there are any. */
    readonly rateLimit?: RateLimitState | undefined;
}
/** Reads the whole response. Rejects if it is cut off. */
export declare function readAnswer(response: Response): Promise<Answer>;
/** Parses JSON; returns the text itself if it is not JSON. */
export declare function parseJson(text: string): unknown;
/** The parts of a problem document that a client uses. */
export interface Problem {
    readonly status: number | undefined;
    readonly reason: Reason;
    readonly detail: string;
    readonly errors: readonly FieldFault[] | undefined;
    readonly retryAfterMs: number | undefined;
    readonly estimate: true | undefined;
    readonly violatedPolicies: readonly string[] | undefined;
}
/**
 * The problem that an answer describes; `undefined` if it is not a problem.
 *
 * @throws {TransportError} If the problem or the status says that a retry may help.
 * @throws {SluiceError} If it is a failure that didn't come from Sluice.
 */
export declare function problemIn({ status, body, retryAfterMs }: Answer): Problem | undefined;
/** The error for a call that is wrong or not allowed. */
export declare function errorOf({ reason, detail, status, errors }: Problem): SluiceError;
/**
 * Reads a grant from a body.
 *
 * @throws {SluiceError} If it is not a grant.
 */
export declare function grantIn(status: number, body: unknown): GrantBody;
/** A hold as a grant and the answers about it have it. */
export declare function isHold(value: unknown): value is GrantedHold;
/** The same of a permit. */
export declare function isPermit(value: unknown): value is GrantedPermit;
/** The caller's place in the queue, with the ticket that keeps it. */
export interface Place {
    readonly position: number;
    readonly etaMs: number;
    readonly estimate?: true;
    readonly ticket?: string;
}
/**
 * Reads a place from what a stream or a session has sent.
 *
 * @throws {SluiceError} If it is not a place.
 */
export declare function placeIn(status: number, body: unknown): Place;
/** Reads the fields that an answer over HTTP would have carried as headers. */
export declare function rateLimitIn(fields: unknown): RateLimitState | undefined;
/** The error for an answer from something other than Sluice, or from an incompatible version. */
export declare function unexpectedAnswer(status: number, body: unknown): SluiceError;
