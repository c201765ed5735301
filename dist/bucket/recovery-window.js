import { RECOVERY_WINDOW_MS, ROUND_TRIP_MS, recoveryWindowMs } from "../wire/requeue.js";
/** The longest window: callers that still haven't come back by then must not hold up everyone else. */
const MAX_WINDOW_MS = 3_000;
/**
 * Holds requests until all callers that are being requeued have arrived. Timers measure the window, so
 * setting the clock neither extends nor ends it.
 */
export class RecoveryWindow {
    #clock;
    #endsAtMs;
    #windowMs = RECOVERY_WINDOW_MS;
    /** How much of the window is over, in milliseconds. */
    #passedMs = 0;
    /** Whether any caller has come back in the current part of the window. */
    #hasReturns = false;
    #requests = [];
    #isTimed = false;
    #isOver = false;
    /** The window starts now, with the instance's first activity. */
    constructor(clock) {
        this.#clock = clock;
        this.#endsAtMs = clock.now() + RECOVERY_WINDOW_MS;
    }
    /** Whether requests still have to be held at `nowMs`. */
    isOpen(nowMs) {
        return !this.#isOver && (this.#isTimed || nowMs < this.#endsAtMs);
    }
    /** Holds a request. It is admitted when the window closes, by timers that the first request starts. */
    hold(request, nowMs) {
        const { firstArrivalMs, spreadMs } = request;
        if (firstArrivalMs !== undefined) {
            this.#hasReturns = true;
            this.#windowMs = Math.max(this.#windowMs, recoveryWindowMs(spreadMs));
        }
        this.#requests.push(request);
        if (this.#isTimed)
            return;
        this.#isTimed = true;
        const restMs = Math.min(RECOVERY_WINDOW_MS, Math.max(0, this.#endsAtMs - nowMs));
        this.#passedMs = RECOVERY_WINDOW_MS - restMs;
        this.#wait();
    }
    /** Rejects all held requests. */
    rejectAll(why) {
        for (const { reject } of this.#take())
            reject(why);
    }
    /** Rejects the requests held with this key. Returns whether there were any. */
    cancel(key) {
        const leaving = this.#requests.filter((request) => request.key === key);
        if (leaving.length === 0)
            return false;
        this.#requests = this.#requests.filter((request) => request.key !== key);
        return leaving.filter(({ reject }) => reject("cancelled")).length > 0;
    }
    /**
     * Waits for the rest of the window. It closes once no caller has come back in its last part: on a machine
     * that is busy with requeued callers they arrive one after another.
     */
    #wait() {
        const restMs = this.#windowMs - this.#passedMs;
        if (restMs > ROUND_TRIP_MS) {
            this.#pass(restMs - ROUND_TRIP_MS);
        }
        else if (restMs > 0) {
            this.#pass(restMs);
        }
        else if (this.#hasReturns && this.#passedMs < MAX_WINDOW_MS) {
            this.#pass(ROUND_TRIP_MS);
        }
        else {
            this.#admitAll();
        }
    }
    #pass(ms) {
        this.#hasReturns = false;
        this.#clock.setTimer(() => {
            this.#passedMs += ms;
            this.#wait();
        }, ms);
    }
    #admitAll() {
        this.#isOver = true;
        const requests = this.#take();
        const requeued = requests.filter((request) => request.firstArrivalMs !== undefined);
        const newcomers = requests.filter((request) => request.firstArrivalMs === undefined);
        requeued.sort((a, b) => {
            const apartMs = Number(a.firstArrivalMs) - Number(b.firstArrivalMs);
            return apartMs || (a.arrivalNumber ?? 0) - (b.arrivalNumber ?? 0);
        });
        const nowMs = this.#clock.now();
        for (const { admit } of [...requeued, ...newcomers])
            admit(nowMs);
    }
    #take() {
        const requests = this.#requests;
        this.#requests = [];
        return requests;
    }
}
