import { grantedResponse } from "../answers/acquire-response.js";
import { granted } from "../answers/acquire-result.js";
import { problemResponse } from "../answers/problem.js";
import { tokensText } from "../protocol/text.js";
import { encodeAcquireCall, encodeAsk } from "../wire/acquire-call.js";
import { followLines } from "../wire/acquire-lines.js";
import { BucketUnreachableError, callWithRetry } from "../wire/call-with-retry.js";
import { socketRequest } from "../wire/socket-call.js";
import { callWithRequeue } from "./call-with-requeue.js";
import { errorResponse } from "./failure-response.js";
import { UnreadableStateError, faultOf, forgetUnreachable, noteUnreachable, } from "./unreachable-log.js";
/** Keeps arrivals within one millisecond in order; a thousand fit before the next millisecond. */
const ARRIVAL_STEP_MS = 0.001;
/** When to retry if only the object could have said so. */
const RESTARTED_RETRY_MS = 1_000;
/** Attempts of a call without a look at the bucket's file: one failure is usually a reset. */
const TRUSTING_ATTEMPTS = 2;
let lastArrivalAtMs = 0;
/** The instant of an arrival, epoch milliseconds with a fraction: later than every earlier one. */
function arrivalStamp() {
    lastArrivalAtMs = Math.max(Date.now(), lastArrivalAtMs + ARRIVAL_STEP_MS);
    return lastArrivalAtMs;
}
/**
 * One bucket, by name. The promise of an acquire doesn't reject. Every other one rejects with a
 * `BucketUnreachableError` if the object can't be reached, and with the signal's reason if the caller leaves
 * while it is being reached.
 */
