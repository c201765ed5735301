/** The offsets of UTC. */
export const utcOffsets = { offsetAt: () => 0, swingMs: 0 };
/** No zone is further from UTC, in milliseconds; the furthest was 15 hours and 13 minutes, until 1900. */
const MAX_OFFSET_MS = 15 * 3_600_000;
/**
 * So many times tokens come in are looked for one by one, which takes a millisecond or a few; from there each
 * tick counts. A queue needs one or two of them, and a debt one for each capacity that is owed. A forecast for
 * more than that, of hours six weeks ahead, may be early by the hours that local time jumps over until then.
 */
const MAX_STEPS = 1_000;
/** Instants that are kept. A queue needs the last one, the next one, and one or two more. */
const MAX_INSTANTS = 16;
/** The beginnings of local periods in one time zone, from a first one on. */
export class CivilGrid {
    #periods;
    #zone;
    #first;
    /** Of ticks, those that were asked for since it was last full. */
    #instants = new Map();
    /** The period that was looked at last: its tick, and the instants of that and of the next one. */
    #tick;
    #atMs;
    #nextAtMs;
    /**
     * A grid that starts at `atMs`, with the period that it falls into. That period begins at `atMs`, and so
     * do all earlier ones.
     *
     * @param tick The number of that period, if its tokens have come in already: this and all before it are
     * over, even if the zone says otherwise by now.
     */
    constructor(periods, zone, atMs, tick = -Infinity) {
        this.#periods = periods;
        this.#zone = zone;
        this.#first = { tick, atMs };
        this.#tick = NaN;
        this.#atMs = NaN;
        this.#nextAtMs = NaN;
        this.#first = { tick: this.tickAt(atMs), atMs };
        this.#instants.clear();
    }
    timeOf(tick) {
        const known = this.#instants.get(tick);
        if (known !== undefined)
            return known;
        if (this.#instants.size === MAX_INSTANTS)
            this.#instants.clear();
        const atMs = this.#instantOf(tick);
        this.#instants.set(tick, atMs);
        return atMs;
    }
    tickAt(atMs) {
        if (atMs >= this.#atMs && atMs < this.#nextAtMs)
            return this.#tick;
        const localMs = atMs + this.#zone.offsetAt(atMs);
        let tick = Math.max(this.#first.tick, this.#periods.tickAt(localMs));
        let tickAtMs = this.timeOf(tick);
        let nextAtMs = this.timeOf(tick + 1);
        // Local time has been further already if clocks were set back, or jumps over the next period.
        while (nextAtMs <= atMs) {
            tick += 1;
            tickAtMs = nextAtMs;
            nextAtMs = this.timeOf(tick + 1);
        }
        this.#tick = tick;
        this.#atMs = tickAtMs;
        this.#nextAtMs = nextAtMs;
        return tick;
    }
    tickBefore(atMs) {
        return this.tickAt(Math.ceil(atMs) - 1);
    }
    msUntil(tick, fromMs) {
        return this.timeOf(tick) - fromMs;
    }
    after(tick, times) {
        let reached = tick;
        for (let step = 0; step < times; step += 1) {
            if (step === MAX_STEPS)
                return reached + times - step;
            reached = this.#nextTick(reached);
        }
        return reached;
    }
    tokensBetween(tick, lastTick, refillTokens, most) {
        let reached = tick;
        let tokens = 0;
        for (let step = 0; reached < lastTick && tokens < most; step += 1) {
            if (step === MAX_STEPS)
                return tokens + (lastTick - reached) * refillTokens;
            reached = this.#nextTick(reached);
            tokens += refillTokens;
        }
        return tokens;
    }
    /** The last one of the ticks on the next instant that has any. */
    #nextTick(tick) {
        const atMs = this.timeOf(tick + 1);
        let last = tick + 1;
        while (this.timeOf(last + 1) === atMs)
            last += 1;
        return last;
    }
    #instantOf(tick) {
        const { tick: firstTick, atMs } = this.#first;
        if (tick <= firstTick)
            return atMs;
        return Math.max(atMs, firstInstantAt(this.#periods.timeOf(tick), this.#zone));
    }
}
/** The first instant at which local time has reached `localMs`. */
function firstInstantAt(localMs, zone) {
    const fromMs = localMs - MAX_OFFSET_MS;
    const toMs = localMs + MAX_OFFSET_MS;
    const before = zone.offsetAt(fromMs);
    const after = zone.offsetAt(toMs);
    if (before === after)
        return localMs - before;
    const changeAtMs = changeBetween(fromMs, toMs, zone);
    if (localMs - before < changeAtMs)
        return localMs - before;
    return Math.max(changeAtMs, localMs - after);
}
/** The first instant after `fromMs` with another offset than there, if there is one change up to `toMs`. */
function changeBetween(fromMs, toMs, zone) {
    const before = zone.offsetAt(fromMs);
    let beforeMs = fromMs;
    let changedMs = toMs;
    while (changedMs - beforeMs > 1) {
        const middleMs = Math.floor((beforeMs + changedMs) / 2);
        if (zone.offsetAt(middleMs) === before)
            beforeMs = middleMs;
        else
            changedMs = middleMs;
    }
    return changedMs;
}
