import { tokensText } from "../protocol/text.js";
import { calendarWords } from "../client/watch/calendar-words.js";
import { hasStarted, limitsAt } from "../client/watch/forecast.js";
import { formatDuration } from "./duration.js";
/** Events that are kept. */
const MAX_EVENTS = 200;
/** Columns of the widest bars, and of those of several limits, which have more beside them. */
const BAR_COLUMNS = { one: 40, several: 20 };
/** Columns for when a limit gets more: `paused, full in 22 h 59 min`. */
const NEXT_COLUMNS = 27;
/** Between the columns of a line. */
const GAP = "   ";
/** Widest line. */
const MAX_COLUMNS = 120;
/** Behind the limit that the head of the queue waits for. */
const HEAD_MARK = "← head waits";
/** What the next gain of a limit is called. */
const NEXT = { tick: "next tick", full: "full again" };
/** A bucket, as its feed has shown it so far. */
export class WatchView {
    #snapshot = undefined;
    #lostAtMs = undefined;
    /** Latest first. */
    #events = [];
    /** Adds a message of the feed. */
    add({ snapshot, events }) {
        this.#snapshot = snapshot;
        this.#lostAtMs = undefined;
        this.#events = [...events.toReversed(), ...this.#events].slice(0, MAX_EVENTS);
    }
    /**
     * Records that the connection was lost at `atMs` on the bucket's clock: until the next `add`,
     * what is shown is out of date.
     */
    lose(atMs) {
        this.#lostAtMs ??= atMs;
    }
    /**
     * Returns the lines at `nowMs` on the bucket's clock: at most `rows` lines of at most `columns`
     * characters. While connected, the ticks since the last message are added, because nothing else
     * happens between messages.
     */
    lines(nowMs, columns, rows) {
        // Erasing to the end of the line would erase a character in the last column too.
        const width = Math.min(columns - 1, MAX_COLUMNS);
        const isLost = this.#lostAtMs !== undefined;
        const state = isLost ? "connection lost, reconnecting …" : "connecting …";
        const head = this.#snapshot ? headLines(this.#snapshot, this.#lostAtMs ?? nowMs, width) : [];
        const events = this.#events.map(eventLine);
        const status = isLost || !this.#snapshot ? [state, ""] : [];
        return [...status, ...head, "", ...events]
            .slice(0, rows)
            .map((line) => line.slice(0, width).trimEnd());
    }
}
function headLines(snapshot, nowMs, width) {
    const { bucket, policy, waiters, queuedTokens, granted, refused, cancelled } = snapshot;
    const limits = limitsAt(snapshot, nowMs);
    const columns = columnsFor(snapshot, limits, width);
    const { isSingle, label, barColumns } = columns;
    const rule = isSingle
        ? `capacity ${policy.capacity}, ${policy.every === undefined ? "" : "full again "}${refillWords(policy)}`
        : `${limits.length} limits`;
    const asked = tokensText({ tokens: queuedTokens }) + (isSingle ? "" : ` of ${limits[0]?.name}`);
    const share = waiters / Math.max(1, policy.queueLimit);
    const queue = `${"queue".padEnd(label)}  ${bar(share, barColumns)} ${waiters} waiting for ${asked}`;
    return [
        `${bucket}   policy "${policy.name}": ${rule}`,
        "",
        ...limits.map((limit) => {
            const line = limitLine(snapshot, limit, nowMs, columns);
            return isSingle ? line : withWhatFits(line, snapshot, limit, width);
        }),
        ...permitLines(snapshot, nowMs, columns, width),
        ...heldLines(snapshot, limits, columns),
        queue + sessionsText(snapshot, width - queue.length),
        `${"so far".padEnd(label)}  granted ${granted}   refused ${refused}   cancelled ${cancelled}`,
    ];
}
/**
 * The text beside a bar matters more, so on a narrow terminal the bar is shortened. All texts have the columns
 * that they can come to need, so that no bar changes its length as time passes.
 */
