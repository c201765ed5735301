import { MAX_ID_LENGTH } from "../../protocol/session-calls.js";
import { countSchema, objectSchema } from "./json-schema.js";
import { acquireFields, grantMembers, namedTokens, optionalGrantMembers, permit, problemMembers, } from "./openapi-schemas.js";
/** A call, by the client's name for it. */
const id = {
    anyOf: [{ type: "integer" }, { type: "string", maxLength: MAX_ID_LENGTH }],
    description: "The client's name for the call. Use each only once in a session: what is answered to the call has the same",
};
const ticket = {
    type: "string",
    description: "Proves the place in the queue. An acquire that presents it before the deadline, with the same parameters, takes that place again",
};
/** What a message to Sluice may have beside `op` and `id`. */
const members = {
    acquire: {
        tokens: acquireFields.tokens,
        timeoutMs: acquireFields.timeoutMs,
        holdMs: acquireFields.holdMs,
        key: {
            type: "string",
            minLength: 1,
            description: "The idempotency key, 1 to 255 printable ASCII characters",
        },
        follow: {
            type: "boolean",
            description: "Whether `queued` is sent at each change, and not only once",
        },
        fields: {
            type: "boolean",
            description: "Whether the ending has the `RateLimit` fields",
        },
        label: acquireFields.label,
        ticket: { ...ticket, description: "The ticket of an acquire whose place this one takes" },
    },
    cancel: {},
    settle: {
        hold: { type: "string", description: "The `id` of the hold, as the grant has it" },
        used: { $ref: "#/components/schemas/UsedTokens" },
    },
    extend: {
        permit: { type: "string", description: "The `id` of the permit, as the grant has it" },
    },
    release: {
        permit: { type: "string", description: "The `id` of the permit, as the grant has it" },
    },
};
function callSchema([op, own]) {
    const isAcquire = op === "acquire";
    const required = isAcquire ? [] : Object.keys(own);
    return {
        type: "object",
        properties: { op: { const: op }, id, ...own },
        ...(isAcquire && { patternProperties: namedTokens.patternProperties }),
        required: ["op", "id", ...required],
        additionalProperties: false,
    };
}
const { bucket: _, ...granted } = grantMembers;
const nothing = { type: "object", properties: {} };
/** The bodies of messages from Sluice, which are those of HTTP where there is such an answer. */
const bodiesOfMessages = {
    queued: objectSchema({
        position: countSchema("1 is the head of the queue"),
        etaMs: countSchema("Time until the grant as things stand, in milliseconds"),
        estimate: {
            const: true,
            description: "Present if `etaMs` depends on when permits come back",
        },
        ticket,
    }, { estimate: true, ticket: true }),
    granted: objectSchema(granted, optionalGrantMembers),
    refused: {
        type: "object",
        properties: problemMembers,
        required: ["type", "title", "status", "detail", "reason"],
    },
    cancelled: nothing,
    settled: { $ref: "#/components/schemas/SettledHold" },
    extended: permit,
    released: nothing,
};
const fields = {
    type: "object",
    properties: { RateLimit: { type: "string" }, "RateLimit-Policy": { type: "string" } },
    description: "The `RateLimit` fields, if the acquire asked for them",
};
/** A message that can't be read may have no id. */
const idOrNone = { ...id, anyOf: [...id.anyOf, { type: "null" }] };
function messageSchema([said, body]) {
    const isEnding = said === "granted" || said === "refused" || said === "cancelled";
    return {
        type: "object",
        properties: {
            id: said === "refused" ? idOrNone : id,
            [said]: body,
            ...(isEnding && { fields }),
        },
        required: ["id", said],
    };
}
/** The schemas of sessions that the document lists under `components`. */
export const sessionBodies = {
    SessionCall: { anyOf: Object.entries(members).map(callSchema) },
    SessionMessage: { anyOf: Object.entries(bodiesOfMessages).map(messageSchema) },
    SessionFrame: {
        anyOf: [
            { $ref: "#/components/schemas/SessionMessage" },
            { type: "array", items: { $ref: "#/components/schemas/SessionMessage" } },
        ],
    },
};
