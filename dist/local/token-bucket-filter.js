import { askedTokensFaults, holdFaults } from "../core/ask.js";
import { checkHoldCall } from "../core/holds/hold-call.js";
import { isRecord } from "../core/is-record.js";
import { Limiter } from "../core/limiter.js";
import { askFaults, costOf, unknownLimits } from "../core/limits/cost.js";
import { checkPause } from "../core/pause.js";
import { holdFields } from "../core/policy-tables.js";
import { requireInteger, throwFaults } from "../core/values.js";
import { checkWrittenPolicy } from "../core/written-policy.js";
import { onAbort } from "../on-abort.js";
import { timeZones } from "../time-zones.js";
import { holdOutcome, permitOutcome, settleOutcome } from "../core/holds/hold-outcome.js";
export function createTokenBucketFilter(first, options = {}) {
    const check = isRecord(first)
        ? checkWrittenPolicy(first, timeZones)
        : checkWrittenPolicy({ ...options, capacity: first }, timeZones, ONE_A_SECOND);
    if (check.ok)
        return new TimerFilter(check.policy);
    const messages = check.faults.map(({ message }) => message);
    throw new RangeError(`Illegal policy: ${messages.join("; ")}`);
}
/** What a filter does unless its options say otherwise. */
const ONE_A_SECOND = { refillTokens: 1, refillIntervalMs: 1_000 };
class TimerFilter {
    #limiter;
    #timer = undefined;
    #timerAtMs = undefined;
    #isClosed = false;
    /** Kept because it never changes, and reading it takes half as long as reading the clock. */
    #originMs = performance.timeOrigin;
    constructor(policy) {
        // Nothing here outlives the process.
        this.#limiter = new Limiter(policy, {
            isDurable: false,
            newId: () => crypto.randomUUID(),
        });
    }
    getToken(options = {}) {
        const { signal } = options;
        return new Promise((resolve, reject) => {
            if (signal)
                this.#getTokenUntil(signal, options, resolve, reject);
            else
                this.#acquire(options, resolve);
        });
    }
    tryGetToken(options = {}) {
        let result = { ok: false, reason: "bucket-reset" };
        const caller = (outcome) => {
            result = outcome;
        };
        this.#acquire({ ...options, timeoutMs: 0 }, caller);
        return result;
    }
    inspect() {
        return this.#limiter.inspect(this.#now());
    }
    pause(fields) {
        const nowMs = this.#now();
        const check = checkPause({ ...fields }, nowMs);
        const { limits } = this.#limiter.policy;
        throwFaults(check.ok ? unknownLimits(limits, check.pause.limits ?? [], "limits") : check.faults);
        if (check.ok && !this.#isClosed) {
            const { pause } = check;
            const isOver = pause.untilMs <= nowMs;
            this.#finish(isOver ? this.#limiter.resume(nowMs, pause.limits) : this.#limiter.pause(pause, nowMs));
        }
        return this.#limiter.inspect(nowMs);
    }
    close() {
        if (this.#isClosed)
            return;
        this.#isClosed = true;
        this.#finish(this.#limiter.reset(this.#now()));
    }
    settleHold(id, used) {
        return settleOutcome(this.#changeHold(id, { used }));
    }
    spendHold(id, atLeast) {
        return holdOutcome(this.#changeHold(id, { atLeast }));
    }
    extendHold(id, extendMs) {
        const { min, max } = holdFields.maxMs;
        requireInteger("extendMs", extendMs, min, this.#limiter.policy.hold?.maxMs ?? max);
        return holdOutcome(this.#changeHold(id, { extendMs }));
    }
    dropHold(id) {
        const { turn, answer } = this.#limiter.dropHold(id, this.#now());
        this.#finish(turn);
        return settleOutcome(answer);
    }
    extendPermit(id) {
        const { turn, answer } = this.#limiter.extendPermit(id, this.#now());
        this.#finish(turn);
        return permitOutcome(answer);
    }
    releasePermit(id) {
        this.#finish(this.#limiter.releasePermit(id, this.#now()));
    }
    #changeHold(id, given) {
        const check = checkHoldCall({ ...given });
        if (!check.ok)
            return { kind: "invalid", errors: check.faults };
        const { turn, answer } = this.#limiter.changeHold(id, check.call, this.#now());
        this.#finish(turn);
        return answer;
    }
    #getTokenUntil(signal, options, resolve, reject) {
        signal.throwIfAborted();
        const leave = () => {
            if (waiter)
                this.#finish(this.#limiter.cancel(waiter, this.#now()));
            reject(signal.reason);
        };
        let stopListening;
        const waiter = this.#acquire(options, (outcome) => {
            stopListening?.();
            resolve(outcome);
        });
        if (waiter)
            stopListening = onAbort(signal, leave);
    }
    #acquire(options, caller) {
        if (this.#isClosed) {
            caller({ ok: false, reason: "bucket-reset" });
            return undefined;
        }
        if (options.holdMs !== undefined)
            this.#checkHoldMs(options.holdMs);
        const request = { ...options, caller };
        // To the limiter a list is a cost, which only `#costOf` may make; and it says more about 0 tokens.
        const { tokens, limits } = options;
        const isPlain = limits === undefined && tokens !== 0 && typeof tokens !== "object";
        const turn = this.#limiter.acquire(isPlain ? request : { ...request, tokens: this.#costOf(options) }, this.#now());
        this.#finish(turn);
        return turn.waiter;
    }
    /** @throws {RangeError} If `limits` is illegal, or not of this filter. */
    #costOf({ tokens = 1, limits = {} }) {
        const ask = { tokens, limits };
        const specs = this.#limiter.policy.limits;
        throwFaults(askedTokensFaults(ask));
        throwFaults(askFaults(specs, ask));
        return costOf(specs, ask);
    }
    /** @throws {RangeError} If `holdMs` is illegal, or more than the policy allows. */
    #checkHoldMs(holdMs) {
        const { min, max } = holdFields.maxMs;
        requireInteger("holdMs", holdMs, min, max);
        throwFaults(holdFaults(this.#limiter.policy.hold, { holdMs }));
    }
    /** The second half of a turn: set the daemon's timer and answer the callers. */
    #finish(turn) {
        this.#arm(turn.wakeAtMs);
        for (const { caller, outcome } of turn.settled)
            caller(outcome);
    }
    #arm(wakeAtMs) {
        if (wakeAtMs === this.#timerAtMs)
            return;
        if (this.#timer !== undefined)
            clearTimeout(this.#timer);
        this.#timerAtMs = wakeAtMs;
        if (wakeAtMs === undefined)
            return;
        const tick = () => {
            this.#timerAtMs = undefined;
            this.#finish(this.#limiter.advance(this.#now()));
        };
        // A timer may fire a moment early. The turn then grants nobody and sets it again.
        this.#timer = setTimeout(tick, Math.max(1, wakeAtMs - this.#now()));
    }
    /**
     * Epoch milliseconds that never go back: the wall clock at the process's start plus the monotonic
     * clock since. If the monotonic clock stops while a machine sleeps, this lags behind the wall clock.
     */
    #now() {
        return Math.floor(this.#originMs + performance.now());
    }
}
