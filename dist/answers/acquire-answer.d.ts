/** The result of an acquire, before it is put into a response: a closed union. */
import type { Ask } from "../core/ask.ts";
import type { LimiterView } from "../core/limiter-state.ts";
import type { Grant, Outcome } from "../core/outcome.ts";
import type { Policy } from "../core/policy.ts";
import type { FieldFault } from "../core/values.ts";
/** The bucket at the time of its answer. */
export interface BucketState {
    readonly name: string;
    readonly policyName: string;
    readonly policy: Policy;
    readonly view: LimiterView;
    readonly nowMs: number;
}
/** What a grant's answer says of the bucket. */
export interface GrantingBucket extends Omit<BucketState, "view"> {
    readonly view: Pick<LimiterView, "nextTickAtMs" | "limits">;
}
/** The result of an acquire. */
export type AcquireAnswer = {
    readonly kind: "outcome";
    readonly outcome: Outcome;
    readonly bucket: BucketState;
    /** The timeout that applied to it. */
    readonly timeoutMs: number;
    /** What it asked for. */
    readonly asked: Pick<Ask, "tokens" | "limits">;
}
/** A repeated grant: the key or the ticket was granted before. */
 | {
    readonly kind: "replay";
    readonly grant: Grant;
    readonly bucket: BucketState;
}
/** Too many requests already wait in the place for this one to join them. */
 | {
    readonly kind: "place-crowded";
    /** The key that they share; `undefined` if it is a ticket. */
    readonly key: string | undefined;
    readonly requests: number;
    /** Time until those requests are settled, at the latest. */
    readonly retryAfterMs: number;
    readonly bucket: BucketState;
}
/** The key was used before with different parameters. */
 | {
    readonly kind: "key-reused";
    readonly key: string;
}
/** The ticket is genuine, and was given for something else or under another key. */
 | {
    readonly kind: "ticket-mismatch";
}
/** This bucket hasn't made that ticket, or has been reset since. */
 | {
    readonly kind: "ticket-forged";
    readonly ticket: string;
} | {
    readonly kind: "invalid";
    readonly errors: readonly FieldFault[];
}
/** The bucket was reset before the request entered it. */
 | {
    readonly kind: "reset";
}
/** A caller that knows its key has cancelled it. */
 | {
    readonly kind: "cancelled";
}
/** An admin has removed it from the queue. */
 | {
    readonly kind: "cancelled-by-admin";
}
/** The process is shutting down and holds no more requests. Nothing was taken. */
 | {
    readonly kind: "unavailable";
};
