/**
 * An acquire as it is sent: over HTTP or on a session, and again after a broken connection. Each time it is the same
 * request, with the same key; once Sluice has given it a ticket, that goes along, and keeps its place even if the
 * bucket's object was lost.
 */
import type { Ask } from "../../core/ask.ts";
import type { Answer, Place } from "./answer.ts";
import type { Call } from "./connection.ts";
/** What became of cancelling an acquire on a session; `unknown` if the connection broke before that was answered. */
export type CancelOutcome = {
    readonly kind: "cancelled" | "unknown";
} | {
    readonly kind: "granted";
    readonly grant: unknown;
};
/** An acquire until it ends. */
export declare class AcquireRequest {
    #private;
    readonly bucket: string;
    /** Set if it is cancelled on a session. Never rejects. */
    cancelled: Promise<CancelOutcome> | undefined;
    /** @param ask What is left out, Sluice decides. */
    constructor(bucket: string, ask: Partial<Ask>, isFollowed: boolean);
    /** How long it waits at most, in milliseconds; `Infinity` if the policy decides. */
    get timeoutMs(): number;
    /** The call over HTTP. */
    call(isStreamed: boolean): Call;
    /** The call that removes it from the queue; `undefined` without a key. */
    cancelCall(): Call | undefined;
    /** The message on a session. Printable ASCII, so its length is its size in bytes. */
    message(id: number): string;
    /** Keeps the ticket of its place, and returns what is for its caller. */
    placed({ ticket, ...place }: Place): Omit<Place, "ticket">;
    /** Whether the answer is to its ticket alone, so that it should be sent again. It goes without one then. */
    dropsTicket({ body }: Answer): boolean;
}
