/** The bodies that go over HTTP, as JSON Schemas by the name under which the document lists them. */
import type { Pause } from "../../core/pause.ts";
import type { CompletePolicyFields, FieldFault, LeaseTerms } from "../../core/policy.ts";
import type { CancelBody, GrantBody } from "../../protocol/acquire-bodies.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../../protocol/watch-feed.ts";
import type { AcquireParams } from "../http/acquire-params.ts";
import type { Schema } from "./json-schema.ts";

import { limiterReasons } from "../../core/outcome.ts";
import { pauseRanges } from "../../core/pause.ts";
import { leaseRanges, policyRanges } from "../../core/policy.ts";
import { acquireRanges } from "../http/acquire-params.ts";
import { BUCKET_NAME_PATTERN, BUCKET_NAME_RULE } from "../../core/bucket-name.ts";
import { countSchema, instantSchema, integerSchema, objectSchema } from "./json-schema.ts";

/** A bucket's name. */
export const bucketName: Schema = {
  type: "string",
  pattern: BUCKET_NAME_PATTERN,
  description: `Name of the bucket: ${BUCKET_NAME_RULE}`,
};

/** What a caller of `/acquire` says, wherever it says it. */
export const acquireFields = {
  bucket: bucketName,
  tokens: {
    ...integerSchema(acquireRanges.tokens, "Tokens to take, at most the bucket's capacity"),
    default: 1,
  },
  timeoutMs: integerSchema(
    acquireRanges.timeoutMs,
    "How long the caller is willing to wait, in milliseconds: 0 asks without waiting, and the default and the most is the policy's maxWaitMs",
  ),
} as const satisfies Readonly<Record<keyof Omit<AcquireParams, "idempotencyKey">, Schema>>;

const policyNumbers = {
  capacity: integerSchema(policyRanges.capacity, "Tokens the bucket can hold"),
  refillTokens: integerSchema(policyRanges.refillTokens, "Tokens added by each tick"),
  refillIntervalMs: integerSchema(
    policyRanges.refillIntervalMs,
    "Time between two ticks, in milliseconds",
  ),
  initialTokens: integerSchema(
    policyRanges.initialTokens,
    "Tokens at the start, at most the capacity",
  ),
  queueLimit: integerSchema(policyRanges.queueLimit, "Callers that may wait"),
  maxWaitMs: integerSchema(policyRanges.maxWaitMs, "The longest wait, in milliseconds"),
};

const leaseTerms = objectSchema<LeaseTerms>(
  {
    maxTokens: integerSchema(leaseRanges.maxTokens, "Most tokens that an isolate holds"),
    ttlMs: integerSchema(leaseRanges.ttlMs, "For how long it may grant from them, in milliseconds"),
  },
  {},
);

const namedPolicy = objectSchema<NamedPolicyFields>(
  {
    name: { type: "string", description: "The pattern under which the policy is configured" },
    ...policyNumbers,
    lease: leaseTerms,
  },
  { lease: true },
);

const snapshot = objectSchema<BucketSnapshot>(
  {
    bucket: bucketName,
    policy: { $ref: "#/components/schemas/Policy" },
    tokens: countSchema("Tokens in the bucket"),
    waiters: countSchema("Callers that wait"),
    queuedTokens: countSchema("Tokens that they wait for, together"),
    nextTickAtMs: instantSchema("The first tick after now; of a paused bucket, after the pause"),
    pausedUntilMs: instantSchema("Until when the bucket is paused; only where it is"),
    granted: countSchema("Callers granted since the bucket started"),
    refused: countSchema("Callers refused since then"),
    cancelled: countSchema("Callers that have left the queue since then"),
    leasedTokens: countSchema("Tokens out on lease; only where the policy has leases"),
  },
  { pausedUntilMs: true, leasedTokens: true },
);

/** Members of each event, of whatever kind. */
const eventMembers = {
  id: countSchema("Names the request, within one connection"),
  atMs: instantSchema("When it happened"),
  tokens: integerSchema(acquireRanges.tokens, "Tokens that were asked for"),
};
const waitedMs = countSchema("Time since the caller's arrival, in milliseconds");

type EventOf<Kind extends WatchEvent["kind"]> = Extract<WatchEvent, { readonly kind: Kind }>;

const watchEvent: Schema = {
  anyOf: [
    objectSchema<EventOf<"queued">>({ kind: { const: "queued" }, ...eventMembers }, {}),
    objectSchema<EventOf<"granted">>({ kind: { const: "granted" }, ...eventMembers, waitedMs }, {}),
    objectSchema<EventOf<"refused">>(
      {
        kind: { const: "refused" },
        ...eventMembers,
        reason: {
          type: "string",
          enum: limiterReasons,
          description: "Why, as the caller's problem document says it",
        },
      },
      {},
    ),
    objectSchema<EventOf<"cancelled">>(
      { kind: { const: "cancelled" }, ...eventMembers, waitedMs },
      {},
    ),
  ],
};

const watchMessage = objectSchema<WatchMessage>(
  {
    atMs: instantSchema("The object's time"),
    isFirst: { const: true, description: "In the first message of a connection" },
    snapshot: { $ref: "#/components/schemas/Snapshot" },
    events: {
      type: "array",
      items: watchEvent,
      description: "What has happened since the message before, in order",
    },
    omitted: countSchema("Events left out because there were too many; absent where none was"),
  },
  { isFirst: true, omitted: true },
);

const grant = objectSchema<GrantBody>(
  {
    bucket: bucketName,
    tokens: integerSchema(policyRanges.capacity, "Tokens that the caller has now"),
    remaining: countSchema("Tokens left in the bucket just after this grant"),
    waitedMs: countSchema("Time from the caller's arrival to its grant, in milliseconds"),
    grantedAtMs: instantSchema("The instant of the grant"),
  },
  {},
);

const cancelled = objectSchema<CancelBody>(
  {
    cancelled: {
      type: "boolean",
      description: "Whether it waited; `false` where it is granted already, or not known",
    },
  },
  {},
);

const fault = objectSchema<FieldFault>(
  {
    field: { type: "string", description: "The parameter, header or member that is wrong" },
    message: {
      type: "string",
      description: "What is wrong: names the field, the value, the limit",
    },
  },
  {},
);

const policyChange: Schema = {
  ...objectSchema<Partial<CompletePolicyFields>>(
    {
      ...policyNumbers,
      lease: { anyOf: [leaseTerms, { type: "null" }], description: "`null` turns leases off" },
    },
    {
      capacity: true,
      refillTokens: true,
      refillIntervalMs: true,
      initialTokens: true,
      queueLimit: true,
      maxWaitMs: true,
      lease: true,
    },
  ),
  description: "What is left out stays as it is.",
};

const pause = objectSchema<Pick<Pause, "untilMs"> & Partial<Pause>>(
  {
    untilMs: instantSchema(
      `Ticks up to and including this instant bring nothing; at most ${pauseRanges.aheadMs.max} ms ahead`,
    ),
    tokens: {
      ...integerSchema(pauseRanges.tokens, "Most tokens that the bucket keeps"),
      default: 0,
    },
  },
  { tokens: true },
);

const health = objectSchema<{ status: "ok" }>({ status: { const: "ok" } }, {});

/** The schemas that the document lists under `components`. */
export const bodies = {
  Grant: grant,
  Cancelled: cancelled,
  Snapshot: snapshot,
  WatchMessage: watchMessage,
  Policy: namedPolicy,
  PolicyChange: policyChange,
  Pause: pause,
  Fault: fault,
  Health: health,
} as const satisfies Readonly<Record<string, Schema>>;
