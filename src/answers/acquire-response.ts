/** The result of an acquire as an HTTP response. */
import type { LimitView } from "../core/limiter-state.ts";
import type { LimitSpec } from "../core/limits/limit.ts";
import type { FieldFault } from "../core/values.ts";
import type { Grant, Outcome } from "../core/outcome.ts";
import type { Policy } from "../core/policy.ts";
import type { GrantBody } from "../protocol/acquire-bodies.ts";
import type { ProblemDetails } from "../protocol/problem-document.ts";
import type { RateLimitState } from "../protocol/rate-limit-fields.ts";
import type { AcquireAnswer, BucketState, GrantingBucket } from "./acquire-answer.ts";

import { MAX_OPEN_HOLDS } from "../core/holds/open-grants.ts";
import { FIRST_LIMIT } from "../core/limits/limit-name.ts";
import { showValue } from "../core/values.ts";
import { ceilSeconds, rateLimitFields } from "../protocol/rate-limit-fields.ts";
import { COMMON_FIELDS, EXPOSED_FIELDS } from "./common-fields.ts";
import { jsonText, tokensText } from "../protocol/text.ts";
import { problemResponse } from "./problem.ts";

/** How many faults `detail` repeats; `errors` has all of them. */
const FAULTS_IN_DETAIL = 5;
/** When to retry after a shutdown: the next process needs about this long to start. */
const RESTART_MS = 1_000;

const GRANT_FIELDS = new Headers({
  ...COMMON_FIELDS,
  "Content-Type": "application/json",
  "Access-Control-Expose-Headers": EXPOSED_FIELDS,
});
/** The policy that it shows, as nearly all buckets of an isolate have the same. */
let lastPolicy = "";

/** The response for the result of an acquire. */
export function acquireResponse(answer: AcquireAnswer): Response {
  switch (answer.kind) {
    case "outcome":
      return outcomeResponse(answer.bucket, answer.outcome, answer);
    case "replay":
      return grantResponse(answer.bucket, answer.grant, { remaining: answer.bucket.view.tokens });
    case "key-crowded": {
      const { bucket, key, requests, retryAfterMs } = answer;
      const detail = `Cannot wait under the key ${showValue(key)}: ${requests} requests already do`;
      return quotaExceededResponse(bucket, "queue-full", { detail, retryAfterMs });
    }
    case "key-reused":
      return problemResponse("idempotency-key-reused", {
        detail: `The key ${showValue(answer.key)} was already used with different tokens, timeoutMs or holdMs`,
      });
    case "invalid":
      return invalidRequestResponse(answer.errors);
    case "reset":
      return bucketResetResponse();
    case "cancelled":
      return cancelledResponse();
    case "unavailable":
      return stoppingResponse();
    default:
      return answer satisfies never;
  }
}

function outcomeResponse(
  bucket: BucketState,
  outcome: Outcome,
  { asked, timeoutMs }: Pick<Extract<AcquireAnswer, { kind: "outcome" }>, "asked" | "timeoutMs">,
): Response {
  if (outcome.ok) return grantResponse(bucket, outcome);
  const { policy, view } = bucket;
  const { reason, retryAfterMs = 0, violatedLimits, estimate } = outcome;
  const tokens = tokensText(asked);
  switch (reason) {
    case "exceeds-capacity": {
      const detail = `Cannot acquire ${tokens}: ${capacityText(policy, violatedLimits)}`;
      const violatedPolicies = policyNames(bucket, violatedLimits);
      return problemResponse(reason, { detail, policy: bucket.policyName, violatedPolicies });
    }
    case "timeout": {
      const late = violatedLimits
        ? `, limited by ${violatedLimits.join(" and ") || "permits"}`
        : "";
      const when = `${retryAfterMs} ms${estimate ? " by estimate" : ""}`;
      const detail = `Cannot acquire ${tokens} within ${timeoutMs} ms: the earliest is in ${when}${late}`;
      return quotaExceededResponse(
        bucket,
        reason,
        { detail, retryAfterMs, estimate },
        violatedLimits,
      );
    }
    case "queue-full": {
      const detail = `Cannot wait for ${tokens}: ${view.waiters} callers are waiting, queueLimit is ${policy.queueLimit}`;
      return quotaExceededResponse(
        bucket,
        reason,
        { detail, retryAfterMs, estimate },
        violatedLimits,
      );
    }
    case "holds-full": {
      const detail = `Cannot hold ${tokens}: the bucket has ${MAX_OPEN_HOLDS} open holds, the most it can have; the first ends in ${retryAfterMs} ms`;
      return quotaExceededResponse(bucket, reason, { detail, retryAfterMs });
    }
    case "bucket-reset":
      return bucketResetResponse(bucket.policyName);
    case "unavailable":
      return stoppingResponse();
    default:
      return reason satisfies never;
  }
}

/** Such as `capacity is 5`, and `the capacity of tpm is 90000`. */
function capacityText(
  { capacity, limits }: Policy,
  violated: readonly string[] | undefined,
): string {
  if (!violated) return `capacity is ${capacity}`;
  const over = limits.filter(({ name }) => violated.includes(name));
  return over.map(({ name, fields }) => `the capacity of ${name} is ${fields.capacity}`).join(", ");
}

