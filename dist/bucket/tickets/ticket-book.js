import { queueFields } from "../../core/policy.js";
import { isTicketForm } from "../../protocol/ticket-form.js";
import { arrivalOf } from "../absent-callers.js";
import { askedIn, isSameAsked } from "../idempotency-store.js";
import { RecentKeys } from "../recent-keys.js";
import { TicketSigner, keyHashOf } from "./ticket.js";
/** How long a granted ticket is answered with its grant. */
const GRANTED_MS = 600_000;
/** Granted places that are remembered, about 400 bytes each. */
const MAX_GRANTED = 10_000;
/** The longest possible wait, so it covers every deadline. */
const CANCELLED_MS = queueFields.maxWaitMs.max;
/** Cancelled places that are remembered: as many as a queue can hold. */
const MAX_CANCELLED = 10_000;
const SECRET_BYTES = 32;
/** Tells the places of this instance from those of others of the same bucket. */
const INSTANCE_BYTES = 6;
/** The tickets of one bucket. */
export class TicketBook {
    #secrets;
    #randomBytes;
    #signer = undefined;
    #instance = undefined;
    #places = 0;
    /** Callers that aren't answered yet, by their places. */
    #waiting = new Map();
    #granted = new RecentKeys(GRANTED_MS, MAX_GRANTED);
    #cancelled = new RecentKeys(CANCELLED_MS, MAX_CANCELLED);
    /** @param randomBytes That can't be guessed. */
    constructor(secrets, randomBytes) {
        this.#secrets = secrets;
        this.#randomBytes = randomBytes;
    }
    /**
     * The ticket of a caller that waits, the same at each call. It is signed each time, as most are sent once and would
     * be a tenth of what a waiter takes in memory. The first one of a bucket writes the secret to the disk.
     *
     * @throws {RangeError} If the caller doesn't wait.
     */
    ticketOf(caller) {
        const { waiter, timeoutMs, call } = caller;
        if (caller.ticket !== undefined)
            return caller.ticket;
        if (!waiter)
            throw new RangeError("Cannot make a ticket for a caller that does not wait");
        const signer = this.#ensureSigner();
        if (caller.placeId === undefined) {
            caller.placeId = this.#newPlaceId();
            this.arrived(caller);
        }
        const keyHash = keyHashOf(call);
        return signer.sign({
            placeId: caller.placeId,
            arrival: arrivalOf(waiter),
            timeoutMs,
            asked: askedIn(call),
            ...(keyHash !== undefined && { keyHash }),
        });
    }
    /** What `ticket` states; `undefined` if this bucket hasn't made it, or has been reset since. Takes any text. */
    open(ticket) {
        return isTicketForm(ticket) ? this.#signerOnDisk()?.open(ticket) : undefined;
    }
    /** What has become of the place of a ticket that was opened. */
    find(placeId, nowMs) {
        const caller = this.#waiting.get(placeId);
        if (caller)
            return { kind: "waiting", caller };
        const grant = this.#granted.find(placeId, nowMs);
        if (grant)
            return { kind: "granted", grant };
        return { kind: this.#cancelled.find(placeId, nowMs) ? "cancelled" : "absent" };
    }
    /** `caller`, whose place has tickets, isn't answered yet. */
    arrived(caller) {
        if (caller.placeId !== undefined)
            this.#waiting.set(caller.placeId, caller);
    }
    /** The caller in a place is about to be answered, or has left. */
    forget(placeId) {
        this.#waiting.delete(placeId);
    }
    /** The acquire in a place has been granted: its tickets are good for this grant and no other. */
    granted(placeId, grant, nowMs) {
        this.#granted.note(placeId, grant, nowMs);
    }
    /** The acquire in a place was cancelled, and can't come back. */
    cancelled(placeId, nowMs) {
        this.#cancelled.note(placeId, true, nowMs);
    }
    /** All storage has been deleted, and the secret with it: no ticket is good any more. */
    forgetAll() {
        this.#signer = undefined;
        this.#granted.forgetAll();
        this.#cancelled.forgetAll();
    }
    #newPlaceId() {
        this.#instance ??= Array.from(this.#randomBytes(INSTANCE_BYTES), hex).join("");
        this.#places += 1;
        return `${this.#instance}.${this.#places}`;
    }
    #signerOnDisk() {
        if (this.#signer)
            return this.#signer;
        const secret = this.#secrets.read();
        return secret && (this.#signer = new TicketSigner(secret));
    }
    #ensureSigner() {
        const signer = this.#signerOnDisk();
        if (signer)
            return signer;
        const secret = this.#randomBytes(SECRET_BYTES);
        this.#secrets.write(secret);
        return (this.#signer = new TicketSigner(secret));
    }
}
/** Whether `call` asks for what the ticket was given for, under the same key or without one. */
export function isSameAcquire({ asked, keyHash }, call) {
    const hasSameKey = call.idempotencyKey === undefined || keyHashOf(call) === keyHash;
    return hasSameKey && isSameAsked(asked, call);
}
function hex(byte) {
    return byte.toString(16).padStart(2, "0");
}
