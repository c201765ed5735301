import { areEqual, completeFields, nestedFaults } from "./fields.js";
import { membersOf } from "./is-record.js";
/** What each number of a policy's `lease` may be. */
export const leaseFields = {
    /** More than the capacity has the effect of the capacity. */
    maxTokens: { min: 1, max: 1_000_000_000 },
    /**
     * The minimum is a few round trips to the object. The maximum stays below the 30 seconds for which a Worker
     * can be expected to run on after its response, because it still has to return what is left.
     */
    ttlMs: { min: 100, max: 20_000 },
};
/** What people read of each number of a policy's `lease`. */
export const leaseWords = {
    maxTokens: { unit: "tokens", description: "Maximum number of tokens an isolate holds" },
    ttlMs: {
        unit: "milliseconds",
        description: "How long the isolate may grant from them, in milliseconds",
    },
};
/** What each field of a policy's `hold` may be. */
export const holdFields = {
    /** At least several round trips; up to an hour, as the longest wait. */
    maxMs: { min: 1_000, max: 3_600_000 },
    debt: { oneOf: ["queue", "front"], default: "queue" },
};
/** What people read of each field of a policy's `hold`. */
export const holdWords = {
    maxMs: { unit: "milliseconds", description: "The longest hold, in milliseconds" },
    debt: {
        description: "When tokens used beyond the reserved ones are taken: `queue` after everybody who waits now, `front` at once",
    },
};
/** What each number of a policy's `concurrency` may be. */
export const concurrencyFields = {
    /** The same as the longest queue. */
    max: { min: 1, max: 10_000 },
    /** At least several round trips, since a holder has to extend in time; up to an hour, as the longest wait. */
    ttlMs: { min: 1_000, max: 3_600_000 },
    graceMs: { min: 0, max: 60_000, default: 0 },
};
/** What people read of each number of a policy's `concurrency`. */
export const concurrencyWords = {
    max: { unit: "permits", description: "Maximum number of permits held at once" },
    ttlMs: {
        unit: "milliseconds",
        description: "How long a permit lasts unless it is extended, in milliseconds",
    },
    graceMs: {
        unit: "milliseconds",
        description: "How long a permit outlives the session it was granted on, in milliseconds",
    },
};
/** The fields of each table, in the order in which messages name the tables. */
export const policyTables = {
    lease: leaseFields,
    hold: holdFields,
    concurrency: concurrencyFields,
};
/** What is wrong with each table on its own. */
export function tableFaults(given) {
    return Object.entries(policyTables).flatMap(([name, fields]) => {
        return nestedFaults(name, fields, given[name]);
    });
}
/** What doesn't go together: an isolate grants from its lease without asking anybody how many are out. */
export function tableCombinationFaults({ lease, concurrency }) {
    if (!isGiven(lease) || !isGiven(concurrency))
        return [];
    const message = `concurrency cannot be combined with lease: leave out one of them, in a PUT by "lease": null`;
    return [{ field: "concurrency", message }];
}
/** The tables that are given and legal, frozen, with their defaults. */
export function completeTables(given) {
    const lease = completeFields(leaseFields, membersOf(given["lease"]));
    const hold = completeFields(holdFields, membersOf(given["hold"]));
    const concurrency = completeFields(concurrencyFields, membersOf(given["concurrency"]));
    return {
        ...(lease && { lease: Object.freeze(lease) }),
        ...(hold && { hold: Object.freeze(hold) }),
        ...(concurrency && { concurrency: Object.freeze(concurrency) }),
    };
}
/** Whether both have the same tables. */
export function areTablesEqual(one, other) {
    return (areEqual(leaseFields, one.lease, other.lease) &&
        areEqual(holdFields, one.hold, other.hold) &&
        areEqual(concurrencyFields, one.concurrency, other.concurrency));
}
/** The given fields without the tables. */
export function withoutTables(given) {
    const others = Object.entries(given).filter(([name]) => !Object.hasOwn(policyTables, name));
    return Object.fromEntries(others);
}
function isGiven(table) {
    return table !== undefined && table !== null;
}
