/**
 * What an isolate of the Worker and the bucket tell each other about leases. An isolate that holds a
 * lease grants from it on its own; the bucket has taken the tokens out and keeps their room empty.
 *
 * Wherever two clocks are involved, time is passed as a duration. A lease lasts `ttlMs` from when the
 * isolate asked, by its clock. The bucket counts from when it answered, which is later, and adds time
 * in which the rest can still be returned. So whatever the two clocks show, it never counts a token as
 * spent that may still be granted.
 */
import type { LeaseTerms } from "../policy-tables.ts";
/** Identifies a lease to the bucket that gave it. */
export interface LeaseMark {
    /**
     * When the bucket started, epoch milliseconds. Another bucket of the same name doesn't know the
     * lease.
     */
    readonly startedAtMs: number;
    /** When the bucket counts it as spent, epoch milliseconds by the bucket's clock. */
    readonly untilMs: number;
}
/** What has become of a lease's tokens since the last report on it. */
export interface LeaseUse extends LeaseMark {
    /** Tokens granted. */
    readonly used: number;
    /** Tokens returned; the isolate won't grant them. */
    readonly returned: number;
}
/** What an isolate reports. Send it exactly once: it must not count twice. */
export interface LeaseReport {
    readonly uses: readonly LeaseUse[];
    /** Callers that were granted the used tokens. */
    readonly granted: number;
}
/** What an isolate reports, and what it asks for. */
export interface LeaseAsk extends LeaseReport {
    /** Tokens that it wants, 0 or more. */
    readonly wanted: number;
}
/** What the bucket lends. */
export interface Lease extends LeaseMark {
    /** At least 1. */
    readonly tokens: number;
    /** How long it lasts, in milliseconds from when it was asked for. */
    readonly ttlMs: number;
}
/** When a lease given at `nowMs` ends for the bucket, epoch milliseconds. */
export declare function leaseEndAtMs(nowMs: number, { ttlMs }: LeaseTerms): number;
