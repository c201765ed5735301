import { COMMON_FIELDS } from "../../answers/common-fields.js";
export const reset = {
    method: "DELETE",
    path: "/buckets/{name}",
    operationId: "reset",
    tag: "Buckets",
    summary: "Reset a bucket",
    description: "Refuses all waiters with `bucket-reset`, and forgets tokens, counts, keys, holds, permits and an overridden policy.",
    right: "admin",
    answers: { 204: { description: "The bucket is reset." } },
    handleBucket: async (bucket) => {
        await bucket.reset();
        return new Response(null, { status: 204, headers: COMMON_FIELDS });
    },
};
