import { isRecord } from "../core/is-record.js";
import { jsonText } from "../protocol/text.js";
/** Status of a response made of lines; no plain answer has it. */
const LINES_STATUS = 202;
/** The lines broke off. To the Worker this is the same as a call whose object was reset. */
class BrokenLinesError extends Error {
    name = "BrokenLinesError";
    durableObjectReset = true;
    constructor(cause) {
        // The cause says why, as it does for a call that is not streamed.
        super(isRecord(cause) ? String(cause["message"]) : "The stream from the bucket broke off", {
            cause,
        });
    }
}
/** The line that reports a position. */
export function placeLine(place) {
    return jsonText({ kind: "place", place });
}
/** The line that reports the outcome: the plain `response`. */
export async function outcomeLine(response) {
    const { status } = response;
    const fields = limitFieldsOf(response);
    const outcome = { status, fields, body: await response.text() };
    return jsonText({ kind: "outcome", outcome });
}
/** The response whose body is a stream of these lines. */
export function linesResponse(lines) {
    return new Response(lines, { status: LINES_STATUS });
}
/** The `RateLimit` fields of an answer. */
export function limitFieldsOf({ headers }) {
    const names = ["RateLimit", "RateLimit-Policy"];
    return Object.fromEntries(names.flatMap((name) => {
        const text = headers.get(name);
        return text === null ? [] : [[name, text]];
    }));
}
/**
 * Sends a streamed acquire to the object and reports its positions to `follower`. Resolves with the plain
 * answer, which has only its `RateLimit` fields left if the request had to wait. Rejects with a
 * `BrokenLinesError` if the lines break off before the outcome, and with the signal's reason if the caller
 * leaves or `timeUp` aborts.
 */
export async function followLines(object, url, { signal: leaving, moved }, timeUp) {
    const signal = timeUp ? AbortSignal.any([leaving, timeUp]) : leaving;
    const response = await object.fetch(url, { signal });
    if (response.status !== LINES_STATUS)
        return response;
    const reader = response.body?.getReader();
    const cancel = () => void reader?.cancel(signal.reason).catch(() => undefined);
    signal.addEventListener("abort", cancel, { once: true });
    const decoder = new TextDecoder();
    let begun = "";
    for (;;) {
        const piece = await reader?.read().catch((cause) => new BrokenLinesError(cause));
        signal.throwIfAborted();
        if (!piece)
            throw new BrokenLinesError();
        if (piece instanceof BrokenLinesError)
            throw piece;
        if (piece.done)
            throw new BrokenLinesError();
        const lines = (begun + decoder.decode(piece.value, { stream: true })).split("\n");
        begun = lines.pop() ?? "";
        for (const text of lines) {
            const line = JSON.parse(text);
            if (line.kind === "outcome") {
                signal.removeEventListener("abort", cancel);
                const { body, status, fields } = line.outcome;
                return new Response(body, { status, headers: fields });
            }
            moved(line.place);
        }
    }
}
