/**
 * Gives up an acquire explicitly. A service often can't see that a caller has disconnected: a held
 * response shows nothing of a closed connection, and proxies keep theirs open. So the client sends
 * a cancel call in the background.
 */
import type { Call, Connection } from "./connection.ts";
/** The call that removes the acquire with this key from the queue. */
export declare function cancelCall(bucket: string, idempotencyKey: string): Call;
/**
 * Sends a call that nobody waits for. Resolves with the body of the answer, or with `undefined` after a
 * few seconds of retries; never rejects. The first attempt is sent even if its page is being closed
 * (`keepalive`), in browsers that support it.
 */
export declare function giveUp(connection: Connection, call: Call): Promise<unknown>;
