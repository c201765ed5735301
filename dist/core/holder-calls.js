const UNKNOWN_HOLD = { kind: "unknown-hold" };
const PERMIT_LOST = { kind: "permit-lost" };
/** The calls of the holders of one limiter. Its limits are passed in; `undefined` before it has started. */
export class HolderCalls {
    #ledger;
    #queue;
    constructor(ledger, queue) {
        this.#ledger = ledger;
        this.#queue = queue;
    }
    /** See `Limiter.changeHold`. */
    changeHold(limits, { id, call, policy }, nowMs) {
        return this.#run(limits, policy, nowMs, (holds, open, atMs) => {
            return holds.change(open, id, call, atMs);
        });
    }
    /** See `Limiter.dropHold`. */
    dropHold(limits, { id, policy }, nowMs) {
        return this.#run(limits, policy, nowMs, (holds, open, atMs) => holds.drop(open, id, atMs));
    }
    /** See `Limiter.extendPermit`. */
    extendPermit(limits, { id, sessionId }, nowMs) {
        const holds = this.#holdsAfterServing(limits, nowMs);
        const answer = (limits && holds?.extendPermit(limits, id, sessionId)) ?? PERMIT_LOST;
        if (answer.kind === "extended")
            this.#queue.forget();
        return answer;
    }
    /** See `Limiter.releasePermit`. */
    releasePermit(limits, id, nowMs) {
        const holds = this.#holdsAfterServing(limits, nowMs);
        if (!limits || !holds?.releasePermit(limits, id, limits.instantOf(nowMs)))
            return;
        this.#queue.forget();
        this.#queue.serveDue(limits, nowMs);
    }
    /** See `Limiter.endSessions`. */
    endSessions(limits, { isOver, graceMs }, nowMs) {
        const holds = this.#holdsAfterServing(limits, nowMs);
        if (!limits || !holds)
            return;
        const atMs = limits.instantOf(nowMs);
        const ends = { endAtMs: atMs + graceMs, nowMs: atMs };
        if (!holds.endSessions(limits, isOver, ends))
            return;
        this.#queue.forget();
        this.#queue.serveDue(limits, nowMs);
    }
    /** Refuses a caller that asks for a hold, and returns `true`, if the bucket has as many as it can. */
    refusesHold(limits, caller, nowMs) {
        if (this.#ledger.holds?.hasRoom !== false)
            return false;
        const holds = this.#holdsAfterServing(limits, nowMs);
        if (!holds || holds.hasRoom)
            return false;
        this.#ledger.refused(caller, "holds-full", holds.firstHoldEndAtMs - nowMs);
        return true;
    }
    #run(limits, policy, nowMs, run) {
        const holds = this.#holdsAfterServing(limits, nowMs);
        if (!limits || !holds)
            return UNKNOWN_HOLD;
        const { answer, owed } = run(holds, limits, limits.instantOf(nowMs));
        const isFirst = policy.hold?.debt === "front";
        if (owed && isFirst)
            this.#queue.oweFirst(limits, owed, nowMs);
        // What has come back is there earlier than any forecast assumed.
        this.#queue.forget();
        this.#queue.serveDue(limits, nowMs);
        if (owed && !isFirst)
            this.#queue.owe(limits, owed);
        return answer;
    }
    /** The grants that are open now, once everybody who is due has been served; `undefined` if there are none. */
    #holdsAfterServing(limits, nowMs) {
        if (limits)
            this.#queue.serveDue(limits, nowMs);
        return this.#ledger.holds;
    }
}
