import { Timer } from "./timer.js";
/** Pauses between attempts to settle, each of which the client retries by itself for some seconds. */
const SETTLE_PAUSES_MS = [1_000, 5_000, 25_000];
/** A limit that isn't named is used up as reserved. */
const AS_RESERVED = {};
/** Keeps a hold until it is settled. */
export class KeptHold {
    #id;
    #verbs;
    #holdMs;
    #used = undefined;
    #isOver = false;
    #extension = new Timer();
    /** @param holdMs For how long the hold was asked for. */
    constructor({ id }, verbs, holdMs) {
        this.#id = id;
        this.#verbs = verbs;
        this.#holdMs = holdMs;
        this.#extendLater();
    }
    /** So much was used so far. The last call counts. */
    use(used) {
        this.#used = used;
    }
    /** Settles it: with what was used as far as that is known, otherwise as reserved. */
    async settle() {
        if (this.#isOver)
            return;
        this.#isOver = true;
        this.#extension.clear();
        const used = this.#used;
        const settled = await this.#settle(used ?? AS_RESERVED);
        // Without a number, the work may have settled it by itself.
        if (settled.ok || used === undefined)
            return;
        throw new Error(`Cannot settle a hold with ${JSON.stringify(used)}: ${settled.reason}`);
    }
    async #settle(used) {
        for (const pauseMs of SETTLE_PAUSES_MS) {
            try {
                return await this.#verbs.settleHold(this.#id, used);
            }
            catch (error) {
                if (!isUnavailable(error))
                    throw error;
                await new Promise((resolve) => {
                    setTimeout(resolve, pauseMs);
                });
            }
        }
        return this.#verbs.settleHold(this.#id, used);
    }
    #extendLater() {
        this.#extension.set(this.#holdMs / 2, () => void this.#extend());
    }
    async #extend() {
        try {
            const extended = await this.#verbs.extendHold(this.#id, this.#holdMs);
            if (!extended.ok)
                return;
        }
        catch {
            // Tried again in time for the next half.
        }
        if (!this.#isOver)
            this.#extendLater();
    }
}
/** Whether the limiter could not be reached, so that a later attempt may do better. */
function isUnavailable(error) {
    return error instanceof Error && "reason" in error && error.reason === "unavailable";
}
