import { utcOffsets } from "./core/limits/civil-grid.js";
/**
 * Of all zones and years since 1970, the two changes that are nearest to each other are a week less an
 * hour apart, in Brazil in 2000.
 */
const BLOCK_MS = 4 * 86_400_000;
/** Blocks that are kept for each zone. A calendar looks at three at a time. */
const MAX_BLOCKS = 256;
/** Zones that are kept. There are some 420, a few of which a service uses. */
const MAX_ZONES = 64;
/** Instants beyond it have no date, epoch milliseconds. */
const MAX_DATE_MS = 8.64e15;
/** A zone's swing is found from its offsets in these years. */
const SWING_YEARS = { from: 1970, to: 2040 };
/** An offset that is in force for less, once in all these years, may be missed. */
const SWING_STEP_MS = 14 * 86_400_000;
/** At the end of a date that is formatted with it; UTC may be `GMT` alone. */
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;
class IntlOffsets {
    #format;
    #blocks = new Map();
    #swingMs = undefined;
    /** @throws {RangeError} If the platform knows no such zone. */
    constructor(timeZone) {
        this.#format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
    }
    offsetAt(atMs) {
        const { changeAtMs, before, after } = this.#blockAt(Math.floor(atMs / BLOCK_MS));
        return atMs < changeAtMs ? before : after;
    }
    get swingMs() {
        this.#swingMs ??= this.#findSwing();
        return this.#swingMs;
    }
    #blockAt(number) {
        const known = this.#blocks.get(number);
        if (known)
            return known;
        const block = this.#findBlock(number * BLOCK_MS, (number + 1) * BLOCK_MS);
        if (this.#blocks.size >= MAX_BLOCKS)
            this.#blocks.clear();
        this.#blocks.set(number, block);
        return block;
    }
    #findBlock(fromMs, toMs) {
        const before = this.#read(fromMs);
        const after = this.#read(toMs);
        if (before === after)
            return { changeAtMs: Infinity, before, after };
        let beforeMs = fromMs;
        let changeAtMs = toMs;
        while (changeAtMs - beforeMs > 1) {
            const middleMs = Math.floor((beforeMs + changeAtMs) / 2);
            if (this.#read(middleMs) === before)
                beforeMs = middleMs;
            else
                changeAtMs = middleMs;
        }
        return { changeAtMs, before, after };
    }
    #findSwing() {
        let least = Infinity;
        let most = -Infinity;
        const toMs = Date.UTC(SWING_YEARS.to, 11, 31);
        for (let atMs = Date.UTC(SWING_YEARS.from, 0); atMs <= toMs; atMs += SWING_STEP_MS) {
            const offsetMs = this.#read(atMs);
            least = Math.min(least, offsetMs);
            most = Math.max(most, offsetMs);
        }
        return most - least;
    }
    #read(atMs) {
        const text = this.#format.format(Math.max(-MAX_DATE_MS, Math.min(MAX_DATE_MS, atMs)));
        const match = OFFSET.exec(text);
        if (!match)
            throw new Error(`Cannot read the offset from UTC in ${JSON.stringify(text)}`);
        const [, sign, hours = 0, minutes = 0, seconds = 0] = match;
        const size = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
        return (sign === "-" ? -size : size) * 1_000;
    }
}
/** By name as it was given, least recently used first. */
const zones = new Map();
/**
 * The offsets of an IANA time zone, such as `Europe/Berlin`.
 *
 * @throws {RangeError} If the platform knows no zone of that name. An offset, as in `+01:00`, is no name.
 */
export function zoneOffsets(timeZone) {
    if (timeZone === "UTC")
        return utcOffsets;
    const zone = zones.get(timeZone) ?? newZone(timeZone);
    zones.delete(timeZone);
    zones.set(timeZone, zone);
    const [oldest] = zones.keys();
    if (zones.size > MAX_ZONES && oldest !== undefined)
        zones.delete(oldest);
    return zone;
}
/** All time zones of the platform. */
export const timeZones = {
    zoneOf(name) {
        try {
            return zoneOffsets(name);
        }
        catch {
            return undefined;
        }
    },
};
function newZone(timeZone) {
    // Newer platforms take offsets for zones.
    if (/^[a-z]/i.test(timeZone))
        return new IntlOffsets(timeZone);
    throw new RangeError(`Cannot find the time zone ${JSON.stringify(timeZone)}`);
}
