import { AbsentCallers } from "./absent-callers.js";
import { IdempotencyStore, askedIn, isSameAsked } from "./idempotency-store.js";
/** The acquires of one bucket that have a key. */
export class KeyedCalls {
    #grants;
    #waiting = new Map();
    #absent = new AbsentCallers();
    constructor(grants) {
        this.#grants = new IdempotencyStore(grants);
    }
    /** What has become of the earlier acquire with `key`; `undefined` if the key is new. */
    find(key, call, nowMs) {
        if (this.#absent.isCancelled(key, nowMs))
            return { kind: "cancelled" };
        const granted = this.#grants.find(key, nowMs);
        const caller = this.#waiting.get(key);
        // A requeued call brings its own arrival.
        const place = call.requeued ? undefined : this.#absent.find(key, nowMs);
        const asked = granted?.asked ?? caller?.call ?? place?.asked;
        if (!asked)
            return undefined;
        if (!isSameAsked(asked, call))
            return { kind: "reused" };
        if (granted)
            return { kind: "granted", grant: granted.grant };
        if (caller)
            return { kind: "waiting", caller };
        return place && { kind: "absent", place };
    }
    /** The caller under `key` that isn't answered yet. It waits, or has been settled in the batch that is under way. */
    waiting(key) {
        return this.#waiting.get(key);
    }
    /** Whether a grant is kept for `key`. Reads the disk on first use. */
    isGranted(key, nowMs) {
        return this.#grants.find(key, nowMs) !== undefined;
    }
    /** `caller` has arrived, and isn't answered yet. */
    arrived(key, caller) {
        this.#absent.arrive(key);
        this.#waiting.set(key, caller);
    }
    /** `caller` is about to be answered, or has left. */
    forget(caller) {
        const { idempotencyKey: key } = caller.call;
        if (key !== undefined && this.#waiting.get(key) === caller)
            this.#waiting.delete(key);
    }
    /** Writes those of a turn's grants down that have a key, in that turn. */
    settled(settlements, nowMs) {
        let grants;
        for (const { caller, outcome } of settlements) {
            const { call } = caller;
            if (call.idempotencyKey === undefined || !outcome.ok)
                continue;
            const keyed = { asked: askedIn(call), grant: outcome };
            (grants ??= []).push([call.idempotencyKey, keyed]);
        }
        if (grants)
            this.#grants.keep(grants, nowMs);
    }
    /** The last request of a call has disconnected; the call may come back to its place within 30 seconds. */
    disconnected(call, place, nowMs) {
        const { idempotencyKey: key } = call;
        if (key === undefined)
            return;
        this.#absent.leave(key, { ...place, asked: askedIn(call) }, nowMs);
    }
    /** See `AbsentCallers.cancel`. */
    cancel(key, nowMs) {
        return this.#absent.cancel(key, nowMs);
    }
    /** Forgets absent and cancelled calls. */
    forgetAbsent() {
        this.#absent.forgetAll();
    }
    /** All storage has been deleted, and the grants with it. */
    forgetAll() {
        this.#grants.forgetAll();
        this.#absent.forgetAll();
    }
}
