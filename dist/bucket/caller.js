/** One place in the queue. Several requests share it if they have the same idempotency key or ticket. */
export class Caller {
    call;
    /** The timeout in force, which may be the policy's. */
    timeoutMs;
    /** A list, because nearly all callers have one request: a set of one would take far more memory. */
    requests;
    /** Set while the caller waits. */
    waiter = undefined;
    /** Identifies the caller to watchers; assigned with its first event. */
    watchId = undefined;
    /** What its tickets call its place. Assigned with the first of them; a caller that comes back has that of its place. */
    placeId = undefined;
    /**
     * The ticket by which it came back, and which it goes on with: what is known of its arrival now may differ, and would
     * make another one. Those of all others are signed for each notice of a place.
     */
    ticket = undefined;
    constructor(call, timeoutMs, first) {
        this.call = call;
        this.timeoutMs = timeoutMs;
        this.requests = [first];
    }
    /** A request shares this place from now on. */
    join(request) {
        this.requests = [...this.requests, request];
    }
    /** The session of one of its requests; `undefined` if none has any. */
    get sessionId() {
        return this.requests.find(({ sessionId }) => sessionId !== undefined)?.sessionId;
    }
    /** A request doesn't share it any more; it may have left before. */
    leave(request) {
        this.requests = this.requests.filter((one) => one !== request);
    }
}
