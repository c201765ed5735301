/** A response in a form that tells when its body has arrived, has failed or was cancelled. */
import { piped } from "./piped.js";
/**
 * How much of a body arrives before anybody reads it, in bytes: of a short one, all of it, so that it ends
 * even if nobody does.
 */
const AHEAD_BYTES = 65_536;
/**
 * Returns a copy of `response` that calls `done` when its body ends, in whatever way; `undefined` if it has
 * none, or one that is being read elsewhere.
 *
 * @param signal When it aborts, the body fails with its reason.
 */
export function followedResponse(response, signal, done) {
    const { body, url, redirected, type } = response;
    if (!body || body.locked)
        return undefined;
    const ahead = new ByteLengthQueuingStrategy({ highWaterMark: AHEAD_BYTES });
    const copy = new Response(piped(body, signal, done, ahead), response);
    // A response that is made, rather than fetched, has others.
    const fetched = { url, redirected, type };
    for (const [name, value] of Object.entries(fetched))
        Object.defineProperty(copy, name, { value });
    return copy;
}
