/**
 * The description of the HTTP interface, OpenAPI 3.1: which calls exist, what they take, and everything they
 * may answer. It is assembled from the tables of limits, names and reasons that the calls themselves use; the
 * rest is prose.
 */
import type { ProblemBody } from "../../protocol/problem-document.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { Schema } from "./json-schema.ts";

import { MAX_ASKED_FOR } from "../metrics/metrics.ts";
import { reasonFields } from "../../protocol/reasons.ts";
import { acquireFields, bodies, bucketName } from "./openapi-schemas.ts";
import { integerSchema } from "./json-schema.ts";

/** A parameter of a call. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

/** A body of a request or an answer in one media type. */
interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
}

/** What a call may answer with a given status. */
export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

/** A call. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, MediaType>>;
  };
  readonly responses: Readonly<Record<string, Answer>>;
}

/** The methods of a route; HEAD is like GET, without the body. */
type PathItem = Partial<Readonly<Record<"get" | "post" | "put" | "delete", Operation>>>;

/** The whole description. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly headers: Readonly<
      Record<string, { readonly description: string; readonly schema: Schema }>
    >;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

/**
 * The version of the interface, not of the program: it grows when a change would break an existing client.
 */
const INTERFACE_VERSION = "1.0.0";

const json = "application/json";
const problemJson = "application/problem+json";
const plainText = "text/plain";

/** Who may call, by the rights of a token: if Sluice is public, the first two need none. */
const acquiring = [{}, { token: ["acquire"] }];
const reading = [{}, { token: ["read"] }];
const pausing = [{ token: ["pause"] }, { token: ["admin"] }];
const administering = [{ token: ["admin"] }];

const quotaFields = {
  RateLimit: { $ref: "#/components/headers/RateLimit" },
  "RateLimit-Policy": { $ref: "#/components/headers/RateLimit-Policy" },
};
const retryAfter = { "Retry-After": { $ref: "#/components/headers/Retry-After" } };

const nameInPath: Parameter = {
  name: "name",
  in: "path",
  required: true,
  description: "Name of the bucket, percent-encoded: `a/b` is `a%2Fb`",
  schema: bucketName,
};

/** The problem documents of some reasons that share a status. */
function problemSchema(status: number, reasons: readonly Reason[]): Schema {
  const members: Record<string, Schema> = {
    ...problemMembers,
    status: { const: status },
    reason: { type: "string", enum: reasons },
  };
  const present = Object.entries(members).filter(([name]) =>
    reasons.some((reason) => hasMember(reason, name)),
  );
  const required = present
    .map(([name]) => name)
    .filter((name) => reasons.every((reason) => hasMember(reason, name)));
  return { type: "object", properties: Object.fromEntries(present), required };
}

type OptionalMember = Exclude<
  {
    [Key in keyof ProblemBody]: undefined extends ProblemBody[Key] ? Key : never;
  }[keyof ProblemBody],
  undefined
>;

/** Which reasons have a member that isn't in every problem document. */
const reasonsWith: Readonly<Record<OptionalMember, (reason: Reason) => boolean>> = {
  errors: (reason) => reason === "invalid-request",
  retryAfterMs: (reason) => reasonFields[reason].hasRetryAfter === true,
  "violated-policies": (reason) => reasonFields[reason].status === 429,
};

function hasMember(reason: Reason, name: string): boolean {
  const conditions: Readonly<Record<string, ((reason: Reason) => boolean) | undefined>> =
    reasonsWith;
  return conditions[name]?.(reason) ?? true;
}

const problemMembers = {
  type: {
    type: "string",
    format: "uri-reference",
    description: "URI of the kind of problem (RFC 9457)",
  },
  title: { type: "string", description: "The kind of problem, in words" },
  status: { type: "integer", description: "The HTTP status" },
  detail: { type: "string", description: "One sentence with the values and limits involved" },
  reason: { type: "string", description: "The kind of problem, for programs to switch on" },
  errors: {
    type: "array",
    minItems: 1,
    items: { $ref: "#/components/schemas/Fault" },
    description: "All faults of the request",
  },
  retryAfterMs: integerSchema(
    { min: 0, max: Number.MAX_SAFE_INTEGER },
    "Time until retrying the same request may succeed, in milliseconds",
  ),
  "violated-policies": {
    type: "array",
    minItems: 1,
    items: { type: "string" },
    description: "Names of the policies that refused the request",
  },
} as const satisfies Readonly<Record<keyof ProblemBody, Schema>>;

