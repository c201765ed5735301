import { Timer } from "../../holding/timer.js";
/** The live permits of one session. */
export class SessionPermits {
    #permits = new Map();
    #onExpired;
    /** @param onExpired Called when the time of a permit is up. It isn't among them any more. */
    constructor(onExpired) {
        this.#onExpired = onExpired;
    }
    get size() {
        return this.#permits.size;
    }
    /** The ids of the permits, in order of their grants. */
    get ids() {
        return [...this.#permits.keys()];
    }
    has(id) {
        return this.#permits.has(id);
    }
    /** @param grantedAtMs When it was granted, by the clock of Sluice. */
    granted({ id, expiresAtMs }, grantedAtMs) {
        this.ended(id);
        const permit = { ttlMs: expiresAtMs - grantedAtMs, expiry: new Timer() };
        this.#permits.set(id, permit);
        this.#expireLater(id, permit);
    }
    /** Its holder has extended it. */
    extended(id) {
        const permit = this.#permits.get(id);
        if (permit)
            this.#expireLater(id, permit);
    }
    /** It was released, or is lost. */
    ended(id) {
        this.#permits.get(id)?.expiry.clear();
        this.#permits.delete(id);
    }
    /** Forgets all of them. */
    clear() {
        for (const id of this.ids)
            this.ended(id);
    }
    #expireLater(id, { ttlMs, expiry }) {
        expiry.set(ttlMs, () => {
            this.#permits.delete(id);
            this.#onExpired(id);
        });
    }
}
