import { limitFieldsOf } from "../../wire/acquire-lines.js";
import { isSamePlace, queuedBody } from "../../wire/held-place.js";
import { eventStreamResponse, eventText, HEARTBEAT, lastEventText } from "./event-stream.js";
import { LatestStream } from "../../wire/latest-stream.js";
/**
 * A heartbeat is sent after this long without an event. Behind a proxy, only a write that fails shows that a
 * client has left, and the first write after that may still go into a buffer: two heartbeats, and the way,
 * have to fit into a second.
 */
const HEARTBEAT_MS = 400;
/** The response to an acquire. Its head is sent immediately; whatever `ask` results in is an event. */
export function streamedAcquire(ask, failed) {
    const stream = new AcquireStream(new AbortController());
    void stream.follow(() => ask(stream), failed);
    return stream.response;
}
/**
 * The plain answer, if it arrives before the request has a place in the queue; otherwise a stream, with an
 * event `fields` before the last one: the `RateLimit` fields that the plain answer would have. Rejects as
 * `ask` does while there is no place.
 */
export function streamedIfQueued(ask, failed) {
    const leaving = new AbortController();
    const { signal } = leaving;
    return new Promise((resolve, reject) => {
        let stream;
        const moved = (place) => {
            if (!stream) {
                stream = new AcquireStream(leaving);
                void stream.follow(() => answer, failed, limitFieldsOf);
                resolve(stream.response);
            }
            stream.moved(place);
        };
        const answer = Promise.resolve(ask({ moved, signal }));
        // Does nothing if the stream is the response.
        answer.then(resolve, reject);
    });
}
/** One stream of events, which also follows the request's place. */
class AcquireStream {
    signal;
    response;
    #events;
    #timer = null;
    #last = undefined;
    /** @param leaving Aborted when the reader disconnects. */
    constructor(leaving) {
        this.signal = leaving.signal;
        this.#events = new LatestStream((reason) => leaving.abort(reason));
        this.response = eventStreamResponse(this.#events.readable);
        this.#restart();
        this.signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    }
    moved = (place) => {
        if (isSamePlace(this.#last, place))
            return;
        this.#last = place;
        this.#events.put(eventText("queued", JSON.stringify(queuedBody(place))));
        this.#restart();
    };
    /** Ends the stream with the outcome. @param fieldsOf What an event `fields` says about the plain answer. */
    async follow(answered, failed, fieldsOf) {
        let answer;
        try {
            answer = await answered();
        }
        catch (error) {
            answer = failed(error);
        }
        if (this.signal.aborted)
            return;
        clearTimeout(this.#timer);
        const fields = fieldsOf ? eventText("fields", JSON.stringify(fieldsOf(answer))) : "";
        const name = answer.ok ? "granted" : "refused";
        const body = await answer.text();
        // In a stream, the end of the line belongs to the event.
        this.#events.end(fields + lastEventText(name, body.trimEnd()));
    }
    #restart() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            if (!this.#events.hasUnread)
                this.#events.put(HEARTBEAT);
            this.#restart();
        }, HEARTBEAT_MS);
    }
}
