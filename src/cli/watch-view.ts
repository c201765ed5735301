/**
 * What `sluice watch` shows, as lines of text: a function of what the feed has said, the time and the
 * width, and of nothing else.
 */
import type { BucketSnapshot, WatchEvent, WatchMessage } from "../protocol.ts";

import { hasStarted, nextTickAfter, tokensAt } from "../client/forecast.ts";
import { formatDuration } from "./duration.ts";

/** Events that are kept to be shown. */
const MOST_EVENTS = 200;
/** Columns of the bars. */
const BAR_COLUMNS = 40;
/** Widest line. */
const MOST_COLUMNS = 100;

/** What the feed has said so far. */
export class WatchView {
  #snapshot: BucketSnapshot | undefined = undefined;
  /** Latest first. */
  #events: readonly WatchEvent[] = [];

  /** Takes in a message of the feed. */
  add({ snapshot, events }: WatchMessage): void {
    this.#snapshot = snapshot;
    this.#events = [...events.toReversed(), ...this.#events].slice(0, MOST_EVENTS);
  }

  /**
   * The lines at an instant of the bucket's clock, at most `rows` of at most `columns` characters. Between
   * messages nothing happens but ticks: what they bring is added here.
   */
  lines(nowMs: number, columns: number, rows: number): string[] {
    const width = Math.min(columns, MOST_COLUMNS);
    const head = this.#snapshot ? headLines(this.#snapshot, nowMs) : ["connecting …"];
    const events = this.#events.map(eventLine);
    return [...head, "", ...events].slice(0, rows).map((line) => line.slice(0, width));
  }
}

function headLines(snapshot: BucketSnapshot, nowMs: number): string[] {
  const { bucket, policy, waiters, queuedTokens, granted, refused, cancelled } = snapshot;
  const { capacity, refillTokens, refillIntervalMs } = policy;
  // Between messages nothing happens but ticks.
  const tokens = tokensAt(snapshot, nowMs);
  const tick = tokens < capacity ? nextTick(snapshot, nowMs) : "full";
  const leased = snapshot.leasedTokens === undefined ? "" : `, ${snapshot.leasedTokens} on lease`;
  return [
    `${bucket}   policy "${policy.name}": ${capacity} at most, ${refillTokens} each ${formatDuration(refillIntervalMs)}`,
    "",
    `tokens  ${bar(tokens / capacity)} ${tokens} of ${capacity}${leased}   ${tick}`,
    `queue   ${bar(waiters / Math.max(1, policy.queueLimit))} ${waiters} waiting for ${queuedTokens} tokens`,
    `so far  granted ${granted}   refused ${refused}   cancelled ${cancelled}`,
  ];
}

function nextTick(snapshot: BucketSnapshot, nowMs: number): string {
  if (!hasStarted(snapshot)) return "starts with its first caller";
  const { pausedUntilMs = 0 } = snapshot;
  const paused = pausedUntilMs > nowMs ? "paused, " : "";
  return `${paused}next tick in ${formatDuration(nextTickAfter(snapshot, nowMs) - nowMs)}`;
}

function bar(share: number): string {
  const filled = Math.min(BAR_COLUMNS, Math.ceil(share * BAR_COLUMNS));
  return "█".repeat(filled) + "░".repeat(BAR_COLUMNS - filled);
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
      return `${line}, gone after ${formatDuration(event.waitedMs)}`;
    case "refused":
      return `${line}, ${event.reason}`;
    default:
      return event satisfies never;
  }
}
