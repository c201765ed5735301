/** The bucket that a call is about, if its caller may make the call there. */
import type { Right, Scope } from "../auth/scope.ts";
import type { BucketCaller, BucketStub } from "../bucket-stub.ts";
import type { Deployment } from "../deployment.ts";
import type { Parameter } from "../pages/openapi-types.ts";
import type { CallContext } from "./call.ts";

import { invalidRequestResponse } from "../../answers/acquire-response.ts";
import { problemResponse } from "../../answers/problem.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { showValue } from "../../core/values.ts";
import { forbidden } from "../auth/authorize.ts";
import { isInScope } from "../auth/scope.ts";

/**
 * The index of the name in a URL split at its slashes: after the scheme, an empty part, the host and
 * `buckets`.
 */
const PLACE_OF_NAME = 4;
/** The same of a hold or a permit of the bucket: after its name and `holds` or `permits`. */
const PLACE_OF_ID = 6;

/**
 * The bucket `name`; or the refusal, if `scopes` lack `right` on it or no policy matches it. No promise of the
 * bucket goes on once `caller` has left; see `BucketStub` for who needs none.
 */
export function bucketFor(
  deployment: Deployment,
  scopes: readonly Scope[],
  right: Right,
  name: string,
  caller: BucketCaller | undefined,
): BucketStub | Response {
  if (!isInScope(scopes, right, name)) return forbidden(right, name);
  const policy = deployment.settings.policies.find(name);
  if (!policy) {
    return problemResponse("unknown-bucket", { detail: `No policy matches ${showValue(name)}` });
  }
  return deployment.bucketOf(name, policy, caller);
}

/** Passes the bucket that the path names to `answer`, if the caller has `right` on it. */
export function withBucketInPath(
  { deployment, scopes, request }: CallContext,
  right: Right,
  answer: (bucket: BucketStub, name: string) => Response | Promise<Response>,
): Response | Promise<Response> {
  const name = segmentOf(request.url, PLACE_OF_NAME);
  if (!isBucketName(name)) {
    const message = `NAME must be ${BUCKET_NAME_RULE}: got ${showValue(name)}`;
    return invalidRequestResponse([{ field: "NAME", message }]);
  }
  const bucket = bucketFor(deployment, scopes, right, name, request);
  return bucket instanceof Response ? bucket : answer(bucket, name);
}

/** The id of the hold or permit that the path names. */
export function idInPath(url: string): string {
  return segmentOf(url, PLACE_OF_ID);
}

/** The parameter that `idInPath` reads. */
export function openGrantInPath(what: "hold" | "permit"): Parameter {
  return {
    name: "id",
    in: "path",
    required: true,
    description: `The \`id\` of the ${what}, as the grant has it`,
    schema: { type: "string" },
  };
}

/**
 * A segment of the path, percent-decoded once; as it is if its encoding is invalid. (The router's own parameter
 * would be decoded again then, and `%%33A` would become a colon.)
 */
function segmentOf(url: string, place: number): string {
  const [path = ""] = url.split(/[?#]/);
  const segment = path.split("/")[place] ?? "";
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
