import { limiterReasons } from "../../core/outcome.js";
import { pauseRanges } from "../../core/pause.js";
import { calendarFields, calendarWords } from "../../core/limits/calendar-fields.js";
import { tokenBucketFields, tokenBucketWords } from "../../core/limits/token-bucket-fields.js";
import { LIMIT_NAME } from "../../core/limits/limit-name.js";
import { keepingFields, keepingWords, queueFields, queueWords } from "../../core/policy.js";
import { concurrencyFields, concurrencyWords, holdFields, holdWords, leaseFields, leaseWords, } from "../../core/policy-tables.js";
import { label, note, patternOf } from "../../protocol/printable-text.js";
import { acquireRanges } from "../../protocol/asked-members.js";
import { WINDOW_LIMIT, windowLimitWords } from "../../core/window-limit.js";
import { BUCKET_NAME_PATTERN, BUCKET_NAME_RULE } from "../../core/bucket-name.js";
import { countSchema, durationSchemas, fieldSchemas, instantSchema, integerSchema, limitsSchema, objectSchema, } from "./json-schema.js";
/** A bucket's name. */
export const bucketName = {
    type: "string",
    pattern: BUCKET_NAME_PATTERN,
    description: `Name of the bucket: ${BUCKET_NAME_RULE}`,
};
/** What a caller of `/acquire` sends, in the query or in the body. */
export const acquireFields = {
    bucket: bucketName,
    tokens: {
        ...integerSchema(acquireRanges.tokens, "Tokens to take of each limit, at most its capacity. 0 only if `tokens.NAME` is more for some limit"),
        default: 1,
    },
    timeoutMs: integerSchema(acquireRanges.timeoutMs, "How long the caller is willing to wait, in milliseconds. 0 fails fast; the default and maximum is the policy's maxWaitMs"),
    holdMs: integerSchema(acquireRanges.holdMs, "How long to hold the tokens so that what was used can be settled, in milliseconds; at most the policy's `hold.maxMs`. Without it the tokens are spent at once"),
    label: {
        type: "string",
        pattern: patternOf(label),
        description: "What the caller calls itself, up to 64 printable characters. All who may read the bucket see it in the list of waiters, so put no secret into it",
    },
};
/** `tokens.NAME`: parameters of a query and members of a body, whose names say which limit they are of. */
export const namedTokens = {
    type: "object",
    patternProperties: {
        [LIMIT_NAME.source.replace("^", "^tokens\\.")]: integerSchema(acquireRanges.tokens, "Tokens to take of the limit called NAME, instead of `tokens`"),
    },
};
const limitProperties = {
    ...fieldSchemas(calendarFields, calendarWords),
    ...fieldSchemas(tokenBucketFields, tokenBucketWords),
};
const limitFields = {
    type: "object",
    properties: limitProperties,
    required: ["capacity"],
    description: "A token bucket, or with `every` a calendar limit: full again at each boundary, and nothing comes in between",
};
const queueProperties = {
    ...fieldSchemas(queueFields, queueWords),
    ...fieldSchemas(keepingFields, keepingWords),
};
const tableProperties = {
    lease: fieldSchemas(leaseFields, leaseWords),
    hold: fieldSchemas(holdFields, holdWords),
    concurrency: fieldSchemas(concurrencyFields, concurrencyWords),
};
const policyProperties = { ...limitProperties, ...queueProperties };
const tableSchemas = {
    lease: objectSchema(tableProperties.lease, {}),
    hold: objectSchema(tableProperties.hold, {}),
    concurrency: objectSchema(tableProperties.concurrency, {}),
};
/** What a person may write besides the numbers of a limit, and instead of them. */
const writtenLimitProperties = {
    limit: {
        type: "string",
        pattern: WINDOW_LIMIT.source,
        description: windowLimitWords.limit.description,
    },
    burst: integerSchema(tokenBucketFields.capacity, windowLimitWords.burst.description),
    ...limitProperties,
    ...durationSchemas(tokenBucketFields, tokenBucketWords),
};
const writtenLimit = {
    type: "object",
    properties: writtenLimitProperties,
    description: "A token bucket, in numbers or as a `limit` that stands for them; or with `every` a calendar limit: full again at each boundary, and nothing comes in between",
};
const writtenLease = {
    type: "object",
    properties: { ...tableProperties.lease, ...durationSchemas(leaseFields, leaseWords) },
    required: ["maxTokens"],
};
const writtenHold = {
    type: "object",
    properties: { ...tableProperties.hold, ...durationSchemas(holdFields, holdWords) },
};
const writtenConcurrency = {
    type: "object",
    properties: {
        ...tableProperties.concurrency,
        ...durationSchemas(concurrencyFields, concurrencyWords),
    },
    required: ["max"],
};
const completeProperties = {
    ...policyProperties,
    ...tableSchemas,
    limits: limitsSchema({ $ref: "#/components/schemas/Limit" }, "Further limits, by name; absent if there are none"),
};
const completeRequired = ["capacity", "initialTokens", "queueLimit", "maxWaitMs"];
const completePolicy = {
    type: "object",
    properties: completeProperties,
    required: completeRequired,
};
const namedPolicy = {
    type: "object",
    properties: {
        name: { type: "string", description: "The pattern under which the policy is configured" },
        ...completeProperties,
    },
    required: ["name", ...completeRequired],
};
const limitState = {
    tokens: countSchema("Tokens in the limit"),
    nextTickAtMs: instantSchema("When tokens next come in; if the limit is paused, the first time after the pause, or its end"),
    pausedUntilMs: instantSchema("End of the pause; present only while the limit is paused"),
    pausedTokens: countSchema("Tokens that a pause of a calendar limit has put aside: there again when it ends; absent if there are none"),
};
const limitSnapshot = {
    type: "object",
    properties: { ...limitProperties, ...limitState },
    required: ["capacity", "initialTokens", "tokens", "nextTickAtMs"],
    description: "A further limit: what its policy says of it, and its state",
};
const snapshot = objectSchema({
    bucket: bucketName,
    policy: { $ref: "#/components/schemas/Policy" },
    tokens: countSchema("Tokens in the bucket"),
    waiters: countSchema("Waiting callers"),
    queuedTokens: countSchema("Total tokens requested by waiting callers"),
    nextTickAtMs: instantSchema("The next tick; if the bucket is paused, the first one after the pause, or its end"),
    pausedUntilMs: instantSchema("End of the pause; present only while the bucket is paused"),
    pausedTokens: limitState.pausedTokens,
    granted: countSchema("Callers granted since the bucket started"),
    refused: countSchema("Callers refused since the bucket started"),
    cancelled: countSchema("Callers that left the queue since the bucket started"),
    leasedTokens: countSchema("Tokens leased to isolates; present only if the policy has leases"),
    heldTokens: limitsSchema(countSchema("Tokens held of this limit"), "Tokens that holds have reserved and that aren't spent yet, by limit; present if the policy has holds"),
    owedTokens: limitsSchema(countSchema("Tokens owed of this limit"), "Tokens that were used beyond what was reserved and that haven't come in again yet, by limit; present if the policy has holds"),
    permits: {
        type: "object",
        properties: {
            max: countSchema("The most permits at an instant"),
            held: countSchema("Permits that are out"),
            oldestAtMs: instantSchema("When the oldest of them was granted; absent if none is out"),
        },
        required: ["max", "held"],
        description: "Present if the policy limits how many grants run at a time",
    },
    limits: limitsSchema({ $ref: "#/components/schemas/LimitSnapshot" }, "The further limits, by name; absent if there are none"),
    headLimit: {
        type: "string",
        description: "The limit that the head of the queue waits for, `permits` if that is a permit; present only if somebody waits and there are further limits or permits",
    },
    override: objectSchema({
        atMs: instantSchema("When it was set; absent if an earlier version set it"),
        note: { type: "string", description: "Why, in the operator's words" },
        hasPrevious: {
            const: true,
            description: "Present if there was another override before it, which can be put back",
        },
    }, { atMs: true, note: true, hasPrevious: true }),
    sessions: countSchema("Open sessions, on which acquires are sent; absent if there are none"),
}, {
    pausedUntilMs: true,
    pausedTokens: true,
    leasedTokens: true,
    heldTokens: true,
    owedTokens: true,
    permits: true,
    limits: true,
    headLimit: true,
    override: true,
    sessions: true,
});
/** Members of every event. */
const eventMembers = {
    id: countSchema("Identifies the request within one connection"),
    atMs: instantSchema("When it happened"),
    tokens: integerSchema(acquireRanges.tokens, "Tokens requested of each limit"),
    limits: limitsSchema(integerSchema(acquireRanges.tokens, "Tokens requested of this limit"), "Tokens requested of single limits, by name; absent if there are none"),
    label: { type: "string", description: "What the caller calls itself; absent if nothing" },
};
const isOptional = { limits: true, label: true };
const waitedMs = countSchema("Time since the caller's arrival, in milliseconds");
const watchEvent = {
    anyOf: [
        objectSchema({ kind: { const: "queued" }, ...eventMembers }, isOptional),
        objectSchema({ kind: { const: "granted" }, ...eventMembers, waitedMs }, isOptional),
        objectSchema({
            kind: { const: "refused" },
            ...eventMembers,
            reason: {
                type: "string",
                enum: limiterReasons,
                description: "The `reason` in the caller's problem document",
            },
        }, isOptional),
        objectSchema({ kind: { const: "cancelled" }, ...eventMembers, waitedMs }, isOptional),
    ],
};
const watchMessage = objectSchema({
    atMs: instantSchema("Current time of the bucket"),
    isFirst: { const: true, description: "Present in the first message of a connection" },
    snapshot: { $ref: "#/components/schemas/Snapshot" },
    events: {
        type: "array",
        items: watchEvent,
        description: "Events since the previous message, in order",
    },
    omitted: countSchema("Number of events left out because there were too many; absent if there were none"),
}, { isFirst: true, omitted: true });
/** Of a hold or a permit, or of both if they are of one grant. */
const openGrantId = { type: "string", description: "Unguessable; names it in later calls" };
const grantedHold = {
    ...objectSchema({
        id: openGrantId,
        expiresAtMs: instantSchema("When the hold counts as spent unless it has been settled"),
    }, {}),
    description: "The reserved tokens; present if the request asked for a hold",
};
export const permit = objectSchema({
    id: openGrantId,
    fence: countSchema("Higher than that of every earlier permit of the bucket"),
    expiresAtMs: instantSchema("When the permit comes back to the bucket unless it is extended"),
}, {});
const grantedPermit = {
    ...permit,
    description: "Present if the policy has `concurrency`",
};
/** Tokens of each limit that a hold has. */
const settledTokens = (what) => limitsSchema(countSchema(what), `${what}, by limit`);
const settledHold = objectSchema({
    id: openGrantId,
    used: settledTokens("Tokens used"),
    returned: settledTokens("Tokens that came back to the bucket"),
    owed: settledTokens("Tokens used beyond the reserved ones"),
    settledAtMs: instantSchema("When the hold was settled"),
}, {});
const changedHold = {
    anyOf: [
        { $ref: "#/components/schemas/SettledHold" },
        objectSchema({
            id: openGrantId,
            expiresAtMs: instantSchema("When the hold counts as spent unless it has been settled"),
        }, {}),
    ],
};
/** A number for each limit, or numbers by limit. */
const usedTokens = (what) => ({
    anyOf: [
        integerSchema(acquireRanges.tokens, what),
        limitsSchema(integerSchema(acquireRanges.tokens, what), `${what}, by limit`),
    ],
    description: `${what}. A number is for a hold that took the same of each limit; a limit that isn't named was used as reserved`,
});
const holdCallMembers = {
    used: { $ref: "#/components/schemas/UsedTokens" },
    atLeast: usedTokens("Tokens used so far"),
    extendMs: integerSchema(holdFields.maxMs, "Time from now to the end of the hold, in milliseconds; at most the policy's `hold.maxMs`"),
};
const holdCall = {
    anyOf: Object.entries(holdCallMembers).map(([name, schema]) => {
        return {
            type: "object",
            properties: { [name]: schema },
            required: [name],
            additionalProperties: false,
        };
    }),
};
/** What a grant has. */
export const grantMembers = {
    bucket: bucketName,
    tokens: countSchema("Tokens granted to the caller, of the first limit"),
    remaining: countSchema("Tokens left in the first limit just after this grant"),
    waitedMs: countSchema("Time from arrival to grant, in milliseconds"),
    grantedAtMs: instantSchema("The instant of the grant"),
    limits: limitsSchema(objectSchema({
        tokens: countSchema("Tokens granted of this limit"),
        remaining: countSchema("Tokens left in it just after this grant"),
    }, {}), "The same of the further limits, by name; absent if there are none"),
    hold: grantedHold,
    permit: grantedPermit,
};
/** What of it a grant may lack. */
export const optionalGrantMembers = { limits: true, hold: true, permit: true };
const grant = objectSchema(grantMembers, optionalGrantMembers);
const cancelled = objectSchema({
    cancelled: {
        type: "boolean",
        description: "Whether the acquire was waiting; `false` if it has been granted or is unknown",
    },
}, {});
const fault = objectSchema({
    field: { type: "string", description: "The parameter, header or member that is wrong" },
    message: {
        type: "string",
        description: "What is wrong: the field, the value and the limit",
    },
}, {});
const policyChange = {
    type: "object",
    properties: {
        ...writtenLimitProperties,
        ...queueProperties,
        ...durationSchemas(queueFields, queueWords),
        ...durationSchemas(keepingFields, keepingWords),
        limits: {
            anyOf: [
                limitsSchema({ anyOf: [{ $ref: "#/components/schemas/LimitChange" }, { type: "null" }] }, "Each named limit is replaced as a whole, and removed by `null`; the others stay"),
                { type: "null" },
            ],
            description: "Further limits, by name. `null` removes all of them",
        },
        lease: { anyOf: [writtenLease, { type: "null" }], description: "`null` turns leases off" },
        hold: { anyOf: [writtenHold, { type: "null" }], description: "`null` turns holds off" },
        concurrency: {
            anyOf: [writtenConcurrency, { type: "null" }],
            description: "`null` allows any number of grants at once",
        },
        note: {
            type: "string",
            pattern: patternOf(note),
            description: "Why, up to 200 printable characters. It is no part of the policy, and needs another member beside it",
        },
    },
    description: "Members that are left out stay unchanged. A member that ends in `Ms` may be given without it, as a duration. The answer has the numbers.",
};
const pause = objectSchema({
    untilMs: instantSchema(`End of the pause: ticks up to and including this instant add no tokens; at most ${pauseRanges.aheadMs.max} ms ahead`),
    tokens: {
        ...integerSchema(pauseRanges.tokens, "Maximum number of tokens that the bucket keeps; a calendar limit gives as many until the end"),
        default: 0,
    },
    limits: {
        type: "array",
        items: { type: "string" },
        minItems: 1,
        description: "Names of the limits to pause; by default the first only, which is called `rate`",
    },
}, { tokens: true, limits: true });
const health = objectSchema({ status: { const: "ok" } }, {});
/** What a problem document may have. Which of it one has follows from its reason. */
export const problemMembers = {
    type: {
        type: "string",
        format: "uri-reference",
        description: "URI of the kind of problem (RFC 9457)",
    },
    title: { type: "string", description: "The kind of problem, in words" },
    status: { type: "integer", description: "The HTTP status" },
    detail: { type: "string", description: "One sentence with the values and limits involved" },
    reason: { type: "string", description: "The kind of problem, for programs to switch on" },
    errors: {
        type: "array",
        minItems: 1,
        items: { $ref: "#/components/schemas/Fault" },
        description: "All faults of the request",
    },
    retryAfterMs: integerSchema({ min: 0, max: Number.MAX_SAFE_INTEGER }, "Time until retrying the same request may succeed, in milliseconds"),
    estimate: {
        const: true,
        description: "Present if `retryAfterMs` is an estimate, because it depends on when permits come back",
    },
    settledAtMs: instantSchema("When the hold was settled; absent if it was over without that"),
    expiredAtMs: instantSchema("When the hold was over; absent if it had been settled"),
    "violated-policies": {
        type: "array",
        items: { type: "string" },
        description: "What refused the request: the policy for its first limit, `POLICY/NAME` for a further one, as in the `RateLimit` fields; empty if only permits did",
    },
};
/** The schemas that the document lists under `components`. */
export const bodies = {
    Grant: grant,
    Cancelled: cancelled,
    HoldCall: holdCall,
    UsedTokens: usedTokens("Tokens used"),
    ChangedHold: changedHold,
    SettledHold: settledHold,
    Permit: permit,
    Snapshot: snapshot,
    WatchMessage: watchMessage,
    Policy: namedPolicy,
    PolicyFields: completePolicy,
    PolicyChange: policyChange,
    Limit: limitFields,
    LimitSnapshot: limitSnapshot,
    LimitChange: writtenLimit,
    Pause: pause,
    Fault: fault,
    Health: health,
};
