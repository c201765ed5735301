/**
 * The words that HTTP, RPC, the clients and the in-process filter have in common: reasons, bodies and
 * what the Worker and the object tell each other. No code, and hardly a value.
 */
import type { CompletePolicyFields, FieldFault } from "../core/policy.ts";
import type { Lease, LeaseReport } from "../core/lease/lease.ts";
import type { Grant, LimiterReason } from "../core/outcome.ts";
import type { LimiterView } from "../core/limiter.ts";
import type { StatsView } from "../core/stats.ts";

/**
 * Why Sluice said no, in the `reason` member of the problem document. Closed: a switch over it is
 * exhaustive.
 */
export type Reason =
  | LimiterReason
  | "invalid-request"
  | "unauthorized"
  | "admin-disabled"
  | "unknown-bucket"
  | "not-found"
  | "method-not-allowed"
  | "idempotency-key-reused"
  | "body-too-large"
  | "upgrade-required"
  | "origin-not-allowed"
  | "host-not-allowed"
  | "watchers-full"
  | "cancelled"
  | "illegal-configuration"
  | "internal-error";

/** Body of a `200` of `/acquire`. */
export interface GrantBody extends Omit<Grant, "ok"> {
  readonly bucket: string;
}

/** Body of a `200` of `DELETE /acquire`. */
export interface CancelBody {
  /** Whether a request waited under that key; it waits no longer. */
  readonly cancelled: boolean;
}

/** What `Accept` says where a plain answer is as good as a stream, unless the request has to wait. */
export const STREAM_IF_QUEUED = "text/event-stream, application/json";

/** Data of a `queued` event of a streamed `/acquire`. */
export interface QueuedBody {
  /** 1 is the head: next to be granted. */
  readonly position: number;
  /** Until the grant as things stand, in milliseconds; 0 where it is due. */
  readonly etaMs: number;
}

/** What is the same in all problem documents of a reason. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Default: `about:blank`. */
  readonly type?: string;
}

const QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/** The kinds of those refusals that a client hands on: whoever passes one on says what Sluice said. */
export const refusalKinds: Readonly<
  Record<LimiterReason | "cancelled" | "invalid-request", ProblemKind>
> = {
  "invalid-request": { status: 400, title: "Invalid request" },
  "exceeds-capacity": { status: 422, title: "More tokens than the bucket can hold" },
  timeout: { status: 429, title: "Cannot be granted in time", type: QUOTA_EXCEEDED },
  "queue-full": { status: 429, title: "Queue is full", type: QUOTA_EXCEEDED },
  "bucket-reset": { status: 503, title: "Bucket was reset" },
  cancelled: { status: 499, title: "Request was cancelled" },
  unavailable: { status: 503, title: "Bucket is unavailable" },
};

/** A problem document (RFC 9457) as Sluice writes it. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason: Reason;
  /** With `invalid-request`: every fault. */
  readonly errors?: readonly FieldFault[];
  /** Where waiting helps. */
  readonly retryAfterMs?: number;
  /** With status 429: names of the policies that said no. */
  readonly "violated-policies"?: readonly string[];
}

/** A policy with the pattern that it was configured under. */
export interface NamedPolicyFields extends CompletePolicyFields {
  readonly name: string;
}

/** Body of `GET` and `PUT /buckets/NAME`. */
export interface BucketSnapshot extends LimiterView {
  readonly bucket: string;
  readonly policy: NamedPolicyFields;
}

/** Answer of the object to a monitor. */
export interface BucketStats {
  readonly snapshot: BucketSnapshot;
  readonly tally: StatsView;
}

/** What the Worker, and nobody else, tells the object of an acquire. */
export interface AcquireCall {
  readonly bucket: string;
  /** The configured policy; an override that the object stores goes before it. */
  readonly policy: NamedPolicyFields;
  readonly tokens: number;
  /** Left out: the policy's `maxWaitMs`. */
  readonly timeoutMs?: number;
  /** The same key for the same bucket gets the same grant. Printable ASCII. */
  readonly idempotencyKey?: string;
  /** Answered by lines with its places and then the outcome (see acquire-lines.ts). */
  readonly isStreamed?: boolean;
  /** What its isolate gives back of its leases with it, since they do not cover it. */
  readonly returnedLeases?: LeaseReport;
  /** Present when an earlier attempt was lost with its object. */
  readonly requeued?: Requeued;
}

/** Of a caller whose call was lost with the object: it stood in the queue, or was on its way there. */
interface Requeued {
  /**
   * When its request reached the Worker, epoch milliseconds, with a fraction that keeps those of one
   * millisecond in order.
   */
  readonly arrivedAtMs: number;
  /** How much of its timeout is gone. */
  readonly elapsedMs: number;
  /** Over how long the callers of its isolate come back, where that is longer than usual. */
  readonly spreadMs?: number;
}

/** Where a held request stands, as the object tells it. */
export interface HeldPlace extends QueuedBody {
  /** When it will be granted as things stand, epoch milliseconds by the object's clock. */
  readonly grantAtMs: number;
}

/** Answer of the object to a change of its policy. */
export type PolicyChange =
  | { readonly ok: true; readonly snapshot: BucketSnapshot }
  | { readonly ok: false; readonly errors: readonly FieldFault[] };

/** Answer of the object to an isolate that asks for a lease. */
export interface LeaseAnswer {
  /** Left out where it lends nothing. */
  readonly lease?: Lease;
  /** The bucket as it was just after. */
  readonly bucket: BucketSnapshot;
}

/** What `GET /buckets/NAME/watch` sends: one JSON text a message; the first at once, then at each change. */
export interface WatchMessage {
  /** The object's time, epoch milliseconds. */
  readonly atMs: number;
  /** Present, and true, in the first: no `id` names a request of a connection before. */
  readonly isFirst?: true;
  readonly snapshot: BucketSnapshot;
  /** What has happened since the message before, in order; empty in the first. */
  readonly events: readonly WatchEvent[];
  /** Events left out because there were too many for one message; absent where none was. */
  readonly omitted?: number;
}

/** Something that happened to a request. `id` names it within this instance of the object. */
export type WatchEvent =
  | {
      readonly kind: "queued";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
    }
  | {
      readonly kind: "granted";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly waitedMs: number;
    }
  | {
      readonly kind: "refused";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly reason: LimiterReason;
    }
  | {
      readonly kind: "cancelled";
      readonly id: number;
      readonly atMs: number;
      readonly tokens: number;
      readonly waitedMs: number;
    };
