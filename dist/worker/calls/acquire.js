import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { isBucketName } from "../../core/bucket-name.js";
import { acquireRanges } from "../../protocol/asked-members.js";
import { authorize } from "../auth/authorize.js";
import { errorResponse, failureResponse } from "../failure-response.js";
import { readAcquireParams } from "../http/acquire-params.js";
import { MENTIONS_EVENTS, answerFormOf, hasHadLastEvent, noMoreEvents, } from "../http/event-stream.js";
import { readJsonObject } from "../http/json-body.js";
import { queryOf } from "../http/query.js";
import { streamedAcquire, streamedIfQueued } from "../http/streamed-acquire.js";
import { TICKET_FIELD } from "../../protocol/ticket-form.js";
import { acquireFields, namedTokens } from "../pages/openapi-schemas.js";
import { bucketFor } from "./bucket-for.js";
import { jsonAnswer, quotaFields } from "./call.js";
const granted = jsonAnswer("The tokens are granted.", "Grant", {
    bucket: "llm:ann",
    tokens: 1,
    remaining: 0,
    waitedMs: 1003,
    grantedAtMs: 1795425904731,
    limits: { tpm: { tokens: 1200, remaining: 88800 } },
});
/** What both methods have in common. */
const described = {
    path: "/acquire",
    tag: "Acquiring",
    right: "acquire",
    description: "Takes tokens, waiting for them if necessary: the answer is held back until the outcome is known. " +
        "Strictly first come, first served. A request that can't be granted in time is refused immediately and takes nothing. " +
        "With `holdMs` the tokens are held for settling. If the policy has `concurrency`, the grant comes with a permit. Both are named by an `id`, for the calls that settle and release them. " +
        "If `Accept` lists `text/event-stream`, the answer is a stream of events. " +
        "`queued` has the `position` in the queue (1 is the head) and `etaMs`, the time until the grant as things stand. `estimate` is there if that depends on when permits come back. `ticket` gets the place back after the connection has broken: see `Sluice-Ticket`. The event is sent at once and at each change; a comment follows if nothing changes for a while. " +
        "The last event is `granted` or `refused`, with the body of the plain answer. " +
        "The status of a stream is 200 whatever the outcome, except for faults that are found before the bucket is asked. " +
        "If `Accept` also lists `application/json`, the answer is a stream only if the request has to wait. Its last event is then preceded by an event `fields` with the `RateLimit` fields.",
    answers: {
        200: {
            ...granted,
            content: {
                ...granted.content,
                "text/event-stream": { schema: { type: "string", description: "Server-sent events" } },
            },
            headers: quotaFields,
        },
        204: {
            description: "Stops an `EventSource` that reconnects after its last event (`Last-Event-ID: settled`). Nothing is taken.",
        },
    },
    reasons: [
        "exceeds-capacity",
        "idempotency-key-reused",
        "ticket-mismatch",
        "timeout",
        "queue-full",
        "holds-full",
        "cancelled",
        "bucket-reset",
        "cancelled-by-admin",
    ],
};
/** The header with the key. */
export const idempotencyKeyParameter = {
    name: "Idempotency-Key",
    in: "header",
    description: "Use a new key for each acquire, and the same key for its retries. The tokens are taken once. A request whose connection broke keeps its place in the queue if it is retried within 30 seconds. A structured field string of 1 to 255 printable ASCII characters",
    schema: { type: "string", minLength: 1 },
};
const ticketParameter = {
    name: TICKET_FIELD,
    in: "header",
    description: "The `ticket` of a `queued` event. Gives a request for the same tokens, with the same `timeoutMs` and `holdMs`, the place of the one that it was sent to, until the deadline of that one. Send the `Idempotency-Key` of that request as well: with the ticket alone, a grant that was lost in a crash is made and paid again",
    schema: { type: "string", minLength: 1 },
};
/** The fields as parameters of a query. */
export const acquireQuery = Object.entries(acquireFields).map(([name, schema]) => {
    const description = schema.description ?? name;
    return { name, in: "query", description, required: name === "bucket", schema };
});
/** `tokens.NAME`. OpenAPI has no parameter whose name varies, but an object, each of whose members is one. */
const namedTokensQuery = {
    name: "limits",
    in: "query",
    description: "`tokens.NAME=N`: tokens to take of the limit called NAME, instead of `tokens`",
    style: "form",
    explode: true,
    schema: namedTokens,
};
export const acquireByGet = {
    ...described,
    method: "GET",
    operationId: "acquire",
    summary: "Acquire tokens",
    parameters: [...acquireQuery, namedTokensQuery, idempotencyKeyParameter, ticketParameter],
    hasNoHead: true,
    handle: (context) => acquire(context, {}),
};
export const acquireByPost = {
    ...described,
    method: "POST",
    operationId: "acquireByPost",
    summary: "Acquire tokens by POST",
    description: `${described.description} A field may be in the query or in the body, but only once.`,
    parameters: [
        ...acquireQuery.map(({ required, ...optional }) => optional),
        namedTokensQuery,
        idempotencyKeyParameter,
        ticketParameter,
    ],
    body: {
        isRequired: false,
        schema: { ...namedTokens, properties: acquireFields, additionalProperties: false },
        example: { bucket: "llm:ann", "tokens.tpm": 1200, timeoutMs: 5000 },
    },
    handle: async (context) => acquire(context, await readJsonObject(context.request)),
};
function acquire({ deployment, request, scopes }, body) {
    const { headers } = request;
    const read = readAcquireParams(queryOf(request.url), body, headers);
    if (!read.ok)
        return invalidRequestResponse(read.errors);
    const { ask } = read;
    const bucket = bucketFor(deployment, scopes, "acquire", read.bucket, undefined);
    if (bucket instanceof Response)
        return bucket;
    const form = answerFormOf(headers);
    if (form === "plain")
        return bucket.acquire(ask);
    if (hasHadLastEvent(headers))
        return noMoreEvents();
    const acquireAs = (follower) => {
        return bucket.acquire(ask, follower);
    };
    return form === "stream"
        ? streamedAcquire(acquireAs, failureResponse)
        : streamedIfQueued(acquireAs, failureResponse);
}
/**
 * Answers a `GET /acquire` as nearly every caller sends it: an address with nothing but the three parameters in
 * this order, and headers that ask for a plain answer. `undefined` for any other request, which goes to the
 * router and gets the answer that this would give: anything that looks odd here need not be understood here.
 *
 * What it costs, measured on workerd in processor time: method and URL next to nothing, and matching the URL
 * 0.1 µs. The first look at `headers` costs 0.9 µs, because the runtime makes an object then, and each header
 * 0.2 to 0.3 µs more. So only those are looked at that may change the answer: `Accept` (a stream?),
 * `Idempotency-Key` and `Sluice-Ticket`; `Authorization` only if acquiring needs a token. The host's name is in the URL. `Origin`
 * matters under `CORS_ORIGINS` alone, and such deployments have no fast lane.
 */
