/** Formats numbers, times and durations for the page. */

const MS_PER = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 } as const;

const numbers = new Intl.NumberFormat("en");
const rates = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const briefNumbers = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 6 });
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

const dates = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
});

/** `12,000`. */
export function showCount(count: number): string {
  return numbers.format(count);
}

/** A number for tight spaces, as exact as it is short: `500`, `0.2`, `12K`, `1.5M`. */
export function showBriefCount(count: number): string {
  return briefNumbers.format(count);
}

/** How many a second: `0`, `0.3`, `12.5`, `1,200`; `<0.1` for what is hardly any. */
export function showRate(perS: number): string {
  if (perS > 0 && perS < 0.1) return "<0.1";
  return rates.format(perS < 100 ? perS : Math.round(perS));
}

/** `1 token`, `5 tokens`. */
export function showTokens(count: number): string {
  return `${showCount(count)} ${count === 1 ? "token" : "tokens"}`;
}

/** `1 caller`, `5 callers`. */
export function showCallers(count: number): string {
  return `${showCount(count)} ${count === 1 ? "caller" : "callers"}`;
}

/** An instant as local time of day, to the millisecond. */
export function showTime(atMs: number): string {
  return clock.format(atMs);
}

/** An instant as local time of day, to the minute or to the second. */
export function showClock(atMs: number, hasSeconds: boolean): string {
  return clock.format(atMs).slice(0, hasSeconds ? 8 : 5);
}

/**
 * An instant to come as local time of day, to the second, with its date if that isn't the one of `nowMs`:
 * `12:31:50`, `Tue 1 Dec, 00:00:00`.
 */
export function showComing(atMs: number, nowMs: number): string {
  const time = showClock(atMs, true);
  const isToday = new Date(atMs).toDateString() === new Date(nowMs).toDateString();
  return isToday ? time : `${dateWords(atMs)}, ${time}`;
}

function dateWords(atMs: number): string {
  const parts = dates.formatToParts(atMs).filter(({ type }) => type !== "literal");
  return parts.map(({ value }) => value).join(" ");
}

/** A wait: below a minute to the millisecond, `1.003 s`, so that waits in a column compare; then as a duration. */
export function showWait(ms: number): string {
  const seconds = (ms / MS_PER.second).toFixed(3);
  return ms < MS_PER.minute ? `${seconds} s` : showDuration(ms);
}

/**
 * A duration, in words as short as they are exact: `250 ms`, `1.5 s`, `1 min 30 s`, `2 hours 5 min`. What can't be
 * seen in a long one is left out: milliseconds from an hour on, seconds from a day on.
 */
export function showDuration(ms: number): string {
  if (ms > 0 && ms < MS_PER.second) return `${Math.max(1, Math.round(ms))} ms`;
  // By the next larger unit, so that what rounds up to an hour or a day is that.
  const secondMs = Math.round(ms / MS_PER.second) * MS_PER.second;
  const grainMs = ms >= MS_PER.day ? MS_PER.minute : secondMs >= MS_PER.hour ? MS_PER.second : 1;
  let restMs = Math.round(ms / grainMs) * grainMs;
  const take = (unitMs: number): number => {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    return count;
  };
  const days = take(MS_PER.day);
  const hours = take(MS_PER.hour);
  const minutes = take(MS_PER.minute);
  const seconds = restMs / MS_PER.second;
  const parts = [
    days > 0 && countOf(days, "day"),
    hours > 0 && countOf(hours, "hour"),
    minutes > 0 && `${minutes} min`,
    seconds > 0 && `${seconds} s`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(" ") : "0 s";
}

/** An estimate of a duration, to two digits: `58 s`, `800 ms`. */
export function showEstimate(ms: number): string {
  return showDuration(Number(ms.toPrecision(2)));
}

/** An interval, to follow "every": `second`, `minute`, `250 ms`, `5 s`. */
export function showInterval(ms: number): string {
  const unit = Object.entries(MS_PER).find(([, unitMs]) => unitMs === ms);
  return unit ? unit[0] : showDuration(ms);
}

function countOf(count: number, unit: string): string {
  return `${showCount(count)} ${unit}${count === 1 ? "" : "s"}`;
}

/** A time that passes, in whole seconds and rounded up: it is over when the time is. */
export function showCountdown(ms: number): string {
  return showDuration(Math.max(0, Math.ceil(ms / MS_PER.second)) * MS_PER.second);
}
