import { COMMON_FIELDS } from "../../answers/common-fields.js";
import { problemResponse } from "../../answers/problem.js";
import { showValue } from "../../core/values.js";
import { idInPath } from "./bucket-for.js";
export const removeWaiter = {
    method: "DELETE",
    path: "/buckets/{name}/waiters/{id}",
    operationId: "removeWaiter",
    tag: "Buckets",
    summary: "Remove a waiter",
    description: "All requests of the waiter end with `503`, reason `cancelled-by-admin`, and take nothing; those behind it move up immediately. Until its deadline, requests with the same key or ticket are refused, too: it can't come back. It can queue anew without them.",
    right: "admin",
    parameters: [
        {
            name: "id",
            in: "path",
            required: true,
            description: "The `id` of the waiter, as the list of waiters has it",
            schema: { type: "string" },
        },
    ],
    answers: { 204: { description: "The waiter is out of the queue." } },
    reasons: ["unknown-waiter"],
    handleBucket: async (bucket, { request }) => {
        const id = idInPath(request.url);
        if (await bucket.removeWaiter(id)) {
            return new Response(null, { status: 204, headers: COMMON_FIELDS });
        }
        const detail = `There is no waiter ${showValue(id)}: it was granted, has left, or never waited here`;
        return problemResponse("unknown-waiter", { detail });
    },
};
