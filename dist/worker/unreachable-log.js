import { isUnreadableState } from "../wire/failures.js";
import { isRecord } from "../core/is-record.js";
import { BucketUnreachableError } from "../wire/call-with-retry.js";
/** Between two log lines about one bucket, in milliseconds. */
const SPACING_MS = 60_000;
/** How long a file's state is cached, in milliseconds. */
const KNOWN_MS = 1_000;
/** Buckets that are remembered; beyond that the oldest is dropped. */
const MAX_BUCKETS = 1_000;
/** The bucket's state can't be read, and waiting won't help. `message` may be shown to callers. */
export class UnreadableStateError extends Error {
    name = "UnreadableStateError";
    constructor(bucket, cause) {
        const path = `/buckets/${encodeURIComponent(bucket)}`;
        super(`The state of the bucket cannot be read: DELETE ${path} resets it`, { cause });
    }
}
/** By name, for this isolate. */
const known = new Map();
/** What is wrong with the bucket's file, as of a moment ago; `undefined` if nothing is known to be wrong. */
export async function faultOf(place) {
    return (await lookUp(place)).fault;
}
/**
 * Logs that the bucket can't be reached.
 *
 * @returns The error to throw instead of `error`: the same, with a cause that says more if more is known.
 */
export async function noteUnreachable(error, place) {
    const entry = await lookUp(place);
    const fault = entry.fault ?? faultIn(error.cause);
    const { name } = place;
    const nowMs = Date.now();
    const sinceMs = nowMs - entry.loggedAtMs;
    // If the clock has jumped back, log: one line too many is better than a missing one.
    if (sinceMs < 0 || sinceMs >= SPACING_MS) {
        entry.loggedAtMs = nowMs;
        const file = entry.path === undefined ? "" : ` (file ${entry.path})`;
        const remedy = `DELETE /buckets/${encodeURIComponent(name)} resets it`;
        const why = fault === undefined ? "" : `: its state cannot be read (${fault}); ${remedy}`;
        console.error(`Cannot reach the bucket ${name}${file}${why}`, error);
    }
    if (fault === undefined)
        return error;
    const cause = new UnreadableStateError(name, error.cause);
    return new BucketUnreachableError(error.message, { cause });
}
/** What the object has found. */
function faultIn(cause) {
    const message = isRecord(cause) ? String(cause["message"]) : "";
    return isUnreadableState(message) ? message : undefined;
}
/** The bucket starts over, so nothing that was known about it holds. */
export function forgetUnreachable(name) {
    known.delete(name);
}
async function lookUp({ name, files }) {
    let entry = known.get(name);
    if (!entry) {
        entry = { loggedAtMs: -Infinity, readAtMs: -Infinity, path: undefined, fault: undefined };
        const [first] = known.keys();
        if (first !== undefined && known.size >= MAX_BUCKETS)
            known.delete(first);
        known.set(name, entry);
    }
    const sinceMs = Date.now() - entry.readAtMs;
    if (!files || (sinceMs >= 0 && sinceMs < KNOWN_MS))
        return entry;
    const state = await files.stateOf(name);
    entry.readAtMs = Date.now();
    entry.path = state?.path;
    entry.fault = state?.fault;
    return entry;
}
