/**
 * Gives up an acquire explicitly. A service often can't see that a caller has disconnected: a held
 * response shows nothing of a closed connection, and proxies keep theirs open. So the client sends
 * a cancel call in the background.
 */
import type { Call, Connection } from "./connection.ts";

import { fieldString } from "../../protocol/text.ts";
import { problemIn } from "./answer.ts";
import { retry, type RetryPolicy } from "./retry.ts";

/** When the last attempt starts at the latest: the caller has left, and nothing waits for this call. */
const MAX_DURATION_MS = 2_000;

const policy: RetryPolicy = {
  signal: undefined,
  retryForMs: MAX_DURATION_MS,
  untilMs: Infinity,
  attemptMs: () => MAX_DURATION_MS,
};

/** The call that removes the acquire with this key from the queue. */
export function cancelCall(bucket: string, idempotencyKey: string): Call {
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
export async function giveUp(connection: Connection, call: Call): Promise<unknown> {
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
  } catch {
    // The service frees the place at the latest when the acquire's own time is over.
    return undefined;
  }
}
