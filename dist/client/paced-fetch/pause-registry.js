import { FIRST_LIMIT } from "../../core/limits/limit-name.js";
import { SharedPause } from "./shared-pause.js";
/** With fewer buckets than this, unused ones are never swept. */
const MIN_SWEPT = 64;
const knownByClient = new WeakMap();
/** Returns the pause of a limit, joined: call `leave()` on it when the call is done. */
export function joinPause(client, bucket, limit = FIRST_LIMIT) {
    const known = knownByClient.get(client) ?? { pauses: new Map(), sweepAtSize: MIN_SWEPT };
    knownByClient.set(client, known);
    // No name has a space.
    const key = `${bucket} ${limit}`;
    const pause = known.pauses.get(key) ?? new SharedPause(client, bucket, limit);
    known.pauses.set(key, pause);
    pause.join();
    if (known.pauses.size >= known.sweepAtSize)
        sweep(known);
    return pause;
}
function sweep(known) {
    for (const [key, pause] of known.pauses) {
        if (pause.isOver())
            known.pauses.delete(key);
    }
    known.sweepAtSize = Math.max(MIN_SWEPT, 2 * known.pauses.size);
}
