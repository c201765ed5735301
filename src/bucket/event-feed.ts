/**
 * The events of each turn, for the one observer of a bucket. Without an observer a turn pays one
 * comparison.
 */
import type { Turn } from "../core/turn.ts";
import type { WatchEvent } from "../protocol/watch-feed.ts";
import type { Caller } from "./caller.ts";
import type { BucketObserver } from "./platform.ts";

/** The events of one bucket. Requests are identified by consecutive numbers. */
export class EventFeed {
  #observer: BucketObserver | undefined = undefined;
  #lastId = 0;

  /** Sends events to `observer` from now on, in place of the previous one; numbering continues after `lastId`. */
  observe(observer: BucketObserver | undefined, lastId: number): void {
    this.#observer = observer;
    this.#lastId = Math.max(this.#lastId, lastId);
  }

  /** A turn is over; `undefined` if there was no limiter to make one. */
  turned(turn: Turn<Caller> | undefined, nowMs: number): void {
    this.#observer?.turned(turn ? this.#eventsOf(turn, nowMs) : []);
  }

  #eventsOf({ settled, waiter, cancelled }: Turn<Caller>, nowMs: number): WatchEvent[] {
    const events: WatchEvent[] = [];
    if (cancelled) {
      const { caller, queuedAtMs } = cancelled;
      const asked = askedOf(caller);
      const waitedMs = Math.max(0, Math.round(nowMs - queuedAtMs));
      events.push({ kind: "cancelled", id: this.#idOf(caller), atMs: nowMs, ...asked, waitedMs });
    }
    for (const { caller, outcome } of settled) {
      const id = this.#idOf(caller);
      const asked = askedOf(caller);
      if (outcome.ok) {
        const { grantedAtMs: atMs, waitedMs } = outcome;
        events.push({ kind: "granted", id, atMs, ...asked, waitedMs });
      } else {
        events.push({ kind: "refused", id, atMs: nowMs, ...asked, reason: outcome.reason });
      }
    }
    if (waiter) {
      const { caller } = waiter;
      events.push({ kind: "queued", id: this.#idOf(caller), atMs: nowMs, ...askedOf(caller) });
    }
    return events;
  }

  #idOf(caller: Caller): number {
    caller.watchId ??= this.#lastId += 1;
    return caller.watchId;
  }
}

function askedOf({ call: { tokens, limits } }: Caller): Pick<WatchEvent, "tokens" | "limits"> {
  return limits ? { tokens, limits } : { tokens };
}
