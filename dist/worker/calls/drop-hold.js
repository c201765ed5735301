import { holdResponse } from "../../answers/hold-response.js";
import { openGrantInPath, idInPath } from "./bucket-for.js";
import { jsonAnswer } from "./call.js";
export const dropHold = {
    method: "DELETE",
    path: "/buckets/{name}/holds/{id}",
    operationId: "dropHold",
    tag: "Holding",
    summary: "Drop a hold",
    description: "The same as settling it with `used` 0 of each limit.",
    right: "acquire",
    parameters: [openGrantInPath("hold")],
    answers: { 200: jsonAnswer("What was settled.", "SettledHold") },
    reasons: ["unknown-hold", "hold-settled"],
    handleBucket: async (bucket, { request }) => {
        return holdResponse(await bucket.dropHold(idInPath(request.url)));
    },
};
