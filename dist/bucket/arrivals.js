import { costOf } from "../core/limits/cost.js";
import { arrivalOf } from "./absent-callers.js";
import { Caller } from "./caller.js";
import { isFollowing } from "./held-request.js";
import { stateOf } from "./open-bucket.js";
import { policyFaults } from "./policy-faults.js";
import { PositionFeed } from "./position-feed.js";
import { RemovedCallers } from "./removed-callers.js";
import { TicketBook, isSameAcquire } from "./tickets/ticket-book.js";
import { UNWRITABLE } from "../wire/failures.js";
/**
 * Requests that may share one place, under the same key or ticket: a caller and its retries. Each is a held request,
 * and `queueLimit` only counts places.
 */
const MAX_REQUESTS_PER_PLACE = 8;
/** The arrivals of one bucket, and the places that they have. */
export class Arrivals {
    #platform;
    #keyed;
    #turns;
    #removed;
    /** Made for the first ticket, and the first that is presented. */
    #ticketBook = undefined;
    /** Made for the first request that follows its place. */
    #positions = undefined;
    constructor(platform, keyed, turns) {
        this.#platform = platform;
        this.#keyed = keyed;
        this.#turns = turns;
        this.#removed = new RemovedCallers(platform.disk.removedCallers);
    }
    /** Admits a request: it is answered, or it waits and what is returned removes it. */
    admit(bucket, arriving, nowMs) {
        const { call, request, heldMs } = arriving;
        const { limiter } = bucket;
        const { maxWaitMs } = limiter.policy;
        const { timeoutMs = maxWaitMs, requeued, idempotencyKey } = call;
        const presented = this.#presented(call);
        if (presented && "kind" in presented) {
            request.answered(presented);
            return undefined;
        }
        if (idempotencyKey !== undefined) {
            const known = this.#joinKnown(idempotencyKey, bucket, arriving, presented, nowMs);
            if (known)
                return known.leave;
        }
        if (presented)
            return this.#takePlace(bucket, arriving, presented, nowMs);
        const carried = this.#carried(call);
        const joined = carried && this.#joinPlace(carried, bucket, request, nowMs);
        if (joined)
            return joined.leave;
        const errors = policyFaults(limiter.policy, call);
        if (errors) {
            request.answered({ kind: "invalid", errors });
            return undefined;
        }
        const caller = new Caller(call, timeoutMs, request);
        caller.placeId = carried?.placeId;
        caller.ticket = carried?.ticket;
        const remainingMs = Math.max(0, timeoutMs - heldMs - (requeued?.elapsedMs ?? 0));
        const place = requeued && { firstArrivalMs: requeued.arrivedAtMs };
        const tokens = costOf(limiter.policy.limits, call);
        const asked = { caller, tokens, timeoutMs: remainingMs, holdMs: call.holdMs, ...place };
        return this.#arrive(bucket, caller, request, limiter.acquire(asked, nowMs), nowMs);
    }
    /**
     * Puts requests back that waited when the object fell asleep, before any other call, and returns what removes each
     * of them. Those of one arrival share a place. No turn: what is due is done by the next one.
     */
    restore(bucket, sleeping, nowMs) {
        const { limiter } = bucket;
        const callers = new Map();
        const waiters = [];
        for (const { call, request, timeoutMs, arrival, behindLater } of keysFirst(sleeping)) {
            const arrivedAs = nameOf(arrival);
            const shared = callers.get(arrivedAs);
            if (shared) {
                shared.join(request);
                continue;
            }
            const caller = new Caller(call, timeoutMs, request);
            callers.set(arrivedAs, caller);
            const tokens = costOf(limiter.policy.limits, call);
            waiters.push({ caller, tokens, holdMs: call.holdMs, ...arrival, behindLater });
        }
        for (const waiter of limiter.restore(waiters, nowMs))
            waiter.caller.waiter = waiter;
        return sleeping.map(({ call, request, timeoutMs, arrival, placeId }) => {
            const caller = callers.get(nameOf(arrival)) ?? new Caller(call, timeoutMs, request);
            if (call.idempotencyKey !== undefined)
                this.#keyed.arrived(call.idempotencyKey, caller);
            if (placeId !== undefined) {
                caller.placeId = placeId;
                this.#tickets.arrived(caller);
            }
            // One that only wanted its first place has had it.
            const hasAll = !isFollowing(request) || request.wantsFirstPlaceOnly === true;
            return this.#wait(bucket, caller, request, nowMs, hasAll);
        });
    }
    /** `caller` doesn't wait any more. */
    giveUpPlace(caller) {
        caller.waiter = undefined;
        this.#positions?.forget(caller);
        if (caller.call.idempotencyKey !== undefined)
            this.#keyed.forget(caller);
        if (caller.placeId !== undefined)
            this.#tickets.forget(caller.placeId);
    }
    /** `caller` has been granted. In the turn that does it. */
    granted({ placeId }, grant, nowMs) {
        if (placeId !== undefined)
            this.#tickets.granted(placeId, grant, nowMs);
    }
    /** The acquire in a place, if that has tickets, was cancelled, and can't come back. */
    cancelled(placeId, nowMs) {
        if (placeId !== undefined)
            this.#tickets.cancelled(placeId, nowMs);
    }
    /**
     * An admin takes `caller` out of the queue, and it can't come back: see removed-callers.ts. Throws if that can't be
     * written; nothing changes then.
     */
    removed(caller, { deadlineAtMs: untilMs }, nowMs) {
        const { call, placeId } = caller;
        const { idempotencyKey: key } = call;
        const named = { ...(key !== undefined && { key }), ...(placeId !== undefined && { placeId }) };
        this.#removed.note({ ...named, untilMs }, nowMs);
        this.giveUpPlace(caller);
    }
    /** A request is cancelled that the recovery window has held. */
    cancelledInWindow(call, nowMs) {
        const place = this.presentedPlace(call) ?? this.#carried(call);
        this.cancelled(place?.placeId, nowMs);
    }
    /** The place of the ticket that a call presents; `undefined` if it presents none that is good. */
    presentedPlace(call) {
        const presented = this.#presented(call);
        return presented && "kind" in presented ? undefined : presented;
    }
    /** All storage has been deleted: what tickets are signed with, and who was removed. */
    forgetAll() {
        this.#ticketBook?.forgetAll();
        this.#removed.forgetAll();
    }
    /** A turn is over, and those that it settled have given up their places: others may have moved. */
    turned(bucket, turn, nowMs) {
        this.#positions?.turned(bucket.limiter, turn, nowMs);
    }
    /** A request leaves that the recovery window has held since `heldFromMs`. */
    leftWindow(call, maxWaitMs, heldFromMs) {
        const { idempotencyKey, requeued } = call;
        if (idempotencyKey === undefined)
            return;
        const nowMs = this.#turns.now();
        const place = this.presentedPlace(call);
        if (place) {
            this.#keyed.disconnected(call, place, nowMs);
            return;
        }
        // A newcomer had no place yet.
        if (!requeued)
            return;
        const { timeoutMs = maxWaitMs } = call;
        const deadlineAtMs = heldFromMs + Math.max(0, timeoutMs - requeued.elapsedMs);
        const arrival = { queuedAtMs: requeued.arrivedAtMs, deadlineAtMs };
        const { placeId, ticket } = this.#carried(call) ?? {};
        this.#keyed.disconnected(call, { timeoutMs, arrival, placeId, ticket }, nowMs);
    }
    /** The second half of an arrival: `turn` has settled `caller`, or `caller` waits. */
    #arrive(bucket, caller, request, turn, nowMs) {
        const { idempotencyKey } = caller.call;
        caller.waiter = turn.waiter;
        // Also if it is settled: in a batch it isn't answered yet, and until then its retries must find it.
        if (idempotencyKey !== undefined)
            this.#keyed.arrived(idempotencyKey, caller);
        if (caller.placeId !== undefined)
            this.#tickets.arrived(caller);
        this.#turns.finish(bucket, turn, nowMs);
        return turn.waiter && this.#wait(bucket, caller, request, nowMs);
    }
    /**
     * Handles a request whose key is known: answers it, lets it share the place of the one that waits, or gives
     * it back the place of one whose connection broke. Returns `undefined` if the key is new.
     */
    #joinKnown(key, bucket, arriving, presented, nowMs) {
        const { call, request } = arriving;
        const known = this.#keyed.find(key, call, nowMs);
        // One that the recovery window has held may be absent, and was removed before the crash.
        const mayBeRemoved = !known || known.kind === "absent";
        if (mayBeRemoved && this.#removed.has(key, undefined, nowMs))
            return refuseRemoved(request);
        if (!known)
            return undefined;
        switch (known.kind) {
            case "cancelled":
                request.answered({ kind: "cancelled" });
                return { leave: undefined };
            case "reused":
                request.answered({ kind: "key-reused", key });
                return { leave: undefined };
            case "granted": {
                const { grant } = known;
                // It may have been granted by an instance before this one: then only the key is known here.
                if (presented?.placeId !== undefined)
                    this.#tickets.granted(presented.placeId, grant, nowMs);
                request.answered({ kind: "replay", grant, bucket: stateOf(bucket, nowMs) });
                return { leave: undefined };
            }
            case "waiting":
                return { leave: this.#share(key, bucket, known.caller, request, nowMs) };
            case "absent":
                return { leave: this.#takePlace(bucket, arriving, known.place, nowMs) };
            default:
                return known;
        }
    }
    get #tickets() {
        const { disk, randomBytes } = this.#platform;
        return (this.#ticketBook ??= new TicketBook(disk.ticketSecret, randomBytes));
    }
    /** The ticket of a caller that waits. */
    #ticketOf(caller) {
        try {
            return this.#tickets.ticketOf(caller);
        }
        catch (error) {
            // A ticket under a secret that isn't on the disk would be good for nothing.
            this.#platform.abort(UNWRITABLE);
            throw error;
        }
    }
    /** The place of the ticket that a call presents, or what is wrong with it; `undefined` if it presents none. */
    #presented(call) {
        const { ticket } = call;
        if (ticket === undefined)
            return undefined;
        const claim = this.#tickets.open(ticket);
        if (!claim)
            return { kind: "ticket-forged", ticket };
        if (!isSameAcquire(claim, call))
            return { kind: "ticket-mismatch" };
        return { ...claim, ticket };
    }
    /** The place of a requeued call that had a ticket. It brings its own arrival, so only the ticket counts. */
    #carried(call) {
        const ticket = call.requeued?.ticket;
        // One from before a reset of the bucket counts for nothing.
        return ticket === undefined ? undefined : this.presentedPlace({ ...call, ticket });
    }
    /** Handles a request that comes back to `place`: it joins those that are there, or waits in it again. */
    #takePlace(bucket, { call, request }, place, nowMs) {
        const joined = this.#joinPlace(place, bucket, request, nowMs);
        return joined ? joined.leave : this.#comeBack(bucket, call, place, request, nowMs);
    }
    /**
     * Handles a request whose place has a ticket: answers it if the place was granted or cancelled, and lets it share
     * the place if anybody waits in it. Returns `undefined` if nobody does.
     */
    #joinPlace({ placeId }, bucket, request, nowMs) {
        if (placeId === undefined)
            return undefined;
        const known = this.#tickets.find(placeId, nowMs);
        if (known.kind === "absent" && this.#removed.has(undefined, placeId, nowMs)) {
            return refuseRemoved(request);
        }
        switch (known.kind) {
            case "cancelled":
                request.answered({ kind: "cancelled" });
                return { leave: undefined };
            case "granted": {
                const { grant } = known;
                request.answered({ kind: "replay", grant, bucket: stateOf(bucket, nowMs) });
                return { leave: undefined };
            }
            case "waiting":
                return { leave: this.#share(undefined, bucket, known.caller, request, nowMs) };
            case "absent":
                return undefined;
            default:
                return known;
        }
    }
    /** Returns a caller whose connection broke to its place. */
    #comeBack(bucket, call, { arrival, timeoutMs, placeId, ticket }, request, nowMs) {
        const { policy } = bucket.limiter;
        const errors = policyFaults(policy, call, true);
        if (errors) {
            request.answered({ kind: "invalid", errors });
            return undefined;
        }
        const returner = new Caller(call, timeoutMs, request);
        returner.placeId = placeId;
        returner.ticket = ticket;
        const tokens = costOf(policy.limits, call);
        const { holdMs } = call;
        const turn = bucket.limiter.comeBack({ caller: returner, tokens, holdMs, ...arrival }, nowMs);
        return this.#arrive(bucket, returner, request, turn, nowMs);
    }
    /** Adds `request` to the place of `caller`, if there is room. */
    #share(key, bucket, caller, request, nowMs) {
        const requests = caller.requests.length;
        if (requests >= MAX_REQUESTS_PER_PLACE) {
            const retryAfterMs = Math.max(1, (caller.waiter?.deadlineAtMs ?? nowMs) - nowMs);
            const seen = stateOf(bucket, nowMs);
            request.answered({ kind: "place-crowded", key, requests, retryAfterMs, bucket: seen });
            return undefined;
        }
        caller.join(request);
        return this.#wait(bucket, caller, request, nowMs);
    }
    /** A request starts to wait, and is notified of its place if it follows it. */
    #wait(bucket, caller, request, nowMs, isNotified = false) {
        request.joined?.(caller);
        if (isFollowing(request) && !isNotified) {
            this.#positions ??= new PositionFeed(this.#platform.clock, (one) => this.#ticketOf(one));
            this.#positions.add(caller, request, bucket.limiter, nowMs);
        }
        return (why) => this.#leave(bucket, caller, request, why);
    }
    #leave(bucket, caller, request, why) {
        const { waiter, call, timeoutMs, placeId, ticket } = caller;
        if (!waiter || !bucket.limiter.isWaiting(waiter))
            return false;
        caller.leave(request);
        if (isFollowing(request))
            this.#positions?.remove(caller, request);
        if (caller.requests.length > 0)
            return true;
        const nowMs = this.#turns.now();
        this.giveUpPlace(caller);
        if (why === "cancelled")
            this.cancelled(placeId, nowMs);
        else {
            const place = { timeoutMs, arrival: arrivalOf(waiter), placeId, ticket };
            this.#keyed.disconnected(call, place, nowMs);
        }
        this.#turns.finish(bucket, bucket.limiter.cancel(waiter, nowMs), nowMs);
        return true;
    }
}
/** An admin has taken the caller of `request` out of the queue. */
function refuseRemoved(request) {
    request.answered({ kind: "cancelled-by-admin" });
    return { leave: undefined };
}
/**
 * Those with an idempotency key first. A place is under the key of any of its requests, also if others came to it by
 * its ticket alone: its grant is kept under that key, and the key is free again when it ends.
 */
function keysFirst(sleeping) {
    const hasKey = ({ call }) => Number(call.idempotencyKey !== undefined);
    return sleeping.toSorted((one, other) => hasKey(other) - hasKey(one));
}
/** Tells the places of one queue apart. */
function nameOf({ queuedAtMs, arrivalNumber }) {
    return `${queuedAtMs} ${arrivalNumber}`;
}
