/**
 * The description of the HTTP interface, OpenAPI 3.1: which calls there are, what they take, and all that
 * they may answer. It is put together from what the calls themselves go by, the tables of limits, names
 * and reasons; what it says beyond that is prose.
 */
import type { ProblemBody } from "../../protocol/problem-document.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { Schema } from "./json-schema.ts";

import { MAX_ASKED_FOR } from "../metrics/metrics.ts";
import { reasonFields } from "../../protocol/reasons.ts";
import { acquireFields, bodies, bucketName } from "./openapi-schemas.ts";
import { integerSchema, objectSchema } from "./json-schema.ts";

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

/** What a call may answer with a status. */
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

/** The methods of a route; HEAD is what GET is, without the body. */
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

/** Of the interface, not of the program: it grows where a client of before would stumble. */
const INTERFACE_VERSION = "1.0.0";

const json = "application/json";
const problemJson = "application/problem+json";
const plainText = "text/plain";

/** Who may call, by the rights of a token: where Sluice is public, those of the first two need none. */
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

/** The problem documents of some reasons, all of one status. */
function problemSchema(status: number, reasons: readonly Reason[]): Schema {
  const isQuota = status === 429;
  const isInvalid = reasons.includes("invalid-request");
  const isTransient = reasons.every((reason) => reasonFields[reason].hasRetryAfter);
  const maybeTransient = reasons.some((reason) => reasonFields[reason].hasRetryAfter);
  const { errors, retryAfterMs, "violated-policies": violated, ...always } = problemMembers;
  const { properties = {}, required = [] } = objectSchema<
    Omit<ProblemBody, "errors" | "retryAfterMs" | "violated-policies">
  >({ ...always, status: { const: status }, reason: { type: "string", enum: reasons } }, {});
  return {
    type: "object",
    properties: {
      ...properties,
      ...(isInvalid && { errors }),
      ...(maybeTransient && { retryAfterMs }),
      ...(isQuota && { "violated-policies": violated }),
    },
    required: [
      ...required,
      ...(isInvalid ? ["errors"] : []),
      ...(isTransient ? ["retryAfterMs"] : []),
      ...(isQuota ? ["violated-policies"] : []),
    ],
  };
}

const problemMembers = {
  type: {
    type: "string",
    format: "uri-reference",
    description: "Names the kind of problem (RFC 9457)",
  },
  title: { type: "string", description: "The kind of problem, in words" },
  status: { type: "integer", description: "The status of the answer" },
  detail: { type: "string", description: "One sentence with the values and limits" },
  reason: { type: "string", description: "Names the kind of problem: the member to switch over" },
  errors: {
    type: "array",
    minItems: 1,
    items: { $ref: "#/components/schemas/Fault" },
    description: "Every fault",
  },
  retryAfterMs: integerSchema(
    { min: 0, max: Number.MAX_SAFE_INTEGER },
    "Time until the same request may be granted, in milliseconds",
  ),
  "violated-policies": {
    type: "array",
    minItems: 1,
    items: { type: "string" },
    description: "Names of the policies that said no",
  },
} as const satisfies Readonly<Record<keyof ProblemBody, Schema>>;

/** The answers for these reasons and for those that nearly any call may have. */
function refusals(...reasons: readonly Reason[]): Record<string, Answer> {
  return failures("host-not-allowed", ...reasons);
}

/** The answers for these reasons and for those that any call may have. */
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

/** The answer, and what a browser gets in its place. */
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

