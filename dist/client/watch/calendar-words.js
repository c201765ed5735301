/** When a calendar limit is full again: `every day at 00:00 Europe/Berlin`, `every Monday at 09:00 UTC`. */
export function calendarWords({ every, on, at, timeZone }) {
    const time = every === "hour" ? at.slice(2) : at;
    const weekday = String(on).charAt(0).toUpperCase() + String(on).slice(1);
    const period = { hour: "hour", day: "day", week: weekday, month: "month" }[every];
    const day = every === "month" ? ` on day ${on}` : "";
    return `every ${period}${day} at ${time} ${timeZone}`;
}
/**
 * An instant in the calendar's own time zone, to the minute: `Mon 30 Nov, 00:00 Europe/Berlin`. In UTC if
 * this runtime lacks the zone.
 */
export function boundaryWords(atMs, { timeZone }) {
    try {
        return `${formatIn(timeZone, atMs)} ${timeZone}`;
    }
    catch {
        return `${formatIn("UTC", atMs)} UTC`;
    }
}
function formatIn(timeZone, atMs) {
    const format = new Intl.DateTimeFormat("en-GB", {
        timeZone,
        weekday: "short",
        day: "numeric",
        month: "short",
        hour: "2-digit",
        minute: "2-digit",
    });
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const { weekday, day, month, hour, minute } = Object.fromEntries(parts);
    return `${weekday} ${day} ${month}, ${hour}:${minute}`;
}
