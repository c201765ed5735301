/**
 * What always holds inside the core. A broken invariant is a bug in the core, never a caller's mistake,
 * so it throws at the place where it breaks.
 *
 * Tests and the fault simulator call `enforceInvariants` (test/invariants.setup.ts and
 * kit/simulation/simulate.ts); nothing else does. A deployed Worker never calls it, so every bundler
 * drops that function and the class below, and a call such as `invariants?.queue(…)` evaluates nothing,
 * not even its arguments. That needs no build constant, which plain Node, `tsc` and each bundler would
 * all have to agree on.
 */
/** The invariants if they are enforced, else `undefined`. */
export let invariants = undefined;
/** Enforces the invariants from now on, in everything that shares this module. */
export function enforceInvariants() {
    invariants = new Invariants();
}
/** One method per invariant; each throws an `Error` if it doesn't hold. */
export class Invariants {
    /**
     * The latest instant at which each waiter is granted, unless something allowed disturbs the queue.
     */
    #promisedAtMs = new WeakMap();
    /** A queue's running counts fit each other and its ends. */
    queue(waiters, tokens, head, tail) {
        const isEmpty = waiters === 0;
        hold(Number.isInteger(waiters) && waiters >= 0, () => `${waiters} waiters`);
        hold(tokens >= 0, () => `${waiters} waiters want ${tokens} tokens`);
        hold(!isEmpty || tokens === 0, () => `nobody waits, for ${tokens} tokens`);
        hold(isEmpty === !head && isEmpty === !tail, () => `${waiters} waiters, head or tail differs`);
    }
    /** A newcomer stands behind everybody who came earlier, and before everybody who came later. */
    joinedInOrder(previousAtMs = -Infinity, queuedAtMs, nextAtMs = Infinity) {
        hold(previousAtMs <= queuedAtMs && queuedAtMs < nextAtMs, () => `queued at ${queuedAtMs} between ${previousAtMs} and ${nextAtMs}`);
    }
    /** The waiters that the closed form doesn't cover are some of all waiters. */
    uncovered(uncovered, waiters) {
        hold(uncovered >= 0 && uncovered <= waiters, () => `${uncovered} of ${waiters} waiters aren't covered by the closed form`);
    }
    /** A turn ends with nobody waiting whose tokens are there. */
    headWaits(isThere, wanted) {
        hold(!isThere, () => `the head waits for ${String(wanted)} tokens, which are there`);
    }
    /** The head is due when its tokens are there. */
    headIsDue(keptAtMs, atMs) {
        hold(keptAtMs === atMs, () => `the head is due at ${atMs}, kept as ${keptAtMs}`);
    }
    /** A limit has whole tokens, and no more than it can. */
    limit(tokens, capacity) {
        hold(Number.isSafeInteger(tokens), () => `there are ${tokens} tokens`);
        hold(tokens <= capacity, () => `${tokens} tokens of at most ${capacity}`);
    }
    /** Sums that are out are positive, end one after the other, and add up. */
    lent(sums, tokens) {
        let total = 0;
        let lastMs = -Infinity;
        for (const sum of sums) {
            hold(sum.tokens > 0, () => `${sum.tokens} tokens out until ${sum.untilMs}`);
            hold(sum.untilMs > lastMs, () => `a loan until ${sum.untilMs} after one until ${lastMs}`);
            lastMs = sum.untilMs;
            total += sum.tokens;
        }
        hold(total === tokens, () => `${total} tokens out, counted as ${tokens}`);
    }
    /** What is on the disk holds a batch less than memory does, and a batch has its limit. */
    writtenAhead(batch, maxBatch, inMemory, onDisk) {
        hold(batch >= 0 && batch <= maxBatch, () => `a batch of ${batch} tokens, of ${maxBatch}`);
        hold(onDisk === inMemory - batch, () => `${inMemory} in memory, ${onDisk} written: ${batch}`);
    }
    /** An isolate grants tokens that it holds, all of them. */
    tookFromLeases(missing) {
        hold(missing === 0, () => `granted ${missing} tokens that no lease holds`);
    }
    /** `waiter` has been promised a grant by `grantAtMs`. */
    promised(waiter, grantAtMs) {
        this.#promisedAtMs.set(waiter, grantAtMs);
    }
    /** The daemon has come late, so promises can't be kept; waiters that stay are promised anew. */
    cameLate(waiters) {
        for (const waiter of waiters)
            this.#promisedAtMs.delete(waiter);
    }
    /**
     * Somebody came back: everybody may be granted later than promised, but not past their deadline.
     */
    movedBack(waiters) {
        for (const waiter of waiters) {
            const atMs = this.#promisedAtMs.get(waiter);
            if (atMs !== undefined) {
                this.#promisedAtMs.set(waiter, Math.max(atMs, waiter.deadlineAtMs));
            }
        }
    }
    /** Nobody is granted at a later tick than promised. */
    grantedAsPromised(waiter, tickAtMs) {
        const promisedAtMs = this.#promisedAtMs.get(waiter) ?? Infinity;
        hold(tickAtMs <= promisedAtMs, () => `promised ${promisedAtMs}, granted ${tickAtMs}`);
    }
}
function hold(holds, detail) {
    if (!holds)
        throw new Error(`Invariant broken: ${detail()}`);
}
