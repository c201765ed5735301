import { areEqual, completeFields, excessFaults, mergeFields, missingFaults, rangeFaults, writtenNames, } from "./fields.js";
import { isRecord, membersOf } from "./is-record.js";
import { calendarFields } from "./limits/calendar-fields.js";
import { completeLimit, isMixed, limitFaults, limitFieldsAfter, limitFieldsOf, limitNamesOf, mixedFaults, specOf, withoutStray, zoneFaults, } from "./limits/kinds.js";
import { FIRST_LIMIT, LIMIT_NAME, LIMIT_NAME_RULE } from "./limits/limit-name.js";
import { tokenBucketFields } from "./limits/token-bucket-fields.js";
import { onlyUtc } from "./limits/time-zones.js";
import { areTablesEqual, completeTables, policyTables, tableCombinationFaults, tableFaults, withoutTables, } from "./policy-tables.js";
import { showValue } from "./values.js";
/** How many limits a policy may have besides the first: each makes every step of a forecast longer. */
export const MAX_FURTHER_LIMITS = 7;
/** What each number about the queue may be. */
export const queueFields = {
    /** A held request costs about 85 KB of an object's memory, of which there are 128 MB or more. */
    queueLimit: { min: 0, max: 10_000, default: 1_000 },
    /** Up to an hour, about as long as a held connection can be expected to last. */
    maxWaitMs: { min: 0, max: 3_600_000, default: 60_000 },
};
/** What people read of each number about the queue. */
export const queueWords = {
    queueLimit: { unit: "callers", description: "Maximum number of waiting callers" },
    maxWaitMs: { unit: "milliseconds", description: "The longest wait, in milliseconds" },
};
/** What each number about keeping a bucket may be. All of them may be left out, and then nothing is forgotten. */
export const keepingFields = {
    /** From a minute, so that a bucket isn't made anew for each of its callers, to 30 days. */
    forgetAfterMs: { min: 60_000, max: 2_592_000_000 },
};
/** What people read of each number about keeping a bucket. */
export const keepingWords = {
    forgetAfterMs: {
        unit: "milliseconds",
        description: "How long after its last use a bucket is forgotten, in milliseconds; absent if it is kept for good",
    },
};
/**
 * What is wrong with each of `changes` on its own, no matter which fields a policy has: ranges, unknown
 * names, fields of two kinds of limits. Further limits are complete, or `null`.
 */
export function fieldFaults(changes) {
    const { limits, ...flat } = withoutTables(changes);
    const limitTable = { ...tokenBucketFields, ...calendarFields };
    return [
        ...rangeFaults(policyTableWith(limitTable), flat, namesFor(limitTable)),
        ...(isMixed(flat) ? mixedFaults(flat) : []),
        ...tableFaults(changes),
        ...limitsFaults(isRecord(limits) ? withoutNulls(limits) : limits),
        ...removalFaults(membersOf(limits)),
    ];
}
/** The fields of a policy whose first limit has these, the nested ones aside. */
function policyTableWith(limitTable) {
    return { ...limitTable, ...queueFields, ...keepingFields };
}
/** All names under which people may write the fields of a policy whose first limit has these. */
function namesFor(limitTable) {
    const others = writtenNames({ ...queueFields, ...keepingFields });
    return [...limitNamesOf(limitTable), ...others, ...Object.keys(policyTables), "limits"];
}
/**
 * A bucket's limits and queue, checked and complete. Immutable.
 *
 * @example
 * const perSecond = Policy.of({ capacity: 10, refillTokens: 5, refillIntervalMs: 1000 });
 * perSecond.initialTokens; // 5
 */
