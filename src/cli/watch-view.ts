/**
 * The lines that `sluice watch` shows: a pure function of the feed's messages, the time and the
 * width.
 */
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../protocol/watch-feed.ts";

import { hasStarted, nextTickAfter, tokensAt } from "../client/watch/forecast.ts";
import { formatDuration } from "./duration.ts";

/** Events that are kept. */
const MAX_EVENTS = 200;
/** Columns of the widest bars. */
const BAR_COLUMNS = 40;
/**
 * Columns of the text beside a bar. It matters more, so on a narrow terminal the bar is shortened.
 */
const BESIDE_BAR_COLUMNS = 42;
/** Widest line. */
const MAX_COLUMNS = 100;

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
  const barColumns = Math.max(0, Math.min(BAR_COLUMNS, width - BESIDE_BAR_COLUMNS));
  const { bucket, policy, waiters, queuedTokens, granted, refused, cancelled } = snapshot;
  const { capacity, refillTokens, refillIntervalMs = 0 } = policy;
  // Between messages nothing happens but ticks.
  const tokens = tokensAt(snapshot, nowMs);
  const tick = tokens < capacity ? nextTick(snapshot, nowMs) : "full";
  const leased = snapshot.leasedTokens === undefined ? "" : `, ${snapshot.leasedTokens} on lease`;
  return [
    `${bucket}   policy "${policy.name}": capacity ${capacity}, ${refillTokens} every ${formatDuration(refillIntervalMs)}`,
    "",
    `tokens  ${bar(tokens / capacity, barColumns)} ${tokens} of ${capacity}${leased}   ${tick}`,
    `queue   ${bar(waiters / Math.max(1, policy.queueLimit), barColumns)} ${waiters} waiting for ${queuedTokens} tokens`,
    `so far  granted ${granted}   refused ${refused}   cancelled ${cancelled}`,
  ];
}

function nextTick(snapshot: BucketSnapshot, nowMs: number): string {
  if (!hasStarted(snapshot)) return "starts on first use";
  const { pausedUntilMs = 0 } = snapshot;
  const tick = pausedUntilMs > nowMs ? "paused, tick" : "next tick";
  return `${tick} in ${formatDuration(nextTickAfter(snapshot, nowMs) - nowMs)}`;
}

function bar(share: number, columns: number): string {
  const filled = Math.min(columns, Math.ceil(share * columns));
  return "█".repeat(filled) + "░".repeat(columns - filled);
}

function eventLine(event: WatchEvent): string {
  const time = new Date(event.atMs).toISOString().slice(11, 23);
  const tokens = event.tokens === 1 ? "1 token" : `${event.tokens} tokens`;
  const line = `${time}  ${event.kind.padEnd(9)}  #${event.id}  ${tokens}`;
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
