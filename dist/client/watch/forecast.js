import { utcOffsets } from "../../core/limits/civil-grid.js";
import { costOf, tokensOf } from "../../core/limits/cost.js";
import { specOf } from "../../core/limits/kinds.js";
import { FIRST_LIMIT } from "../../core/limits/limit-name.js";
import { LimitSet } from "../../core/limits/limit-set.js";
import { LookAhead } from "../../core/limits/look-ahead.js";
import { timeZones } from "../../time-zones.js";
/** At most this many waiters about which only their number is known are simulated individually. */
const MAX_UNKNOWN_WAITERS = 10_000;
/** A grant is reported up to this long after its tick, in milliseconds. */
export const REPORT_DELAY_MS = 100;
/** Boundaries of one calendar that are looked for: an hour at most apart, a day of them. */
const MAX_BOUNDARIES = 24;
/** A server's newer table may have zones that this runtime lacks: a guess is better than nothing. */
const lenientZones = { zoneOf: (name) => timeZones.zoneOf(name) ?? utcOffsets };
/** What `limitsOf` has made. */
const made = new WeakMap();
/** What a policy says of each limit, by name and in order. */
export function policyLimits(policy) {
    return [[FIRST_LIMIT, policy], ...Object.entries(policy.limits ?? {})];
}
/**
 * All limits at `nowMs` (epoch milliseconds), the first one first, assuming no requests since the
 * snapshot. While callers wait, the limit that the head waits for has the snapshot's tokens, because
 * waiters take what comes in, and the feed reports each of them.
 */
export function limitsAt(snapshot, nowMs) {
    const limits = limitsOf(snapshot).copy();
    const isStarted = hasStarted(snapshot);
    const untilMs = snapshot.waiters > 0 ? nowMs - REPORT_DELAY_MS : nowMs;
    if (isStarted)
        limits.advance(untilMs);
    const tokens = limits.all.map((limit) => Math.max(0, limit.tokens));
    limits.advance(nowMs);
    const nextGains = limits.all.map((limit) => limit.nextGainAtMs);
    return policyLimits(snapshot.policy).map(([name, fields], index) => {
        const view = viewOf(snapshot, name);
        const now = {
            name,
            fields,
            tokens: mayGain(snapshot, name) ? (tokens[index] ?? view.tokens) : view.tokens,
            nextTickAtMs: view.nextTickAtMs > nowMs ? view.nextTickAtMs : (nextGains[index] ?? Infinity),
        };
        const { pausedUntilMs = -Infinity, pausedTokens } = view;
        if (pausedUntilMs <= nowMs)
            return now;
        return Object.assign(now, pausedTokens === undefined ? { pausedUntilMs } : { pausedUntilMs, pausedTokens });
    });
}
/** Tokens of the first limit at `nowMs`, epoch milliseconds: see `limitsAt`. */
export function tokensAt(snapshot, nowMs) {
    return limitsAt(snapshot, nowMs)[0]?.tokens ?? snapshot.tokens;
}
/**
 * Whether the bucket has started to tick, which it does with the first request it could ever grant.
 * A refusal may be of a request it never could, so it is conclusive only if there were no initial
 * tokens.
 */
export function hasStarted(snapshot) {
    const { granted, cancelled, refused, waiters, policy } = snapshot;
    return granted + cancelled + waiters > 0 || (refused > 0 && policy.initialTokens === 0);
}
/** Whether the limit `name` gets tokens that the feed doesn't report. */
export function mayGain(snapshot, name) {
    if (!hasStarted(snapshot))
        return false;
    return snapshot.waiters === 0 || (snapshot.headLimit ?? FIRST_LIMIT) !== name;
}
/** When tokens of the first limit next come in after `nowMs`, both epoch milliseconds. */
export function nextTickAfter(snapshot, nowMs) {
    if (nowMs < snapshot.nextTickAtMs)
        return snapshot.nextTickAtMs;
    const limits = limitsOf(snapshot).copy();
    limits.advance(nowMs);
    return limits.first.nextGainAtMs;
}
/**
 * Milliseconds until a limit next changes without a request; `undefined` if none will: a full one
 * changes only with a request, and the feed reports every change of a queue.
 */
export function untilChangeMs(snapshot, nowMs) {
    const delayMs = snapshot.waiters > 0 ? REPORT_DELAY_MS : 0;
    const gainsInMs = limitsAt(snapshot, nowMs)
        .filter(({ name, tokens, fields }) => mayGain(snapshot, name) && tokens < fields.capacity)
        .map(({ nextTickAtMs }) => nextTickAtMs + delayMs - nowMs);
    return gainsInMs.length > 0 ? Math.min(...gainsInMs) : undefined;
}
/**
 * When each of `asks` (in queue order) will be granted, as epoch milliseconds; if the bucket has permits, the
 * earliest possible time, because nobody knows when they come back. Waiters that the
 * snapshot counts beyond `asks` arrived before the page did, and so are ahead of them; each of those is
 * taken to ask the same of every limit.
 */
