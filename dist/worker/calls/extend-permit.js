import { permitResponse } from "../../answers/hold-response.js";
import { openGrantInPath, idInPath } from "./bucket-for.js";
import { jsonAnswer } from "./call.js";
export const extendPermit = {
    method: "PUT",
    path: "/buckets/{name}/permits/{id}",
    operationId: "extendPermit",
    tag: "Holding",
    summary: "Extend a permit",
    description: "The permit lasts for the policy's `concurrency.ttlMs` from now. Once it is lost, stop the work: somebody else may have its place.",
    right: "acquire",
    parameters: [openGrantInPath("permit")],
    answers: {
        200: jsonAnswer("The permit.", "Permit", {
            id: "0d5a7a6e-8f4e-4f0c-9a34-4f9f0f3f6d52",
            fence: 1795425904731,
            expiresAtMs: 1795425934731,
        }),
    },
    reasons: ["permit-lost"],
    handleBucket: async (bucket, { request }) => {
        return permitResponse(await bucket.extendPermit(idInPath(request.url)));
    },
};
