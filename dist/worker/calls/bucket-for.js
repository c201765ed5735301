import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { problemResponse } from "../../answers/problem.js";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.js";
import { showValue } from "../../core/values.js";
import { forbidden } from "../auth/authorize.js";
import { isInScope } from "../auth/scope.js";
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
export function bucketFor(deployment, scopes, right, name, caller) {
    if (!isInScope(scopes, right, name))
        return forbidden(right, name);
    const policy = deployment.settings.policies.find(name);
    if (!policy) {
        return problemResponse("unknown-bucket", { detail: `No policy matches ${showValue(name)}` });
    }
    return deployment.bucketOf(name, policy, caller);
}
/** Passes the bucket that the path names to `answer`, if the caller has `right` on it. */
export function withBucketInPath({ deployment, scopes, request }, right, answer) {
    const name = segmentOf(request.url, PLACE_OF_NAME);
    if (!isBucketName(name)) {
        const message = `NAME must be ${BUCKET_NAME_RULE}: got ${showValue(name)}`;
        return invalidRequestResponse([{ field: "NAME", message }]);
    }
    const bucket = bucketFor(deployment, scopes, right, name, request);
    return bucket instanceof Response ? bucket : answer(bucket, name);
}
/** The id of the hold or permit that the path names. */
export function idInPath(url) {
    return segmentOf(url, PLACE_OF_ID);
}
/** The parameter that `idInPath` reads. */
export function openGrantInPath(what) {
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
function segmentOf(url, place) {
    const [path = ""] = url.split(/[?#]/);
    const segment = path.split("/")[place] ?? "";
    try {
        return decodeURIComponent(segment);
    }
    catch {
        return segment;
    }
}
