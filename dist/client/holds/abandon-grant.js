import { membersOf } from "../../core/is-record.js";
import { pathOf } from "../path.js";
import { giveUp } from "../transport/give-up.js";
/**
 * Sends the cancel call and, if nothing was waiting, gives back the hold and the permit of what `acquire`
 * was granted. Resolves within a few seconds; never rejects.
 *
 * @param acquire The call that was given up, with a key that nobody else knows.
 */
export async function abandonGrant(connection, cancel, acquire, bucket) {
    const cancelled = await giveUp(connection, cancel);
    if (membersOf(cancelled)["cancelled"] !== false)
        return;
    // The key is known as granted, or refused for ten seconds: this one doesn't wait.
    await returnGrant(connection, bucket, await giveUp(connection, acquire));
}
/** Gives back the hold and the permit of a grant that nobody wants. Resolves within seconds; never rejects. */
export async function returnGrant(connection, bucket, grant) {
    const granted = membersOf(grant);
    const returned = ["hold", "permit"].map(async (kind) => {
        const { id } = membersOf(granted[kind]);
        if (typeof id !== "string")
            return;
        const path = `${pathOf(bucket)}/${kind}s/${encodeURIComponent(id)}`;
        await giveUp(connection, { method: "DELETE", path, headers: {} });
    });
    await Promise.all(returned);
}
