/**
 * How an acquire ends, as a client tells it: a closed union, over every way to Sluice and for every surface
 * that is built on a client.
 */
import type { GrantBody } from "../protocol/acquire-bodies.ts";
import type { RateLimitState } from "../protocol/rate-limit-fields.ts";

/** The tokens are the caller's. */
export interface Granted extends GrantBody {
  readonly ok: true;
  /** The bucket, as of the answer. Left out where none has answered. */
  readonly rateLimit?: RateLimitState;
  /**
   * Present, and true, where Sluice could not be reached and `onUnavailable` is `"open"`: no bucket has
   * given these tokens, `remaining` is 0, and `grantedAtMs` is this machine's time.
   */
  readonly isUnmetered?: true;
}

/** Why a caller went without. Nothing was taken. */
export type RefusalReason =
  | "timeout"
  | "queue-full"
  | "exceeds-capacity"
  | "bucket-reset"
  | "cancelled"
  | "unavailable";

/**
 * The caller has nothing, and nothing was taken. (Of `unavailable` that cannot be said for certain: a
 * grant may have been on its way. The same `idempotencyKey` gets it for ten minutes, if it is the caller's
 * own; otherwise its tokens are lost.)
 */
export interface Refused {
  readonly ok: false;
  readonly bucket: string;
  readonly tokens: number;
  /** `unavailable` only where `onUnavailable` is `"closed"`, and over RPC. */
  readonly reason: RefusalReason;
  /** One sentence with the values and limits, without a full stop. */
  readonly detail: string;
  /** With `timeout`, `queue-full` and `unavailable`: time until the same request may be granted. */
  readonly retryAfterMs?: number;
  /** With `timeout` and `queue-full`: names of the policies that said no. */
  readonly violatedPolicies?: readonly string[];
  /** With `timeout` and `queue-full`: the bucket, as of the answer. */
  readonly rateLimit?: RateLimitState;
}

/** How an acquire ends. A switch over `ok` and `reason` is exhaustive. */
export type AcquireOutcome = Granted | Refused;
