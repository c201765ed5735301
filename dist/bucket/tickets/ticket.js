/**
 * A ticket: what a bucket states about a place in its queue, signed so that only the same bucket can make and
 * check it. It states the arrival, what was asked for and the deadline, which is all that is needed to let its
 * bearer back in, so nothing has to be kept for a caller that has left.
 *
 * The form is `v1.<statement>.<signature>`, both parts in base64url. The statement is a JSON array; the signature
 * is HMAC-SHA-256 of everything in front of it, cut to 16 bytes. A ticket is no secret statement: its bearer can
 * read it, and has nothing to gain from that. An `Idempotency-Key` is in it as a hash.
 *
 * It is signed by `@noble/hashes` and not by `crypto.subtle`, which is asynchronous: a turn of the bucket must not
 * be interrupted. Signing takes 5 µs.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
const VERSION = "v1";
/** 128 bits can't be guessed; more would only make tickets longer. */
const SIGNATURE_BYTES = 16;
/** Enough to tell the keys of one bucket apart. */
const KEY_HASH_BYTES = 12;
const encoder = new TextEncoder();
/** The most bytes of UTF-8 that a UTF-16 unit takes. */
const MAX_BYTES_PER_UNIT = 3;
/**
 * Signs the tickets of one bucket, and checks them.
 *
 * Each caller that waits on a session gets a ticket, so what a signature needs is kept and used again: to make it anew
 * took twice as long, and a kilobyte that was garbage at once.
 */
export class TicketSigner {
    #keyed;
    /** Takes the state of `#keyed` for each signature; it begins as the same. */
    #signing;
    #digest = new Uint8Array(sha256.outputLen);
    /** For the bytes of a ticket. */
    #bytes = new Uint8Array(512);
    /** @param secret 32 random bytes that only the bucket has. */
    constructor(secret) {
        this.#keyed = hmac.create(sha256, secret);
        this.#signing = hmac.create(sha256, secret);
    }
    /** The ticket that states `claim`. The same claim always makes the same ticket. */
    sign(claim) {
        const head = `${VERSION}.${base64url(JSON.stringify(statementOf(claim)))}`;
        return `${head}.${this.#signatureOf(head)}`;
    }
    /** What `ticket` states; `undefined` if this bucket has not signed it exactly as it is. */
    open(ticket) {
        const end = ticket.lastIndexOf(".");
        const head = ticket.slice(0, Math.max(0, end));
        if (!head.startsWith(`${VERSION}.`))
            return undefined;
        // As texts: different texts may stand for the same bytes, and only one of them was signed.
        if (!isSameText(ticket.slice(end + 1), this.#signatureOf(head)))
            return undefined;
        return claimIn(JSON.parse(textOf(head.slice(VERSION.length + 1))));
    }
    #signatureOf(head) {
        const needed = head.length * MAX_BYTES_PER_UNIT;
        if (this.#bytes.length < needed)
            this.#bytes = new Uint8Array(needed);
        const { written } = encoder.encodeInto(head, this.#bytes);
        const signing = this.#keyed._cloneInto(this.#signing);
        signing.update(this.#bytes.subarray(0, written)).digestInto(this.#digest);
        return base64url(String.fromCharCode(...this.#digest.subarray(0, SIGNATURE_BYTES)));
    }
}
/** The hash that a claim has of an `Idempotency-Key`. */
export function keyHashOf({ idempotencyKey: key, }) {
    if (key === undefined)
        return undefined;
    return base64url(String.fromCharCode(...sha256(encoder.encode(key)).subarray(0, KEY_HASH_BYTES)));
}
function statementOf({ placeId, arrival, timeoutMs, asked, keyHash }) {
    const { queuedAtMs, arrivalNumber = null, deadlineAtMs } = arrival;
    const { tokens, timeoutMs: askedTimeoutMs = null, holdMs = null, limits = null } = asked;
    return [
        placeId,
        queuedAtMs,
        arrivalNumber,
        deadlineAtMs,
        timeoutMs,
        tokens,
        askedTimeoutMs,
        holdMs,
        limits,
        keyHash ?? null,
    ];
}
function claimIn(statement) {
    const [placeId, queuedAtMs, arrivalNumber, deadlineAtMs, timeoutMs, ...rest] = statement;
    const [tokens, askedTimeoutMs, holdMs, limits, keyHash] = rest;
    return {
        placeId,
        arrival: { queuedAtMs, deadlineAtMs, ...(arrivalNumber !== null && { arrivalNumber }) },
        timeoutMs,
        asked: {
            tokens,
            ...(limits && { limits }),
            ...(askedTimeoutMs !== null && { timeoutMs: askedTimeoutMs }),
            ...(holdMs !== null && { holdMs }),
        },
        ...(keyHash !== null && { keyHash }),
    };
}
/** Takes the same time wherever two texts of the same length differ. */
function isSameText(one, other) {
    let differences = one.length ^ other.length;
    for (let at = 0; at < other.length; at += 1) {
        differences |= one.charCodeAt(at) ^ other.charCodeAt(at);
    }
    return differences === 0;
}
/** @param text Of characters up to U+00FF: each stands for a byte. */
function base64url(text) {
    return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
function textOf(encoded) {
    return atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
}
