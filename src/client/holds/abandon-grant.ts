/**
 * An acquire that is given up in the moment in which it is granted: nobody gets the grant, and its permit
 * would be out until its time is up. So the client asks for the grant again, by its key, and gives back
 * what it has left open.
 */
import type { Call, Connection } from "../transport/connection.ts";

import { membersOf } from "../../core/is-record.ts";
import { pathOf } from "../path.ts";
import { giveUp } from "../transport/give-up.ts";

/**
 * Sends the cancel call and, if nothing was waiting, gives back the hold and the permit of what `acquire`
 * was granted. Resolves within a few seconds; never rejects.
 *
 * @param acquire The call that was given up, with a key that nobody else knows.
 */
export async function abandonGrant(
  connection: Connection,
  cancel: Call,
  acquire: Call,
  bucket: string,
): Promise<void> {
  const cancelled = await giveUp(connection, cancel);
  if (membersOf(cancelled)["cancelled"] !== false) return;
  // The key is known as granted, or refused for ten seconds: this one doesn't wait.
  await returnGrant(connection, bucket, await giveUp(connection, acquire));
}

/** Gives back the hold and the permit of a grant that nobody wants. Resolves within seconds; never rejects. */
export async function returnGrant(
  connection: Connection,
  bucket: string,
  grant: unknown,
): Promise<void> {
  const granted = membersOf(grant);
  const returned = ["hold", "permit"].map(async (kind) => {
    const { id } = membersOf(granted[kind]);
    if (typeof id !== "string") return;
    const path = `${pathOf(bucket)}/${kind}s/${encodeURIComponent(id)}`;
    await giveUp(connection, { method: "DELETE", path, headers: {} });
  });
  await Promise.all(returned);
}
