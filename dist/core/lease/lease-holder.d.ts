/**
 * The isolate's side of leases: grants from tokens that it was lent, and decides when to ask for more
 * and for how many.
 *
 * **How many** follows the isolate's own demand, kept as a decaying sum: each token asked for adds one,
 * and the sum falls to `1/e` in `ttlMs`. At a steady rate it equals what is asked for in one `ttlMs`.
 * That is what the holder wants to hold, and it asks again when half of it is left: two to four calls
 * per `ttlMs`, well before either tokens or time run out. In a rush, the sum doubles with every call.
 * It never exceeds `maxTokens`, so it decays as soon as the rush is over. If the bucket lends less than
 * was wanted, the holder waits until half of what it got is left, because asking again at once would
 * bring no more. When requests stop, the lease runs out and the rest is returned; without a request
 * since the last ask, nothing more is asked for, however slowly the sum decays. Below `MIN_DEMAND` a
 * lease saves nothing, so none is asked for.
 *
 * **Order within the isolate.** A request that the leases can't serve goes to the bucket and takes what
 * is left of them along. So they count for it, and no later request is served before it from a lease
 * that was there when it came.
 *
 * **Overload.** When a bucket turns requests away because there are too many, asks are turned away with
 * the rest, and it would never get better. So for a while the isolate sends it no requests and goes on
 * asking for a lease. In simulation (docs/choosing.md), a start with ten times the load that the object
 * can take is over in a few seconds this way, and isn't over in a minute without it.
 *
 * **Refused.** While callers wait, or few tokens are left, the bucket lends nothing. The holder then
 * stays quiet for a while, and every request goes to the bucket and takes its place in the queue.
 */
import type { Lease, LeaseAsk, LeaseReport } from "./lease.ts";
import type { LeaseTerms } from "../policy-tables.ts";
/**
 * The leases that one isolate holds of one bucket. Time is passed in as epoch milliseconds of one
 * clock.
 *
 * @example
 * const holder = new LeaseHolder({ maxTokens: 100, ttlMs: 1_000 });
 * holder.tryTake(5, 0); // false: nothing is held, the request goes to the bucket
 * holder.nextAsk(0); // { uses: [], granted: 0, wanted: 5 }: send it to the bucket
 * holder.lent({ tokens: 5, startedAtMs: 0, untilMs: 4_000, ttlMs: 1_000 }, 10);
 * holder.tryTake(1, 20); // true
 */
export declare class LeaseHolder {
    #private;
    constructor(terms: LeaseTerms);
    /** Tokens that can be granted here at `nowMs`. */
    tokensAt(nowMs: number): number;
    /**
     * When to call `nextAsk` even without a request, to return what is left; `undefined` if nothing is
     * held. Late is safe: the rest counts as spent then. If a timer finds the clock before this instant,
     * the clock has jumped back; pass this instant as the time.
     */
    get expiresAtMs(): number | undefined;
    /**
     * Takes a request's `tokens` and returns `true`, or takes nothing and returns `false`. In that case
     * the request must go to the bucket, along with what `returnAll` returns.
     */
    tryTake(tokens: number, nowMs: number): boolean;
    /**
     * Returns everything held, for the request that it doesn't cover to take along; `undefined` if
     * nothing is held. That request alone is no reason to ask for more, which might be lent before the
     * request arrives.
     */
    returnAll(): LeaseReport | undefined;
    /**
     * What to ask the bucket or report to it now; `undefined` if there is nothing to say, or an earlier
     * ask is pending. Send it, and call `lent` or `failed` with the result.
     */
    nextAsk(nowMs: number): LeaseAsk | undefined;
    /** The bucket has answered the last ask, with or without a lease. */
    lent(lease: Lease | undefined, nowMs: number): void;
    /** The last ask has failed. What it reported is lost, and counts as spent when its lease ends. */
    failed(nowMs: number): void;
    /** The bucket has turned a request or an ask away because it is overloaded. */
    overloaded(nowMs: number): void;
    /** How long not to send requests to the bucket, in milliseconds; 0 if they may go. */
    backOffMs(nowMs: number): number;
}
