import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { checkPause } from "../../core/pause.js";
import { isInScope } from "../auth/scope.js";
import { readJsonObject } from "../http/json-body.js";
import { jsonResponse } from "../../answers/json-response.js";
import { jsonAnswer } from "./call.js";
export const pause = {
    method: "POST",
    path: "/buckets/{name}/pause",
    operationId: "pause",
    tag: "Buckets",
    summary: "Pause a bucket",
    description: "From now on the bucket gives at most `tokens`, and ticks up to and including `untilMs` add none. Then it continues, one tick at a time. A calendar limit loses nothing: what it doesn't give, and what boundaries bring meanwhile, is there at `untilMs`. Waiters keep their order and are rescheduled. Two pauses combine to the later end and the lower number of tokens. `limits` names the limits that are paused, by default the first only. With an ADMIN_TOKEN, an `untilMs` in the past, such as 0, ends the pause; without one, it changes nothing.",
    right: "pause",
    body: {
        isRequired: true,
        schema: { $ref: "#/components/schemas/Pause" },
        example: { untilMs: 1795425960000, tokens: 0, limits: ["tpm"] },
    },
    answers: { 200: jsonAnswer("The bucket after the call.", "Snapshot") },
    handleBucket: async (bucket, { request, scopes }, name) => {
        const paused = await pauseBucket(bucket, name, scopes, await readJsonObject(request));
        return paused instanceof Response ? paused : jsonResponse(paused);
    },
};
/**
 * The bucket `name` after it was paused, or resumed, by a caller with `scopes`; or the refusal, with everything
 * that is wrong with `fields`.
 */
export async function pauseBucket(bucket, name, scopes, fields) {
    const nowMs = Date.now();
    const read = checkPause(fields, nowMs);
    if (!read.ok)
        return invalidRequestResponse(read.faults);
    // A caller whose clock is behind must not end someone else's pause by accident.
    const isResume = read.pause.untilMs <= nowMs && isInScope(scopes, "admin", name);
    const answer = await (isResume ? bucket.resume(read.pause.limits) : bucket.pause(read.pause));
    return "errors" in answer ? invalidRequestResponse(answer.errors) : answer;
}
