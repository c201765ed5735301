/**
 * The tickets of one bucket: makes them, checks those that are presented, and knows what has become of their
 * places.
 *
 * A ticket says by itself where its bearer stood, so only what has happened since is kept: which places are
 * waited in, which have been granted (for 10 minutes, so that a ticket that is presented again gets the same
 * grant) and which were cancelled (until their deadline, as a cancelled caller can't come back). That is in
 * memory, bounded in number, and is lost with the object. So a ticket that is presented alone after a crash is
 * granted again, even if the grant before the crash was only lost on its way. An `Idempotency-Key` beside it
 * prevents that: grants with a key are on disk.
 *
 * The secret is made with the first ticket, and is on disk before that ticket leaves the object.
 */
import type { Grant } from "../../core/outcome.ts";
import type { AcquireCall } from "../../wire/acquire-call.ts";
import type { Caller } from "../caller.ts";
import type { TicketClaim } from "./ticket.ts";
/** Where the secret is kept. */
export interface TicketSecretStore {
    /** `undefined` before `write`, and after the disk has been erased. */
    read(): Uint8Array | undefined;
    write(secret: Uint8Array): void;
}
/** What has become of a ticket's place; `absent`: nobody waits in it, and its bearer may come back to it. */
export type KnownPlace = {
    readonly kind: "waiting";
    readonly caller: Caller;
} | {
    readonly kind: "granted";
    readonly grant: Grant;
} | {
    readonly kind: "cancelled";
} | {
    readonly kind: "absent";
};
/** The tickets of one bucket. */
export declare class TicketBook {
    #private;
    /** @param randomBytes That can't be guessed. */
    constructor(secrets: TicketSecretStore, randomBytes: (count: number) => Uint8Array);
    /**
     * The ticket of a caller that waits, the same at each call. It is signed each time, as most are sent once and would
     * be a tenth of what a waiter takes in memory. The first one of a bucket writes the secret to the disk.
     *
     * @throws {RangeError} If the caller doesn't wait.
     */
    ticketOf(caller: Caller): string;
    /** What `ticket` states; `undefined` if this bucket hasn't made it, or has been reset since. Takes any text. */
    open(ticket: string): TicketClaim | undefined;
    /** What has become of the place of a ticket that was opened. */
    find(placeId: string, nowMs: number): KnownPlace;
    /** `caller`, whose place has tickets, isn't answered yet. */
    arrived(caller: Caller): void;
    /** The caller in a place is about to be answered, or has left. */
    forget(placeId: string): void;
    /** The acquire in a place has been granted: its tickets are good for this grant and no other. */
    granted(placeId: string, grant: Grant, nowMs: number): void;
    /** The acquire in a place was cancelled, and can't come back. */
    cancelled(placeId: string, nowMs: number): void;
    /** All storage has been deleted, and the secret with it: no ticket is good any more. */
    forgetAll(): void;
}
/** Whether `call` asks for what the ticket was given for, under the same key or without one. */
export declare function isSameAcquire({ asked, keyHash }: TicketClaim, call: AcquireCall): boolean;
