import { bookReport } from "./lease/lending.js";
import { aloneAtMs, Forecast } from "./forecast.js";
import { guardedPlace } from "./queue/guarded-place.js";
import { invariants } from "./invariants.js";
import { PERMITS_LIMIT } from "./limits/permits.js";
import { EarliestFirst } from "./queue/earliest-first.js";
import { WaiterQueue } from "./queue/waiter-queue.js";
/** The waiters of one limiter. Its limits are passed in. */
export class ServedQueue {
    #queue;
    #forecast;
    #ledger;
    /** When the head can be granted; `undefined` if that has to be computed. */
    #headDueAtMs = undefined;
    /** Who has to be refused when, where that isn't known on arrival: with permits. */
    #deadlines = undefined;
    constructor(ledger, queue = new WaiterQueue(), forecast = new Forecast(queue)) {
        this.#ledger = ledger;
        this.#queue = queue;
        this.#forecast = forecast;
    }
    /** The same callers, who are settled in the books of `ledger`. */
    copy(ledger) {
        const { queue, places } = this.#queue.copy();
        const copy = new ServedQueue(ledger, queue, this.#forecast.copy(queue));
        copy.#headDueAtMs = this.#headDueAtMs;
        copy.#deadlines = this.#deadlines?.copy((one) => queue.has(one), (one) => places.get(one));
        return copy;
    }
    /** The number of waiters. */
    get size() {
        return this.#queue.size;
    }
    /** The tokens that they wait for, together. */
    get tokens() {
        return this.#queue.tokens;
    }
    /** What is owed and hasn't been taken yet; `undefined` if nothing is. */
    get owed() {
        return this.#queue.owed;
    }
    /** See `WaiterQueue.latestAtMs`. */
    get latestAtMs() {
        return this.#queue.latestAtMs;
    }
    /** When the caller at the head joined; `undefined` while nobody waits. */
    get headQueuedAtMs() {
        return this.#queue.head?.queuedAtMs;
    }
    /** The waiter, if it is still in the queue. */
    ifWaiting(waiter) {
        return waiter && this.#queue.has(waiter) ? waiter : undefined;
    }
    /**
     * When the head can be granted, or somebody has to be refused, epoch milliseconds; `undefined` while nobody
     * waits. For the end of a turn, when everybody has been granted whose tokens are there.
     */
    dueAtMs(limits) {
        const { head } = this.#queue;
        if (!head || !limits)
            return undefined;
        invariants?.headWaits(limits.has(head.tokens), head.tokens);
        return this.#nextAtMs(head, limits);
    }
    /** Brings the limits up to now and grants from the head for as long as the head fits. */
    serveDue(limits, nowMs) {
        const { head } = this.#queue;
        const dueAtMs = head ? this.#nextAtMs(head, limits) : Infinity;
        limits.advance(nowMs);
        if (this.#queue.hasDue)
            this.#takeDue(limits);
        if (limits.instantOf(nowMs) < dueAtMs)
            return;
        if (this.#deadlines) {
            this.#serveHeads(limits, nowMs);
            this.#refuseOverdue(this.#deadlines, limits, nowMs);
            return;
        }
        const isLate = limits.reachedAtMs > dueAtMs;
        if (isLate)
            invariants?.cameLate(this.#queue);
        this.#serveHeads(limits, nowMs);
        if (isLate)
            this.retime(limits, nowMs);
    }
    /**
     * Lets a newcomer in at the end, or refuses it if it would be late there or if `queueLimit` callers wait
     * already.
     */
    joinEnd(limits, newcomer, queueLimit, nowMs) {
        const end = this.#end(limits);
        const grantAtMs = end.availableAt(newcomer.tokens);
        const { isEstimate } = limits;
        const isLate = isEstimate
            ? isLateWithoutPromise(limits, newcomer, nowMs)
            : grantAtMs > newcomer.deadlineAtMs;
        if (isLate)
            return this.#refuseLate(limits, newcomer, end, nowMs);
        if (this.#queue.size >= queueLimit)
            return this.#refuseFull(limits, newcomer, end, nowMs);
        const waiter = this.#queue.join(newcomer);
        if (isEstimate)
            this.#expectBy(waiter);
        else
            invariants?.promised(waiter, grantAtMs);
        this.#forecast.joined(limits, waiter);
        this.#forecast.joinedEnd(end, waiter, grantAtMs);
        if (this.#queue.size === 1)
            this.#headDueAtMs = isEstimate ? undefined : grantAtMs;
        return waiter;
    }
    /**
     * Lets a waiter in where it makes nobody late, or refuses it if it would be late itself there. Where nobody has
     * been promised a time, it goes where its arrival says.
     */
    joinGuarded(limits, returner, nowMs) {
        // Many come back together, in order, and each of them is the latest so far.
        if (this.#queue.size > 0 && this.#queue.isLatest(returner)) {
            return this.joinEnd(limits, returner, Infinity, nowMs);
        }
        if (limits.isEstimate) {
            // Waiters are refused at their deadline, but after those whose turn it is have been served.
            const isLate = limits.instantOf(nowMs) > returner.deadlineAtMs;
            if (isLate)
                return this.#refuseLate(limits, returner, this.#end(limits), nowMs);
            return this.#joinInOrder(limits, returner, nowMs);
        }
        const { predecessor, grantAtMs } = guardedPlace(this.#queue, limits, returner);
        if (Math.max(grantAtMs, limits.instantOf(nowMs)) > returner.deadlineAtMs) {
            return this.#refuseLate(limits, returner, this.#end(limits), nowMs);
        }
        invariants?.movedBack(this.#queue);
        const waiter = this.#queue.joinBehind(returner, predecessor);
        invariants?.promised(waiter, grantAtMs);
        this.#forecast.joined(limits, waiter);
        this.#headDueAtMs = undefined;
        this.#serveHeads(limits, nowMs);
        return waiter;
    }
    /**
     * Puts waiters back where they stood when their object fell asleep, and returns their handles in the order in
     * which they were given. Nobody is timed, served or refused: `serveDue` does that, once the head is due.
     */
    restore(limits, waiters) {
        this.#headDueAtMs = undefined;
        const handles = this.#queue.restore(waiters);
        for (const handle of handles) {
            this.#forecast.joined(limits, handle);
            if (limits.isEstimate)
                this.#expectBy(handle);
        }
        return handles;
    }
    /**
     * Takes a waiter out; `false` if it has left already. Those behind it may be due then, and what is owed behind it:
     * `serveDue` must follow.
     */
    leave(limits, waiter) {
        if (waiter === this.#queue.head)
            this.#headDueAtMs = undefined;
        if (!this.#queue.leave(waiter))
            return false;
        this.#forecast.gone(limits, waiter);
        this.#forecast.forget();
        return true;
    }
    /**
     * Settles what an isolate reports about its leases. What it returns may serve waiters; during a pause of a
     * token bucket it is lost. A report about a bucket that has been reset since, or about a lease that has
     * ended, changes no tokens.
     */
    settleLeases(limits, report, nowMs) {
        this.serveDue(limits, nowMs);
        const usedTokens = bookReport(limits, report);
        if (usedTokens === undefined)
            return;
        this.#ledger.leased(usedTokens, report.granted);
        // What was returned is available earlier than any forecast assumed.
        this.forget();
        this.serveDue(limits, nowMs);
    }
    /**
     * Takes what a hold has used beyond what it had reserved, once everybody who waits now has been served: nobody is
     * later than promised.
     */
    owe(limits, debt) {
        this.#queue.owe(debt);
        this.#forecast.owes(debt);
        if (this.#queue.hasDue)
            this.#takeDue(limits);
    }
    /** Takes it at once, below zero if need be, and times everybody anew. */
    oweFirst(limits, debt, nowMs) {
        limits.takeOwed(debt);
        invariants?.cameLate(this.#queue);
        this.retime(limits, nowMs);
    }
    /** The limits are others now, of which each waiter wants as much as `costOf` says. */
    changeCosts(costOf) {
        this.#queue.changeCosts(costOf);
    }
    /** Something has happened to the limits that makes everybody's turn come earlier. */
    forget() {
        this.#headDueAtMs = undefined;
        this.#forecast.forget();
    }
    /** Refuses every waiter for `reason`. */
    rejectAll(reason, limits, nowMs) {
        for (const waiter of this.#queue) {
            this.#queue.leave(waiter);
            this.#ledger.refused(waiter.caller, reason);
        }
        this.#headDueAtMs = undefined;
        this.#forecast.clear();
        if (limits)
            this.serveDue(limits, nowMs);
        else
            this.#queue.takeDue();
    }
    /** Times the queue anew and refuses every waiter that can't be granted by its deadline any more. */
    retime(limits, nowMs) {
        this.#headDueAtMs = undefined;
        const leaving = this.#forecast.retime(limits, limits.instantOf(nowMs));
        for (const waiter of leaving)
            this.#queue.leave(waiter);
        if (this.#queue.hasDue)
            this.#takeDue(limits);
        this.#expectAll(limits);
        for (const waiter of leaving) {
            if (!limits.fits(waiter.tokens))
                this.refuseOver(limits, waiter.caller, waiter.tokens);
            // If it asks again, it stands behind everybody who stays.
            else
                this.#refuseLate(limits, waiter, this.#end(limits), nowMs);
        }
        // With a waiter in front refused, the next one may fit right now.
        this.#serveHeads(limits, nowMs);
        if (this.#deadlines)
            this.#refuseOverdue(this.#deadlines, limits, nowMs);
    }
    /** Refuses a caller that asks for more than the limits can ever have. */
    refuseOver(limits, caller, tokens) {
        this.#ledger.refused(caller, "exceeds-capacity", undefined, {
            names: limits.namesOver(tokens),
        });
    }
    /**
     * The name of the limit that the head waits for, `permits` if it waits for a permit; `undefined` if nobody waits or
     * there is one limit.
     */
    headLimit(limits) {
        const { head } = this.#queue;
        const name = head && limits.nameOfLast(head.tokens);
        return name === PERMITS_LIMIT ? "permits" : name;
    }
    /** See `Forecast.lastPlace`. */
    lastPlace(limits) {
        return this.#forecast.lastPlace(limits);
    }
    /** See `Forecast.places`. */
    places(limits) {
        return this.#forecast.places(limits);
    }
    /** See `Forecast.end`. */
    #end(limits) {
        return this.#forecast.end(limits);
    }
    /** Refuses a caller that would be too late behind everybody, as `end` says. */
    #refuseLate(limits, asked, end, nowMs) {
        const { caller, tokens, deadlineAtMs } = asked;
        const { isEstimate } = limits;
        const own = (isEstimate ? limits : end).namesLater(tokens, deadlineAtMs);
        // None of them is late by itself: it is because of those in front.
        const names = own?.length === 0 ? this.#namesOfHead(limits, tokens) : own;
        this.#ledger.refused(caller, "timeout", end.msUntil(tokens, nowMs), { names, isEstimate });
    }
    /** Refuses a caller that finds no place in the queue; behind everybody, it would stand as `end` says. */
    #refuseFull(limits, { caller, tokens }, end, nowMs) {
        const names = this.#namesOfHead(limits, tokens);
        const { isEstimate } = limits;
        this.#ledger.refused(caller, "queue-full", end.msUntil(tokens, nowMs), { names, isEstimate });
    }
    /**
     * The limit that the head waits for, as a list; if nobody waits, the one that a newcomer would. An empty list if that
     * is a permit.
     */
    #namesOfHead(limits, newcomer) {
        const name = limits.nameOfLast(this.#queue.head?.tokens ?? newcomer);
        if (name === undefined)
            return undefined;
        return name === PERMITS_LIMIT ? [] : [name];
    }
    /** Lets a waiter without a promise in where its arrival says, in front of others. */
    #joinInOrder(limits, returner, nowMs) {
        const waiter = this.#queue.join(returner);
        this.#expectBy(waiter);
        this.retime(limits, nowMs);
        return waiter;
    }
    /** When the head can be granted, or somebody without a promise has to be refused. */
    #nextAtMs(head, limits) {
        const dueAtMs = this.#dueAtMsOf(head, limits);
        return this.#deadlines ? Math.min(dueAtMs, this.#deadlines.nextAtMs) : dueAtMs;
    }
    /** A waiter without a promise is refused at its deadline. */
    #expectBy(waiter) {
        this.#deadlines ??= new EarliestFirst((one) => this.#queue.has(one));
        this.#deadlines.add(waiter.deadlineAtMs, waiter);
    }
    /** Notes everybody's deadline if nobody has a promise, and nobody's otherwise. */
    #expectAll({ isEstimate }) {
        if (!isEstimate) {
            this.#deadlines = undefined;
        }
        else if (!this.#deadlines) {
            invariants?.cameLate(this.#queue);
            for (const waiter of this.#queue)
                this.#expectBy(waiter);
        }
    }
    /** Refuses everybody whose deadline is over. Those behind may then be due. */
    #refuseOverdue(deadlines, limits, nowMs) {
        const untilMs = limits.instantOf(nowMs);
        const overdue = [];
        for (let late = deadlines.takeBy(untilMs); late; late = deadlines.takeBy(untilMs)) {
            this.leave(limits, late);
            overdue.push(late);
        }
        if (overdue.length === 0)
            return;
        if (this.#queue.hasDue)
            this.#takeDue(limits);
        this.#serveHeads(limits, nowMs);
        // If one asks again, it stands behind everybody who stays.
        for (const late of overdue)
            this.#refuseLate(limits, late, this.#end(limits), nowMs);
    }
    /** Takes what was owed behind waiters that have left; the limits are as of now. */
    #takeDue(limits) {
        const due = this.#queue.takeDue();
        if (!due)
            return;
        limits.takeOwed(due);
        this.#headDueAtMs = undefined;
    }
    #dueAtMsOf(head, limits) {
        this.#headDueAtMs ??= limits.availableAt(head.tokens);
        invariants?.headIsDue(this.#headDueAtMs, limits.availableAt(head.tokens));
        return this.#headDueAtMs;
    }
    #serveHeads(limits, nowMs) {
        let { head } = this.#queue;
        while (head && limits.tryTake(head.tokens)) {
            invariants?.grantedAsPromised(head, limits.reachedAtMs);
            this.#queue.leave(head);
            this.#forecast.gone(limits, head);
            this.#ledger.granted(head, limits, nowMs);
            if (this.#queue.hasDue)
                this.#takeDue(limits);
            this.#headDueAtMs = undefined;
            ({ head } = this.#queue);
        }
    }
}
/** Whether the limits alone make a newcomer late, or it can't wait at all and so is at its deadline. */
function isLateWithoutPromise(limits, { tokens, deadlineAtMs }, nowMs) {
    return deadlineAtMs <= nowMs || aloneAtMs(limits, tokens) > deadlineAtMs;
}
