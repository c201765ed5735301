import { jsonResponse } from "../../answers/json-response.js";
import { isPatternInScope, patternsOf } from "../auth/scope.js";
import { knownOverrides } from "../known-overrides.js";
import { jsonAnswer } from "./call.js";
export const listPolicies = {
    method: "GET",
    path: "/policies",
    operationId: "listPolicies",
    tag: "Buckets",
    summary: "List the policies in force",
    description: "The configured policies, in numbers, and the buckets that have an override. A key that is good for some buckets only gets what is within its patterns, which `buckets` lists. Overrides set before there was this list are added when their bucket is next busy.",
    right: "admin",
    answers: {
        200: jsonAnswer("The policies.", "Policies", {
            buckets: ["*"],
            policies: [
                {
                    name: "*",
                    capacity: 1,
                    refillTokens: 1,
                    refillIntervalMs: 1000,
                    initialTokens: 1,
                    queueLimit: 1000,
                    maxWaitMs: 60000,
                },
            ],
            overrides: [
                {
                    bucket: "api.example.com",
                    policy: {
                        capacity: 5,
                        refillTokens: 1,
                        refillIntervalMs: 1000,
                        initialTokens: 5,
                        queueLimit: 1000,
                        maxWaitMs: 60000,
                    },
                    atMs: 1795425904731,
                    note: "until the migration is over",
                    hasPrevious: false,
                },
            ],
        }),
    },
    handle: async ({ deployment, request, scopes }) => {
        const { env, settings } = deployment;
        const policies = [...settings.policies].filter(({ name }) => {
            return isPatternInScope(scopes, "admin", name);
        });
        const overrides = await knownOverrides(env, scopes, request);
        const body = { buckets: patternsOf(scopes, "admin"), policies, overrides };
        return jsonResponse(body);
    },
};
