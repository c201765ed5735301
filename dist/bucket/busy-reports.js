import { Stats } from "../core/stats.js";
import { BusyMeter, LONG_WAIT_MS, WINDOW_MS, } from "./busy-meter.js";
import { CoalescingTimer } from "./coalescing-timer.js";
import { knownOverride } from "./known-override.js";
/** The reports of one instance. */
export class BusyReports {
    #platform;
    #host;
    #lastReport;
    #meter = undefined;
    /** Turns before this instant need not be reported here, epoch milliseconds. A plain field: every turn reads it. */
    dueAtMs = 0;
    /** Whether this instance has reported. With its first report it repeats its override, which may have been lost. */
    #hasReported = false;
    /** Whether the last report had waiters. */
    #hasListedWaiters = false;
    constructor(platform, host) {
        this.#platform = platform;
        this.#host = host;
        this.#lastReport = new CoalescingTimer(platform.clock, () => this.#timerFired());
    }
    /** What the last hour was like, as far as it was busy. */
    get history() {
        return { intervalMs: WINDOW_MS, points: this.#meter?.points ?? [] };
    }
    /** A turn is over that ended at `dueAtMs` or later. */
    turned(bucket, turn, nowMs) {
        const { limiter } = bucket;
        const sums = sumsOf(bucket, nowMs);
        const meter = (this.#meter ??= new BusyMeter(without(sums, turn)));
        const hasLongWait = hasWaitedLong(bucket, turn, nowMs);
        const window = meter.turned({ ...sums, waiters: limiter.waiters, hasLongWait }, nowMs);
        this.dueAtMs = meter.dueAtMs;
        const { directory } = this.#platform;
        if (!window || !directory)
            return;
        directory.reportBusy(reportOf(bucket, window, nowMs));
        if (!this.#hasReported && bucket.isOverridden) {
            directory.noteOverride(bucket.name, knownOverride(bucket));
        }
        this.#hasReported = true;
        this.#hasListedWaiters = window.waiters > 0;
        if (this.#hasListedWaiters && !this.#host.onlySessionsWait())
            this.#lastReport.set(WINDOW_MS);
    }
    /** No request of a session waits any more. */
    sessionsDone() {
        if (this.#hasListedWaiters)
            this.#setTimer();
    }
    /** The bucket has been reset: nothing is left of it. */
    reset(bucket) {
        if (this.#hasReported)
            this.#platform.directory?.busyEnded(bucket);
        this.#hasReported = false;
        this.#hasListedWaiters = false;
        this.#meter = undefined;
        this.dueAtMs = 0;
    }
    #timerFired() {
        if (!this.#hasListedWaiters)
            return;
        // A turn may have reported in the meantime.
        if (this.#platform.clock.now() < this.dueAtMs)
            this.#setTimer();
        else
            this.#host.advance();
    }
    #setTimer() {
        this.#lastReport.set(Math.max(1, this.dueAtMs - this.#platform.clock.now()));
    }
}
function sumsOf({ limiter }, nowMs) {
    const { granted, refused, cancelled } = limiter.inspect(nowMs);
    const { waits, waitedMs } = limiter.stats();
    return { granted, refused, cancelled, waits, waitedMs };
}
/** The sums before a turn. */
function without(sums, { settled, cancelled }) {
    const ofTurn = new Stats();
    for (const { outcome } of settled) {
        if (outcome.ok)
            ofTurn.noteGrant(0, outcome.waitedMs);
        else
            ofTurn.noteRefusal(outcome.reason);
    }
    const { waits, waitedMs } = ofTurn.view();
    return {
        granted: sums.granted - ofTurn.granted,
        refused: sums.refused - ofTurn.refused,
        cancelled: sums.cancelled - (cancelled ? 1 : 0),
        waits: sums.waits.map((count, index) => count - (waits[index] ?? 0)),
        waitedMs: sums.waitedMs - waitedMs,
    };
}
function hasWaitedLong({ limiter }, turn, nowMs) {
    const { headQueuedAtMs = nowMs } = limiter;
    if (nowMs - headQueuedAtMs >= LONG_WAIT_MS)
        return true;
    return turn.settled.some(({ outcome }) => outcome.ok && outcome.waitedMs >= LONG_WAIT_MS);
}
function reportOf(bucket, window, nowMs) {
    const { name, policyName, isOverridden, limiter } = bucket;
    const { tokens, pausedUntilMs } = limiter.inspect(nowMs);
    const { lengthMs, granted, refused, waiters, waitP95Ms } = window;
    return {
        bucket: name,
        policyName,
        isOverridden,
        tokens,
        capacity: limiter.policy.capacity,
        waiters,
        grantedPerS: perSecond(granted, lengthMs),
        refusedPerS: perSecond(refused, lengthMs),
        waitP95Ms,
        oldestWaitMs: Math.max(0, nowMs - (limiter.headQueuedAtMs ?? nowMs)),
        maxWaitMs: limiter.policy.maxWaitMs,
        ...(pausedUntilMs !== undefined && { pausedUntilMs }),
        window: [granted, refused, waiters],
    };
}
/** Three digits are more than a rate over ten seconds is good for. */
function perSecond(count, lengthMs) {
    return Number(((count * 1_000) / lengthMs).toPrecision(3));
}
