/** `GET /metrics`: what buckets have done, for Prometheus. */
import type { BusyBucket } from "../../protocol/busy-bucket.ts";
import type { Call } from "./call.ts";

import { listBusyToScrape } from "../busy-buckets.ts";
import { queryOf } from "../http/query.ts";
import { MAX_ASKED_FOR } from "../metrics/metrics.ts";
import { metricsResponse } from "../metrics/scrape.ts";
import { bucketName } from "../pages/openapi-schemas.ts";

export const scrape: Call = {
  method: "GET",
  path: "/metrics",
  operationId: "scrape",
  tag: "Service",
  summary: "Metrics of named buckets",
  description:
    "In Prometheus's text format, for each bucket with a policy under its exact name, and for those named in the query; of the busy buckets, the 20 with the most waiters, and the sum of the others. Takes no tokens and starts no bucket. A bucket that can't be reached has `sluice_up` 0.",
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
      now: deployment.now,
      listBusy: (): Promise<readonly BusyBucket[]> => listBusyToScrape(env, scopes),
    };
    return metricsResponse(scraped, scopes, queryOf(request.url)["bucket"] ?? []);
  },
};
