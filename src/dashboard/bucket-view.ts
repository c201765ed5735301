/**
 * What the page knows about a bucket: a pure fold over the messages of its feed.
 *
 * The feed identifies a request by a number that is unique only within one instance of the object,
 * and one connection; so a caller's key includes the connection, and the page numbers callers itself. What
 * happened while the page was disconnected is known only in sums: callers that were waiting then are dropped, not
 * guessed.
 */
import type { BucketSnapshot } from "../protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../protocol/watch-feed.ts";
import type { KnownAsk } from "../client/watch/forecast.ts";

import { mayGain, nextTickAfter, REPORT_DELAY_MS, tokensAt } from "../client/watch/forecast.ts";
import { FIRST_LIMIT } from "../core/limits/limit-name.ts";

/**
 * Number of callers kept: more than anyone reads, yet bounded for a page that is open for weeks.
 */
const MAX_CALLERS = 200;
/** Number of lost connections kept. */
const MAX_GAPS = 10;
/** Number of levels kept, and how far back they reach, in milliseconds. */
const MAX_LEVELS = 2_000;
export const LEVEL_SPAN_MS = 60_000;
/** Milliseconds. No message is in transit for this long: if one seems to be, a clock was set. */
const CLOCK_SET_MS = 10_000;

/** State of a caller. */
type CallerState = "waiting" | "granted" | "refused" | "cancelled";

/** A request, as the feed reports it. */
export interface Caller extends KnownAsk {
  /** Unique among the callers of this page. */
  readonly key: string;
  /** Counts the callers of this page. */
  readonly number: number;
  readonly state: CallerState;
  /** When it came; if it came back to its place meanwhile, that is known only when it is settled. */
  readonly askedAtMs: number;
  /**
   * Present, and true, if it may have come long before: it was refused, and whether it waited then, before the page
   * was opened, isn't known.
   */
  readonly isWaitUnknown?: true;
  /** Missing while it waits. */
  readonly settledAtMs?: number;
  /** Why it was refused. */
  readonly reason?: string;
  /** What it calls itself. */
  readonly label?: string;
}

/** A time without a connection: how many callers were settled meanwhile, by the bucket's own counts. */
export interface FeedGap {
  readonly fromAtMs: number;
  readonly toAtMs: number;
  readonly granted: number;
  readonly refused: number;
  readonly cancelled: number;
}

/** Tokens of the first limit, and waiters, from `atMs` on. */
export interface Level {
  readonly atMs: number;
  readonly tokens: number;
  readonly waiters: number;
}

/** Everything the page draws of a bucket. */
export interface BucketView {
  readonly snapshot: BucketSnapshot;
  /** Time of the snapshot on the object's clock. */
  readonly atMs: number;
  /** Add this to the page's clock to get the object's. */
  readonly clockOffsetMs: number;
  /** In the order in which the feed reported them; for waiters, that is the queue's order. */
  readonly callers: readonly Caller[];
  /** Keys of settled callers, latest last. */
  readonly settled: readonly string[];
  /** Connections lost, latest last. */
  readonly gaps: readonly FeedGap[];
  readonly levels: readonly Level[];
  /** Number of events that the feed omitted. */
  readonly omitted: number;
  /** Number of callers so far. */
  readonly count: number;
  /** Number of reconnections. */
  readonly connection: number;
}

/**
 * The view after one more message; `view` is `undefined` before the first.
 *
 * @param receivedAtMs On the page's clock.
 */
export function foldMessage(
  view: BucketView | undefined,
  message: WatchMessage,
  receivedAtMs: number,
): BucketView {
  const isFirst = message.isFirst === true;
  const offsetMs = message.atMs - receivedAtMs;
  const isNewConnection = view !== undefined && isFirst;
  const connection = (view?.connection ?? 0) + (isNewConnection ? 1 : 0);
  const known = view?.callers ?? [];
  const kept = isNewConnection ? known.filter(({ state }) => state !== "waiting") : known;
  const { callers, settled, count } = foldEvents(
    {
      callers: kept,
      settled: view?.settled ?? [],
      count: view?.count ?? 0,
    },
    message.events,
    connection,
    // Before the first message of a connection, nothing is known.
    hasUnseenWaiters(view, kept),
  );
  return {
    snapshot: message.snapshot,
    atMs: message.atMs,
    clockOffsetMs: view && !isFirst ? foldOffset(view.clockOffsetMs, offsetMs) : offsetMs,
    callers,
    settled,
    count,
    gaps:
      view && isFirst
        ? [...view.gaps, gapBetween(view, message)].slice(-MAX_GAPS)
        : (view?.gaps ?? []),
    levels: foldLevel(isFirst ? undefined : view, message),
    omitted: (view?.omitted ?? 0) + (message.omitted ?? 0),
    connection,
  };
}

