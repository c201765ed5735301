import { HeldGrant } from "./held-grant.js";
import { Timer } from "./timer.js";
import { untilDone } from "./until-done.js";
/**
 * How long a result is held back until its hold is settled and its permit given back. If that takes
 * longer, it completes in the background.
 */
const MAX_END_MS = 2_000;
/** Default of `holdMs`: extended while the work runs, so it only has to outlast a few failed calls. */
export const DEFAULT_HOLD_MS = 60_000;
/**
 * Runs `work`, settles as it does, and ends the grant after it; after its result, if that is a stream.
 *
 * @param waitUntil Keeps the runtime going until the grant has ended. Must not throw.
 */
export async function workUnder(grant, keeping, work, waitUntil = ignore) {
    const held = new HeldGrant(grant, keeping);
    const { id = "", fence = 0 } = { ...grant.hold, ...grant.permit };
    const used = (tokens) => held.used(tokens);
    let isGoingOn = false;
    try {
        const value = await work({ id, fence, grant, signal: held.signal, used });
        const followed = untilDone(value, held.signal, () => held.end());
        isGoingOn = followed !== undefined;
        return { ok: true, value: followed ?? value };
    }
    finally {
        if (!isGoingOn)
            held.end();
        waitUntil(held.ended);
        if (!isGoingOn)
            await within(held.ended, MAX_END_MS);
    }
}
/** Resolves when `ended` does, and after `maxMs` at the latest. */
async function within(ended, maxMs) {
    const timer = new Timer();
    const passed = new Promise((resolve) => {
        timer.set(maxMs, resolve);
    });
    await Promise.race([ended, passed]);
    timer.clear();
}
function ignore() {
    // The runtime goes on by itself.
}
