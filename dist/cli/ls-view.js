import { formatDuration } from "./duration.js";
/** Between the columns of the table. */
const GAP = "  ";
/** A bucket's name and the pattern of its policy are shortened to no less than this. */
const MIN_NAME_COLUMNS = 12;
/** A bucket that is busy reports every 10 s; of an older report its age is shown. */
const FRESH_MS = 20_000;
/** From here on a rate is shown without its tenths. */
const WHOLE_RATE = 100;
const HEADINGS = [
    "BUCKET",
    "POLICY",
    "TOKENS",
    "WAITING",
    "GRANTED/S",
    "REFUSED/S",
    "HEAD WAIT",
    // Left out if there is no room.
    "P95 WAIT",
];
/** Where nobody waits, or nobody was granted. */
const NOTHING = "–";
/** The first columns are text, at the left; the others numbers, at the right. */
const TEXT_COLUMNS = 2;
/**
 * The lines of the table: the headings, a line for each bucket, and how many more there are. There are at most
 * `rows` of them. None is longer than `columns`: names are shortened first, then the end of a line is cut.
 */
export function tableOf(list, nowMs, columns, rows = Infinity) {
    const { buckets, omitted } = cutTo(list, rows);
    const table = fitting([HEADINGS, ...buckets.map(cellsOf)], columns);
    const notes = ["", ...buckets.map((bucket) => notesOf(bucket, nowMs))];
    const widths = widthsFor(table, columns);
    const lines = table.map((row, index) => {
        const cells = row.map((cell, column) => {
            const width = widths[column] ?? 0;
            return column < TEXT_COLUMNS ? shorten(cell, width).padEnd(width) : cell.padStart(width);
        });
        return [...cells, notes[index]].join(GAP);
    });
    if (omitted > 0)
        lines.push(`${omitted} more: ask with --limit, or --prefix`);
    return lines.map((line) => line.slice(0, columns).trimEnd());
}
/** What fits into so many rows, with the headings and the line that says how many more there are. */
function cutTo({ buckets, omitted }, rows) {
    const needed = buckets.length + (omitted > 0 ? 2 : 1);
    if (needed <= rows)
        return { buckets, omitted };
    const shown = buckets.slice(0, Math.max(0, rows - 2));
    return { buckets: shown, omitted: omitted + buckets.length - shown.length };
}
function cellsOf(bucket) {
    const { tokens, capacity, waiters, grantedPerS, refusedPerS } = bucket;
    return [
        bucket.bucket,
        bucket.policyName,
        `${tokens} of ${capacity}`,
        String(waiters),
        rateText(grantedPerS),
        rateText(refusedPerS),
        waiters === 0 ? NOTHING : waitText(bucket.oldestWaitMs),
        grantedPerS === 0 ? NOTHING : waitText(bucket.waitP95Ms),
    ];
}
/** Of a wait that an older version doesn't report, too. */
function waitText(durationMs) {
    if (durationMs === undefined)
        return NOTHING;
    return durationMs === 0 ? "0 s" : formatDuration(durationMs);
}
/** The table, without its last column if that doesn't fit. */
function fitting(rows, columns) {
    const width = widthsFor(rows, columns).reduce((sum, one) => sum + one + GAP.length, -GAP.length);
    return rows.map((row) => (width <= columns ? [...row] : row.slice(0, -1)));
}
/** What most buckets don't have. */
function notesOf({ isOverridden, pausedUntilMs = 0, atMs }, nowMs) {
    const ageMs = nowMs - atMs;
    return [
        ...(isOverridden ? ["overridden"] : []),
        ...(pausedUntilMs > nowMs ? [`paused for ${formatDuration(pausedUntilMs - nowMs)}`] : []),
        ...(ageMs > FRESH_MS ? [`last seen ${formatDuration(ageMs)} ago`] : []),
    ].join(", ");
}
function rateText(perS) {
    if (perS === 0)
        return "0";
    return perS.toFixed(perS < WHOLE_RATE ? 1 : 0);
}
/** As wide as the widest cell; if that is too much, the texts give way, the policy first. */
function widthsFor(rows, columns) {
    const widths = (rows[0] ?? []).map((_, column) => {
        return Math.max(...rows.map((row) => row[column]?.length ?? 0));
    });
    let excess = widths.reduce((sum, width) => sum + width + GAP.length, 0) - columns;
    for (const column of [1, 0]) {
        const width = widths[column] ?? 0;
        const cut = Math.max(0, Math.min(excess, width - MIN_NAME_COLUMNS));
        widths[column] = width - cut;
        excess -= cut;
    }
    return widths;
}
function shorten(text, width) {
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
