import { listBusyToScrape } from "../busy-buckets.js";
import { queryOf } from "../http/query.js";
import { MAX_ASKED_FOR } from "../metrics/metrics.js";
import { metricsResponse } from "../metrics/scrape.js";
import { bucketName } from "../pages/openapi-schemas.js";
export const scrape = {
    method: "GET",
    path: "/metrics",
    operationId: "scrape",
    tag: "Service",
    summary: "Metrics of named buckets",
    description: "In Prometheus's text format, for each bucket with a policy under its exact name, and for those named in the query; of the busy buckets, the 20 with the most waiters, and the sum of the others. Takes no tokens and starts no bucket. A bucket that can't be reached has `sluice_up` 0.",
    right: "read",
    parameters: [
        {
            name: "bucket",
            in: "query",
            description: `Another bucket; may be given up to ${MAX_ASKED_FOR} times`,
            schema: { type: "array", items: bucketName, maxItems: MAX_ASKED_FOR },
        },
    ],
    answers: {
        200: {
            description: "The metrics.",
            content: { "text/plain": { schema: { type: "string" } } },
        },
    },
    handle: ({ deployment, request, scopes }) => {
        const { env, settings } = deployment;
        const scraped = {
            objects: env.BUCKETS,
            files: env.FILES,
            policies: settings.policies,
            listBusy: () => listBusyToScrape(env, scopes),
        };
        return metricsResponse(scraped, scopes, queryOf(request.url)["bucket"] ?? []);
    },
};
