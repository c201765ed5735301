/** `POST /buckets/NAME/pause`: holds a bucket's ticks up for a while. */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { Scope } from "../auth/scope.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Call } from "./call.ts";

import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { checkPause } from "../../core/pause.ts";
import { isInScope } from "../auth/scope.ts";
import { readJsonObject } from "../http/json-body.ts";
import { jsonResponse } from "../../answers/json-response.ts";
import { jsonAnswer } from "./call.ts";

export const pause: Call = {
  method: "POST",
  path: "/buckets/{name}/pause",
  operationId: "pause",
  tag: "Buckets",
  summary: "Pause a bucket",
  description:
    "From now on the bucket gives at most `tokens`, and ticks up to and including `untilMs` add none. Then it continues, one tick at a time. A calendar limit loses nothing: what it doesn't give, and what boundaries bring meanwhile, is there at `untilMs`. Waiters keep their order and are rescheduled. Two pauses combine to the later end and the lower number of tokens. `limits` names the limits that are paused, by default the first only. With an ADMIN_TOKEN, an `untilMs` in the past, such as 0, ends the pause; without one, it changes nothing.",
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
export async function pauseBucket(
  bucket: BucketStub,
  name: string,
  scopes: readonly Scope[],
  fields: Readonly<Record<string, unknown>>,
): Promise<BucketSnapshot | Response> {
  const nowMs = bucket.deployment.now();
  const read = checkPause(fields, nowMs);
  if (!read.ok) return invalidRequestResponse(read.faults);
  // A caller whose clock is behind must not end someone else's pause by accident.
  const isResume = read.pause.untilMs <= nowMs && isInScope(scopes, "admin", name);
  const answer = await (isResume ? bucket.resume(read.pause.limits) : bucket.pause(read.pause));
  return "errors" in answer ? invalidRequestResponse(answer.errors) : answer;
}
