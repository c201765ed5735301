import { unspentOf } from "../limits/reserves.js";
import { debtOf, isSameUse, mapParts, useOf, zerosOf } from "./hold-use.js";
import { MAX_OPEN_HOLDS, OpenGrants } from "./open-grants.js";
const UNKNOWN = { answer: { kind: "unknown-hold" } };
const PERMIT_LOST = { kind: "permit-lost" };
/** The holds and permits of one bucket. */
export class Holds {
    #newId;
    #grants;
    /**
     * @param newId Makes an id that can't be guessed, another one each time.
     * @param lastFence See `OpenGrants.lastFence`.
     */
    constructor(newId, lastFence = 0) {
        this.#newId = newId;
        this.#grants = new OpenGrants(lastFence);
    }
    /** What rows describe; of holds that were open, the rest may come back to `limits`. */
    restore(rows, limits, writtenOff) {
        this.#grants = OpenGrants.from(rows);
        if (!limits)
            return;
        limits.restoreReserves([...this.#grants.holds()], writtenOff);
        limits.endWith(this.#grants);
        if (!limits.permits)
            return;
        for (const { permit } of this.#grants.withPermit())
            if (permit)
                lend(limits.permits, permit);
    }
    /** Others in the same state. */
    copy() {
        const copy = new Holds(this.#newId);
        copy.#grants = this.#grants.copy();
        return copy;
    }
    /** What ends by itself. */
    get ends() {
        return this.#grants;
    }
    /** See `OpenGrants.lastFence`. */
    get lastFence() {
        return this.#grants.lastFence;
    }
    /** Whether there are rows on the disk. */
    get hasRows() {
        return this.#grants.hasRows;
    }
    /** See `OpenGrants.rememberedUntilMs`. */
    get rememberedUntilMs() {
        return this.#grants.rememberedUntilMs;
    }
    get hasOpenHolds() {
        return this.#grants.openHoldCount > 0;
    }
    /** Whether another hold may be opened. */
    get hasRoom() {
        return this.#grants.openHoldCount < MAX_OPEN_HOLDS;
    }
    /** When the first hold ends that is open, epoch milliseconds; `Infinity` if there is none. */
    get firstHoldEndAtMs() {
        return this.#grants.firstHoldEndAtMs;
    }
    /** A grant whose tokens, and permit if there are any, have just been taken. */
    open(limits, { cost, grantedAtMs, holdMs, sessionId }) {
        limits.endWith(this.#grants);
        const hold = holdMs === undefined
            ? undefined
            : {
                expiresAtMs: grantedAtMs + holdMs,
                limits: limits.reserve(cost),
            };
        const permit = limits.permits && permitOf(limits.permits.endAtMs, sessionId);
        if (sessionId !== undefined)
            limits.permits?.bind(limits.permits.endAtMs);
        return this.#grants.open({ id: this.#newId(), grantedAtMs, hold, permit });
    }
    /** What the turn that ends now has to write; `undefined` if nothing. */
    takeChanged() {
        return this.#grants.takeChanged();
    }
    /** Does what the holder of `id` asks for. */
    change(limits, id, call, nowMs) {
        const grant = this.#grants.find(id);
        const hold = grant?.hold;
        if (!hold)
            return UNKNOWN;
        if ("extendMs" in call)
            return this.#extend(grant, hold, nowMs + call.extendMs, nowMs);
        const isSettle = "used" in call;
        const use = isSettle
            ? useOf(hold.limits, "used", call.used)
            : useOf(hold.limits, "atLeast", call.atLeast);
        const { settlement } = hold;
        if (settlement) {
            const isRepeated = isSettle && "tokens" in use && isSameUse(use.tokens, settlement.used);
            return isRepeated ? settledAs(id, settlement) : settledBefore(settlement);
        }
        if ("faults" in use)
            return { answer: { kind: "invalid", errors: use.faults } };
        return isSettle
            ? this.#settle(limits, { grant, hold, used: use.tokens }, nowMs)
            : this.#spend(limits, { grant, hold, used: use.tokens });
    }
    /** The holder of `id` gives everything back. */
    drop(limits, id, nowMs) {
        const hold = this.#grants.find(id)?.hold;
        return hold ? this.change(limits, id, { used: zerosOf(hold.limits) }, nowMs) : UNKNOWN;
    }
    /**
     * The holder of `id` keeps its permit for as long as a new one lasts. Its end is never moved forward: the holder may
     * not get the answer. The permit belongs to the session `sessionId` from now on, or to none; if that is so already,
     * there is nothing to note.
     */
    extendPermit(limits, id, sessionId) {
        const grant = this.#grants.find(id);
        const { permits } = limits;
        if (!grant?.permit || !permits || grant.fence === undefined)
            return PERMIT_LOST;
        const expiresAtMs = Math.max(grant.permit.expiresAtMs, permits.endAtMs);
        const extended = {
            kind: "extended",
            permit: { id, fence: grant.fence, expiresAtMs },
        };
        if (sessionId !== undefined && sessionId === grant.permit.sessionId)
            return extended;
        const permit = permitOf(expiresAtMs, sessionId);
        takeBack(permits, grant.permit);
        lend(permits, permit);
        this.#grants.change({ ...grant, permit });
        return extended;
    }
    /** The permit of `id` comes back; returns `false` if it has already. */
    releasePermit(limits, id, nowMs) {
        const grant = this.#grants.find(id);
        if (!grant?.permit)
            return false;
        const { permit, ...others } = grant;
        if (limits.permits)
            takeBack(limits.permits, permit);
        limits.permits?.noteHeld(Math.max(0, nowMs - grant.grantedAtMs));
        this.#grants.change(others);
        return true;
    }
    /**
     * Sessions are over: their permits end at `endAtMs`, which may be now. Returns whether they had any.
     *
     * @param isOver Whether the session with this id is over.
     */
    endSessions(limits, isOver, { endAtMs, nowMs }) {
        const { permits } = limits;
        if (!permits)
            return false;
        let hasChanged = false;
        for (const grant of this.#grants.withPermit()) {
            const { permit, ...others } = grant;
            if (permit?.sessionId === undefined || !isOver(permit.sessionId))
                continue;
            hasChanged = true;
            takeBack(permits, permit);
            if (endAtMs > nowMs)
                permits.lend(1, endAtMs);
            this.#grants.change(endAtMs > nowMs ? { ...others, permit: permitOf(endAtMs) } : others);
        }
        return hasChanged;
    }
    /** The policy has no permits any more: all of them are lost. */
    dropPermits() {
        this.#grants.dropPermits();
    }
    /** Tokens that holds which are open at `nowMs` have reserved and not spent, of each of these limits. */
    heldTokens(names, nowMs) {
        const held = this.#grants.heldTokensAt(nowMs);
        return Object.fromEntries(names.map((name) => [name, held.get(name) ?? 0]));
    }
    /** See `OpenGrants.oldestPermitAtMs`. */
    oldestPermitAtMs(nowMs) {
        return this.#grants.oldestPermitAtMs(nowMs);
    }
    #extend(grant, hold, expiresAtMs, nowMs) {
        if (hold.settlement)
            return settledBefore(hold.settlement);
        if (hold.expiresAtMs <= nowMs) {
            return { answer: { kind: "hold-settled", expiredAtMs: hold.expiresAtMs } };
        }
        this.#grants.change({ ...grant, hold: { ...hold, expiresAtMs } });
        return { answer: { kind: "open", id: grant.id, expiresAtMs } };
    }
    /** So much is spent, and the rest is kept. */
    #spend(limits, { grant, hold, used }) {
        const owed = debtOf(hold.limits, used);
        const parts = mapParts(hold.limits, (part, name) => {
            return { ...part, spent: Math.max(part.spent, used[name] ?? 0) };
        });
        for (const [name, part] of Object.entries(parts)) {
            limits.reserves?.of(name).spend(part.start, unspentOf(part));
        }
        this.#grants.change({ ...grant, hold: { ...hold, limits: parts } });
        return { answer: { kind: "open", id: grant.id, expiresAtMs: hold.expiresAtMs }, owed };
    }
    #settle(limits, { grant, hold, used }, nowMs) {
        const parts = hold.limits;
        const isOver = hold.expiresAtMs <= nowMs;
        const returned = mapParts(parts, (part, name) => {
            const rest = Math.max(0, part.reserved - (used[name] ?? 0));
            const back = isOver ? 0 : limits.giveBack(name, part.start, rest);
            return back;
        });
        const settlement = {
            used,
            returned,
            owed: mapParts(parts, ({ reserved }, name) => Math.max(0, (used[name] ?? 0) - reserved)),
            settledAtMs: nowMs,
        };
        this.#grants.change({ ...grant, hold: { ...hold, settlement } });
        return { ...settledAs(grant.id, settlement), owed: debtOf(parts, used) };
    }
}
function permitOf(expiresAtMs, sessionId) {
    return sessionId === undefined ? { expiresAtMs } : { expiresAtMs, sessionId };
}
/** A permit is out. */
function lend(permits, { expiresAtMs, sessionId }) {
    permits.lend(1, expiresAtMs);
    if (sessionId !== undefined)
        permits.bind(expiresAtMs);
}
/** A permit is not out any more. */
function takeBack(permits, { expiresAtMs, sessionId }) {
    if (sessionId === undefined)
        permits.endLoan(expiresAtMs, 0, 1);
    else
        permits.endBound(expiresAtMs);
}
function settledAs(id, settlement) {
    return { answer: { kind: "settled", settled: { id, ...settlement } } };
}
function settledBefore({ settledAtMs }) {
    return { answer: { kind: "hold-settled", settledAtMs } };
}
