/** The result of an acquire, before it is put into a response: a closed union. */
import type { LimiterView } from "../core/limiter.ts";
import type { Grant, Outcome } from "../core/outcome.ts";
import type { FieldFault, Policy } from "../core/policy.ts";

/** The bucket that answers, as of then. */
export interface BucketState {
  readonly name: string;
  readonly policyName: string;
  readonly policy: Policy;
  readonly view: LimiterView;
  readonly nowMs: number;
}

/** What comes of an acquire. */
export type AcquireAnswer =
  | {
      readonly kind: "outcome";
      readonly outcome: Outcome;
      readonly bucket: BucketState;
      /** The timeout that held for it. */
      readonly timeoutMs: number;
      readonly tokens: number;
    }
  /** A grant that was given before, for the same key. */
  | { readonly kind: "replay"; readonly grant: Grant; readonly bucket: BucketState }
  /** So many requests wait under the key that this one may not join them. */
  | {
      readonly kind: "key-crowded";
      readonly key: string;
      readonly requests: number;
      /** Until the place has been settled, at the latest. */
      readonly retryAfterMs: number;
      readonly bucket: BucketState;
    }
  /** The key was used with other parameters. */
  | { readonly kind: "key-reused"; readonly key: string }
  | { readonly kind: "invalid"; readonly errors: readonly FieldFault[] }
  /** The bucket was reset before the request was let in. */
  | { readonly kind: "reset" }
  /** Somebody who knows its key has cancelled it. */
  | { readonly kind: "cancelled" }
  /** The process ends: nobody can wait here any longer. Nothing was taken. */
  | { readonly kind: "unavailable" };