export function acquireAtOnce(deployment, request) {
    try {
        const plain = plainAcquireIn(request, deployment.allowedHosts);
        if (!plain)
            return undefined;
        if (!deployment.isOpen)
            return acquireWithToken(deployment, request, plain);
        const policy = deployment.settings.policies.find(plain.bucket);
        return policy && deployment.bucketOf(plain.bucket, policy, undefined).acquire(plain.ask);
    }
    catch (error) {
        return errorResponse(error, request);
    }
}
async function acquireWithToken(deployment, request, { bucket: name, ask }) {
    try {
        return await authorize(request, deployment.guards.acquire, (scopes) => {
            const bucket = bucketFor(deployment, scopes, "acquire", name, undefined);
            return bucket instanceof Response ? bucket : bucket.acquire(ask);
        });
    }
    catch (error) {
        return errorResponse(error, request);
    }
}
/**
 * A bucket, `tokens` and `timeoutMs`, each as it is; or the bucket percent-encoded, which clients do with `a:b`.
 */
const PLAIN_URL = /^https?:\/\/[^/?#]+\/acquire\?bucket=(?:([\w.:@/-]{1,128})|([\w.:@/%-]{1,384}))(?:&tokens=(\d{1,16}))?(?:&timeoutMs=(\d{1,7}))?$/;
function plainAcquireIn(request, allowedHosts) {
    if (request.method !== "GET")
        return undefined;
    const { url } = request;
    const found = PLAIN_URL.exec(url);
    if (!found)
        return undefined;
    const bucket = found[1] ?? decodedName(found[2]);
    const tokens = Number(found[3] ?? 1);
    const timeoutMs = Number(found[4] ?? 0);
    // With 0 tokens of each limit there is something to say.
    if (bucket === undefined || tokens === 0)
        return undefined;
    if (tokens > acquireRanges.tokens.max || timeoutMs > acquireRanges.timeoutMs.max)
        return undefined;
    const { headers } = request;
    const accepted = headers.get("Accept");
    if (accepted !== null && MENTIONS_EVENTS.test(accepted))
        return undefined;
    if (headers.has("Idempotency-Key") || headers.has(TICKET_FIELD))
        return undefined;
    if (allowedHosts && !allowedHosts.allows(url))
        return undefined;
    return { bucket, ask: found[4] === undefined ? { tokens } : { tokens, timeoutMs } };
}
/** A legal name that was percent-encoded; `undefined` if there is anything else to say of it. */
function decodedName(encoded = "") {
    try {
        const name = decodeURIComponent(encoded);
        return isBucketName(name) ? name : undefined;
    }
    catch {
        return undefined;
    }
}