function columnsFor(snapshot, limits, width) {
    const isSingle = limits.length === 1;
    const labels = [
        snapshot.permits ? "permits" : "tokens",
        ...(isSingle ? [] : limits.map(({ name }) => name)),
    ];
    const label = longest(labels);
    const counts = limits.map((limit) => countText(snapshot, limit, limit.fields.capacity));
    const count = longest(counts);
    const beside = [label + 2, 1, count, GAP.length, NEXT_COLUMNS];
    if (!isSingle)
        beside.push(GAP.length, HEAD_MARK.length);
    const widest = isSingle ? BAR_COLUMNS.one : BAR_COLUMNS.several;
    const room = width - beside.reduce((sum, columns) => sum + columns);
    return { isSingle, label, count, barColumns: Math.max(0, Math.min(widest, room)) };
}
function longest(texts) {
    return Math.max(...texts.map(({ length }) => length));
}
/** Between messages nothing happens but ticks. */
function limitLine(snapshot, limit, nowMs, { isSingle, label, barColumns, count }) {
    const { name, tokens, fields } = limit;
    const start = `${(isSingle ? "tokens" : name).padEnd(label)}  ${bar(tokens / fields.capacity, barColumns)}`;
    const next = tokens < fields.capacity ? nextGain(snapshot, limit, nowMs) : "full";
    const text = countText(snapshot, limit, tokens);
    // Columns are for lines that stand below each other.
    return isSingle
        ? `${start} ${text}${GAP}${next}`
        : `${start} ${text.padEnd(count)}${GAP}${next.padEnd(NEXT_COLUMNS)}`;
}
/** The line of one of several limits with the mark of the head, for which it is cut, and its rule if that fits. */
function withWhatFits(line, { headLimit }, { name, fields }, width) {
    const mark = headLimit === name ? GAP + HEAD_MARK : "";
    const marked = line.slice(0, width - mark.length) + mark;
    const rule = GAP + refillWords(fields);
    return marked.length + rule.length <= width ? marked + rule : marked;
}
/** Permits held of those that there are, and for how long if that fits. */
function permitLines({ permits, headLimit }, nowMs, { label, barColumns }, width) {
    if (!permits)
        return [];
    const { max, held, oldestAtMs } = permits;
    const mark = headLimit === "permits" ? GAP + HEAD_MARK : "";
    const line = `${"permits".padEnd(label)}  ${bar(held / max, barColumns)} ${held} of ${max} held${mark}`;
    const oldest = oldestAtMs === undefined ? "" : `${GAP}oldest for ${formatDuration(nowMs - oldestAtMs)}`;
    return [line.length + oldest.length <= width ? line + oldest : line];
}
/** The open sessions, if there are any and they fit. */
function sessionsText({ sessions }, room) {
    if (sessions === undefined)
        return "";
    const text = `${GAP}${sessions} ${sessions === 1 ? "session" : "sessions"} open`;
    return text.length <= room ? text : "";
}
/** What holds have reserved of each limit, and what is owed. */
function heldLines({ heldTokens, owedTokens = {} }, limits, { isSingle, label }) {
    if (!heldTokens)
        return [];
    const shown = (tokens) => {
        const counts = limits
            .map(({ name }) => [name, tokens[name] ?? 0])
            .filter(([, count]) => count > 0)
            .map(([name, count]) => (isSingle ? String(count) : `${count} of ${name}`));
        return counts.length > 0 ? counts.join(", ") : "0";
    };
    const owed = shown(owedTokens);
    return [
        `${"held".padEnd(label)}  ${shown(heldTokens)}${owed === "0" ? "" : `${GAP}owed ${owed}`}`,
    ];
}
function countText({ leasedTokens }, { fields }, tokens) {
    const leased = leasedTokens === undefined ? "" : `, ${leasedTokens} on lease`;
    return `${tokens} of ${fields.capacity}${leased}`;
}
function nextGain(snapshot, limit, nowMs) {
    if (!hasStarted(snapshot))
        return "starts on first use";
    const { fields, nextTickAtMs, pausedUntilMs } = limit;
    if (nextTickAtMs === pausedUntilMs)
        return `paused for ${formatDuration(nextTickAtMs - nowMs)}`;
    const gain = fields.every === undefined ? "tick" : "full";
    const what = pausedUntilMs === undefined ? NEXT[gain] : `paused, ${gain}`;
    return `${what} in ${formatDuration(nextTickAtMs - nowMs)}`;
}
function refillWords(fields) {
    if (fields.every !== undefined)
        return calendarWords(fields);
    return `${fields.refillTokens} every ${formatDuration(fields.refillIntervalMs)}`;
}
function bar(share, columns) {
    const filled = Math.min(columns, Math.ceil(share * columns));
    return "█".repeat(filled) + "░".repeat(columns - filled);
}
function eventLine(event) {
    const time = new Date(event.atMs).toISOString().slice(11, 23);
    const line = `${time}  ${event.kind.padEnd(9)}  #${event.id}  ${tokensText(event)}`;
    switch (event.kind) {
        case "queued":
            return line;
        case "granted":
            return `${line} after ${formatDuration(event.waitedMs)}`;
        case "cancelled":
            return `${line} after ${formatDuration(event.waitedMs)}`;
        case "refused":
            return `${line}, ${event.reason}`;
        default:
            return event;
    }
}
