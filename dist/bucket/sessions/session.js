import { acquireResult, furtherMembers, rateLimitAfter, rateLimitOf, } from "../../answers/acquire-result.js";
import { problemMessage } from "../../answers/problem.js";
import { rateLimitFields } from "../../protocol/rate-limit-fields.js";
import { sessionCloseCodes } from "../../protocol/session-messages.js";
import { queuedBody } from "../../wire/held-place.js";
/** Bytes that a reader is behind by before it gets no more places, except the first of each acquire. */
const MAX_UNSENT_PLACES = 262_144;
/**
 * Bytes that a reader may be behind by: the places and the grants of ten thousand acquires. A client that sends so
 * many at once has read nothing by the time they are answered.
 */
const MAX_UNSENT = 4_194_304;
/** One session of a bucket. */
export class Session {
    sessionId;
    socket;
    call;
    #events;
    #acquires = new Map();
    #outbox = [];
    #waiting = 0;
    constructor(socket, { sessionId, call }, events) {
        this.sessionId = sessionId;
        this.socket = socket;
        this.call = call;
        this.#events = events;
    }
    /** The acquires that have no ending yet, in the order in which they came. */
    get acquires() {
        return this.#acquires.values();
    }
    /** The acquire with this id that has no ending yet. */
    find(id) {
        return this.#acquires.get(id);
    }
    /** An acquire is under way until it is answered or `end`s. */
    begin(acquire) {
        const request = new SessionRequest(this, acquire);
        this.#acquires.set(acquire.id, request);
        return request;
    }
    /** An acquire that waited when the object fell asleep waits on. */
    resume(place) {
        const { id, ask, isFollowing, hasFields } = place;
        const acquire = { op: "acquire", id, ask, isFollowing, hasFields };
        const request = new SessionRequest(this, acquire, true);
        this.#acquires.set(id, request);
        return request;
    }
    /** An acquire has its ending. */
    end(id) {
        const request = this.#acquires.get(id);
        this.#acquires.delete(id);
        if (request?.isWaiting === true)
            this.placesChanged(-1);
    }
    /** What would be saved of its places is another. @param by So many more of its acquires wait. */
    placesChanged(by) {
        this.#waiting += by;
        this.#events.placesChanged(this, by);
    }
    /** All acquires are given up without an answer: their client asks again elsewhere. */
    abandon() {
        this.#acquires.clear();
    }
    /** How many of its acquires wait. */
    get waiting() {
        return this.#waiting;
    }
    /** The places of those that wait. */
    *places() {
        for (const { saved } of this.#acquires.values())
            if (saved)
                yield saved;
    }
    /** Sends a message, in one frame with all others of the turn. */
    send(message) {
        if (this.#outbox.push(message) === 1)
            this.#events.hasMessages(this);
    }
    /** Answers a message with a refusal. */
    refuse(id, refused, fields) {
        const { reason, details } = refused;
        this.send({ id, refused: problemMessage(reason, details), ...(fields && { fields }) });
    }
    /** Whether the reader is so far behind that another place of a follower would only add to it. */
    get isBehind() {
        return this.socket.unsentBytes > MAX_UNSENT_PLACES;
    }
    /** Sends what there is. Returns `false` if the reader is too far behind: its session is closed. */
    flush() {
        const messages = this.#outbox;
        this.#outbox = [];
        if (this.socket.unsentBytes > MAX_UNSENT) {
            const reason = `Over ${MAX_UNSENT} bytes not read`;
            this.socket.close(sessionCloseCodes.tooSlow, reason);
            return false;
        }
        this.socket.send(JSON.stringify(messages.length === 1 ? messages[0] : messages));
        return true;
    }
}
/** One acquire of a session, as the host sees it. */
export class SessionRequest {
    acquire;
    wantsFirstPlaceOnly;
    /** Takes it out of the queue, if it waits. */
    leave = undefined;
    sessionId;
    #session;
    /** Its place in the queue, once it waits. */
    #place = undefined;
    #isQueued;
    /** @param isQueued Whether its first place has been reported already. */
    constructor(session, acquire, isQueued = false) {
        this.#session = session;
        this.sessionId = session.sessionId;
        this.acquire = acquire;
        this.wantsFirstPlaceOnly = !acquire.isFollowing;
        this.#isQueued = isQueued;
    }
    /** Whether it has a place in the queue, or had one until the turn that is under way. */
    get isWaiting() {
        return this.#place !== undefined;
    }
    /** Its place, as it is to be saved; `undefined` if it has none. */
    get saved() {
        const { waiter, timeoutMs, placeId } = this.#place ?? {};
        if (timeoutMs === undefined || waiter?.arrivalNumber === undefined)
            return undefined;
        const { id, ask, isFollowing, hasFields } = this.acquire;
        const { queuedAtMs, deadlineAtMs, arrivalNumber, behindLater } = waiter;
        const arrival = { queuedAtMs, deadlineAtMs, arrivalNumber };
        return { id, ask, isFollowing, hasFields, timeoutMs, arrival, behindLater, placeId };
    }
    joined(place) {
        this.#place = place;
        this.#session.placesChanged(1);
    }
    answered(answer) {
        const { id } = this.acquire;
        if (this.#session.find(id) !== this)
            return;
        this.#session.end(id);
        const result = acquireResult(answer, "ticket");
        if (result.kind === "granted")
            this.#granted(result);
        else if (result.reason === "cancelled")
            this.#session.send({ id, cancelled: {} });
        else
            this.#refused(result);
    }
    moved(place) {
        if (this.#isQueued && this.#session.isBehind)
            return;
        // Its place has a ticket now.
        if (!this.#isQueued)
            this.#session.placesChanged(0);
        this.#isQueued = true;
        this.#session.send({ id: this.acquire.id, queued: queuedBody(place) });
    }
    #granted(result) {
        const { id, hasFields } = this.acquire;
        const { grant } = result;
        const { tokens, remaining, waitedMs, grantedAtMs } = grant;
        const numbers = { tokens, remaining, waitedMs, grantedAtMs };
        const further = furtherMembers(grant);
        const granted = further ? { ...numbers, ...further } : numbers;
        if (hasFields) {
            this.#session.send({ id, granted, fields: rateLimitFields(rateLimitAfter(result)) });
        }
        else
            this.#session.send({ id, granted });
    }
    #refused(refused) {
        const { id, hasFields } = this.acquire;
        const { bucket } = refused;
        const fields = hasFields && bucket ? rateLimitFields(rateLimitOf(bucket, bucket.view.tokens)) : undefined;
        this.#session.refuse(id, refused, fields);
    }
}
