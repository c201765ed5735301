/**
 * The result of an acquire as a client returns it: one closed union for every transport and for
 * everything built on a client.
 */
import type { GrantBody } from "../protocol/acquire-bodies.ts";
import type { RefusalReason } from "../protocol/reasons.ts";
import type { RateLimitState } from "../protocol/rate-limit-fields.ts";
import type { Answer } from "./transport/answer.ts";
import type { TransportError } from "./transport/transport-error.ts";
/** The caller has its tokens. */
export interface Granted extends GrantBody {
    readonly ok: true;
    /** State of the bucket when the answer was sent. Missing if no bucket answered. */
    readonly rateLimit?: RateLimitState;
    /**
     * Present, and true, if Sluice couldn't be reached and `onUnavailable` is `"open"`: the tokens
     * came from no bucket, `remaining` is 0, and `grantedAtMs` is this machine's time.
     */
    readonly isUnmetered?: true;
}
/**
 * The caller was refused, and nothing was taken. (Except that `unavailable` can't rule it out: a
 * grant may have been on its way. A retry with the caller's own `idempotencyKey` collects it for
 * ten minutes; without one, its tokens are lost.)
 */
export interface Refused {
    readonly ok: false;
    readonly bucket: string;
    readonly tokens: number;
    /** `unavailable` occurs only if `onUnavailable` is `"closed"`, and over RPC. */
    readonly reason: RefusalReason;
    /** One sentence with the values and limits, without a full stop. */
    readonly detail: string;
    /**
     * With `timeout`, `queue-full`, `holds-full` and `unavailable`: milliseconds until the same request
     * may be granted.
     */
    readonly retryAfterMs?: number;
    /** Present, and true, if `retryAfterMs` is an estimate: it depends on when permits come back. */
    readonly estimate?: true;
    /**
     * With `timeout`, `queue-full`, `holds-full` and `exceeds-capacity`: names of the policies that refused it, as in
     * `rateLimit`.
     */
    readonly violatedPolicies?: readonly string[];
    /** With `timeout`, `queue-full` and `holds-full`: state of the bucket when the answer was sent. */
    readonly rateLimit?: RateLimitState;
}
/** The result of an acquire. A switch over `ok` and `reason` is exhaustive. */
export type AcquireOutcome = Granted | Refused;
/**
 * The outcome that an answer states.
 *
 * @throws {TransportError} If it says that a retry may help.
 * @throws {SluiceError} If the call was wrong or isn't allowed, or something else answered.
 */
export declare function outcomeIn(answer: Answer, bucket: string, tokens: number): AcquireOutcome;
/** The refusal of an acquire that got no outcome. */
export declare function unavailableOutcome({ message: detail, retryAfterMs }: TransportError, bucket: string, tokens: number): AcquireOutcome;
