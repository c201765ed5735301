/** Ticks at equal distances: tick `k` falls on `startedAtMs + k × intervalMs`. */
export class RegularGrid {
    #startedAtMs;
    #intervalMs;
    constructor(startedAtMs, intervalMs) {
        this.#startedAtMs = startedAtMs;
        this.#intervalMs = intervalMs;
    }
    timeOf(tick) {
        return this.#startedAtMs + tick * this.#intervalMs;
    }
    tickAt(atMs) {
        return Math.floor((atMs - this.#startedAtMs) / this.#intervalMs);
    }
    tickBefore(atMs) {
        return Math.ceil((atMs - this.#startedAtMs) / this.#intervalMs) - 1;
    }
    msUntil(tick, fromMs) {
        return this.#startedAtMs - fromMs + tick * this.#intervalMs;
    }
    after(tick, times) {
        return tick + times;
    }
    tokensBetween(tick, lastTick, refillTokens) {
        return (lastTick - tick) * refillTokens;
    }
}
