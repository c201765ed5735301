import { isRecord, membersOf } from "../../core/is-record.js";
import { reasonFields } from "../../protocol/reasons.js";
import { placeIn, rateLimitIn, unexpectedAnswer } from "../transport/answer.js";
import { Deferred } from "../transport/deferred.js";
/** Status of a successful handshake, for an error about what came after it. */
const SWITCHING_PROTOCOLS = 101;
const OK = 200;
const NO_CONTENT = 204;
/** An acquire on a session. */
export class PendingAcquire {
    request;
    #onPlace;
    #ended = new Deferred();
    /** @param onPlace Called with each place. Whatever it throws or rejects with goes to `onFailed` of `placed`. */
    constructor(request, onPlace) {
        this.request = request;
        this.#onPlace = onPlace;
    }
    /** Resolves with the answer as over HTTP; with `undefined` if the session could not be opened. */
    get ended() {
        return this.#ended.promise;
    }
    settle(answer) {
        this.#ended.resolve(answer);
    }
    fail(error) {
        this.#ended.reject(error);
    }
    /** @param onFailed Called if its caller can't follow its place, which gives it up. */
    placed(body, onFailed) {
        try {
            const shown = this.#onPlace(placeIn(SWITCHING_PROTOCOLS, body));
            if (shown instanceof Promise)
                shown.catch(onFailed);
        }
        catch (error) {
            onFailed(error);
        }
    }
}
/** The answer over HTTP that the ending of an acquire stands for; `undefined` if the message is no ending. */
export function endingIn(message, bucket) {
    const { granted, refused, cancelled, fields } = message;
    const rateLimit = fields === undefined ? undefined : rateLimitIn(fields);
    if (isRecord(granted))
        return { status: OK, body: { bucket, ...granted }, rateLimit };
    if (isRecord(refused))
        return { ...refusalIn(refused), rateLimit };
    if (!isRecord(cancelled))
        return undefined;
    const reason = "cancelled";
    const { status } = reasonFields[reason];
    return { status, body: { status, reason, detail: "This request was cancelled" }, rateLimit };
}
/** The answer over HTTP that the answer to another call stands for; `undefined` if the message is no answer. */
export function callAnswerIn(message) {
    const { settled, extended, released, refused } = message;
    if (isRecord(settled))
        return { status: OK, body: settled };
    if (isRecord(extended))
        return { status: OK, body: extended };
    if (isRecord(released))
        return { status: NO_CONTENT, body: "" };
    return isRecord(refused) ? refusalIn(refused) : undefined;
}
function refusalIn(body) {
    const { status } = membersOf(body);
    if (typeof status !== "number")
        throw unexpectedAnswer(SWITCHING_PROTOCOLS, body);
    return { status, body };
}
