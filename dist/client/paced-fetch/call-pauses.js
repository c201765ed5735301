import { joinPause } from "./pause-registry.js";
/** The pauses of a call, joined. */
export class CallPauses {
    #all;
    #held;
    /** @param takesOf Whether the call takes tokens of a limit. */
    constructor(client, bucket, limits, takesOf) {
        this.#all = new Map(limits.map((limit) => [limit, joinPause(client, bucket, limit)]));
        this.#held = [...this.#all].filter(([limit]) => takesOf(limit)).map(([, pause]) => pause);
    }
    /** The pause of a limit. @throws {RangeError} If that limit's pause was not joined. */
    of(limit) {
        const pause = this.#all.get(limit);
        if (!pause)
            throw new RangeError(`No pause of ${limit} was joined`);
        return pause;
    }
    /** How long the call still has to wait in this process, in milliseconds. */
    heldMs() {
        return Math.max(0, ...this.#held.map((pause) => pause.heldMs()));
    }
    /** As `SharedPause.released`, for all limits that the call takes tokens of. */
    async released(signal) {
        while (this.heldMs() > 0)
            for (const pause of this.#held)
                await pause.released(signal);
    }
    /** As `SharedPause.hasBegunSince`, for any of the limits that the call takes tokens of. */
    hasBegunSince(askedAtMs) {
        return this.#held.some((pause) => pause.hasBegunSince(askedAtMs));
    }
    /** The bucket's `maxWaitMs`, in milliseconds, as Sluice last reported it. */
    get maxWaitMs() {
        return [...this.#all.values()].find(({ maxWaitMs }) => maxWaitMs !== undefined)?.maxWaitMs;
    }
    /** Records that the API accepted a request sent at `sentAtMs`. */
    gotThrough(sentAtMs) {
        for (const pause of this.#all.values())
            pause.gotThrough(sentAtMs);
    }
    leave() {
        for (const pause of this.#all.values())
            pause.leave();
    }
}