export function forecastGrants(snapshot, asks) {
    const limits = limitsOf(snapshot);
    const ahead = new LookAhead(limits);
    const costs = asks.map((ask) => costOf(limits.specs, ask));
    const known = costs.reduce((sum, cost) => sum + tokensOf(cost, 0), 0);
    const unknown = Math.min(MAX_UNKNOWN_WAITERS, Math.max(0, snapshot.waiters - asks.length));
    const unknownTokens = Math.max(0, snapshot.queuedTokens - known);
    for (let index = 0; index < unknown; index++) {
        const share = Math.floor((unknownTokens * (index + 1)) / unknown) -
            Math.floor((unknownTokens * index) / unknown);
        ahead.serve(fittingCost(limits, share));
    }
    return costs.map((cost) => ahead.serve(fittingCost(limits, cost)));
}
/**
 * How many of the waiters a pause from `nowMs` on would refuse, because they could not be granted by their
 * deadlines. The bucket does the same: who is refused makes room for those behind. Permits that come back are left out.
 *
 * @param waiters From the head of the queue on.
 */
export function lateUnderPause(snapshot, waiters, { untilMs, tokens, limits: names }, nowMs) {
    const limits = limitsOf(snapshot).copy();
    if (nowMs > limits.reachedAtMs)
        limits.advance(nowMs);
    const fromMs = limits.reachedAtMs;
    if (untilMs > fromMs)
        for (const limit of limits.named(names))
            limit.pause(untilMs, tokens, fromMs);
    const ahead = new LookAhead(limits);
    let late = 0;
    for (const waiter of waiters) {
        const cost = fittingCost(limits, costOf(limits.specs, waiter));
        const atMs = ahead.availableAt(cost);
        if (atMs > waiter.deadlineAtMs)
            late += 1;
        else
            ahead.serveAt(atMs, cost);
    }
    return late;
}
/** The boundaries of all calendar limits after `fromMs` and up to `toMs`, both epoch milliseconds. */
export function boundariesBetween(snapshot, fromMs, toMs) {
    return limitsOf(snapshot).specs.flatMap(({ name, kind, fields }) => {
        if (!("every" in fields))
            return [];
        const limit = kind.start(fields, fromMs);
        const boundaries = [];
        while (limit.nextGainAtMs <= toMs && boundaries.length < MAX_BOUNDARIES) {
            boundaries.push({ name, atMs: limit.nextGainAtMs });
            limit.advance(limit.nextGainAtMs);
        }
        return boundaries;
    });
}
/** The limits as the snapshot has them. Don't change them. */
function limitsOf(snapshot) {
    const known = made.get(snapshot);
    if (known)
        return known;
    // What a server shows is legal, and a newer one may show fields that are unknown here.
    const specs = policyLimits(snapshot.policy).map(([name, limit]) => {
        return specOf(name, limit, lenientZones);
    });
    const views = specs.map(({ name }) => viewOf(snapshot, name));
    // Nothing happens before tokens next come in. All of them start before that, or those that have
    // their tokens would hold up the others.
    const beforeMs = Math.min(...views.map(({ nextTickAtMs }) => nextTickAtMs)) - 1;
    const states = specs.map(({ name, kind, fields: limit }, index) => {
        const { tokens, nextTickAtMs, pausedTokens = 0 } = views[index] ?? snapshot;
        const startedAtMs = startBefore(beforeMs, nextTickAtMs, limit);
        const initialTokens = tokens + pausedTokens;
        const started = kind.start({ ...limit, initialTokens }, startedAtMs);
        // What is aside is there at the end of the pause; what a tick brings, with that tick.
        const untilMs = pausedTokens > 0 ? nextTickAtMs : nextTickAtMs - 1;
        started.pause(untilMs, tokens, startedAtMs);
        started.take(owedNow(snapshot, name));
        return started.toJSON();
    });
    const limits = LimitSet.restore(specs, states);
    made.set(snapshot, limits);
    return limits;
}
/** What ticks have to make good of the limit `name` before they bring anything. */
function owedNow({ waiters, policy, owedTokens }, name) {
    // Behind the waiters, it makes none of them later.
    const isTaken = waiters === 0 || policy.hold?.debt === "front";
    return isTaken ? (owedTokens?.[name] ?? 0) : 0;
}
/** The latest start up to `beforeMs` that has a tick at `nextTickAtMs`. */
function startBefore(beforeMs, nextTickAtMs, fields) {
    if (!("refillIntervalMs" in fields))
        return beforeMs;
    const intervalMs = Number(fields.refillIntervalMs);
    return nextTickAtMs - Math.ceil((nextTickAtMs - beforeMs) / intervalMs) * intervalMs;
}
function viewOf(snapshot, name) {
    return snapshot.limits?.[name] ?? snapshot;
}
/** No more than fits, as after a change of policy. */
function fittingCost({ specs }, cost) {
    return specs.map(({ fields }, index) => Math.min(tokensOf(cost, index), fields.capacity));
}
