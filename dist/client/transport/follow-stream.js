import { onAbort } from "../../on-abort.js";
import { membersOf } from "../../core/is-record.js";
import { parseJson, placeIn, rateLimitIn, unexpectedAnswer } from "./answer.js";
import { Deferred } from "./deferred.js";
import { EventStreamParser } from "./event-stream.js";
import { TransportError } from "./transport-error.js";
import { Watchdog } from "./watchdog.js";
/** Ten heartbeats: after missing that many, the other side is gone. */
const MAX_SILENCE_MS = 10_000;
/**
 * Calls `onQueued` with each place and resolves with the outcome, in the form of an answer that was
 * not streamed. Rejects with whatever `onQueued` throws or rejects with: a caller that can't follow
 * its place has given up.
 *
 * @throws {TransportError} If the stream ends without an outcome, is cut off, or goes silent.
 */
export async function followStream(response, onQueued, { signal, showLife }) {
    const { status } = response;
    const reader = response.body?.getReader();
    if (!reader)
        throw new TransportError({ detail: "The stream is empty", status });
    // The rest is not needed, and the error of a broken stream was already reported.
    const leave = () => void reader.cancel().catch(() => undefined);
    // Some `fetch` implementations ignore the signal once the head of the response has arrived.
    const stopListening = onAbort(signal, leave);
    const failed = new Deferred();
    const watchdog = new Watchdog(MAX_SILENCE_MS, () => {
        const detail = `No data received for ${MAX_SILENCE_MS} ms`;
        failed.reject(new TransportError({ detail, isSilence: true }));
    });
    const heard = () => {
        watchdog.heard();
        showLife();
    };
    const showPlace = (event) => {
        const shown = onQueued(placeIn(status, parseJson(event.data)));
        Promise.resolve(shown).catch((error) => failed.reject(error));
    };
    try {
        return await Promise.race([readOutcome(reader, status, heard, showPlace), failed.promise]);
    }
    finally {
        watchdog.stop();
        stopListening();
        leave();
    }
}
/** Reads events until the outcome. */
async function readOutcome(reader, status, heard, showPlace) {
    const decoder = new TextDecoder();
    const parser = new EventStreamParser();
    let rateLimit;
    for (;;) {
        const { done, value } = await reader.read().catch((cause) => {
            throw new TransportError({ detail: "The stream was cut off", cause });
        });
        if (done)
            throw new TransportError({ detail: "The stream ended without an outcome", status });
        heard();
        for (const event of eventsIn(parser, decoder.decode(value, { stream: true }), status)) {
            const body = parseJson(event.data);
            if (event.event === "fields")
                rateLimit = rateLimitIn(body);
            if (event.event === "granted")
                return { status, body, rateLimit };
            if (event.event === "refused") {
                const { status: said } = membersOf(body);
                if (typeof said !== "number")
                    throw unexpectedAnswer(status, body);
                return { status: said, body, rateLimit };
            }
            if (event.event === "queued")
                showPlace(event);
        }
    }
}
function eventsIn(parser, text, status) {
    try {
        return parser.push(text);
    }
    catch {
        throw unexpectedAnswer(status, text);
    }
}
