import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { readCancelParams } from "../http/acquire-params.js";
import { jsonResponse } from "../../answers/json-response.js";
import { queryOf } from "../http/query.js";
import { acquireQuery, idempotencyKeyParameter } from "./acquire.js";
import { bucketFor } from "./bucket-for.js";
import { jsonAnswer } from "./call.js";
export const cancel = {
    method: "DELETE",
    path: "/acquire",
    operationId: "cancel",
    tag: "Acquiring",
    summary: "Cancel a waiting acquire",
    description: "Identifies the acquire by its `Idempotency-Key`. All its requests end with `499`, waiters behind it move up immediately, and nothing is taken. Requests with the same key in the next 10 seconds are cancelled, too, so it doesn't matter which arrives first. A grant can't be cancelled.",
    // A caller that may acquire from a bucket may cancel there, if it knows the key.
    right: "acquire",
    parameters: [
        ...acquireQuery.filter(({ name }) => name === "bucket"),
        { ...idempotencyKeyParameter, required: true, description: "The key of the acquire" },
    ],
    answers: { 200: jsonAnswer("Whether the acquire was waiting.", "Cancelled") },
    handle: cancelAcquire,
};
async function cancelAcquire({ deployment, request, scopes }) {
    const read = readCancelParams(queryOf(request.url), request.headers);
    if (!read.ok)
        return invalidRequestResponse(read.errors);
    const bucket = bucketFor(deployment, scopes, "acquire", read.bucket, request);
    if (bucket instanceof Response)
        return bucket;
    const body = { cancelled: await bucket.cancel(read.idempotencyKey) };
    return jsonResponse(body);
}
