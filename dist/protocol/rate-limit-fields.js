/**
 * The `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers-11), structured fields
 * of RFC 9651. Sluice writes them about its buckets, and a middleware passes them on to its own callers.
 */
import { fieldString } from "./text.js";
/** Whole seconds, never too few. */
export function ceilSeconds(durationMs) {
    return Math.ceil(durationMs / 1000);
}
/**
 * Both fields: `q` is the capacity, `w` the window, `r` the tokens that remain, `t` the reset. Lists of one item
 * for each limit.
 */
export function rateLimitFields(state) {
    const { others } = state;
    const first = itemsOf(state);
    if (!others)
        return first;
    const all = [first, ...others.map(itemsOf)];
    return {
        "RateLimit-Policy": all.map((items) => items["RateLimit-Policy"]).join(", "),
        RateLimit: all.map(({ RateLimit }) => RateLimit).join(", "),
    };
}
function itemsOf(state) {
    const { policy, capacity, windowSeconds, remaining, resetSeconds } = state;
    const name = fieldString(policy);
    const reset = resetSeconds === undefined ? "" : `;t=${resetSeconds}`;
    return {
        "RateLimit-Policy": `${name};q=${capacity};w=${windowSeconds}`,
        RateLimit: `${name};r=${remaining}${reset}`,
    };
}