const granted = answer("The tokens are the caller's.", "Grant", {
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
      "To an `EventSource` that comes back after its last event (`Last-Event-ID: settled`): it is not to ask again, and nothing is taken.",
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
  "Takes tokens, waiting for them if need be: the answer is held back until the outcome is known. " +
  "Strictly first come, first served. What cannot be granted in time is refused at once and takes nothing. " +
  "Where `Accept` names `text/event-stream`, the answer is a stream: events `queued` with the `position` in the queue (1 is the head) and the `etaMs` until the grant as things stand, at once and at each change, a comment where there is none for a while, and in the end one `granted` or `refused` with the body that the plain answer would have. Its status is 200 whatever comes of it, but for what is wrong before the bucket is asked. " +
  "Where `Accept` names `application/json`, too, only an answer that has to be waited for is a stream; before its last event that has an event `fields` with the `RateLimit` fields.";

const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "New for each acquire, and the same when it is asked again: the tokens are taken once, and one whose connection broke takes its old place in the queue within 30 seconds. A string of a structured field, 1 to 255 printable ASCII characters",
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
      tags: ["Asking"],
      summary: "Acquire tokens",
      description: acquireDescription,
      security: acquiring,
      parameters: [...acquireQuery, idempotencyKey],
      responses: acquireAnswers(),
    },
    post: {
      operationId: "acquireByPost",
      tags: ["Asking"],
      summary: "Acquire tokens, asked by POST",
      description: `${acquireDescription} A field may stand in the query or in the body, once.`,
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
      tags: ["Asking"],
      summary: "Cancel an acquire that waits",
      description:
        "By the `Idempotency-Key` that it was asked with. All its requests end with `499`, those behind it move up at once, and nothing is taken. Whatever comes with the same key in the next 10 seconds is cancelled, too, so it does not matter which of the two arrives first. What is granted stays granted.",
      security: acquiring,
      parameters: [
        ...acquireQuery.filter(({ name }) => name === "bucket"),
        { ...idempotencyKey, required: true, description: "The key of the acquire" },
      ],
      responses: {
        200: answer("Whether it waited.", "Cancelled"),
        ...refusals("invalid-request", "unauthorized", "unknown-bucket", "unavailable"),
      },
    },
  },
  "/buckets/{name}": {
    get: {
      operationId: "inspect",
      tags: ["Buckets"],
      summary: "The bucket as it is",
      description:
        "Takes nothing and starts nothing: a bucket that was never acquired from reads as it would start. Who prefers `text/html`, as browsers do, gets the live page instead. At `/` there is the page of the bucket `x`, for browsers alone.",
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
      summary: "Give the bucket a policy of its own",
      description:
        "For good, whatever the configuration says. Tokens beyond the new capacity are gone; those who wait keep their order and are timed anew.",
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
      summary: "Forget the bucket",
      description:
        "Those who wait are refused with `bucket-reset`. Tokens, counts, keys and a policy of its own are gone.",
      security: administering,
      parameters: [nameInPath],
      responses: {
        204: { description: "It is gone." },
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
      summary: "Hold everybody up for a while",
      description:
        "From now on the bucket keeps at most `tokens`, and its ticks up to and including `untilMs` bring none; then it goes on, one tick at a time. Those who wait keep their order and are timed anew. Of two pauses the later end and the lower number of tokens count. With an ADMIN_TOKEN, an `untilMs` that is over, as 0 is, ends the pause; without, it changes nothing.",
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
      summary: "What happens at the bucket, as it happens",
      description:
        'Over a WebSocket, which takes an upgrade and the subprotocol `sluice`. A script in a browser cannot send `Authorization` with it: there the token goes into the name of a second subprotocol, `sluice.bearer.` and the token in base64url. Pages of other origins may watch where `CORS_ORIGINS` names them. Who has read much sends `{"read":N}`, the lengths of all messages so far, together, in UTF-16 units: a watcher of which 524,288 units are not known to have been read is closed with code 4408, and may connect again. `ping` is answered `pong`.',
      security: reading,
      parameters: [nameInPath],
      responses: {
        101: answer(
          "A WebSocket. Each message is a JSON text like this; the first comes at once.",
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
      summary: "Whether the Worker answers",
      description: "Reaches no bucket.",
      security: [{}],
      responses: { 200: answer("It does.", "Health"), ...failures() },
    },
  },
  "/metrics": {
    get: {
      operationId: "scrape",
      tags: ["Service"],
      summary: "Metrics of named buckets",
      description:
        "As Prometheus reads them: of each bucket whose policy stands under its exact name, and of those that are asked for. Takes nothing and starts nothing. A bucket that cannot be reached is `0` in `sluice_up`.",
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
      summary: "This description, to read",
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
      "Instants are epoch milliseconds, durations milliseconds. A body holds JSON; every refusal is a problem document (RFC 9457) with a `reason`. A route that is not listed answers `404` (`not-found`), another method `405` (`method-not-allowed`, with `Allow`). HEAD is answered where GET is, but for what takes tokens or watches.",
    license: { name: "MIT", identifier: "MIT" },
  },
  // Relative to the description itself: a reverse proxy may have put Sluice under a path.
  servers: [{ url: "." }],
  tags: [
    { name: "Asking", description: "For those who want tokens." },
    { name: "Buckets", description: "For those who look after buckets." },
    { name: "Service", description: "About the service itself." },
  ],
  paths,
  components: {
    securitySchemes: {
      token: {
        type: "http",
        scheme: "bearer",
        description:
          "An API_TOKEN with the right to this call, or an ADMIN_TOKEN for calls that change buckets.",
      },
    },
    headers: {
      RateLimit: {
        description:
          'Tokens now (`r`) and seconds until the next tick, rounded up (`t`; a full bucket has none): `"*";r=0;t=1`. draft-ietf-httpapi-ratelimit-headers-11',
        schema: { type: "string" },
      },
      "RateLimit-Policy": {
        description:
          'Capacity (`q`) and the seconds in which an empty bucket fills, rounded up (`w`): `"*";q=1;w=1`',
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