/** The answers for these reasons and for those that nearly every call may have. */
function refusals(...reasons: readonly Reason[]): Record<string, Answer> {
  return failures("host-not-allowed", ...reasons);
}

/** The answers for these reasons and for those that every call may have. */
function failures(...reasons: readonly Reason[]): Record<string, Answer> {
  const all: Reason[] = [...reasons, "illegal-configuration", "internal-error"];
  const answers: Record<string, Answer> = {};
  for (const [status, sameStatus] of byStatus(all)) {
    const isQuota = status === 429;
    const lines = sameStatus.map((reason) => `\`${reason}\`: ${reasonFields[reason].title}`);
    answers[status] = {
      description: lines.join("; "),
      ...((isQuota || status === 503) && {
        headers: { ...retryAfter, ...(isQuota && quotaFields) },
      }),
      content: { [problemJson]: { schema: problemSchema(status, sameStatus) } },
    };
  }
  return answers;
}

function byStatus(reasons: readonly Reason[]): Map<number, Reason[]> {
  const groups = new Map<number, Reason[]>();
  for (const reason of reasons) {
    const { status } = reasonFields[reason];
    groups.set(status, [...(groups.get(status) ?? []), reason]);
  }
  return groups;
}

const htmlPage: Answer = {
  description: "The page.",
  content: { "text/html": { schema: { type: "string" } } },
};

/** The answer, and what a browser gets instead. */
function orPage({ content, ...plain }: Answer): Answer {
  return { ...plain, content: { ...content, ...htmlPage.content } };
}

function answer(description: string, schema: string, example?: unknown): Answer {
  return {
    description,
    content: {
      [json]: {
        schema: { $ref: `#/components/schemas/${schema}` },
        ...(example !== undefined && { example }),
      },
    },
  };
}

const granted = answer("The tokens are granted.", "Grant", {
  bucket: "x",
  tokens: 1,
  remaining: 0,
  waitedMs: 1003,
  grantedAtMs: 1795425904731,
});

const eventStream: Schema = { type: "string", description: "Server-sent events" };

const acquireAnswers = (...reasons: readonly Reason[]): Readonly<Record<string, Answer>> => ({
  200: {
    ...granted,
    content: { ...granted.content, "text/event-stream": { schema: eventStream } },
    headers: quotaFields,
  },
  204: {
    description:
      "Stops an `EventSource` that reconnects after its last event (`Last-Event-ID: settled`). Nothing is taken.",
  },
  ...refusals(
    "invalid-request",
    "unauthorized",
    "unknown-bucket",
    ...reasons,
    "exceeds-capacity",
    "idempotency-key-reused",
    "timeout",
    "queue-full",
    "cancelled",
    "bucket-reset",
    "unavailable",
  ),
});

const acquireDescription =
  "Takes tokens, waiting for them if necessary: the answer is held back until the outcome is known. " +
  "Strictly first come, first served. A request that can't be granted in time is refused immediately and takes nothing. " +
  "If `Accept` lists `text/event-stream`, the answer is a stream of events. " +
  "`queued` has the `position` in the queue (1 is the head) and `etaMs`, the time until the grant as things stand. It is sent at once and at each change; a comment follows if nothing changes for a while. " +
  "The last event is `granted` or `refused`, with the body of the plain answer. " +
  "The status of a stream is 200 whatever the outcome, except for faults that are found before the bucket is asked. " +
  "If `Accept` also lists `application/json`, the answer is a stream only if the request has to wait. Its last event is then preceded by an event `fields` with the `RateLimit` fields.";

const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "Use a new key for each acquire, and the same key for its retries. The tokens are taken once. A request whose connection broke keeps its place in the queue if it is retried within 30 seconds. A structured field string of 1 to 255 printable ASCII characters",
  schema: { type: "string", minLength: 1 },
};

const acquireQuery: readonly Parameter[] = Object.entries(acquireFields).map(([name, schema]) => {
  const description = schema.description ?? name;
  return { name, in: "query", description, required: name === "bucket", schema };
});

