/**
 * Giving an acquire up by word. A service often cannot see that a caller has left: a closed connection says
 * nothing while a response is held, and proxies keep theirs open. So the client says so, on the side.
 */
import type { Call, Connection } from "./connection.ts";

import { fieldString } from "../../protocol/field-string.ts";
import { problemIn } from "./answer.ts";
import { retry, type RetryPolicy } from "./retry.ts";

/** For how long it is tried: the one who asked has gone, and nobody waits for this. */
const MAX_DURATION_MS = 2_000;

const patience: RetryPolicy = {
  signal: undefined,
  retryForMs: MAX_DURATION_MS,
  untilMs: MAX_DURATION_MS,
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
 * Tells the service. Resolves when it has answered, or after a few seconds of trying; never rejects. The
 * first attempt is sent though the page that it is of goes away (`keepalive`), where browsers can do that.
 */
export async function giveUp(connection: Connection, call: Call): Promise<void> {
  let attempts = 0;
  try {
    await retry(async ({ signal }) => {
      attempts += 1;
      const response = await connection.send({ ...call, keepalive: attempts === 1 }, signal);
      // Throws where asking again may help; whatever else it says is as good as it gets.
      problemIn(await connection.read(response));
    }, patience);
  } catch {
    // The service gives the place up when the time of the acquire is over, if it does not notice before.
  }
}