export class BucketStub {
    deployment;
    name;
    policy;
    caller;
    /**
     * @param caller Once it has left, no call is made again. Not needed by an acquire over HTTP: when its client
     * leaves, the runtime ends whatever the request has started, even between two calls. So while it waits, the
     * request isn't kept, which would take 2 KiB.
     */
    constructor(deployment, name, policy, caller) {
        this.deployment = deployment;
        this.name = name;
        this.policy = policy;
        this.caller = caller;
    }
    /**
     * The response: the grant from this isolate's lease, if there is one that covers it, or what the object
     * answers (`acquireAtObject`).
     *
     * @param follower Is notified of the request's place while it waits. Its signal replaces the caller's.
     */
    acquire(ask, follower) {
        // Most policies have no leases, and then nothing of them is looked at.
        if (!this.policy.lease)
            return callWithRequeue(new ObjectAcquire(this, ask, follower));
        const leased = this.acquireFromLease(ask);
        if (leased)
            return grantedResponse(granted(leased.bucket, leased.grant));
        return this.acquireAtObject(ask, follower);
    }
    /**
     * The grant, if this isolate's lease covers it; otherwise the request has to go to the object, by
     * `acquireAtObject`.
     */
    acquireFromLease(ask) {
        return this.#leasedFor(ask)?.acquire(ask.tokens);
    }
    /**
     * The object's response, which is the grant or the refusal; a refusal, too, if the object can't be reached.
     * If the object is reset while the request waits, the request returns to its place in the order of arrival
     * with the rest of its timeout.
     */
    acquireAtObject(ask, follower) {
        const leased = this.#leasedFor(ask);
        if (!leased)
            return callWithRequeue(new ObjectAcquire(this, ask, follower));
        const backOffMs = leased.backOffMs();
        if (backOffMs > 0) {
            leased.flushReports();
            const detail = "The bucket gets more requests than it can answer";
            const policy = this.policy.name;
            return problemResponse("unavailable", { detail, retryAfterMs: backOffMs, policy });
        }
        const returnedLeases = leased.returnAll();
        const along = { leased, report: returnedLeases && { returnedLeases } };
        const response = callWithRequeue(new ObjectAcquire(this, ask, follower, along));
        // Not earlier: work that goes on after a response keeps the object from noticing that a caller has left.
        return response.finally(() => leased.flushReports());
    }
    /**
     * The leases that may cover a request. None do for one that only the object can answer: with a key, a ticket
     * or a hold, which the object remembers, with tokens of single limits, or refused by the configured policy unless the
     * bucket has its own. It must neither be answered from a lease nor cost the isolate its lease.
     */
    #leasedFor(ask) {
        const { tokens, limits, timeoutMs = 0, holdMs, idempotencyKey, ticket } = ask;
        const { capacity, maxWaitMs } = this.policy;
        const isKept = idempotencyKey !== undefined || ticket !== undefined || holdMs !== undefined;
        const isForObject = isKept || limits !== undefined || tokens === 0 || tokens > capacity || timeoutMs > maxWaitMs;
        return isForObject ? undefined : this.#leased();
    }
    /**
     * Cancels the acquire with this key, and resolves with whether it was waiting. If the object is reset
     * before it answers, the call is repeated: acquires that have not been requeued by then find their key
     * cancelled.
     */
    cancel(idempotencyKey) {
        return this.#callWithRetry(async () => await this.#stub().cancel(idempotencyKey));
    }
    /** The bucket's current state. */
    inspect() {
        return this.#callWithRetry(async () => await this.#stub().inspect(this.name, this.policy));
    }
    /** The first `limit` waiters, in order. */
    waiters(limit) {
        return this.#callWithRetry(async () => {
            return await this.#stub().waiters(this.name, this.policy, limit);
        });
    }
    /**
     * Takes a waiter out of the queue, and resolves with whether it was waiting. If the object is reset before it answers,
     * the call is repeated: `false` may then mean that the first call has removed it.
     */
    removeWaiter(id) {
        return this.#callWithRetry(async () => await this.#stub().removeWaiter(id));
    }
    /** What the last hour was like, as far as the bucket was busy and its object in memory. */
    async history() {
        const history = await this.#callWithRetry(async () => await this.#stub().history());
        // The types of RPC make an array of any length of a tuple.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return history;
    }
    /** A response with the caller's end of a WebSocket that sends events; or the refusal. */
    watch() {
        return this.#openSocket("watch");
    }
    /**
     * A response with the caller's end of a WebSocket that takes acquires; or the refusal. All of them go to the
     * object, leases or not.
     */
    session() {
        return this.#openSocket("session");
    }
    /** Gives the bucket its own policy. */
    changePolicy(changes, note) {
        return this.#callWithRetry(async () => await this.#stub().changePolicy(this.name, this.policy, changes, note));
    }
    /** What `changePolicy` would do; nothing changes. */
    dryRun(changes) {
        return this.#callWithRetry(async () => {
            return await this.#stub().dryRun(this.name, this.policy, changes);
        });
    }
    /** What `dropOverride` would do; nothing changes. Resolves with `undefined` if that is nothing. */
    dryRunBack(to) {
        return this.#callWithRetry(async () => {
            return await this.#stub().dryRunBack(this.name, this.policy, to);
        });
    }
    /**
     * Puts an earlier policy in force again; resolves with `undefined` if there is none. If the object is reset before it
     * answers, the call is repeated: `undefined` may then mean that the first call has done it.
     */
    dropOverride(to) {
        return this.#callWithRetry(async () => {
            return await this.#stub().dropOverride(this.name, this.policy, to);
        });
    }
    /**
     * Keeps at most `tokens` in the bucket, and makes its ticks bring nothing until `untilMs`. Idempotent; an
     * instant in the past changes nothing. This isolate returns its lease; other isolates return theirs with
     * their next call to the object.
     */
    async pause(pause) {
        const snapshot = await this.#callWithRetry(async () => await this.#stub().pause(this.name, this.policy, pause));
        if ("pausedUntilMs" in snapshot)
            this.#leased()?.giveUp();
        return snapshot;
    }
    /** Ends a pause, no matter who started it. */
    resume(limits) {
        return this.#callWithRetry(async () => {
            return await this.#stub().resume(this.name, this.policy, limits);
        });
    }
    /**
     * Does what the holder of the hold `id` asks for. Idempotent; if the object is reset before it answers, the call
     * is repeated. So with the other calls of holders.
     */
    changeHold(id, call) {
        return this.#callWithRetry(async () => {
            return await this.#stub().changeHold(this.name, this.policy, id, call);
        });
    }
    /** Settles the hold `id`, of which nothing was used. */
    dropHold(id) {
        return this.#callWithRetry(async () => await this.#stub().dropHold(this.name, this.policy, id));
    }
    /** Keeps the permit `id` for as long as a new one lasts. */
    extendPermit(id) {
        return this.#callWithRetry(async () => {
            return await this.#stub().extendPermit(this.name, this.policy, id);
        });
    }
    /** Gives the permit `id` back. */
    releasePermit(id) {
        return this.#callWithRetry(async () => {
            await this.#stub().releasePermit(this.name, this.policy, id);
        });
    }
    /**
     * Refuses all waiters and forgets the bucket. If the object is reset before it answers, the call is
     * repeated, and also refuses callers that arrived in between. An object that can't read its state can't
     * erase it either; then the file is set aside, if this deployment can do that.
     */
    reset() {
        return this.#callWithRetry(async () => {
            try {
                await this.#stub().reset();
            }
            catch (error) {
                if ((await this.deployment.env.FILES?.setAside(this.name)) !== true)
                    throw error;
            }
            forgetUnreachable(this.name);
        });
    }
    #openSocket(kind) {
        const call = { bucket: this.name, policy: this.policy };
        return this.#callWithRetry(() => this.#stub().fetch(socketRequest(kind, call)));
    }
    /** `callWithRetry`, except that it stops once retrying can't help, and logs a failure. */
    #callWithRetry(call) {
        const place = placeOf(this);
        let attempts = 0;
        const attempt = async () => {
            if (attempts >= TRUSTING_ATTEMPTS)
                await checkReadable(place);
            attempts += 1;
            return await call();
        };
        return callWithRetry(attempt, this.caller).catch(async (error) => {
            throw error instanceof BucketUnreachableError ? await noteUnreachable(error, place) : error;
        });
    }
    /** This isolate's lease. */
    #leased() {
        return this.deployment.leases.find(this.name, this.policy);
    }
    #stub() {
        return this.deployment.env.BUCKETS.getByName(this.name);
    }
}
/**
 * One acquire at its object. All of it is one object without a closure, because nearly every request makes
 * one, and one that waits keeps it.
 */
