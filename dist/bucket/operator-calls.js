import { Policy } from "../core/policy.js";
import { knownOverride } from "./known-override.js";
import { noteOf, previousPolicy } from "./override.js";
/** Refused waiters that a dry run lists: the rest is counted. */
const MAX_REFUSED = 1_000;
/** The operators' side of one bucket. */
export class OperatorCalls {
    #platform;
    #arrivals;
    #host;
    constructor(platform, arrivals, host) {
        this.#platform = platform;
        this.#arrivals = arrivals;
        this.#host = host;
    }
    /**
     * The first `limit` waiters, in order. Takes no tokens and does not start the bucket. Callers that come back after a
     * crash are listed once they have their places.
     */
    waiters(name, configured, limit) {
        const nowMs = this.#host.now();
        const { limiter } = this.#host.open(name, configured, nowMs);
        const waiters = [];
        for (const place of limiter.places()) {
            if (waiters.length >= limit)
                break;
            waiters.push(queuedWaiter(place, nowMs));
        }
        return { waiters, omitted: limiter.waiters - waiters.length };
    }
    /**
     * Takes a waiter out of the queue. All its requests are answered `cancelled-by-admin`, and so is whatever comes back
     * to its place, by its key or its ticket, until its deadline. Those behind it move up in this turn. Returns `false`
     * if nobody of that id waits, any more.
     *
     * @param id As in the list of waiters. Takes any text.
     */
    removeWaiter(id) {
        const bucket = this.#host.bucket();
        if (!bucket)
            return false;
        const nowMs = this.#host.now();
        // Those whose turn it is have got their tokens, even if the alarm is late.
        this.#host.finish(bucket, bucket.limiter.advance(nowMs), nowMs);
        for (const { waiter } of bucket.limiter.places()) {
            if (waiterId(waiter) !== id)
                continue;
            const { caller } = waiter;
            this.#arrivals.removed(caller, waiter, nowMs);
            this.#host.finish(bucket, bucket.limiter.cancel(waiter, nowMs), nowMs);
            this.#host.settle(caller, { kind: "cancelled-by-admin" });
            return true;
        }
        return false;
    }
    /**
     * Merges `changes` into the bucket's policy and keeps the result as the bucket's override, until that is dropped or
     * the bucket is reset. Waiters are timed anew. Without any change, nothing happens.
     *
     * @param note Why, for other operators.
     */
    changePolicy(name, configured, changes, note) {
        const nowMs = this.#host.now();
        const bucket = this.#host.open(name, configured, nowMs);
        const { timeZones } = this.#platform;
        const check = Policy.check(bucket.limiter.policy.merge(changes), timeZones);
        if (!check.ok)
            return { ok: false, errors: check.faults };
        if (Object.keys(changes).length > 0) {
            const override = noteOf(bucket, check.policy, nowMs, note);
            this.#putInForce(bucket, check.policy, override, nowMs);
        }
        return { ok: true, snapshot: this.#host.snapshotOf(bucket, nowMs) };
    }
    /**
     * What `changePolicy` would do, tried on a copy of the limiter. Nothing is written, answered or moved.
     *
     * A waiter counts as moved if it would be granted at another time than foreseen: at once, too, unless its time has
     * come already.
     */
    dryRun(name, configured, changes) {
        const nowMs = this.#host.now();
        const bucket = this.#host.open(name, configured, nowMs);
        const { limiter } = bucket;
        const check = Policy.check(limiter.policy.merge(changes), this.#platform.timeZones);
        if (!check.ok)
            return { ok: false, errors: check.faults };
        if (Object.keys(changes).length === 0) {
            return { ok: true, run: { snapshot: this.#host.snapshotOf(bucket, nowMs), ...NOTHING_DONE } };
        }
        const override = noteOf(bucket, check.policy, nowMs, undefined);
        return { ok: true, run: this.#tried(bucket, { policy: check.policy, override }, nowMs) };
    }
    /** What `dropOverride` would do, as `dryRun` says it; `undefined` where it would do nothing. */
    dryRunBack(name, configured, to) {
        const nowMs = this.#host.now();
        const bucket = this.#host.open(name, configured, nowMs);
        const back = this.#wayBack(bucket, configured, to, nowMs);
        return back && this.#tried(bucket, back, nowMs);
    }
    /**
     * Puts the configured policy in force again, or the override before this one. Waiters are timed anew. Returns the
     * bucket; `undefined`, and nothing happens, if there is no override, or none before it.
     */
    dropOverride(name, configured, to) {
        const nowMs = this.#host.now();
        const bucket = this.#host.open(name, configured, nowMs);
        const back = this.#wayBack(bucket, configured, to, nowMs);
        if (!back)
            return undefined;
        this.#putInForce(bucket, back.policy, back.override, nowMs);
        return this.#host.snapshotOf(bucket, nowMs);
    }
    /** What an override gives way to; `undefined` if there is none, or none before it. */
    #wayBack(bucket, { name: _, ...fields }, to, nowMs) {
        const { timeZones } = this.#platform;
        if (!bucket.isOverridden)
            return undefined;
        if (to === "configured")
            return { policy: Policy.of(fields, timeZones), override: undefined };
        const policy = previousPolicy(bucket, timeZones);
        return policy && { policy, override: { atMs: nowMs } };
    }
    /** What a policy would do, tried on a copy of the limiter. */
    #tried(bucket, { policy, override }, nowMs) {
        const { limiter } = bucket;
        const isOverridden = override !== undefined;
        const trial = { ...bucket, limiter: limiter.copy(), isOverridden, override };
        const turn = this.#host.setPolicy(trial, policy, nowMs);
        const done = whatHappened(limiter.places(), turn, trial.limiter.places(), nowMs);
        return { snapshot: this.#host.snapshotOf(trial, nowMs), ...done };
    }
    #putInForce(bucket, policy, override, nowMs) {
        bucket.isOverridden = override !== undefined;
        bucket.override = override;
        this.#host.finish(bucket, this.#host.setPolicy(bucket, policy, nowMs), nowMs);
        this.#platform.directory?.noteOverride(bucket.name, knownOverride(bucket));
    }
}
/**
 * Names a waiter as long as it waits: its arrival, which stays the same when the object sleeps, and when the caller
 * comes back by its ticket. Callers that come back otherwise after a crash arrive anew.
 */
function waiterId({ queuedAtMs, arrivalNumber = 0 }) {
    return `${queuedAtMs}-${arrivalNumber}`;
}
function queuedWaiter({ waiter, position, grantAtMs, estimate }, nowMs) {
    const { queuedAtMs, deadlineAtMs, caller } = waiter;
    const { tokens, limits, label } = caller.call;
    return {
        id: waiterId(waiter),
        position,
        etaMs: Math.max(0, grantAtMs - nowMs),
        ...(estimate && { estimate }),
        tokens,
        ...(limits && { limits }),
        // Of a caller that was put back, with a fraction.
        queuedAtMs: Math.floor(queuedAtMs),
        deadlineAtMs: Math.floor(deadlineAtMs),
        ...(label !== undefined && { label }),
    };
}
const NOTHING_DONE = { refused: [], moved: 0 };
/**
 * What a turn would do to waiters.
 *
 * @param before Their places before it.
 * @param after The places of those that it leaves in the queue.
 */
function whatHappened(before, { settled }, after, nowMs) {
    const outcomes = new Map(settled.map(({ caller, outcome }) => [caller, outcome]));
    const grants = new Map(Array.from(after, ({ waiter, grantAtMs }) => [waiter.caller, grantAtMs]));
    const refused = [];
    let moved = 0;
    for (const { waiter, grantAtMs } of before) {
        const outcome = outcomes.get(waiter.caller);
        if (outcome?.ok === false) {
            refused.push({ id: waiterId(waiter), reason: outcome.reason });
            continue;
        }
        const grantedAtMs = outcome ? nowMs : grants.get(waiter.caller);
        if (Math.max(nowMs, grantedAtMs ?? nowMs) !== Math.max(nowMs, grantAtMs))
            moved += 1;
    }
    const omitted = refused.length - MAX_REFUSED;
    return { refused: refused.slice(0, MAX_REFUSED), ...(omitted > 0 && { omitted }), moved };
}
