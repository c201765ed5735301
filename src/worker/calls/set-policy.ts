/** `PUT /buckets/NAME`: gives a bucket its own policy. */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";

import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { faultsAsWritten } from "../../core/human-units.ts";
import { compileChanges } from "../../core/written-policy.ts";
import { readJsonObject } from "../http/json-body.ts";
import { jsonResponse } from "../../answers/json-response.ts";
import { jsonAnswer } from "./call.ts";

export const setPolicy: Call = {
  method: "PUT",
  path: "/buckets/{name}",
  operationId: "setPolicy",
  tag: "Buckets",
  summary: "Override a bucket's policy",
  description:
    "Overrides the configured policy until the bucket is reset. Tokens beyond the new capacity are dropped. Waiters keep their order and are rescheduled.",
  right: "admin",
  body: {
    isRequired: true,
    schema: { $ref: "#/components/schemas/PolicyChange" },
    example: {
      limit: "60/1m",
      limits: {
        tpm: { limit: "90000/1m" },
        day: { capacity: 1000, every: "day", timeZone: "Europe/Berlin" },
        hour: null,
      },
    },
  },
  answers: { 200: jsonAnswer("The bucket after the change.", "Snapshot") },
  handleBucket: async (bucket, { request }) => {
    const changed = await changePolicy(bucket, await readJsonObject(request));
    return changed instanceof Response ? changed : jsonResponse(changed);
  },
};

/** The bucket under its new policy; or the refusal, with everything that is wrong with `changes`. */
export async function changePolicy(
  bucket: BucketStub,
  changes: Readonly<Record<string, unknown>>,
): Promise<BucketSnapshot | Response> {
  const { compiled, faults } = compileChanges(changes);
  if (faults.length > 0) return invalidRequestResponse(faults);
  const changed = await bucket.changePolicy(compiled.fields);
  return changed.ok
    ? changed.snapshot
    : invalidRequestResponse(faultsAsWritten(compiled, changed.errors));
}
