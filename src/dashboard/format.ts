/** Formats numbers, times and durations for the page. */

const MS_PER = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 } as const;

const numbers = new Intl.NumberFormat("en");
const briefNumbers = new Intl.NumberFormat("en", { notation: "compact" });
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

/** A count for tight spaces: `500`, `12K`, `1.5M`. */
export function showBriefCount(count: number): string {
  return briefNumbers.format(count);
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

/**
 * An instant to come as local time of day, to the second, with its date if that isn't the one of `nowMs`:
 * `12:31:50`, `Tue 1 Dec, 00:00:00`.
 */
export function showComing(atMs: number, nowMs: number): string {
  const time = clock.format(atMs).slice(0, -4);
  const isToday = new Date(atMs).toDateString() === new Date(nowMs).toDateString();
  return isToday ? time : `${dateWords(atMs)}, ${time}`;
}

function dateWords(atMs: number): string {
  const parts = dates.formatToParts(atMs).filter(({ type }) => type !== "literal");
  return parts.map(({ value }) => value).join(" ");
}

/** A wait, to the millisecond: `1.003 s`. */
export function showSeconds(ms: number): string {
  return `${(ms / MS_PER.second).toFixed(3)} s`;
}

/** A duration in the largest unit that divides it: `1 s`, `90 s`, `250 ms`, `1 day`. */
export function showDuration(ms: number): string {
  if (ms === 0) return "0 s";
  if (ms % MS_PER.day === 0) return countOf(ms / MS_PER.day, "day");
  if (ms % MS_PER.hour === 0) return countOf(ms / MS_PER.hour, "hour");
  if (ms % MS_PER.minute === 0) return `${showCount(ms / MS_PER.minute)} min`;
  if (ms % MS_PER.second === 0) return `${showCount(ms / MS_PER.second)} s`;
  return `${showCount(ms)} ms`;
}

/** A short duration for an axis: `0`, `2.5 s`, `3 min`. */
export function showOffset(ms: number): string {
  return showDuration(ms < MS_PER.second ? Math.round(ms) : Math.round(ms / 100) * 100).replace(
    /^([\d,]+) ms$/,
    (text, digits: string) => {
      const whole = Number(digits.replaceAll(",", ""));
      return whole < MS_PER.second ? text : `${whole / MS_PER.second} s`;
    },
  );
}

/** An interval, to follow "every": `second`, `minute`, `250 ms`, `5 s`. */
export function showInterval(ms: number): string {
  const unit = Object.entries(MS_PER).find(([, unitMs]) => unitMs === ms);
  return unit ? unit[0] : showDuration(ms);
}

function countOf(count: number, unit: string): string {
  return `${showCount(count)} ${unit}${count === 1 ? "" : "s"}`;
}