/** The message with the shortest transit time gives the best estimate. */
function foldOffset(knownMs: number, offsetMs: number): number {
  return offsetMs < knownMs - CLOCK_SET_MS ? offsetMs : Math.max(knownMs, offsetMs);
}

/** The levels up to `nowMs`, including those of ticks since the last message that nobody waits for. */
export function levelsUntil(view: BucketView, nowMs: number): readonly Level[] {
  const { snapshot, levels } = view;
  const { waiters } = snapshot;
  const last = levels.at(-1);
  if (!last || !mayGain(snapshot, FIRST_LIMIT)) return levels;
  const more: Level[] = [];
  const delayMs = waiters > 0 ? REPORT_DELAY_MS : 0;
  let { tokens } = last;
  let tickAtMs = nextTickAfter(snapshot, Math.max(last.atMs, nowMs - LEVEL_SPAN_MS));
  while (tickAtMs + delayMs <= nowMs && more.length < MAX_LEVELS) {
    const filled = tokensAt(snapshot, tickAtMs + delayMs);
    if (filled === tokens) break;
    tokens = filled;
    more.push({ atMs: tickAtMs, tokens, waiters });
    tickAtMs = nextTickAfter(snapshot, tickAtMs);
  }
  return [...levels, ...more];
}

/** The waiting callers, in queue order. */
export function waitingCallers({ callers }: BucketView): readonly Caller[] {
  return callers.filter(({ state }) => state === "waiting");
}

/** Whether callers wait that the page hasn't seen come. */
function hasUnseenWaiters(view: BucketView | undefined, callers: readonly Caller[]): boolean {
  const seen = callers.filter(({ state }) => state === "waiting").length;
  return view !== undefined && view.snapshot.waiters > seen;
}

interface Book {
  readonly callers: readonly Caller[];
  readonly settled: readonly string[];
  readonly count: number;
}

function foldEvents(
  book: Book,
  events: readonly WatchEvent[],
  connection: number,
  hasUnseen: boolean,
): Book {
  const callers = new Map(book.callers.map((caller) => [caller.key, caller]));
  const settled = [...book.settled];
  let { count } = book;
  for (const event of events) {
    const key = `${connection}.${event.id}`;
    const known = callers.get(key);
    if (!known) count += 1;
    const name = { key, number: known?.number ?? count };
    const folded = foldEvent(known, event, name);
    const isWaitUnknown = hasUnseen && !known && folded.state === "refused";
    const caller: Caller = isWaitUnknown ? { ...folded, isWaitUnknown } : folded;
    callers.set(key, caller);
    if (caller.state !== "waiting") settled.push(key);
  }
  const kept = [...callers.values()].slice(-MAX_CALLERS);
  const keys = new Set(kept.map(({ key }) => key));
  return { callers: kept, settled: settled.filter((key) => keys.has(key)), count };
}

function foldEvent(
  known: Caller | undefined,
  event: WatchEvent,
  name: Pick<Caller, "key" | "number">,
): Caller {
  const { tokens, limits, label, atMs } = event;
  const ask = { ...name, tokens, ...(limits && { limits }), ...(label !== undefined && { label }) };
  switch (event.kind) {
    case "queued":
      return { ...ask, state: "waiting", askedAtMs: atMs };
    case "granted":
    case "cancelled": {
      // One that came back is queued again, but has waited since it came first.
      const askedAtMs = Math.min(known?.askedAtMs ?? atMs, atMs - event.waitedMs);
      return { ...ask, state: event.kind, askedAtMs, settledAtMs: atMs };
    }
    case "refused": {
      const askedAtMs = known?.askedAtMs ?? atMs;
      const { reason } = event;
      return { ...ask, state: "refused", askedAtMs, settledAtMs: atMs, reason };
    }
    default:
      return event satisfies never;
  }
}

/** What happened between the last message of a connection and the first of the next. */
function gapBetween(view: BucketView, { atMs, snapshot }: WatchMessage): FeedGap {
  // A bucket that was reset meanwhile counts from 0 again.
  const since = (name: "granted" | "refused" | "cancelled"): number => {
    return Math.max(0, snapshot[name] - view.snapshot[name]);
  };
  return {
    fromAtMs: view.atMs,
    toAtMs: atMs,
    granted: since("granted"),
    refused: since("refused"),
    cancelled: since("cancelled"),
  };
}

/** @param view `undefined` if what happened before this message is unknown. */
function foldLevel(view: BucketView | undefined, message: WatchMessage): readonly Level[] {
  const { atMs, snapshot } = message;
  const before = view ? levelsUntil(view, atMs) : [];
  const level = { atMs, tokens: snapshot.tokens, waiters: snapshot.waiters };
  return [...before, level]
    .filter((each) => each.atMs > atMs - LEVEL_SPAN_MS || each === level)
    .slice(-MAX_LEVELS);
}
