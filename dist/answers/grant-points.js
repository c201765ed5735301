/** Points that one invocation may write [doc]. */
const POINTS_AN_INVOCATION = 250;
/** How many of these are kept for timers: one for each tick of a second, 10 ms apart. */
const POINTS_FOR_TIMERS = 100;
/** The length of an index, in bytes [doc]; names are ASCII. */
const MAX_INDEX_LENGTH = 96;
/**
 * Writes the points of one bucket. Nothing here throws: a dataset that fails holds nothing up.
 *
 * @example
 * const points = new GrantPoints(env.ANALYTICS, "lease");
 * points.invoked();
 * points.write({ name: "x", policyName: "*" }, [{ tokens: 1, waitedMs: 0, remaining: 4 }]);
 */
export class GrantPoints {
    #dataset;
    #source;
    /** Points that this invocation may still write. */
    #remaining = POINTS_AN_INVOCATION;
    /** Grants whose point is not written yet. */
    #pending = undefined;
    #hasFailed = false;
    constructor(dataset, source) {
        this.#dataset = dataset;
        this.#source = source;
    }
    /** A request or an alarm has arrived: a new invocation. */
    invoked() {
        this.#remaining = POINTS_AN_INVOCATION;
    }
    /** Writes the grants of one turn, in order. */
    write(bucket, grants) {
        const points = merge(grants, Math.max(1, this.#remaining - POINTS_FOR_TIMERS));
        if (this.#pending)
            points.unshift(this.#pending);
        this.#pending = undefined;
        for (const point of points) {
            if (this.#pending || !this.#tryWrite(bucket, point))
                this.#pending = sum(this.#pending, point);
        }
    }
    #tryWrite({ name, policyName }, point) {
        if (this.#remaining <= 0)
            return false;
        const { tokens, waitedMs, remaining, grants } = point;
        try {
            this.#dataset.writeDataPoint({
                indexes: [name.slice(0, MAX_INDEX_LENGTH)],
                blobs: [name, policyName, this.#source],
                doubles: [tokens, waitedMs, remaining, grants],
            });
            this.#remaining -= 1;
            return true;
        }
        catch (error) {
            // Something that is not counted here may have used up the allowance.
            this.#remaining = 0;
            // Logged once: it may fail for every grant.
            if (!this.#hasFailed)
                console.error("Cannot write to ANALYTICS", error);
            this.#hasFailed = true;
            return false;
        }
    }
}
/** One point for each grant, or `most` points that share the grants evenly. */
function merge(grants, most) {
    const points = [];
    const count = Math.min(grants.length, most);
    for (let index = 0; index < count; index += 1) {
        const from = Math.floor((index * grants.length) / count);
        const to = Math.floor(((index + 1) * grants.length) / count);
        let point;
        for (const grant of grants.slice(from, to))
            point = sum(point, { ...grant, grants: 1 });
        if (point)
            points.push(point);
    }
    return points;
}
function sum(one, next) {
    if (!one)
        return next;
    return {
        tokens: one.tokens + next.tokens,
        waitedMs: one.waitedMs + next.waitedMs,
        remaining: next.remaining,
        grants: one.grants + next.grants,
    };
}
