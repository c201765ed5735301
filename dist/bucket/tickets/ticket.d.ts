import type { Ask } from "../../core/ask.ts";
import type { Arrival } from "../absent-callers.ts";
import type { Asked } from "../idempotency-store.ts";
/** What a ticket states. */
export interface TicketClaim {
    /** Identifies the place, which keeps it when its caller comes back. No other place of the bucket ever has it. */
    readonly placeId: string;
    readonly arrival: Arrival;
    /** The timeout in force, which may have been the policy's. */
    readonly timeoutMs: number;
    readonly asked: Asked;
    /** Of the `Idempotency-Key`; absent if there was none. */
    readonly keyHash?: string;
}
/**
 * Signs the tickets of one bucket, and checks them.
 *
 * Each caller that waits on a session gets a ticket, so what a signature needs is kept and used again: to make it anew
 * took twice as long, and a kilobyte that was garbage at once.
 */
export declare class TicketSigner {
    #private;
    /** @param secret 32 random bytes that only the bucket has. */
    constructor(secret: Uint8Array);
    /** The ticket that states `claim`. The same claim always makes the same ticket. */
    sign(claim: TicketClaim): string;
    /** What `ticket` states; `undefined` if this bucket has not signed it exactly as it is. */
    open(ticket: string): TicketClaim | undefined;
}
/** The hash that a claim has of an `Idempotency-Key`. */
export declare function keyHashOf({ idempotencyKey: key, }: Pick<Ask, "idempotencyKey">): string | undefined;
