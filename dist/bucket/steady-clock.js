/** While a caller waits, the clock is read every second. A larger step is a leap, or nobody asked. */
const LEAP_MS = 1_500;
/** A clock set back by less than this only delays timers by as much. */
const MAX_BEHIND_MS = 250;
/**
 * A busy instance sees the same millisecond this often, or nearly. One whose clock stands still sees it
 * forever.
 */
const MIN_REPEATS = 4;
/** A clock whose `now` never goes back; see above. */
export class SteadyClock {
    #source;
    #seenAtMs;
    #aheadMs = 0;
    #repeats = 0;
    constructor(source) {
        this.#source = source;
        this.#seenAtMs = source.now();
    }
    /** How far it is ahead of the machine's clock: 0 unless that has been set back. */
    get aheadMs() {
        return this.#aheadMs;
    }
    now() {
        const sourceMs = this.#source.now();
        const passedMs = sourceMs - this.#seenAtMs;
        if (passedMs === 0) {
            this.#repeats += 1;
            if (isPowerOfTwo(this.#repeats) && this.#repeats >= MIN_REPEATS)
                this.#checkSource();
        }
        else {
            this.#repeats = 0;
            this.#seenAtMs = sourceMs;
            if (passedMs < 0)
                this.#aheadMs -= passedMs;
            else if (passedMs > LEAP_MS)
                this.#aheadMs = Math.max(0, this.#aheadMs - passedMs);
        }
        return sourceMs + this.#aheadMs;
    }
    /** An earlier instance has seen `atMs`: continue from there. */
    notBefore(atMs) {
        this.#aheadMs = Math.max(this.#aheadMs, atMs - this.#seenAtMs);
    }
    setTimer(callback, delayMs) {
        this.#checkSource();
        return this.#source.setTimer(callback, delayMs);
    }
    #checkSource() {
        const { now, wallNow, stopped } = this.#source;
        if (wallNow && now() - wallNow() > MAX_BEHIND_MS)
            stopped();
    }
}
function isPowerOfTwo(count) {
    return (count & (count - 1)) === 0;
}
