import { bucketName } from "./openapi-schemas.js";
import { limiterReasons } from "../../core/outcome.js";
import { acquireRanges } from "../../protocol/asked-members.js";
import { countSchema, instantSchema, integerSchema, limitsSchema, objectSchema, } from "./json-schema.js";
const waiter = objectSchema({
    id: {
        type: "string",
        description: "Names the waiter as long as it waits. It gives nobody its place",
    },
    position: countSchema("1 is the head of the queue"),
    etaMs: countSchema("Time until the grant as things stand, in milliseconds"),
    estimate: { const: true, description: "Present if `etaMs` depends on when permits come back" },
    tokens: integerSchema(acquireRanges.tokens, "Tokens requested of each limit"),
    limits: limitsSchema(integerSchema(acquireRanges.tokens, "Tokens requested of this limit"), "Tokens requested of single limits, by name; absent if there are none"),
    queuedAtMs: instantSchema("When it arrived"),
    deadlineAtMs: instantSchema("When it is refused unless it has been granted"),
    label: { type: "string", description: "What the caller calls itself; absent if nothing" },
}, { estimate: true, limits: true, label: true });
const waiters = objectSchema({
    waiters: { type: "array", items: waiter, description: "In the order of the queue" },
    omitted: countSchema("How many more there are"),
}, {});
const busyBucket = objectSchema({
    bucket: bucketName,
    policyName: { type: "string", description: "The pattern of its policy" },
    isOverridden: { type: "boolean", description: "Whether it has a policy of its own" },
    tokens: {
        type: "integer",
        description: "Tokens of the first limit; below 0 while it owes some",
    },
    capacity: countSchema("The most tokens of the first limit"),
    waiters: countSchema("Waiting callers"),
    grantedPerS: rateSchema("Acquires granted a second"),
    refusedPerS: rateSchema("Acquires refused a second"),
    waitP95Ms: countSchema("Estimate of the time within which 95 % of those that were granted have been, in milliseconds"),
    oldestWaitMs: countSchema("How long the head of the queue had waited, in milliseconds; absent if an older version reports"),
    maxWaitMs: countSchema("The longest wait that its policy allows, in milliseconds; absent if an older version reports"),
    pausedUntilMs: instantSchema("Until when its first limit is paused; absent if it isn't"),
    atMs: instantSchema("When it reported this"),
    recent: {
        type: "array",
        maxItems: 30,
        description: "Only if asked for: granted, refused and waiters of earlier reports, oldest first",
        items: { type: "array", items: { type: "number" }, minItems: 3, maxItems: 3 },
    },
}, { oldestWaitMs: true, maxWaitMs: true, pausedUntilMs: true, recent: true });
const busyBuckets = objectSchema({
    buckets: { type: "array", items: busyBucket, description: "In the order that was asked for" },
    omitted: countSchema("How many more there are"),
}, {});
const override = objectSchema({
    bucket: bucketName,
    policy: { $ref: "#/components/schemas/PolicyFields" },
    atMs: instantSchema("When it was set; absent if that isn't known"),
    note: { type: "string", description: "What the admin wrote about it; absent if nothing" },
    hasPrevious: {
        type: "boolean",
        description: "Whether there was another override before it, which can be put back",
    },
}, { atMs: true, note: true });
const policies = objectSchema({
    buckets: {
        type: "array",
        items: { type: "string" },
        description: "Patterns of the buckets that the caller may change",
    },
    policies: {
        type: "array",
        items: { $ref: "#/components/schemas/Policy" },
        description: "The configured policies of patterns within `buckets`",
    },
    overrides: {
        type: "array",
        items: override,
        description: "Buckets within `buckets` that have an override, by name",
    },
}, {});
const history = objectSchema({
    intervalMs: countSchema("The usual time between two points, in milliseconds"),
    points: {
        type: "array",
        maxItems: 360,
        description: "Oldest first: the window's end (epoch milliseconds), grants, refusals, waiters, p50 and p95 of waits (estimates, in milliseconds). Windows that weren't busy are missing",
        items: { type: "array", items: { type: "integer" }, minItems: 6, maxItems: 6 },
    },
}, {});
function rateSchema(description) {
    return { type: "number", minimum: 0, description };
}
const dryRun = objectSchema({
    snapshot: { $ref: "#/components/schemas/Snapshot" },
    refused: {
        type: "array",
        items: {
            type: "object",
            properties: {
                id: { type: "string", description: "As in the list of waiters" },
                reason: {
                    type: "string",
                    enum: limiterReasons,
                    description: "The `reason` that it would be refused with",
                },
            },
            required: ["id", "reason"],
        },
        maxItems: 1_000,
        description: "The waiters that would be refused, in the order of the queue",
    },
    omitted: countSchema("How many more would be refused; absent if none"),
    moved: countSchema("Waiters that would be granted at another time than now foreseen"),
}, { omitted: true });
/** The schemas of operators' calls that the document lists under `components`. */
export const operatorBodies = {
    BusyBuckets: busyBuckets,
    DryRun: dryRun,
    History: history,
    Policies: policies,
    Waiters: waiters,
};
