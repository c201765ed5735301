import { backoffMs } from "../../core/backoff.js";
import { reasonFields } from "../../protocol/reasons.js";
import { SUBPROTOCOL } from "../../protocol/watch-feed.js";
import { onAbort } from "../../on-abort.js";
import { sleep } from "../transport/abort.js";
import { isRecord, membersOf } from "../../core/is-record.js";
import { errorOf, parseJson, problemIn, unexpectedAnswer } from "../transport/answer.js";
import { checkBucketInPath, checkFunction } from "../arguments.js";
import { Connection } from "../transport/connection.js";
import { TransportError } from "../transport/transport-error.js";
import { WatchConnection } from "./watch-connection.js";
const BACKOFF = { firstMs: 200, maxMs: 5_000 };
/** Longest wait for the answer over HTTP. */
const MAX_ANSWER_MS = 10_000;
/** Status of a successful handshake, for an error about what came after it. */
const SWITCHING_PROTOCOLS = 101;
/**
 * Watches a bucket. Connects when the first message is requested, and disconnects when the loop is
 * left or `signal` aborts. A reader that stops reading buffers no more than the service allows, and
 * is then reconnected.
 *
 * @throws {RangeError | TypeError} If an argument is wrong, or the runtime has no `WebSocket`.
 * @throws {SluiceError} From the iterable, if the service says that this bucket may not or cannot
 * be watched (`unauthorized`, `origin-not-allowed`, `unknown-bucket`, `illegal-configuration`), or
 * if something other than Sluice answers.
 *
 * @example
 * for await (const { snapshot, events } of watchBucket({ url }, "export")) {
 *   console.log(snapshot.tokens, snapshot.waiters, events);
 * }
 */
export function watchBucket(options, bucket, { signal, onLost } = {}) {
    const { url, token, fetch, WebSocket } = options;
    checkBucketInPath(bucket);
    checkFunction({ onLost }, "onLost");
    const connection = new Connection({ url, token, fetch, WebSocket });
    const path = `/buckets/${encodeURIComponent(bucket)}/watch`;
    const openSocket = connection.socketOpener(path, SUBPROTOCOL);
    const open = () => new WatchConnection(openSocket());
    return follow({ connection, path, open, signal, onLost });
}
async function* follow(feed) {
    const { open, signal, onLost } = feed;
    for (let failures = 0;; failures += 1) {
        signal?.throwIfAborted();
        const connection = open();
        const close = () => connection.close();
        const stopListening = signal && onAbort(signal, close);
        let hasBegun = false;
        try {
            for (;;) {
                const text = await connection.next();
                signal?.throwIfAborted();
                if (text === undefined)
                    break;
                hasBegun = true;
                failures = 0;
                yield messageIn(text);
            }
        }
        finally {
            stopListening?.();
            close();
        }
        if (!hasBegun)
            await throwRefusal(feed);
        onLost?.();
        await sleep(backoffMs(BACKOFF, failures + 1, Math.random()), signal);
    }
}
/** @throws {SluiceError} If the text is not a message of a feed. */
function messageIn(text) {
    const message = parseJson(text);
    if (isMessage(message))
        return message;
    throw unexpectedAnswer(SWITCHING_PROTOCOLS, message);
}
function isMessage(value) {
    const { atMs, snapshot, events } = membersOf(value);
    return typeof atMs === "number" && isRecord(snapshot) && Array.isArray(events);
}
/** Asks why the connection was refused, and throws that; returns if it may be transient. */
async function throwRefusal({ connection, path, signal }) {
    const timeout = AbortSignal.timeout(MAX_ANSWER_MS);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
        const response = await connection.send({ method: "GET", path, headers: {} }, either);
        const answer = await connection.read(response);
        if (answer.status === reasonFields["upgrade-required"].status)
            return;
        const problem = problemIn(answer);
        if (problem?.reason === "watchers-full")
            return;
        throw problem ? errorOf(problem) : unexpectedAnswer(answer.status, answer.body);
    }
    catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof TransportError))
            throw error;
    }
}
