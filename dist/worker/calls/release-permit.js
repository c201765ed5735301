import { COMMON_FIELDS } from "../../answers/common-fields.js";
import { openGrantInPath, idInPath } from "./bucket-for.js";
export const releasePermit = {
    method: "DELETE",
    path: "/buckets/{name}/permits/{id}",
    operationId: "releasePermit",
    tag: "Holding",
    summary: "Release a permit",
    description: "The head of the queue may get it at once. The answer is the same if the permit is lost or unknown.",
    right: "acquire",
    parameters: [openGrantInPath("permit")],
    answers: { 204: { description: "The permit is back in the bucket." } },
    handleBucket: async (bucket, { request }) => {
        await bucket.releasePermit(idInPath(request.url));
        return new Response(null, { status: 204, headers: COMMON_FIELDS });
    },
};
