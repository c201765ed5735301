/** `GET /buckets/NAME/waiters`: who waits in a bucket's queue. */
import type { Call } from "./call.ts";

import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { jsonResponse } from "../../answers/json-response.ts";
import { queryReader, readListLimit } from "../http/list-params.ts";
import { queryOf } from "../http/query.ts";
import { jsonAnswer, listLimitParameter } from "./call.ts";

export const listWaiters: Call = {
  method: "GET",
  path: "/buckets/{name}/waiters",
  operationId: "listWaiters",
  tag: "Buckets",
  summary: "List the waiters of a bucket",
  description:
    "In the order of the queue, from its head on. `id` names the waiter for the call that removes it, and is no ticket. Takes no tokens and does not start the bucket. Callers that come back after a crash are listed once they have their places, a moment later.",
  right: "read",
  parameters: [listLimitParameter],
  answers: {
    200: jsonAnswer("The waiters.", "Waiters", {
      waiters: [
        {
          id: "1795425904731-17",
          position: 1,
          etaMs: 420,
          tokens: 1,
          limits: { tpm: 1200 },
          queuedAtMs: 1795425904731,
          deadlineAtMs: 1795425964731,
        },
      ],
      omitted: 41,
    }),
  },
  handleBucket: async (bucket, { request }) => {
    const reader = queryReader(queryOf(request.url));
    const limit = readListLimit(reader);
    if (reader.faults.length > 0) return invalidRequestResponse(reader.faults);
    return jsonResponse(await bucket.waiters(limit));
  },
};
