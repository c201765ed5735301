/**
 * The list of busy buckets, asked for again and again for as long as the page is open and seen: buckets report every
 * ten seconds, and there are many of them, so two seconds are fresh enough.
 */
import type { BusyBuckets, BusySort } from "../protocol/busy-bucket.ts";

import { SluiceError } from "../client/sluice-error.ts";
import { errorOf, problemIn, readAnswer } from "../client/transport/answer.ts";
import { asSluiceError, type FeedState } from "./live-feed.ts";

/** From an answer to the next question, in milliseconds. */
const PERIOD_MS = 2_000;
/** Without an answer for so long, the connection counts as lost, in milliseconds. */
const ANSWER_MS = 10_000;

/** What is asked for. */
export interface BusyAsk {
  /** Only buckets whose name begins so. */
  readonly prefix: string;
  readonly sort: BusySort;
  /** How many to list. */
  readonly limit: number;
}

/** A list, and when it was made. */
export interface BusyNews extends BusyBuckets {
  /** By the clock of Sluice, in Unix milliseconds. */
  readonly atMs: number;
}

/** Callbacks of a feed. */
export interface BusyListener {
  readonly onState: (state: FeedState) => void;
  readonly onNews: (news: BusyNews) => void;
}

/**
 * Asks until it is closed, or refused for good. Returns a function that closes the feed.
 *
 * @param base URL of Sluice.
 * @param whenSeen Resolves as soon as somebody may see the page.
 */
export function openBusyFeed(
  base: string,
  token: string | undefined,
  ask: BusyAsk,
  listener: BusyListener,
  whenSeen: (signal: AbortSignal) => Promise<void>,
): () => void {
  const closed = new AbortController();
  void follow(() => listBusy(base, token, ask, closed.signal), listener, whenSeen, closed.signal);
  return () => closed.abort();
}

async function follow(
  list: () => Promise<BusyNews | undefined>,
  { onState, onNews }: BusyListener,
  whenSeen: (signal: AbortSignal) => Promise<void>,
  closed: AbortSignal,
): Promise<void> {
  while (!closed.aborted) {
    try {
      const news = await list();
      if (closed.aborted) return;
      onState({ kind: news ? "live" : "lost" });
      if (news) onNews(news);
    } catch (error) {
      if (!closed.aborted) onState({ kind: "denied", error: asSluiceError(error) });
      return;
    }
    await sleep(PERIOD_MS, closed);
    await whenSeen(closed);
  }
}

/**
 * The list; `undefined` if it can't be had now.
 *
 * @throws {SluiceError} If it can't be had at all.
 */
async function listBusy(
  base: string,
  token: string | undefined,
  { prefix, sort, limit }: BusyAsk,
  closed: AbortSignal,
): Promise<BusyNews | undefined> {
  const query = new URLSearchParams({ recent: "true", sort, limit: String(limit) });
  if (prefix !== "") query.set("prefix", prefix);
  const signal = AbortSignal.any([closed, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const response = await fetch(`${base}buckets?${query}`, {
      headers: {
        Accept: "application/json",
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      cache: "no-store",
      signal,
    });
    const answer = await readAnswer(response);
    const problem = problemIn(answer);
    if (problem) throw errorOf(problem);
    // What answers isn't checked further: it is what has served this page.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const list = answer.body as BusyBuckets;
    return { ...list, atMs: instantOf(response, list) };
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    return undefined;
  }
}

/** When an answer was made: to the second by its `Date`, and not before what is in it. */
function instantOf({ headers }: Response, { buckets }: BusyBuckets): number {
  const dateMs = Date.parse(headers.get("Date") ?? "");
  return Math.max(Number.isNaN(dateMs) ? Date.now() : dateMs, ...buckets.map(({ atMs }) => atMs));
}

/** Resolves after `ms`, or when `signal` is aborted. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
