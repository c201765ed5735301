import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { jsonResponse } from "../../answers/json-response.js";
import { queryReader, readListLimit } from "../http/list-params.js";
import { queryOf } from "../http/query.js";
import { jsonAnswer, listLimitParameter } from "./call.js";
export const listWaiters = {
    method: "GET",
    path: "/buckets/{name}/waiters",
    operationId: "listWaiters",
    tag: "Buckets",
    summary: "List the waiters of a bucket",
    description: "In the order of the queue, from its head on. `id` names the waiter for the call that removes it, and is no ticket. Takes no tokens and does not start the bucket. Callers that come back after a crash are listed once they have their places, a moment later.",
    right: "read",
    parameters: [listLimitParameter],
    answers: {
        200: jsonAnswer("The waiters.", "Waiters", {
            waiters: [
                {
                    id: "1795425904731-17",
                    position: 1,
                    etaMs: 420,
                    tokens: 1,
                    limits: { tpm: 1200 },
                    queuedAtMs: 1795425904731,
                    deadlineAtMs: 1795425964731,
                },
            ],
            omitted: 41,
        }),
    },
    handleBucket: async (bucket, { request }) => {
        const reader = queryReader(queryOf(request.url));
        const limit = readListLimit(reader);
        if (reader.faults.length > 0)
            return invalidRequestResponse(reader.faults);
        return jsonResponse(await bucket.waiters(limit));
    },
};
