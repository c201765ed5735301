import { reasonFields } from "../../protocol/reasons.js";
import { calls } from "../calls/index.js";
import { quotaFields } from "../calls/call.js";
import { bodies, bucketName, problemMembers } from "./openapi-schemas.js";
import { operatorBodies } from "./operator-schemas.js";
import { sessionBodies } from "./session-schemas.js";
/**
 * The version of the interface, not of the program: it grows when a change would break an existing client.
 */
const INTERFACE_VERSION = "1.0.0";
const json = "application/json";
const problemJson = "application/problem+json";
/** Who may call, by the right that a call needs: if Sluice is public, the first two need no token. */
const security = {
    acquire: [{}, { token: ["acquire"] }],
    read: [{}, { token: ["read"] }],
    pause: [{ token: ["pause"] }, { token: ["admin"] }],
    admin: [{ token: ["admin"] }],
};
const anyone = [{}];
const retryAfter = { "Retry-After": { $ref: "#/components/headers/Retry-After" } };
const nameInPath = {
    name: "name",
    in: "path",
    required: true,
    description: "Name of the bucket, percent-encoded: `a/b` is `a%2Fb`",
    schema: bucketName,
};
/** The problem documents of some reasons that share a status. */
function problemSchema(status, reasons) {
    const members = {
        ...problemMembers,
        status: { const: status },
        reason: { type: "string", enum: reasons },
    };
    const present = Object.entries(members).filter(([name]) => reasons.some((reason) => hasMember(reason, name)));
    const required = present
        .map(([name]) => name)
        .filter((name) => !dependingMembers.has(name))
        .filter((name) => reasons.every((reason) => hasMember(reason, name)));
    return { type: "object", properties: Object.fromEntries(present), required };
}
/** Members that a problem document of their reason may lack. */
const dependingMembers = new Set([
    "estimate",
    "settledAtMs",
    "expiredAtMs",
]);
/** Which reasons have a member that isn't in every problem document. */
const reasonsWith = {
    errors: (reason) => reason === "invalid-request",
    retryAfterMs: (reason) => reasonFields[reason].hasRetryAfter === true,
    // Only of a bucket with permits.
    estimate: (reason) => reason === "timeout" || reason === "queue-full",
    settledAtMs: (reason) => reason === "hold-settled",
    expiredAtMs: (reason) => reason === "hold-settled",
    "violated-policies": (reason) => {
        return reasonFields[reason].status === 429 || reason === "exceeds-capacity";
    },
};
function hasMember(reason, name) {
    const conditions = reasonsWith;
    return conditions[name]?.(reason) ?? true;
}
/** The answers for these reasons. */
function refusals(reasons) {
    const answers = {};
    for (const [status, sameStatus] of byStatus(reasons)) {
        const isQuota = status === 429;
        const lines = sameStatus.map((reason) => `\`${reason}\`: ${reasonFields[reason].title}`);
        answers[status] = {
            description: lines.join("; "),
            ...((isQuota || status === 503) && {
                headers: { ...retryAfter, ...(isQuota && quotaFields) },
            }),
            content: { [problemJson]: { schema: problemSchema(status, sameStatus) } },
        };
    }
    return answers;
}
function byStatus(reasons) {
    const groups = new Map();
    for (const reason of reasons) {
        const { status } = reasonFields[reason];
        groups.set(status, [...(groups.get(status) ?? []), reason]);
    }
    return groups;
}
/** Why a call may refuse: its own reasons, and those that follow from what it is. */
function reasonsOf({ right, body, reasons = [], isOnAnyHost }) {
    const isForAdmins = right === "pause" || right === "admin";
    return [
        ...only(!isOnAnyHost, "host-not-allowed"),
        // A call that needs a right names a bucket.
        ...only(right !== undefined, "invalid-request", "unauthorized", "unknown-bucket"),
        ...only(isForAdmins, "admin-disabled"),
        ...only(body !== undefined, "body-too-large"),
        ...reasons,
        ...only(right !== undefined, "unavailable"),
        "illegal-configuration",
        "internal-error",
    ];
}
function only(isSo, ...reasons) {
    return isSo ? reasons : [];
}
function contentOf({ schema, example }) {
    return { schema, ...(example !== undefined && { example }) };
}
function operationOf(call) {
    const { operationId, tag, summary, description, right, path, body } = call;
    const isNamed = path.includes("{name}");
    const parameters = [...(isNamed ? [nameInPath] : []), ...(call.parameters ?? [])];
    return {
        operationId,
        tags: [tag],
        summary,
        description,
        security: right ? security[right] : anyone,
        ...(parameters.length > 0 && { parameters }),
        ...(body && {
            requestBody: { required: body.isRequired, content: { [json]: contentOf(body) } },
        }),
        responses: { ...call.answers, ...refusals(reasonsOf(call)) },
    };
}
function pathsOf(described) {
    const paths = {};
    for (const call of described) {
        paths[call.path] = { ...paths[call.path], [call.method.toLowerCase()]: operationOf(call) };
    }
    return paths;
}
/** The description of the HTTP interface. */
export const openApiDocument = {
    openapi: "3.1.1",
    info: {
        title: "Sluice",
        version: INTERFACE_VERSION,
        summary: "A token bucket rate limiter that makes callers wait their turn",
        description: "Instants are epoch milliseconds, durations are milliseconds. Bodies are JSON. Every refusal is a problem document (RFC 9457) with a `reason`. Unknown routes answer `404` (`not-found`), other methods `405` (`method-not-allowed`, with `Allow`). HEAD works like GET, except for calls that take tokens or open a WebSocket.",
        license: { name: "MIT", identifier: "MIT" },
    },
    // Relative to this description: a reverse proxy may serve Sluice under a path.
    servers: [{ url: "." }],
    tags: [
        { name: "Acquiring", description: "Take tokens, or wait for them." },
        { name: "Holding", description: "Settle the holds and release the permits of grants." },
        { name: "Buckets", description: "Inspect, watch and manage buckets." },
        { name: "Service", description: "About the service itself." },
    ],
    paths: pathsOf(calls),
    components: {
        securitySchemes: {
            token: {
                type: "http",
                scheme: "bearer",
                description: "An API_TOKEN with the right to make this call, or an ADMIN_TOKEN for calls that change buckets.",
            },
        },
        headers: {
            RateLimit: {
                description: 'Current tokens (`r`) and seconds until the next tick, rounded up (`t`; absent if the bucket is full): `"*";r=0;t=1`. draft-ietf-httpapi-ratelimit-headers-11',
                schema: { type: "string" },
            },
            "RateLimit-Policy": {
                description: 'Capacity (`q`) and the seconds it takes to fill an empty bucket, rounded up (`w`): `"*";q=1;w=1`',
                schema: { type: "string" },
            },
            "Retry-After": {
                description: "`retryAfterMs` in seconds, rounded up, at least 1",
                schema: { type: "integer", minimum: 1 },
            },
        },
        schemas: { ...bodies, ...operatorBodies, ...sessionBodies },
    },
};
