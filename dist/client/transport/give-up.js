import { fieldString } from "../../protocol/text.js";
import { problemIn } from "./answer.js";
import { retry } from "./retry.js";
/** How long to keep trying: the caller has left, and nothing waits for this call. */
const MAX_DURATION_MS = 2_000;
const policy = {
    signal: undefined,
    retryForMs: MAX_DURATION_MS,
    untilMs: MAX_DURATION_MS,
    attemptMs: () => MAX_DURATION_MS,
};
/** The call that removes the acquire with this key from the queue. */
export function cancelCall(bucket, idempotencyKey) {
    return {
        method: "DELETE",
        path: `/acquire?${new URLSearchParams({ bucket }).toString()}`,
        headers: { "Idempotency-Key": fieldString(idempotencyKey) },
    };
}
/**
 * Sends a call that nobody waits for. Resolves with the body of the answer, or with `undefined` after a
 * few seconds of retries; never rejects. The first attempt is sent even if its page is being closed
 * (`keepalive`), in browsers that support it.
 */
export async function giveUp(connection, call) {
    let attempts = 0;
    try {
        return await retry(async ({ signal }) => {
            attempts += 1;
            const response = await connection.send({ ...call, keepalive: attempts === 1 }, signal);
            const answer = await connection.read(response);
            // Throws if a retry may help; any other answer is final.
            problemIn(answer);
            return answer.body;
        }, policy);
    }
    catch {
        // The service frees the place at the latest when the acquire's own time is over.
        return undefined;
    }
}
