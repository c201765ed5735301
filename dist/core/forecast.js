import { tokensOf, withoutPermit } from "./limits/cost.js";
import { LookAhead } from "./limits/look-ahead.js";
import { invariants } from "./invariants.js";
/** The forecast of one queue. The limits that serve it are passed in, as of now. */
export class Forecast {
    #queue;
    /** The limits just after the last waiter has been served; `undefined` if that isn't known. */
    #end = undefined;
    /** Waiters that the closed form doesn't cover. */
    #uncovered = 0;
    constructor(queue) {
        this.#queue = queue;
    }
    /** The same forecast of a copy of its queue. */
    copy(queue) {
        const copy = new Forecast(queue);
        copy.#end = this.#end?.copy();
        copy.#uncovered = this.#uncovered;
        return copy;
    }
    /** The limits once everyone who waits now has been granted. Don't change them. */
    end(limits) {
        if (this.#queue.size === 0)
            return new LookAhead(limits);
        return (this.#end ??= this.#compute(limits));
    }
    /** A waiter has joined, anywhere. The end isn't known any more, unless `joinedEnd` follows. */
    joined(limits, { tokens }) {
        if (!isCovered(limits, tokens))
            this.#uncovered += 1;
        this.#end = undefined;
    }
    /** Something is owed behind the last waiter. */
    owes(owed) {
        this.#end?.takeOwed(owed);
    }
    /** The one that has just joined stands at the end, and is granted at `grantAtMs` by what `end` said. */
    joinedEnd(end, { tokens }, grantAtMs) {
        end.serveAt(grantAtMs, tokens);
        this.#end = end;
    }
    /** A waiter has left the queue. If it wasn't granted, the end isn't known any more: see `forget`. */
    gone(limits, { tokens }) {
        if (this.#uncovered > 0 && !isCovered(limits, tokens))
            this.#uncovered -= 1;
        invariants?.uncovered(this.#uncovered, this.#queue.size);
    }
    /** Nobody waits any more. */
    clear() {
        this.#uncovered = 0;
        this.#end = undefined;
    }
    /** Something has happened that the forecast doesn't know. */
    forget() {
        this.#end = undefined;
    }
    /**
     * Computes everything anew, and returns who can't be granted by its deadline any more, or ever, in
     * order. The forecast is the one without them: they have to leave the queue, without `gone`.
     *
     * @param nowMs What is there now may still be granted now, whatever a deadline says.
     */
    retime(limits, nowMs) {
        const end = new LookAhead(limits);
        const leaving = [];
        this.#uncovered = 0;
        for (const waiter of this.#queue) {
            const { tokens, deadlineAtMs, owed } = waiter;
            const grantAtMs = limits.fits(tokens) ? end.availableAt(tokens) : Infinity;
            const earliestAtMs = limits.isEstimate && grantAtMs < Infinity ? aloneAtMs(limits, tokens) : grantAtMs;
            if (earliestAtMs <= Math.max(deadlineAtMs, nowMs)) {
                if (!limits.isEstimate)
                    invariants?.promised(waiter, grantAtMs);
                end.serveAt(grantAtMs, tokens);
                if (!isCovered(limits, tokens))
                    this.#uncovered += 1;
            }
            else {
                leaving.push(waiter);
            }
            if (owed)
                end.takeOwed(owed);
        }
        this.#end = end;
        return leaving;
    }
    /** Where the last waiter stands. Constant time unless somebody has left since the last arrival. */
    lastPlace(limits) {
        const { tail: waiter, size: position } = this.#queue;
        const estimate = limits.isEstimate ? ESTIMATE : {};
        return waiter && { waiter, position, grantAtMs: this.end(limits).servedAtMs, ...estimate };
    }
    /** Where everybody stands, from the head on, one step for each place that is read. */
    *places(limits) {
        const ahead = new LookAhead(limits);
        const estimate = limits.isEstimate ? ESTIMATE : {};
        let position = 0;
        for (const waiter of this.#queue) {
            position += 1;
            yield { waiter, position, grantAtMs: ahead.serveWaiter(waiter), ...estimate };
        }
    }
    #compute(limits) {
        const end = new LookAhead(limits);
        const isRun = this.#uncovered === 0 && limits.isWhole && this.#queue.owed === undefined;
        if (isRun)
            end.serveRun(this.#queue.tokens);
        else
            for (const waiter of this.#queue)
                end.serveWaiter(waiter);
        return end;
    }
}
/** What a place says of an estimate. */
const ESTIMATE = { estimate: true };
/** When the limits alone have what a waiter wants, without a permit no matter who else waits. */
export function aloneAtMs(limits, cost) {
    return limits.availableAt(withoutPermit(cost));
}
function isCovered({ closedForm }, tokens) {
    return closedForm?.covers(tokensOf(tokens, 0)) ?? false;
}
