/** The bodies of the HTTP interface as JSON Schemas, by their name in the OpenAPI document. */
import type { Ask } from "../../core/ask.ts";
import type { PauseFields } from "../../core/pause.ts";
import type { LeaseTerms } from "../../core/policy.ts";
import type { FieldFault } from "../../core/values.ts";
import type { CancelBody, GrantBody } from "../../protocol/acquire-bodies.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { WatchEvent, WatchMessage } from "../../protocol/watch-feed.ts";
import type { Schema } from "./json-schema.ts";

import { limiterReasons } from "../../core/outcome.ts";
import { pauseRanges } from "../../core/pause.ts";
import { tokenBucketFields } from "../../core/limits/token-bucket.ts";
import { leaseFields, leaseWords, queueWords, policyFields } from "../../core/policy.ts";
import { tokenBucketWords } from "../../core/limits/token-bucket.ts";
import { acquireRanges } from "../http/acquire-params.ts";
import { BUCKET_NAME_PATTERN, BUCKET_NAME_RULE } from "../../core/bucket-name.ts";
import {
  countSchema,
  fieldSchemas,
  instantSchema,
  integerSchema,
  objectSchema,
} from "./json-schema.ts";

/** A bucket's name. */
export const bucketName: Schema = {
  type: "string",
  pattern: BUCKET_NAME_PATTERN,
  description: `Name of the bucket: ${BUCKET_NAME_RULE}`,
};

/** What a caller of `/acquire` sends, in the query or in the body. */
export const acquireFields = {
  bucket: bucketName,
  tokens: {
    ...integerSchema(acquireRanges.tokens, "Tokens to take, at most the bucket's capacity"),
    default: 1,
  },
  timeoutMs: integerSchema(
    acquireRanges.timeoutMs,
    "How long the caller is willing to wait, in milliseconds. 0 fails fast; the default and maximum is the policy's maxWaitMs",
  ),
} as const satisfies Readonly<Record<"bucket" | keyof Omit<Ask, "idempotencyKey">, Schema>>;

const policyNumbers = fieldSchemas(policyFields(), { ...tokenBucketWords, ...queueWords });
const leaseTerms = objectSchema<LeaseTerms>(fieldSchemas(leaseFields, leaseWords), {});

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
    waiters: countSchema("Waiting callers"),
    queuedTokens: countSchema("Total tokens requested by waiting callers"),
    nextTickAtMs: instantSchema(
      "The next tick; if the bucket is paused, the first one after the pause",
    ),
    pausedUntilMs: instantSchema("End of the pause; present only while the bucket is paused"),
    granted: countSchema("Callers granted since the bucket started"),
    refused: countSchema("Callers refused since the bucket started"),
    cancelled: countSchema("Callers that left the queue since the bucket started"),
    leasedTokens: countSchema("Tokens leased to isolates; present only if the policy has leases"),
  },
  { pausedUntilMs: true, leasedTokens: true },
);

/** Members of every event. */
const eventMembers = {
  id: countSchema("Identifies the request within one connection"),
  atMs: instantSchema("When it happened"),
  tokens: integerSchema(acquireRanges.tokens, "Tokens requested"),
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
          description: "The `reason` in the caller's problem document",
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
    atMs: instantSchema("Current time of the bucket"),
    isFirst: { const: true, description: "Present in the first message of a connection" },
    snapshot: { $ref: "#/components/schemas/Snapshot" },
    events: {
      type: "array",
      items: watchEvent,
      description: "Events since the previous message, in order",
    },
    omitted: countSchema(
      "Number of events left out because there were too many; absent if there were none",
    ),
  },
  { isFirst: true, omitted: true },
);

const grant = objectSchema<GrantBody>(
  {
    bucket: bucketName,
    tokens: integerSchema(tokenBucketFields.capacity, "Tokens granted to the caller"),
    remaining: countSchema("Tokens left in the bucket just after this grant"),
    waitedMs: countSchema("Time from arrival to grant, in milliseconds"),
    grantedAtMs: instantSchema("The instant of the grant"),
  },
  {},
);

const cancelled = objectSchema<CancelBody>(
  {
    cancelled: {
      type: "boolean",
      description: "Whether the acquire was waiting; `false` if it has been granted or is unknown",
    },
  },
  {},
);

const fault = objectSchema<FieldFault>(
  {
    field: { type: "string", description: "The parameter, header or member that is wrong" },
    message: {
      type: "string",
      description: "What is wrong: the field, the value and the limit",
    },
  },
  {},
);

const policyChange: Schema = {
  type: "object",
  properties: {
    ...policyNumbers,
    lease: { anyOf: [leaseTerms, { type: "null" }], description: "`null` turns leases off" },
  },
  description: "Members that are left out stay unchanged.",
};

const pause = objectSchema<PauseFields>(
  {
    untilMs: instantSchema(
      `Ticks up to and including this instant add no tokens; at most ${pauseRanges.aheadMs.max} ms ahead`,
    ),
    tokens: {
      ...integerSchema(pauseRanges.tokens, "Maximum number of tokens that the bucket keeps"),
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
