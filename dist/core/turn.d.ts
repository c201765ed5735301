/** What a limiter is asked and what one turn of it did. The effects of a turn are values. */
import type { GrantRow } from "./holds/grant-row.ts";
import type { Lease } from "./lease/lease.ts";
import type { LimiterState } from "./limiter-state.ts";
import type { Cost } from "./limits/cost.ts";
import type { Outcome } from "./outcome.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
/** What a caller asks: by default 1 token, within the policy's `maxWaitMs`. */
export interface AcquireRequest<Caller> {
    /** Returned in the settlement. */
    readonly caller: Caller;
    readonly tokens?: Cost;
    readonly timeoutMs?: number;
    /** Reserves the tokens for so long, in milliseconds. Default: they are spent. */
    readonly holdMs?: number | undefined;
    /**
     * For a caller that lost its place with its object: when it first joined, epoch milliseconds. It comes back
     * as in `Limiter.comeBack`. It was let in before, as far as anybody can still tell, so `queueLimit` and
     * `maxWaitMs` don't apply to it.
     */
    readonly firstArrivalMs?: number | undefined;
}
/** One caller's outcome. */
export interface Settlement<Caller> {
    readonly caller: Caller;
    readonly outcome: Outcome;
}
/** Where a waiter stands. */
export interface Place<Caller> {
    readonly waiter: Waiter<Caller>;
    /** 1 is the head: next to be granted. */
    readonly position: number;
    /**
     * When it will be granted as things stand, epoch milliseconds; earlier if leases are returned.
     */
    readonly grantAtMs: number;
    /** Present if `grantAtMs` is an estimate, because permits come back when their holders are done. */
    readonly estimate?: true;
}
/**
 * What a turn did. Its owner carries it out in this order: arms a timer for `wakeAtMs`, makes `write`
 * durable, and then tells the callers. In a batch (`Limiter.beginBatch`) only `waiter`, `cancelled` and `lease` are there;
 * the turn that ends the batch has the rest.
 */
export interface Turn<Caller> {
    /** Everybody settled by it, in the order in which to answer them. */
    readonly settled: readonly Settlement<Caller>[];
    /** After `acquire` and `comeBack`: the caller's place, if it has to wait. */
    readonly waiter: Waiter<Caller> | undefined;
    /** After `cancel`: the waiter that left the queue; `undefined` if it had already left. */
    readonly cancelled: Waiter<Caller> | undefined;
    /** After `lend`: the lease, if one was given. */
    readonly lease: Lease | undefined;
    /**
     * When the head of the queue can be granted, epoch milliseconds; `undefined` while nobody waits. The
     * owner calls `advance` then. Late is safe; early changes nothing.
     */
    readonly wakeAtMs: number | undefined;
    /**
     * What must be durable before anybody hears of this turn; `undefined` if what is durable suffices. It
     * may count tokens as granted that haven't been yet (see write-ahead.ts). An owner that can't write it
     * must discard the limiter.
     */
    readonly write: LimiterState | undefined;
    /** Open grants that must be durable together with `write`, which is there then; `undefined` if there are none. */
    readonly rows: readonly GrantRow[] | undefined;
    /**
     * How long from now to call `advance` even if nothing happens, so that what a write-ahead batch has left
     * goes back; in milliseconds, `undefined` if nothing is left. Late is safe. So is never, but then a crash
     * may lose tokens.
     */
    readonly flushInMs: number | undefined;
}
/** What a turn about an open grant did, and the answer to its holder once the turn is durable. */
export interface HolderTurn<Caller, Answer> {
    readonly turn: Turn<Caller>;
    readonly answer: Answer;
}
