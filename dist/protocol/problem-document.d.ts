/**
 * Problem documents (RFC 9457). The service answers with them, and a middleware passes a refusal on in the
 * same words, so that a program that understands one understands the other.
 */
import type { FieldFault } from "../core/values.ts";
import { type Reason } from "./reasons.ts";
/** A problem document as Sluice writes it. */
export interface ProblemBody {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail: string;
    readonly reason: Reason;
    /** With `invalid-request`: every fault. */
    readonly errors?: readonly FieldFault[];
    /** Present when waiting helps. */
    readonly retryAfterMs?: number;
    /** Present, and true, if `retryAfterMs` is an estimate: it depends on when permits come back. */
    readonly estimate?: true;
    /** With `hold-settled`: when it was settled, epoch milliseconds. Absent if it was over without that. */
    readonly settledAtMs?: number;
    /** With `hold-settled`: when it was over, epoch milliseconds. Absent if it had been settled. */
    readonly expiredAtMs?: number;
    /**
     * With status 429, and with `exceeds-capacity`: names of the policies that refused, as in the `RateLimit`
     * fields.
     */
    readonly "violated-policies"?: readonly string[];
}
/** What a problem says beyond its reason. */
export interface ProblemDetails {
    /** One sentence with the values and limits, without a full stop. */
    readonly detail: string;
    readonly errors?: readonly FieldFault[];
    readonly retryAfterMs?: number;
    /** See `ProblemBody`. */
    readonly estimate?: true | undefined;
    /** See `ProblemBody`. */
    readonly settledAtMs?: number | undefined;
    /** See `ProblemBody`. */
    readonly expiredAtMs?: number | undefined;
    /** See `ProblemBody`. */
    readonly violatedPolicies?: readonly string[];
}
/** A problem as a response carries it. */
export interface ProblemDocument {
    readonly status: number;
    /** `Content-Type`, and `Retry-After` if waiting helps: whole seconds, at least one. */
    readonly headers: Readonly<Record<string, string>>;
    readonly text: string;
}
/** The body of the problem document for `reason`. */
export declare function problemBody(reason: Reason, details: ProblemDetails): ProblemBody;
/** The problem document for `reason`. */
export declare function problemDocument(reason: Reason, details: ProblemDetails): ProblemDocument;