const paths: Readonly<Record<string, PathItem>> = {
  "/acquire": {
    get: {
      operationId: "acquire",
      tags: ["Acquiring"],
      summary: "Acquire tokens",
      description: acquireDescription,
      security: acquiring,
      parameters: [...acquireQuery, idempotencyKey],
      responses: acquireAnswers(),
    },
    post: {
      operationId: "acquireByPost",
      tags: ["Acquiring"],
      summary: "Acquire tokens by POST",
      description: `${acquireDescription} A field may be in the query or in the body, but only once.`,
      security: acquiring,
      parameters: [...acquireQuery.map(({ required, ...optional }) => optional), idempotencyKey],
      requestBody: {
        required: false,
        content: {
          [json]: {
            schema: { type: "object", properties: acquireFields, additionalProperties: false },
          },
        },
      },
      responses: acquireAnswers("body-too-large"),
    },
    delete: {
      operationId: "cancel",
      tags: ["Acquiring"],
      summary: "Cancel a waiting acquire",
      description:
        "Identifies the acquire by its `Idempotency-Key`. All its requests end with `499`, waiters behind it move up immediately, and nothing is taken. Requests with the same key in the next 10 seconds are cancelled, too, so it doesn't matter which arrives first. A grant can't be cancelled.",
      security: acquiring,
      parameters: [
        ...acquireQuery.filter(({ name }) => name === "bucket"),
        { ...idempotencyKey, required: true, description: "The key of the acquire" },
      ],
      responses: {
        200: answer("Whether the acquire was waiting.", "Cancelled"),
        ...refusals("invalid-request", "unauthorized", "unknown-bucket", "unavailable"),
      },
    },
  },
  "/buckets/{name}": {
    get: {
      operationId: "inspect",
      tags: ["Buckets"],
      summary: "Inspect a bucket",
      description:
        "Takes no tokens and does not start the bucket: an unused bucket is shown as it would start. A client that prefers `text/html`, as browsers do, gets the live page instead. Browsers find the page of the bucket `x` at `/`.",
      security: reading,
      parameters: [nameInPath],
      responses: {
        200: orPage(answer("The bucket.", "Snapshot")),
        ...refusals("invalid-request", "unauthorized", "unknown-bucket", "unavailable"),
      },
    },
    put: {
      operationId: "setPolicy",
      tags: ["Buckets"],
      summary: "Override a bucket's policy",
      description:
        "Overrides the configured policy until the bucket is reset. Tokens beyond the new capacity are dropped. Waiters keep their order and are rescheduled.",
      security: administering,
      parameters: [nameInPath],
      requestBody: {
        required: true,
        content: { [json]: { schema: { $ref: "#/components/schemas/PolicyChange" } } },
      },
      responses: {
        200: answer("The bucket after the change.", "Snapshot"),
        ...refusals(
          "invalid-request",
          "unauthorized",
          "admin-disabled",
          "unknown-bucket",
          "body-too-large",
          "unavailable",
        ),
      },
    },
    delete: {
      operationId: "reset",
      tags: ["Buckets"],
      summary: "Reset a bucket",
      description:
        "Refuses all waiters with `bucket-reset`, and forgets tokens, counts, keys and an overridden policy.",
      security: administering,
      parameters: [nameInPath],
      responses: {
        204: { description: "The bucket is reset." },
        ...refusals(
          "invalid-request",
          "unauthorized",
          "admin-disabled",
          "unknown-bucket",
          "unavailable",
        ),
      },
    },
  },
  "/buckets/{name}/pause": {
    post: {
      operationId: "pause",
      tags: ["Buckets"],
      summary: "Pause a bucket",
      description:
        "From now on the bucket keeps at most `tokens`, and ticks up to and including `untilMs` add none. Then it continues, one tick at a time. Waiters keep their order and are rescheduled. Two pauses combine to the later end and the lower number of tokens. With an ADMIN_TOKEN, an `untilMs` in the past, such as 0, ends the pause; without one, it changes nothing.",
      security: pausing,
      parameters: [nameInPath],
      requestBody: {
        required: true,
        content: { [json]: { schema: { $ref: "#/components/schemas/Pause" } } },
      },
      responses: {
        200: answer("The bucket after the call.", "Snapshot"),
        ...refusals(
          "invalid-request",
          "unauthorized",
          "admin-disabled",
          "unknown-bucket",
          "body-too-large",
          "unavailable",
        ),
      },
    },
  },
  "/buckets/{name}/watch": {
    get: {
      operationId: "watch",
      tags: ["Buckets"],
      summary: "Watch a bucket live",
      description:
        'Sends events over a WebSocket: request an upgrade with the subprotocol `sluice`. Scripts in browsers can\'t send `Authorization` here. They offer a second subprotocol instead: `sluice.bearer.` followed by the token in base64url. Pages from other origins may watch if `CORS_ORIGINS` lists them. Report what you have read with `{"read":N}`, the total length of all messages so far in UTF-16 units. A watcher with more than 524,288 units not reported as read is closed with code 4408, and may connect again. `ping` is answered with `pong`.',
      security: reading,
      parameters: [nameInPath],
      responses: {
        101: answer(
          "A WebSocket. Each message is JSON like this; the first is sent immediately.",
          "WatchMessage",
        ),
        ...refusals(
          "invalid-request",
          "unauthorized",
          "origin-not-allowed",
          "unknown-bucket",
          "upgrade-required",
          "watchers-full",
          "unavailable",
        ),
      },
    },
  },
  "/healthz": {
    get: {
      operationId: "health",
      tags: ["Service"],
      summary: "Check that the Worker answers",
      description: "Reaches no bucket.",
      security: [{}],
      responses: { 200: answer("The Worker answers.", "Health"), ...failures() },
    },
  },
  "/metrics": {
    get: {
      operationId: "scrape",
      tags: ["Service"],
      summary: "Metrics of named buckets",
      description:
        "In Prometheus's text format, for each bucket with a policy under its exact name, and for those named in the query. Takes no tokens and starts no bucket. A bucket that can't be reached has `sluice_up` 0.",
      security: reading,
      parameters: [
        {
          name: "bucket",
          in: "query",
          description: `Another bucket; may be given up to ${MAX_ASKED_FOR} times`,
          schema: { type: "array", items: bucketName, maxItems: MAX_ASKED_FOR },
        },
      ],
      responses: {
        200: {
          description: "The metrics.",
          content: { [plainText]: { schema: { type: "string" } } },
        },
        ...refusals("invalid-request", "unauthorized", "unknown-bucket", "unavailable"),
      },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "describe",
      tags: ["Service"],
      summary: "This description",
      description: "OpenAPI 3.1, as JSON.",
      security: [{}],
      responses: {
        200: {
          description: "The description.",
          content: { [json]: { schema: { type: "object" } } },
        },
        ...refusals(),
      },
    },
  },
  "/docs": {
    get: {
      operationId: "read",
      tags: ["Service"],
      summary: "This description as a page",
      description: "A page without a script.",
      security: [{}],
      responses: {
        200: htmlPage,
        ...refusals(),
      },
    },
  },
};

