import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { holdResponse } from "../../answers/hold-response.js";
import { checkHoldCall } from "../../core/holds/hold-call.js";
import { readJsonObject } from "../http/json-body.js";
import { openGrantInPath, idInPath } from "./bucket-for.js";
import { jsonAnswer } from "./call.js";
export const changeHold = {
    method: "POST",
    path: "/buckets/{name}/holds/{id}",
    operationId: "changeHold",
    tag: "Holding",
    summary: "Settle or extend a hold",
    description: "With `used`, settles the hold: so many of its tokens were used. The others come back, unless ticks have replaced them already, and may serve waiters at once. Tokens beyond the reserved ones are owed: they are taken as the policy's `hold.debt` says. Settling again with the same numbers gives the same answer. `atLeast` spends so many and keeps the rest; `used` of the later settle is the total. `extendMs` moves the end of the hold to so long from now. A hold that isn't settled by its end is spent; for 10 minutes after that, `used` still books what was over. It is safe to repeat each of them.",
    right: "acquire",
    parameters: [openGrantInPath("hold")],
    body: {
        isRequired: true,
        schema: { $ref: "#/components/schemas/HoldCall" },
        example: { used: { rate: 1, tpm: 2311 } },
    },
    answers: {
        200: jsonAnswer("What was settled; or the hold, which is still open.", "ChangedHold", {
            id: "0d5a7a6e-8f4e-4f0c-9a34-4f9f0f3f6d52",
            used: { rate: 1, tpm: 2311 },
            returned: { rate: 0, tpm: 1689 },
            owed: { rate: 0, tpm: 0 },
            settledAtMs: 1795425904731,
        }),
    },
    reasons: ["unknown-hold", "hold-settled"],
    handleBucket: async (bucket, { request }) => {
        const check = checkHoldCall(await readJsonObject(request));
        if (!check.ok)
            return invalidRequestResponse(check.faults);
        return holdResponse(await bucket.changeHold(idInPath(request.url), check.call));
    },
};
