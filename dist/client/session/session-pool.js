import { SESSION_SUBPROTOCOL } from "../../protocol/session-messages.js";
import { pathOf } from "../path.js";
import { giveUp } from "../transport/give-up.js";
import { Session } from "./session.js";
import { Traffic } from "./traffic.js";
/** A bucket whose session failed has no other one for so long. */
const BACK_OFF_MS = 60_000;
/** The most sessions of a client: further buckets stay with HTTP. */
const MAX_SESSIONS = 100;
/**
 * The longest time that a session is resumed: over HTTP, its acquires come back one by one, so they keep their places
 * but not always their order. And of the time to retry, half at most, so that HTTP is tried as well.
 */
const MAX_RESUME_MS = 5_000;
const MAX_RESUME_SHARE = 0.5;
/** The sessions of one client. */
export class SessionPool {
    #connection;
    #isAuto;
    #resumeForMs;
    #sessions = new Map();
    #traffic = new Traffic();
    /** Until when a bucket gets no session, as `performance.now()`; the earliest first. */
    #backOffUntilMs = new Map();
    #isClosed = false;
    constructor(connection, isAuto, retryForMs) {
        this.#connection = connection;
        this.#isAuto = isAuto;
        this.#resumeForMs = Math.min(retryForMs * MAX_RESUME_SHARE, MAX_RESUME_MS);
    }
    /**
     * The sessions of a client; `undefined` if it has none.
     *
     * @param retryForMs See `ClientOptions`.
     * @throws {TypeError} If there must be sessions, and there is no WebSocket here.
     */
    static of(connection, transport, retryForMs) {
        if (transport === "http")
            return undefined;
        const isAuto = transport === "auto";
        if (isAuto && !connection.keepsSockets)
            return undefined;
        if (!isAuto)
            connection.socketOpener("/", SESSION_SUBPROTOCOL);
        return new SessionPool(connection, isAuto, retryForMs);
    }
    /** An acquire of this bucket begins; `end` follows. */
    begin(bucket) {
        if (!this.#isAuto)
            return;
        if (this.#traffic.begin(bucket, performance.now()))
            this.#open(bucket);
    }
    end(bucket) {
        if (this.#isAuto)
            this.#traffic.end(bucket);
    }
    /**
     * The bucket has granted a permit over HTTP. On a session, a permit is lost soon after its connection, and over HTTP
     * it isn't, so with `auto`, such a bucket stays with HTTP.
     */
    permitted(bucket) {
        if (this.#isAuto && !this.#sessions.has(bucket))
            this.#backOff(bucket);
    }
    /**
     * Sends an attempt of an acquire over its bucket's session; see `Session.acquire`. `undefined`, at once or as the
     * result, if it has to go over HTTP.
     */
    acquire(request, attempt, onPlace) {
        const { bucket } = request;
        const session = this.#sessions.get(bucket);
        if (session?.isOpen)
            return session.acquire(request, attempt, onPlace);
        if (session && !session.isOpening)
            return undefined;
        if (this.#isAuto && !(session && this.#traffic.isCrowded(bucket)))
            return undefined;
        return (session ?? this.#open(bucket))?.acquire(request, attempt, onPlace);
    }
    /** Sends a call about a hold or a permit; see `Session.call`. */
    call(bucket, message, attempt) {
        return this.#sessions.get(bucket)?.call(message, attempt);
    }
    /** Ends all sessions. No other is opened. */
    close() {
        this.#isClosed = true;
        for (const session of this.#sessions.values())
            session.close();
    }
    #open(bucket) {
        if (this.#isClosed || this.#sessions.has(bucket))
            return undefined;
        if (this.#sessions.size >= MAX_SESSIONS || this.#isBackedOff(bucket))
            return undefined;
        // URL parsing removes such a segment, even if it is percent-encoded.
        if (bucket === "." || bucket === "..")
            return undefined;
        const session = new Session({
            bucket,
            openSocket: this.#connection.socketOpener(`${pathOf(bucket)}/session`, SESSION_SUBPROTOCOL),
            resumeForMs: this.#resumeForMs,
            onEnd: (end) => this.#ended(bucket, end),
        });
        this.#sessions.set(bucket, session);
        session.open();
        return session;
    }
    #ended(bucket, { hasFailed, permits }) {
        this.#sessions.delete(bucket);
        if (hasFailed)
            this.#backOff(bucket);
        // They would end with the session: extended over HTTP, they last for as long as their holders extend them.
        for (const id of permits) {
            const path = `${pathOf(bucket)}/permits/${id}`;
            void giveUp(this.#connection, { method: "PUT", path, headers: {} });
        }
    }
    #backOff(bucket) {
        this.#backOffUntilMs.delete(bucket);
        this.#backOffUntilMs.set(bucket, performance.now() + BACK_OFF_MS);
        // Drops entries that have expired.
        for (const name of this.#backOffUntilMs.keys())
            if (this.#isBackedOff(name))
                break;
    }
    #isBackedOff(bucket) {
        const untilMs = this.#backOffUntilMs.get(bucket) ?? -Infinity;
        if (untilMs > performance.now())
            return true;
        this.#backOffUntilMs.delete(bucket);
        return false;
    }
}
