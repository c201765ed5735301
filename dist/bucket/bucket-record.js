import { Limiter } from "../core/limiter.js";
import { sessionOf } from "./open-bucket.js";
import { isTokenBucketState } from "../core/limits/bucket-state.js";
import { tokenBucket } from "../core/limits/token-bucket.js";
import { Policy } from "../core/policy.js";
/** The format of one token bucket. Later versions must still read it. */
const FORMAT_OF_ONE = 4;
/** The format of any other limits. Later versions must still read it. */
const FORMAT_OF_LIMITS = 5;
/** The format of anything else. Later versions must still read it. */
const FORMAT = 6;
/** Format 3 is format 4 without a pause, 2 without leases, and 1 with tokens never below 0. */
const READABLE_FORMATS = [1, 2, 3, FORMAT_OF_ONE, FORMAT_OF_LIMITS, FORMAT];
/**
 * What is written for `bucket` when its limiter is to be kept as `state`.
 *
 * @param seq The number of the write, which counts if there may be rows of grants.
 */
export function recordOf(bucket, state, seq) {
    const { name, policyName, isOverridden, override, limiter } = bucket;
    const { policy } = limiter;
    const head = { name, policyName, ...keptOf(policy), isOverridden, ...(override && { override }) };
    if (policy.hold || policy.concurrency || limiter.hasGrantRows) {
        return { format: FORMAT, ...head, seq, limiter: state };
    }
    const one = isOfOneBucket(policy) ? asOne(state) : undefined;
    const format = one ? FORMAT_OF_ONE : FORMAT_OF_LIMITS;
    return { format, ...head, limiter: one ?? state };
}
/** Whether there may be rows of grants beside `record`. */
export function hasGrantRows({ format }) {
    return format === FORMAT;
}
/**
 * The bucket that was written as `record`, with its open grants.
 *
 * @throws {RangeError} If the format is unknown, or the policy or state is illegal.
 */
export function restore(record, grants, { timeZones, newId }) {
    if (!READABLE_FORMATS.includes(record.format)) {
        const readable = READABLE_FORMATS.join(", ");
        throw new RangeError(`Cannot read a state of format ${record.format}: this version reads formats ${readable}`);
    }
    const { bucket, forgetAtMs: _, ...state } = record.limiter;
    const limits = bucket && [{ ...bucket, kind: "bucket" }];
    const { forgetAfterMs } = record;
    const kept = forgetAfterMs === undefined ? record.policy : { ...record.policy, forgetAfterMs };
    const policy = Policy.of(kept, timeZones);
    const whole = { ...(limits && { limits }), ...state };
    const limiter = Limiter.from(policy, whole, grants, { newId, sessionOf });
    const { name, policyName, isOverridden, override } = record;
    return { name, limiter, configured: undefined, policyName, isOverridden, override };
}
/** A policy in the members that hold it. */
function keptOf(policy) {
    const { forgetAfterMs } = policy;
    if (forgetAfterMs === undefined)
        return { policy: policy.toJSON() };
    const { forgetAfterMs: _, ...fields } = policy.toJSON();
    return { policy: fields, forgetAfterMs };
}
/** Whether format 4 holds such a policy; a bucket that hasn't started has nothing else. */
function isOfOneBucket({ limits }) {
    return limits.length === 1 && limits[0]?.kind === tokenBucket;
}
/** The state as format 4 holds it; `undefined` if it can't. */
function asOne({ limits = [], ...counts }) {
    const [first, ...others] = limits;
    if (!first)
        return counts;
    if (others.length > 0 || !isTokenBucketState(first))
        return undefined;
    const { kind: _, ...bucket } = first;
    return { bucket, ...counts };
}