/** Names of limits as the `RateLimit` fields have them. */
function policyNames(
  { policyName }: GrantingBucket,
  limits: readonly string[] = [FIRST_LIMIT],
): readonly string[] {
  return limits.map((limit) => quotaName(policyName, limit));
}

function quotaName(policyName: string, limit: string): string {
  return limit === FIRST_LIMIT ? policyName : `${policyName}/${limit}`;
}

function bucketResetResponse(policy?: string): Response {
  const detail = "The bucket was reset while this request was waiting";
  return problemResponse("bucket-reset", { detail, ...(policy !== undefined && { policy }) });
}

/** `499`: a caller that knows its key has cancelled the request. */
function cancelledResponse(): Response {
  const detail = "This request was cancelled by its Idempotency-Key; nothing was taken";
  return problemResponse("cancelled", { detail });
}

/** `503`: the process is shutting down, and the next one will answer. Nothing was taken. */
export function stoppingResponse(): Response {
  return problemResponse("unavailable", {
    detail: "Sluice is shutting down; nothing was taken",
    retryAfterMs: RESTART_MS,
  });
}

/** `429`: a refusal that waiting helps against. */
function quotaExceededResponse(
  bucket: BucketState,
  reason: "timeout" | "queue-full" | "holds-full",
  details: Pick<ProblemDetails, "detail" | "retryAfterMs" | "estimate">,
  violatedLimits?: readonly string[],
): Response {
  const headers = quotaHeaders(bucket, bucket.view.tokens);
  const violatedPolicies = policyNames(bucket, violatedLimits);
  const policy = bucket.policyName;
  return problemResponse(reason, { ...details, policy, violatedPolicies, headers });
}

/** `400`, naming every fault. */
export function invalidRequestResponse(errors: readonly FieldFault[]): Response {
  const messages = errors.slice(0, FAULTS_IN_DETAIL).map((fault) => fault.message);
  const more = errors.length - messages.length;
  const detail = [...messages, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  return problemResponse("invalid-request", { detail, errors });
}

/**
 * The response for a grant.
 *
 * @param now Tokens in the bucket now; for a repeated grant, not what that grant left. Further limits that it
 * doesn't have are as the bucket shows them.
 */
export function grantResponse(
  bucket: GrantingBucket,
  grant: Grant,
  now: Pick<Grant, "remaining" | "limits"> = grant,
): Response {
  const { tokens, remaining, waitedMs, grantedAtMs, limits, hold, permit } = grant;
  const plain: GrantBody = { bucket: bucket.name, tokens, remaining, waitedMs, grantedAtMs };
  const body =
    limits || hold || permit
      ? { ...plain, ...(limits && { limits }), ...(hold && { hold }), ...(permit && { permit }) }
      : plain;
  const fields = rateLimitFields(rateLimitOf(bucket, now.remaining, now.limits));
  return new Response(jsonText(body), { headers: grantFields(fields) });
}

/**
 * The fields of a grant. They are set on one `Headers`, which the response copies. That takes workerd half as
 * long as building them from an object does (5 µs for 10), and the response's own `headers` would be another
 * object of the runtime, made to be looked at once.
 */
function grantFields(fields: ReturnType<typeof rateLimitFields>): Headers {
  const policy = fields["RateLimit-Policy"];
  if (policy !== lastPolicy) {
    GRANT_FIELDS.set("RateLimit-Policy", policy);
    lastPolicy = policy;
  }
  GRANT_FIELDS.set("RateLimit", fields.RateLimit);
  return GRANT_FIELDS;
}

/** @param tokens Tokens in the bucket now. */
function quotaHeaders(bucket: BucketState, tokens: number): Record<string, string> {
  return {
    ...rateLimitFields(rateLimitOf(bucket, tokens)),
    "Access-Control-Expose-Headers": EXPOSED_FIELDS,
  };
}

/**
 * What an answer says about its bucket.
 *
 * @param tokens Tokens in the first limit now.
 * @param limits What a grant has left in the further limits; by default what the bucket shows.
 */
export function rateLimitOf(
  { policyName, policy, view, nowMs }: GrantingBucket,
  tokens: number,
  limits: Grant["limits"] = {},
): RateLimitState {
  const { nextTickAtMs } = view;
  const state = quotaOf(policyName, policy.limits[0], { tokens, nextTickAtMs }, nowMs);
  if (policy.limits.length === 1) return state;
  const further = policy.limits.slice(1).flatMap((spec) => {
    const seen = view.limits?.[spec.name];
    const left = limits[spec.name]?.remaining ?? seen?.tokens ?? 0;
    const name = quotaName(policyName, spec.name);
    return seen ? [quotaOf(name, spec, { ...seen, tokens: left }, nowMs)] : [];
  });
  return { ...state, others: further };
}

function quotaOf(
  policy: string,
  spec: LimitSpec | undefined,
  { tokens, nextTickAtMs }: LimitView,
  nowMs: number,
): RateLimitState {
  if (!spec) throw new RangeError("A bucket needs a limit");
  const { capacity } = spec.fields;
  return {
    policy,
    capacity,
    windowSeconds: ceilSeconds(spec.kind.windowMs(spec.fields)),
    remaining: tokens,
    ...(tokens < capacity && { resetSeconds: ceilSeconds(nextTickAtMs - nowMs) }),
  };
}
