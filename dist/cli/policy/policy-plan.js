import { includesPattern } from "../../worker/config/policy-table.js";
import { changesBetween, policyOf } from "./policy-rows.js";
/** A plan: what differs, by pattern. */
export class PolicyPlan {
    added;
    removed;
    changed;
    /** Patterns of the file that the key may not see; nothing is said of them. */
    outside;
    /** Overrides that keep a change from their bucket. */
    hidden;
    #before;
    #after;
    /** @param rows Of the file. */
    constructor({ buckets, policies, overrides }, rows) {
        const isSeen = ({ name }) => {
            return buckets.some((pattern) => includesPattern(pattern, name));
        };
        this.#before = policies;
        this.#after = rows.filter(isSeen);
        this.outside = rows.filter((row) => !isSeen(row)).map(({ name }) => name);
        this.added = this.#after.filter(({ name }) => !rowNamed(policies, name));
        this.removed = policies.filter(({ name }) => !rowNamed(this.#after, name));
        this.changed = policies.flatMap((before) => {
            const after = rowNamed(this.#after, before.name);
            const changes = after ? changesBetween(before, after) : [];
            return changes.length > 0 ? [{ pattern: before.name, changes }] : [];
        });
        this.hidden = overrides.filter(({ bucket }) => this.concerned(bucket) !== undefined);
    }
    /** Whether the file is what is in force. */
    get isEmpty() {
        return this.added.length + this.removed.length + this.changed.length === 0;
    }
    /** What the plan means for a bucket without an override; `undefined` if nothing, or if the key may not see it. */
    concerned(bucket) {
        const [before, after] = [policyOf(this.#before, bucket), policyOf(this.#after, bucket)];
        if (!before)
            return undefined;
        const isSame = after !== undefined && changesBetween(before, after).length === 0;
        return isSame ? undefined : { before, after };
    }
}
function rowNamed(rows, name) {
    return rows.find((row) => row.name === name);
}
