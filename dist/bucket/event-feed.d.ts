/**
 * The events of each turn, for the one observer of a bucket. Without an observer a turn pays one
 * comparison.
 */
import type { Turn } from "../core/turn.ts";
import type { Caller } from "./caller.ts";
import type { BucketObserver } from "./platform.ts";
/** The events of one bucket. Requests are identified by consecutive numbers. */
export declare class EventFeed {
    #private;
    /** Sends events to `observer` from now on, in place of the previous one; numbering continues after `lastId`. */
    observe(observer: BucketObserver | undefined, lastId: number): void;
    /** A turn is over; `undefined` if there was no limiter to make one. */
    turned(turn: Turn<Caller> | undefined, nowMs: number): void;
    /** A turn of a batch is over, whose effects come with the next `turned`. */
    turnedInBatch(turn: Turn<Caller>, nowMs: number): void;
}
