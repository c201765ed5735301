import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { jsonResponse } from "../../answers/json-response.js";
import { faultsAsWritten } from "../../core/human-units.js";
import { compileChanges } from "../../core/written-policy.js";
import { readJsonObject } from "../http/json-body.js";
import { jsonAnswer } from "./call.js";
import { noOverrideResponse, POLICIES_BEFORE, policyBeforeIn } from "./drop-override.js";
export const dryRun = {
    method: "POST",
    path: "/buckets/{name}/dry-run",
    operationId: "dryRun",
    tag: "Buckets",
    summary: "Try a change of a bucket's policy",
    description: "Takes the body of the call that overrides the policy, and says what that would do now: the bucket after it, and whose wait would end or change. Changes nothing, and a `note` is ignored. With `to` and without a body, it is what taking the override back would do.",
    right: "admin",
    parameters: [
        {
            name: "to",
            in: "query",
            description: "The policy to go back to",
            schema: { type: "string", enum: POLICIES_BEFORE },
        },
    ],
    body: {
        isRequired: false,
        schema: { $ref: "#/components/schemas/PolicyChange" },
        example: { limit: "60/1m" },
    },
    answers: { 200: jsonAnswer("What would be.", "DryRun") },
    reasons: ["no-override"],
    handleBucket: async (bucket, { request }, name) => {
        const to = policyBeforeIn(request.url);
        if (to instanceof Response)
            return to;
        if (to !== undefined) {
            const back = await bucket.dryRunBack(to);
            return back ? jsonResponse(back) : noOverrideResponse(name, to);
        }
        const run = await tryChange(bucket, await readJsonObject(request));
        return run instanceof Response ? run : jsonResponse(run);
    },
};
/** What a change would do; or the refusal, with everything that is wrong with `body`. */
export async function tryChange(bucket, { note: _, ...changes }) {
    const { compiled, faults } = compileChanges(changes);
    if (faults.length > 0)
        return invalidRequestResponse(faults);
    const answer = await bucket.dryRun(compiled.fields);
    return answer.ok ? answer.run : invalidRequestResponse(faultsAsWritten(compiled, answer.errors));
}
