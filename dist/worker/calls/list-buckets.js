import { busySorts } from "../../protocol/list-params.js";
import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { jsonResponse } from "../../answers/json-response.js";
import { problemResponse } from "../../answers/problem.js";
import { forbidden } from "../auth/authorize.js";
import { NoBusyListError, cutList, listBusy } from "../busy-buckets.js";
import { readBusyParams } from "../http/busy-params.js";
import { queryOf } from "../http/query.js";
import { bucketName } from "../pages/openapi-schemas.js";
import { jsonAnswer, listLimitParameter } from "./call.js";
/** When to retry: a list takes some milliseconds. */
const RETRY_MS = 1_000;
export const listBuckets = {
    method: "GET",
    path: "/buckets",
    operationId: "listBuckets",
    tag: "Buckets",
    summary: "List busy buckets",
    description: "Those that the token may read and that were busy in the last five minutes: five requests settled in five seconds, or a caller that waited for five. A bucket appears within ten seconds. Rates are those of the last ten seconds, and 0 if the bucket has not reported for twenty. Asks no bucket, and starts none.",
    right: "read",
    parameters: [
        {
            name: "prefix",
            in: "query",
            description: "How the names begin",
            schema: { ...bucketName, description: "Default: any" },
        },
        {
            name: "sort",
            in: "query",
            description: "The most first, or names from A to Z; equals are in the order of their names",
            schema: { type: "string", enum: busySorts, default: busySorts[0] },
        },
        listLimitParameter,
        {
            name: "recent",
            in: "query",
            description: "`true` adds up to 30 earlier windows to each bucket",
            schema: { type: "string", enum: ["true", "false"], default: "false" },
        },
    ],
    answers: {
        200: jsonAnswer("The busy buckets.", "BusyBuckets", {
            buckets: [
                {
                    bucket: "user:17",
                    policyName: "user:*",
                    isOverridden: false,
                    tokens: 0,
                    capacity: 10,
                    waiters: 42,
                    grantedPerS: 9.9,
                    refusedPerS: 3.2,
                    waitP95Ms: 4120,
                    oldestWaitMs: 4310,
                    maxWaitMs: 60_000,
                    atMs: 1795425904731,
                },
            ],
            omitted: 311,
        }),
    },
    handle: async ({ deployment, request, scopes }) => {
        if (!scopes.some(({ rights }) => rights.includes("read")))
            return forbidden("read");
        const asked = readBusyParams(queryOf(request.url));
        if (!asked.ok)
            return invalidRequestResponse(asked.errors);
        const list = await listBusyBuckets(deployment, scopes, asked.params);
        return list instanceof Response ? list : jsonResponse(list);
    },
};
/** The list for a caller with `scopes`; or the refusal. */
export async function listBusyBuckets({ env }, scopes, params) {
    try {
        return cutList(await listBusy(env, scopes, params), params);
    }
    catch (error) {
        if (!(error instanceof NoBusyListError))
            throw error;
        return problemResponse("unavailable", { detail: error.message, retryAfterMs: RETRY_MS });
    }
}