export class Policy {
    /** Of the first limit. */
    capacity;
    /** Of the first limit. */
    initialTokens;
    queueLimit;
    maxWaitMs;
    /** `undefined` if buckets are kept for good. */
    forgetAfterMs;
    /** `undefined` if leases are off. */
    lease;
    /** `undefined` if holds are off. */
    hold;
    /** `undefined` if any number of grants may be out at once. */
    concurrency;
    /** What the bucket holds callers to, in order: the first limit, and the others by name. */
    limits;
    /** A private field also makes the type nominal: no object literal passes for a `Policy`. */
    #fields;
    constructor(fields, zones) {
        this.#fields = Object.freeze(fields);
        this.capacity = fields.capacity;
        this.initialTokens = fields.initialTokens;
        this.queueLimit = fields.queueLimit;
        this.maxWaitMs = fields.maxWaitMs;
        this.forgetAfterMs = fields.forgetAfterMs;
        this.lease = fields.lease;
        this.hold = fields.hold;
        this.concurrency = fields.concurrency;
        const others = Object.entries(fields.limits ?? {});
        const specs = [[FIRST_LIMIT, fields], ...others].map(([name, limit]) => {
            return specOf(name, limit, zones);
        });
        this.limits = Object.freeze(specs);
        Object.freeze(this);
    }
    /**
     * Builds a policy.
     *
     * @param zones Where time zones come from; without it, calendars are in UTC.
     * @throws {RangeError} If a field is missing, illegal or unknown, if `initialTokens` exceeds `capacity`, or
     * if `lease` is combined with a calendar, further limits or `concurrency`. The message names every fault.
     */
    static of(fields, zones = onlyUtc) {
        const check = Policy.check({ ...fields }, zones);
        if (check.ok)
            return check.policy;
        const messages = check.faults.map((fault) => fault.message);
        throw new RangeError(`Illegal policy: ${messages.join("; ")}`);
    }
    /**
     * `of` for untrusted input: faults are a value. A field that is `undefined` counts as missing.
     */
    static check(fields, zones = onlyUtc) {
        const { limits, ...flat } = withoutTables(fields);
        const limitTable = limitFieldsOf(flat);
        const table = { ...limitTable, ...queueFields };
        const faults = [
            ...rangeFaults(policyTableWith(limitTable), withoutStray(flat), namesFor(limitTable)),
            ...mixedFaults(flat),
            ...tableFaults(fields),
            ...missingFaults(table, flat),
            ...excessFaults(table, flat),
            ...zoneFaults(flat, zones),
            ...limitsFaults(limits, zones),
            ...combinationFaults(fields),
            ...tableCombinationFaults(fields),
        ];
        const complete = faults.length > 0 ? undefined : completePolicy(fields);
        return complete ? { ok: true, policy: new Policy(complete, zones) } : { ok: false, faults };
    }
    /**
     * The fields of this policy with `changes` applied, not yet checked.
     *
     * `initialTokens` follows along: if `changes` leaves it out, a default becomes the default of the new
     * fields, and an explicit number is cut to the new capacity. `every` makes the first limit a calendar, and
     * refill fields make it a token bucket; the fields of the other kind go. Of `limits`, those named are
     * replaced or, by `null`, removed.
     */
    merge(changes) {
        const { limits: current = {}, ...fields } = this.#fields;
        const { limits: changed, ...flat } = changes;
        const [before, after] = [limitFieldsOf(fields), limitFieldsAfter(fields, flat)];
        const kept = before === after ? { ...fields } : withoutFieldsOf(before, fields);
        const merged = mergeFields({ ...after, ...queueFields }, kept, flat);
        if (changed === null)
            return merged;
        const limits = isRecord(changed) ? withoutNulls({ ...current, ...changed }) : current;
        if (changed !== undefined && !isRecord(changed))
            return { ...merged, limits: changed };
        return Object.keys(limits).length > 0 ? { ...merged, limits } : merged;
    }
    /** Whether `other` says the same. */
    equals(other) {
        const [one, two] = [this.#fields, other instanceof Policy ? other.#fields : other];
        const names = Object.keys(one.limits ?? {});
        return (isSameLimit(one, two) &&
            areEqual(queueFields, one, two) &&
            areEqual(keepingFields, one, two) &&
            areTablesEqual(one, two) &&
            names.length === Object.keys(two.limits ?? {}).length &&
            names.every((name) => isSameLimit(one.limits?.[name], two.limits?.[name])));
    }
    /** All fields, as `Policy.of` takes them. */
    toJSON() {
        return this.#fields;
    }
}
/** The fields of a complete policy, without those of one kind of limit but for the capacity. */
function withoutFieldsOf(table, fields) {
    const kept = Object.entries(fields).filter(([name]) => {
        return name === "capacity" || !Object.hasOwn(table, name);
    });
    return Object.fromEntries(kept);
}
function withoutNulls(limits) {
    return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== null));
}
/** What is wrong with a policy's further limits. @param zones Without it, time zones aren't looked up. */
function limitsFaults(limits, zones) {
    if (limits === undefined || limits === null)
        return [];
    if (!isRecord(limits)) {
        const message = `limits must be a table of limits by name: got ${showValue(limits)}`;
        return [{ field: "limits", message }];
    }
    const count = Object.keys(limits).length;
    const message = `limits must be at most ${MAX_FURTHER_LIMITS}: got ${count}`;
    return [
        ...(count > MAX_FURTHER_LIMITS ? [{ field: "limits", message }] : []),
        ...Object.entries(limits).flatMap(([name, limit]) => namedLimitFaults(name, limit, zones)),
    ];
}
/** What is wrong with the names of limits that a change removes. One that isn't there is no fault. */
function removalFaults(limits) {
    const removed = Object.keys(limits).filter((name) => limits[name] === null);
    return removed.flatMap((name) => limitNameFault(name) ?? []);
}
function limitNameFault(name) {
    const field = `limits.${name}`;
    if (name === FIRST_LIMIT) {
        const message = `limits.${name} is the policy's first limit: give its fields without limits.${name}`;
        return { field, message };
    }
    if (LIMIT_NAME.test(name))
        return undefined;
    return { field, message: `A limit's name must be ${LIMIT_NAME_RULE}: got ${showValue(name)}` };
}
function namedLimitFaults(name, limit, zones) {
    const nameFault = limitNameFault(name);
    if (nameFault)
        return [nameFault];
    const field = `limits.${name}`;
    if (!isRecord(limit)) {
        const message = `${field} must be a table of fields, such as { limit = "100/1m" }: got ${showValue(limit)}`;
        return [{ field, message }];
    }
    return limitFaults(limit, `${field}.`, zones);
}
/** Leases are lent of one token bucket: what an isolate grants is checked against nothing else. */
function combinationFaults({ lease, limits, every, }) {
    if (lease === undefined || lease === null)
        return [];
    const hasOthers = Object.keys(membersOf(limits)).length > 0;
    if (every === undefined && !hasOthers)
        return [];
    const other = every === undefined ? "limits" : "every";
    const message = `lease cannot be combined with ${other}: leave out one of them, in a PUT by "lease": null`;
    return [{ field: "lease", message }];
}
/** All fields of a policy that is legal. */
function completePolicy(fields) {
    const first = completeLimit(fields);
    const queue = completeFields(queueFields, fields);
    if (!first || !queue)
        return undefined;
    const limits = {};
    for (const [name, given] of Object.entries(membersOf(fields["limits"]))) {
        const limit = completeLimit(membersOf(given));
        if (!limit)
            return undefined;
        limits[name] = Object.freeze(limit);
    }
    const hasOthers = Object.keys(limits).length > 0;
    return {
        ...first,
        ...queue,
        ...completeFields(keepingFields, fields),
        ...completeTables(fields),
        ...(hasOthers && { limits: Object.freeze(limits) }),
    };
}
function isSameLimit(one, other) {
    if (!one || !other)
        return false;
    const table = limitFieldsOf(one);
    return table === limitFieldsOf(other) && areEqual(table, { ...one }, { ...other });
}
