import { membersOf } from "../../core/is-record.js";
import { STREAM_IF_QUEUED } from "../../protocol/acquire-bodies.js";
import { asciiJson, fieldString } from "../../protocol/text.js";
import { TICKET_FIELD } from "../../protocol/ticket-form.js";
import { cancelCall } from "./give-up.js";
/** Reasons for which Sluice doesn't take a ticket: a bucket that was reset no longer knows its earlier ones. */
const TICKET_REASONS = new Set(["invalid-request", "ticket-mismatch"]);
/** An acquire until it ends. */
export class AcquireRequest {
    bucket;
    #ask;
    /** Whether its caller follows its place. */
    #isFollowed;
    /** The last that Sluice has sent. */
    #ticket = undefined;
    /** Set if it is cancelled on a session. Never rejects. */
    cancelled = undefined;
    /** @param ask What is left out, Sluice decides. */
    constructor(bucket, ask, isFollowed) {
        this.bucket = bucket;
        this.#ask = ask;
        this.#isFollowed = isFollowed;
    }
    /** How long it waits at most, in milliseconds; `Infinity` if the policy decides. */
    get timeoutMs() {
        return this.#ask.timeoutMs ?? Infinity;
    }
    /** The call over HTTP. */
    call(isStreamed) {
        const { tokens, limits = {}, timeoutMs, holdMs, idempotencyKey, label = "" } = this.#ask;
        const query = new URLSearchParams({ bucket: this.bucket });
        if (tokens !== undefined)
            query.set("tokens", String(tokens));
        if (timeoutMs !== undefined)
            query.set("timeoutMs", String(timeoutMs));
        if (holdMs !== undefined)
            query.set("holdMs", String(holdMs));
        if (label !== "")
            query.set("label", label);
        for (const [name, count] of Object.entries(limits))
            query.set(`tokens.${name}`, String(count));
        return {
            method: "POST",
            path: `/acquire?${query.toString()}`,
            headers: {
                ...(idempotencyKey !== undefined && { "Idempotency-Key": fieldString(idempotencyKey) }),
                ...(this.#ticket !== undefined && { [TICKET_FIELD]: this.#ticket }),
                ...(isStreamed && { Accept: STREAM_IF_QUEUED }),
            },
        };
    }
    /** The call that removes it from the queue; `undefined` without a key. */
    cancelCall() {
        const { idempotencyKey } = this.#ask;
        return idempotencyKey === undefined ? undefined : cancelCall(this.bucket, idempotencyKey);
    }
    /** The message on a session. Printable ASCII, so its length is its size in bytes. */
    message(id) {
        const { tokens, limits = {}, timeoutMs, holdMs, idempotencyKey, label } = this.#ask;
        const named = Object.entries(limits).map(([name, count]) => [`tokens.${name}`, count]);
        const message = JSON.stringify({
            op: "acquire",
            id,
            tokens,
            ...Object.fromEntries(named),
            timeoutMs,
            holdMs,
            key: idempotencyKey,
            label,
            ticket: this.#ticket,
            follow: this.#isFollowed ? true : undefined,
            fields: true,
        });
        return label === undefined ? message : asciiJson(message);
    }
    /** Keeps the ticket of its place, and returns what is for its caller. */
    placed({ ticket, ...place }) {
        if (ticket !== undefined)
            this.#ticket = ticket;
        return place;
    }
    /** Whether the answer is to its ticket alone, so that it should be sent again. It goes without one then. */
    dropsTicket({ body }) {
        if (this.#ticket === undefined)
            return false;
        if (!TICKET_REASONS.has(membersOf(body)["reason"]))
            return false;
        this.#ticket = undefined;
        return true;
    }
}
