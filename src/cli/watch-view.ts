/**
 * The lines that `sluice watch` shows: a pure function of the feed's messages, the time and the
 * width.
 */
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../protocol/watch-feed.ts";

import { tokensText } from "../protocol/text.ts";
import { calendarWords } from "../client/watch/calendar-words.ts";
import { hasStarted, limitsAt, policyLimits, type LimitNow } from "../client/watch/forecast.ts";
import { formatDuration } from "./duration.ts";

/** Events that are kept. */
const MAX_EVENTS = 200;
/** Columns of the widest bars, and of those of several limits, which have more beside them. */
const BAR_COLUMNS = { one: 40, several: 20 };
/**
 * Columns of the text beside a bar. It matters more, so on a narrow terminal the bar is shortened.
 */
const BESIDE_BAR_COLUMNS = 42;
/** Widest line. */
const MAX_COLUMNS = 100;

/** Behind the limit that the head of the queue waits for. */
const HEAD_MARK = "   ← the head waits";
/** What the next gain of a limit is called. */
const NEXT = { tick: "next tick", full: "full again" };

/** A bucket, as its feed has shown it so far. */
export class WatchView {
  #snapshot: BucketSnapshot | undefined = undefined;
  #lostAtMs: number | undefined = undefined;
  /** Latest first. */
  #events: readonly WatchEvent[] = [];

  /** Adds a message of the feed. */
  add({ snapshot, events }: WatchMessage): void {
    this.#snapshot = snapshot;
    this.#lostAtMs = undefined;
    this.#events = [...events.toReversed(), ...this.#events].slice(0, MAX_EVENTS);
  }

  /**
   * Records that the connection was lost at `atMs` on the bucket's clock: until the next `add`,
   * what is shown is out of date.
   */
  lose(atMs: number): void {
    this.#lostAtMs ??= atMs;
  }

  /**
   * Returns the lines at `nowMs` on the bucket's clock: at most `rows` lines of at most `columns`
   * characters. While connected, the ticks since the last message are added, because nothing else
   * happens between messages.
   */
  lines(nowMs: number, columns: number, rows: number): string[] {
    // Erasing to the end of the line would erase a character in the last column too.
    const width = Math.min(columns - 1, MAX_COLUMNS);
    const isLost = this.#lostAtMs !== undefined;
    const state = isLost ? "connection lost, reconnecting …" : "connecting …";
    const head = this.#snapshot ? headLines(this.#snapshot, this.#lostAtMs ?? nowMs, width) : [];
    const events = this.#events.map(eventLine);
    const status = isLost || !this.#snapshot ? [state, ""] : [];
    return [...status, ...head, "", ...events].slice(0, rows).map((line) => line.slice(0, width));
  }
}

function headLines(snapshot: BucketSnapshot, nowMs: number, width: number): string[] {
  const { bucket, policy, waiters, queuedTokens, granted, refused, cancelled } = snapshot;
  const names = policyLimits(policy).map(([name]) => name);
  const isSingle = names.length === 1;
  const label = Math.max(...["tokens", ...(isSingle ? [] : names)].map(({ length }) => length));
  const besideBar =
    BESIDE_BAR_COLUMNS + (isSingle ? 0 : label - "tokens".length + HEAD_MARK.length);
  const barColumns = Math.max(
    0,
    Math.min(BAR_COLUMNS[isSingle ? "one" : "several"], width - besideBar),
  );
  const rule = isSingle
    ? `capacity ${policy.capacity}, ${policy.every === undefined ? "" : "full again "}${refillWords(policy)}`
    : `${names.length} limits`;
  const ofFirst = isSingle ? "" : ` of ${names[0]}`;
  const share = waiters / Math.max(1, policy.queueLimit);
  return [
    `${bucket}   policy "${policy.name}": ${rule}`,
    "",
    ...limitsAt(snapshot, nowMs).map((limit) => {
      const line = `${(isSingle ? "tokens" : limit.name).padEnd(label)}  ${limitText(snapshot, limit, nowMs, barColumns)}`;
      return isSingle ? line : `${line}${headMark(snapshot, limit)}   ${refillWords(limit.fields)}`;
    }),
    `${"queue".padEnd(label)}  ${bar(share, barColumns)} ${waiters} waiting for ${queuedTokens} tokens${ofFirst}`,
    `${"so far".padEnd(label)}  granted ${granted}   refused ${refused}   cancelled ${cancelled}`,
  ];
}

/** Between messages nothing happens but ticks. */
function limitText(
  snapshot: BucketSnapshot,
  limit: LimitNow,
  nowMs: number,
  barColumns: number,
): string {
  const { tokens, fields } = limit;
  const { capacity } = fields;
  const leased = snapshot.leasedTokens === undefined ? "" : `, ${snapshot.leasedTokens} on lease`;
  const next = tokens < capacity ? nextGain(snapshot, limit, nowMs) : "full";
  return `${bar(tokens / capacity, barColumns)} ${tokens} of ${capacity}${leased}   ${next}`;
}

function nextGain(snapshot: BucketSnapshot, limit: LimitNow, nowMs: number): string {
  if (!hasStarted(snapshot)) return "starts on first use";
  const { fields, nextTickAtMs, pausedUntilMs } = limit;
  const gain = fields.every === undefined ? "tick" : "full";
  const what = pausedUntilMs === undefined ? NEXT[gain] : `paused, ${gain}`;
  return `${what} in ${formatDuration(nextTickAtMs - nowMs)}`;
}

function headMark({ headLimit }: BucketSnapshot, { name }: LimitNow): string {
  return headLimit === name ? HEAD_MARK : "";
}

function refillWords(fields: LimitNow["fields"]): string {
  if (fields.every !== undefined) return calendarWords(fields);
  return `${fields.refillTokens} every ${formatDuration(fields.refillIntervalMs)}`;
}

function bar(share: number, columns: number): string {
  const filled = Math.min(columns, Math.ceil(share * columns));
  return "█".repeat(filled) + "░".repeat(columns - filled);
}

function eventLine(event: WatchEvent): string {
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
      return event satisfies never;
  }
}
