/** `DELETE /buckets/NAME/policy`: takes an override of a bucket's policy back. */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { PolicyBefore } from "../../wire/bucket-answers.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";

import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { jsonResponse } from "../../answers/json-response.ts";
import { problemResponse } from "../../answers/problem.ts";
import { showValue } from "../../core/values.ts";
import { queryOf } from "../http/query.ts";
import { jsonAnswer } from "./call.ts";

const CHOICES: readonly PolicyBefore[] = ["configured", "previous"];

export const dropOverride: Call = {
  method: "DELETE",
  path: "/buckets/{name}/policy",
  operationId: "dropOverride",
  tag: "Buckets",
  summary: "Take an override back",
  description:
    "The configured policy is in force again or, with `to=previous`, the override before this one. One is kept. Tokens beyond the capacity are dropped. Waiters keep their order and are rescheduled, as by an override.",
  right: "admin",
  parameters: [
    {
      name: "to",
      in: "query",
      description: "The policy to go back to",
      schema: { type: "string", enum: CHOICES, default: "configured" },
    },
  ],
  answers: { 200: jsonAnswer("The bucket after the change.", "Snapshot") },
  reasons: ["no-override"],
  handleBucket: async (bucket, { request }, name) => {
    const [to = "configured", ...others] = queryOf(request.url)["to"] ?? [];
    const choice = CHOICES.find((one) => one === to);
    if (choice === undefined || others.length > 0) {
      const got = others.length > 0 ? `got ${others.length + 1} values` : `got ${showValue(to)}`;
      const message = `to must be one of ${CHOICES.join(", ")}: ${got}`;
      return invalidRequestResponse([{ field: "to", message }]);
    }
    const dropped = await dropOverrideOf(bucket, name, choice);
    return dropped instanceof Response ? dropped : jsonResponse(dropped);
  },
};

/** The bucket `name` under its earlier policy; or the refusal, if there is none. */
export async function dropOverrideOf(
  bucket: BucketStub,
  name: string,
  to: PolicyBefore,
): Promise<BucketSnapshot | Response> {
  const snapshot = await bucket.dropOverride(to);
  if (snapshot) return snapshot;
  const detail =
    to === "previous"
      ? `${showValue(name)} has no override before the present one: leave out to=previous to go back to the configured policy`
      : `${showValue(name)} has no override: its configured policy is in force`;
  return problemResponse("no-override", { detail });
}
