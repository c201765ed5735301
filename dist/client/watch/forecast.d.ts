/**
 * Predicts a bucket between two messages of its feed. What brings tokens is known and the queue is
 * served in order, so the tokens of an idle bucket and the grants of its waiters follow from the
 * last snapshot. The arithmetic is the object's own, not an approximation of it.
 */
import type { Ask } from "../../core/ask.ts";
import type { LimitView } from "../../core/limiter-state.ts";
import type { Pause } from "../../core/pause.ts";
import type { CompleteLimitFields } from "../../core/limits/kinds.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
/** A grant is reported up to this long after its tick, in milliseconds. */
export declare const REPORT_DELAY_MS = 100;
/** What a watcher knows of what a request asks for. */
export type KnownAsk = Pick<Ask, "tokens" | "limits">;
/** A waiter, and until when it waits. */
export interface TimedAsk extends KnownAsk {
    readonly deadlineAtMs: number;
}
/** A limit as it is at an instant. */
export interface LimitNow extends LimitView {
    readonly name: string;
    /** What the policy says of it. */
    readonly fields: CompleteLimitFields;
}
/** The limits of a policy with their names. The first one is always there. */
type PolicyLimits = [first: NamedLimit, ...others: NamedLimit[]];
/** A limit of a policy: its name, and what the policy says of it. */
export type NamedLimit = readonly [name: string, fields: CompleteLimitFields];
/** The beginning of a period of the calendar limit `name`. */
export interface Boundary {
    readonly name: string;
    readonly atMs: number;
}
/** What a policy says of each limit, by name and in order. */
export declare function policyLimits(policy: NamedPolicyFields): PolicyLimits;
/**
 * All limits at `nowMs` (epoch milliseconds), the first one first, assuming no requests since the
 * snapshot. While callers wait, the limit that the head waits for has the snapshot's tokens, because
 * waiters take what comes in, and the feed reports each of them.
 */
export declare function limitsAt(snapshot: BucketSnapshot, nowMs: number): LimitNow[];
/** Tokens of the first limit at `nowMs`, epoch milliseconds: see `limitsAt`. */
export declare function tokensAt(snapshot: BucketSnapshot, nowMs: number): number;
/**
 * Whether the bucket has started to tick, which it does with the first request it could ever grant.
 * A refusal may be of a request it never could, so it is conclusive only if there were no initial
 * tokens.
 */
export declare function hasStarted(snapshot: BucketSnapshot): boolean;
/** Whether the limit `name` gets tokens that the feed doesn't report. */
export declare function mayGain(snapshot: BucketSnapshot, name: string): boolean;
/** When tokens of the first limit next come in after `nowMs`, both epoch milliseconds. */
export declare function nextTickAfter(snapshot: BucketSnapshot, nowMs: number): number;
/**
 * Milliseconds until a limit next changes without a request; `undefined` if none will: a full one
 * changes only with a request, and the feed reports every change of a queue.
 */
export declare function untilChangeMs(snapshot: BucketSnapshot, nowMs: number): number | undefined;
/**
 * When each of `asks` (in queue order) will be granted, as epoch milliseconds; if the bucket has permits, the
 * earliest possible time, because nobody knows when they come back. Waiters that the
 * snapshot counts beyond `asks` arrived before the page did, and so are ahead of them; each of those is
 * taken to ask the same of every limit.
 */
export declare function forecastGrants(snapshot: BucketSnapshot, asks: readonly KnownAsk[]): number[];
/**
 * How many of the waiters a pause from `nowMs` on would refuse, because they could not be granted by their
 * deadlines. The bucket does the same: who is refused makes room for those behind. Permits that come back are left out.
 *
 * @param waiters From the head of the queue on.
 */
export declare function lateUnderPause(snapshot: BucketSnapshot, waiters: readonly TimedAsk[], { untilMs, tokens, limits: names }: Pause, nowMs: number): number;
/** The boundaries of all calendar limits after `fromMs` and up to `toMs`, both epoch milliseconds. */
export declare function boundariesBetween(snapshot: BucketSnapshot, fromMs: number, toMs: number): Boundary[];
export {};