/** The description of the HTTP interface. */
export const openApiDocument: OpenApiDocument = {
  openapi: "3.1.1",
  info: {
    title: "Sluice",
    version: INTERFACE_VERSION,
    summary: "A token bucket rate limiter that makes callers wait their turn",
    description:
      "Instants are epoch milliseconds, durations are milliseconds. Bodies are JSON. Every refusal is a problem document (RFC 9457) with a `reason`. Unknown routes answer `404` (`not-found`), other methods `405` (`method-not-allowed`, with `Allow`). HEAD works like GET, except for calls that take tokens or watch.",
    license: { name: "MIT", identifier: "MIT" },
  },
  // Relative to this description: a reverse proxy may serve Sluice under a path.
  servers: [{ url: "." }],
  tags: [
    { name: "Acquiring", description: "Take tokens, or wait for them." },
    { name: "Buckets", description: "Inspect, watch and manage buckets." },
    { name: "Service", description: "About the service itself." },
  ],
  paths,
  components: {
    securitySchemes: {
      token: {
        type: "http",
        scheme: "bearer",
        description:
          "An API_TOKEN with the right to make this call, or an ADMIN_TOKEN for calls that change buckets.",
      },
    },
    headers: {
      RateLimit: {
        description:
          'Current tokens (`r`) and seconds until the next tick, rounded up (`t`; absent if the bucket is full): `"*";r=0;t=1`. draft-ietf-httpapi-ratelimit-headers-11',
        schema: { type: "string" },
      },
      "RateLimit-Policy": {
        description:
          'Capacity (`q`) and the seconds it takes to fill an empty bucket, rounded up (`w`): `"*";q=1;w=1`',
        schema: { type: "string" },
      },
      "Retry-After": {
        description: "`retryAfterMs` in seconds, rounded up, at least 1",
        schema: { type: "integer", minimum: 1 },
      },
    },
    schemas: bodies,
  },
};
