import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { jsonResponse } from "../../answers/json-response.js";
import { problemResponse } from "../../answers/problem.js";
import { showValue } from "../../core/values.js";
import { queryOf } from "../http/query.js";
import { jsonAnswer } from "./call.js";
/** What an override can give way to. */
export const POLICIES_BEFORE = ["configured", "previous"];
export const dropOverride = {
    method: "DELETE",
    path: "/buckets/{name}/policy",
    operationId: "dropOverride",
    tag: "Buckets",
    summary: "Take an override back",
    description: "The configured policy is in force again or, with `to=previous`, the override before this one. One is kept. Tokens beyond the capacity are dropped. Waiters keep their order and are rescheduled, as by an override.",
    right: "admin",
    parameters: [
        {
            name: "to",
            in: "query",
            description: "The policy to go back to",
            schema: { type: "string", enum: POLICIES_BEFORE, default: "configured" },
        },
    ],
    answers: { 200: jsonAnswer("The bucket after the change.", "Snapshot") },
    reasons: ["no-override"],
    handleBucket: async (bucket, { request }, name) => {
        const to = policyBeforeIn(request.url) ?? "configured";
        if (to instanceof Response)
            return to;
        const dropped = await dropOverrideOf(bucket, name, to);
        return dropped instanceof Response ? dropped : jsonResponse(dropped);
    },
};
/** The `to` of a URL; or the refusal, if it is none. `undefined` if there is no `to`. */
export function policyBeforeIn(url) {
    const [to, ...others] = queryOf(url)["to"] ?? [];
    if (to === undefined)
        return undefined;
    const choice = POLICIES_BEFORE.find((one) => one === to);
    if (choice !== undefined && others.length === 0)
        return choice;
    const got = others.length > 0 ? `got ${others.length + 1} values` : `got ${showValue(to)}`;
    const message = `to must be one of ${POLICIES_BEFORE.join(", ")}: ${got}`;
    return invalidRequestResponse([{ field: "to", message }]);
}
/** The bucket `name` under its earlier policy; or the refusal, if there is none. */
export async function dropOverrideOf(bucket, name, to) {
    return (await bucket.dropOverride(to)) ?? noOverrideResponse(name, to);
}
/** There is nothing to go back to. */
export function noOverrideResponse(name, to) {
    const detail = to === "previous"
        ? `${showValue(name)} has no override before the present one: leave out to=previous to go back to the configured policy`
        : `${showValue(name)} has no override: its configured policy is in force`;
    return problemResponse("no-override", { detail });
}
