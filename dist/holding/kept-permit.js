import { onAbort } from "../on-abort.js";
import { PermitLostError } from "./permit-lost-error.js";
import { Timer } from "./timer.js";
/** The shortest time that a policy can give a permit. */
const MIN_TTL_MS = 1_000;
/** A permit is extended so often in its time, and if that fails, tried again so often. */
const EXTENSIONS = 3;
const RETRIES = 10;
/** Keeps a permit until it is released, or lost. */
export class KeptPermit {
    #permit;
    #verbs;
    #onLost;
    #ttlMs;
    /** When its grant arrived here, as `performance.now()`. */
    #arrivedAtMs = performance.now();
    /** It lasts until then at least, as `performance.now()`. */
    #validUntilMs;
    /** Aborts when it is released or lost. */
    #over = new AbortController();
    #isReleased = false;
    #extension = new Timer();
    #expiry = new Timer();
    /** Why the last extension failed. */
    #failure = undefined;
    /**
     * @param askedAtMs When the grant was asked for, as `performance.now()`.
     * @param onLost Called at most once, and not after `release`.
     */
    constructor({ permit, grantedAtMs, waitedMs }, verbs, askedAtMs, onLost) {
        this.#permit = permit;
        this.#verbs = verbs;
        this.#onLost = onLost;
        this.#ttlMs = permit.expiresAtMs - grantedAtMs;
        const intervalMs = this.#ttlMs / EXTENSIONS;
        // It had not been granted before. If the acquire had to be sent again, it may be long ago, and nobody
        // knows here when it was; so it is extended at once.
        const beforeMs = askedAtMs + waitedMs;
        this.#validUntilMs = Math.max(beforeMs + this.#ttlMs, this.#arrivedAtMs + intervalMs);
        this.#extendIn(beforeMs + intervalMs - this.#arrivedAtMs);
        this.#watchExpiry();
    }
    /** Gives it back. Rejects if the limiter can't be told, which then gets it back when its time is up. */
    async release() {
        if (this.#isReleased)
            return;
        this.#isReleased = true;
        this.#stop();
        await this.#verbs.releasePermit(this.#permit.id);
    }
    #extendIn(durationMs) {
        this.#extension.set(durationMs, () => void this.#extend());
    }
    async #extend() {
        const sentAtMs = performance.now();
        const { signal } = this.#over;
        try {
            const extended = await this.#extendWithin(this.#ttlMs / EXTENSIONS);
            if (signal.aborted)
                return;
            if (!extended.ok) {
                this.#lose("its time was up, or it was released");
                return;
            }
            const ttlMs = this.#ttlNow(extended.expiresAtMs);
            this.#validUntilMs = sentAtMs + ttlMs;
            this.#watchExpiry();
            this.#extendIn(ttlMs / EXTENSIONS);
        }
        catch (error) {
            if (signal.aborted)
                return;
            this.#failure = error;
            this.#extendIn(this.#ttlMs / RETRIES);
        }
    }
    /** A call that isn't answered in time is sent again, on another connection if need be. */
    async #extendWithin(maxMs) {
        const call = new AbortController();
        const timer = new Timer();
        timer.set(maxMs, () => call.abort(new Error(`No answer within ${maxMs} ms`)));
        const stopListening = onAbort(this.#over.signal, () => call.abort());
        try {
            return await this.#verbs.extendPermit(this.#permit.id, call.signal);
        }
        finally {
            timer.clear();
            stopListening();
        }
    }
    /** The policy may have been given a shorter time meanwhile. A longer one is not worth the risk of a clock that was set. */
    #ttlNow(expiresAtMs) {
        const passedMs = performance.now() - this.#arrivedAtMs;
        const laterMs = expiresAtMs - this.#permit.expiresAtMs;
        return Math.min(this.#ttlMs, Math.max(MIN_TTL_MS, this.#ttlMs + laterMs - passedMs));
    }
    #watchExpiry() {
        this.#expiry.set(this.#validUntilMs - performance.now(), () => {
            this.#lose("it could not be extended in time", this.#failure);
        });
    }
    #lose(why, cause) {
        this.#stop();
        this.#onLost(new PermitLostError(this.#permit.fence, why, cause));
    }
    #stop() {
        this.#extension.clear();
        this.#expiry.clear();
        this.#over.abort();
    }
}