class ObjectAcquire {
    arrivedAtMs = arrivalStamp();
    #bucket;
    #ask;
    #follower;
    #along;
    /** Of the place that the object has reported last. */
    #ticket = undefined;
    constructor(bucket, ask, follower, along) {
        this.#bucket = bucket;
        this.#ask = ask;
        this.#follower = follower;
        this.#along = along;
    }
    get bucket() {
        return this.#bucket.name;
    }
    get caller() {
        return this.#follower ?? this.#bucket.caller;
    }
    get maxWaitMs() {
        return this.#bucket.policy.maxWaitMs;
    }
    get timeoutMs() {
        return this.#ask.timeoutMs;
    }
    /**
     * The first call is made without the caller's signal: when the caller leaves, the runtime ends this call by
     * itself, and the signal would add nothing. (Measured: while `waitUntil` holds this request open, neither
     * ends it.)
     */
    call(again) {
        const { deployment, name, policy } = this.#bucket;
        const object = deployment.env.BUCKETS.getByName(name);
        const follower = this.#follower;
        const report = this.#along?.report;
        if (!again && !follower && !report)
            return object.fetch(encodeAsk(policy, name, this.#ask));
        const url = encodeAcquireCall({
            bucket: name,
            policy,
            ...this.#ask,
            ...(follower && { isStreamed: true }),
            ...(again ? this.#requeued(again) : report),
        });
        const signal = again?.signal;
        if (follower)
            return followLines(object, url, this.#noting(follower), signal);
        return signal ? object.fetch(url, { signal }) : object.fetch(url);
    }
    /** The follower, whose ticket is kept: a lost call brings it along. */
    #noting({ signal, moved }) {
        return {
            signal,
            moved: (place) => {
                this.#ticket = place.ticket;
                moved(place);
            },
        };
    }
    #requeued({ signal: _, ...progress }) {
        const ticket = this.#ticket;
        const { arrivedAtMs } = this;
        return { requeued: { arrivedAtMs, ...progress, ...(ticket !== undefined && { ticket }) } };
    }
    /** One failure is usually a reset; after more, it is worth a look at whether the state can be read at all. */
    async checkState() {
        await checkReadable(this.#place());
    }
    timedOut() {
        const { timeoutMs } = this.#ask;
        const within = timeoutMs === undefined ? "in time" : `within ${timeoutMs} ms`;
        return problemResponse("timeout", {
            detail: `Cannot acquire ${tokensText(this.#ask)} ${within}: the bucket kept restarting`,
            retryAfterMs: RESTARTED_RETRY_MS,
            policy: this.#bucket.policy.name,
            violatedPolicies: [this.#bucket.policy.name],
        });
    }
    explain(error) {
        return noteUnreachable(error, this.#place());
    }
    failed(error) {
        this.#along?.leased.failedAt(error);
        return errorResponse(error, this.caller);
    }
    #place() {
        return placeOf(this.#bucket);
    }
}
function placeOf({ deployment, name }) {
    return { name, files: deployment.env.FILES };
}
/** @throws {UnreadableStateError} (as a rejection) If it is known that the state can't be read. */
async function checkReadable(place) {
    const fault = await faultOf(place);
    if (fault !== undefined)
        throw new UnreadableStateError(place.name, fault);
}
