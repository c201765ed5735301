import { KEYED_GRANT_KEPT_MS } from "./stored-rows.js";
/** Grants kept per bucket: about 2 MB of an object's 128. */
const MAX_KEPT = 10_000;
/** The length of a row, in characters: a value on the disk may have 2 MB. */
const MAX_ROW_LENGTH = 500_000;
/** Rows of earlier versions that one turn deletes at most: there may be thousands, and each is a write. */
const DELETED_AT_ONCE = 16;
/** What a call itself asks for, without the policy's defaults. */
export function askedIn({ tokens, limits, timeoutMs, holdMs }) {
    return {
        tokens,
        ...(limits && { limits }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(holdMs !== undefined && { holdMs }),
    };
}
/** Whether two requests ask for the same. */
export function isSameAsked(one, other) {
    const [ours, theirs] = [one.limits ?? {}, other.limits ?? {}];
    const names = Object.keys(ours);
    return (one.tokens === other.tokens &&
        one.timeoutMs === other.timeoutMs &&
        one.holdMs === other.holdMs &&
        names.length === Object.keys(theirs).length &&
        names.every((name) => Object.hasOwn(theirs, name) && ours[name] === theirs[name]));
}
/** The keyed grants of one bucket. */
export class IdempotencyStore {
    #store;
    /** By key, oldest first. Read from disk on first use, because most buckets see no key. */
    #kept = undefined;
    /** By slot; `undefined` where a slot is free. */
    #rows = [];
    #freeSlots = [];
    /** The row that was read last: callers that come back after a failure often come together. */
    #opened = undefined;
    /** The keys of rows under keys, oldest grant first. */
    #earlierKeys = [];
    constructor(store) {
        this.#store = store;
    }
    /** The grant that was made for `key`, while it is kept. */
    find(key, nowMs) {
        const kept = this.#read().get(key);
        if (kept === undefined)
            return undefined;
        const keyed = typeof kept === "number" ? this.#grantIn(kept, key) : kept;
        return keyed && isExpired(keyed.grant, nowMs) ? undefined : keyed;
    }
    /** Writes all grants of a turn, in one row unless they are very many, and forgets what is too old or too much. */
    keep(grants, nowMs) {
        const kept = this.#read();
        this.#forget(kept, MAX_KEPT - grants.length, nowMs);
        for (const { entries, text } of rowsOf(grants)) {
            const slot = this.#freeSlots.pop() ?? this.#rows.length;
            this.#store.put(slot, text);
            this.#note(kept, slot, text, entries);
        }
        this.#deleteEarlier(kept);
    }
    /** All storage has been deleted, and the grants with it. */
    forgetAll() {
        this.#kept = undefined;
        this.#opened = undefined;
    }
    #read() {
        if (this.#kept)
            return this.#kept;
        const kept = (this.#kept = new Map());
        const rows = [...this.#store.list()].map(([slot, text]) => {
            const entries = entriesOf(text);
            return { slot, text, entries, grantedAtMs: latestOf(entries) };
        });
        const earlier = [...this.#store.earlier.list()].map((entry) => {
            const [, { grant }] = entry;
            return { slot: undefined, text: "", entries: [entry], grantedAtMs: grant.grantedAtMs };
        });
        this.#rows = Array.from({ length: Math.max(0, ...rows.map(({ slot }) => slot + 1)) });
        const oldestFirst = [...earlier, ...rows].toSorted((one, other) => {
            return one.grantedAtMs - other.grantedAtMs;
        });
        this.#earlierKeys = [];
        for (const { slot, text, entries } of oldestFirst) {
            if (slot !== undefined)
                this.#note(kept, slot, text, entries);
            else {
                for (const [key, keyed] of entries) {
                    this.#earlierKeys.push(key);
                    this.#drop(kept, key);
                    kept.set(key, keyed);
                }
            }
        }
        this.#freeSlots = [...this.#rows.keys()].filter((slot) => !this.#rows[slot]);
        return kept;
    }
    /** A row is in `slot`. The latest grant of a key is the one that counts, at the end. */
    #note(kept, slot, text, entries) {
        const row = { text, grantedAtMs: latestOf(entries), kept: 0 };
        this.#rows[slot] = row;
        for (const [key] of entries) {
            this.#drop(kept, key);
            kept.set(key, slot);
            row.kept += 1;
        }
    }
    #drop(kept, key) {
        const dropped = kept.get(key);
        if (dropped === undefined)
            return;
        kept.delete(key);
        this.#dropped(dropped);
    }
    /** A grant is forgotten, and with the last of a row its slot is free. */
    #dropped(kept) {
        const row = typeof kept === "number" ? this.#rows[kept] : undefined;
        if (typeof kept !== "number" || !row)
            return;
        row.kept -= 1;
        if (row.kept > 0)
            return;
        this.#rows[kept] = undefined;
        this.#freeSlots.push(kept);
    }
    #forget(kept, most, nowMs) {
        for (const [oldest, where] of kept) {
            const grant = typeof where === "number" ? this.#rows[where] : where.grant;
            if (kept.size <= most && grant && !isExpired(grant, nowMs))
                return;
            kept.delete(oldest);
            this.#dropped(where);
        }
    }
    #grantIn(slot, key) {
        const row = this.#rows[slot];
        if (!row)
            return undefined;
        if (this.#opened?.row !== row)
            this.#opened = { row, grants: new Map(entriesOf(row.text)) };
        return this.#opened.grants.get(key);
    }
    /** Deletes some of the rows under keys whose grants are forgotten. */
    #deleteEarlier(kept) {
        if (this.#earlierKeys.length === 0)
            return;
        const isKept = (key) => typeof kept.get(key) === "object";
        const some = this.#earlierKeys.slice(0, DELETED_AT_ONCE);
        const firstKept = some.findIndex(isKept);
        const forgotten = firstKept < 0 ? some : some.slice(0, firstKept);
        this.#earlierKeys = this.#earlierKeys.slice(forgotten.length);
        for (const key of forgotten)
            this.#store.earlier.delete(key);
    }
}
/** The grants as rows of text, none of which is too long. */
function* rowsOf(grants) {
    let entries = [];
    let texts = [];
    let length = 0;
    for (const entry of grants) {
        const text = textOf(entry);
        if (length + text.length > MAX_ROW_LENGTH && entries.length > 0) {
            yield { entries, text: `[${texts.join(",")}]` };
            entries = [];
            texts = [];
            length = 0;
        }
        entries.push(entry);
        texts.push(text);
        length += text.length + 1;
    }
    if (entries.length > 0)
        yield { entries, text: `[${texts.join(",")}]` };
}
/** JSON of a `PlainEntry`, or of the entry itself: a third of the text, in half the time. */
function textOf(entry) {
    const [key, { asked, grant }] = entry;
    const isAskedPlainly = asked.limits === undefined && asked.holdMs === undefined;
    const isPlain = !grant.limits && !grant.hold && !grant.permit && asked.tokens === grant.tokens;
    if (!isAskedPlainly || !isPlain)
        return JSON.stringify(entry);
    const { grantedAtMs, tokens, remaining, waitedMs } = grant;
    const timeout = asked.timeoutMs === undefined ? "" : `,${asked.timeoutMs}`;
    return `[${JSON.stringify(key)},${grantedAtMs},${tokens},${remaining},${waitedMs}${timeout}]`;
}
/** The grants in a row. */
export function entriesOf(text) {
    const written = JSON.parse(text);
    return written.map((entry) => (isPlainEntry(entry) ? grantOf(entry) : entry));
}
function isPlainEntry(entry) {
    return typeof entry[1] === "number";
}
function grantOf([key, grantedAtMs, tokens, remaining, waitedMs, timeoutMs,]) {
    const asked = { tokens, ...(timeoutMs !== undefined && { timeoutMs }) };
    return [key, { asked, grant: { ok: true, tokens, remaining, waitedMs, grantedAtMs } }];
}
function latestOf(entries) {
    return entries.reduce((latest, [, { grant }]) => Math.max(latest, grant.grantedAtMs), -Infinity);
}
function isExpired({ grantedAtMs }, nowMs) {
    return nowMs >= grantedAtMs + KEYED_GRANT_KEPT_MS;
}
