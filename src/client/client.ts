/**
 * The verbs of a client of Sluice, over whatever reaches one: HTTP with a URL, or a service binding.
 *
 * What a caller has to expect of a limiter comes as a value, `{ ok: true, … }` or `{ ok: false, reason }`,
 * in a closed union. What only a wrong call or a wrong configuration leads to is thrown: `SluiceError`
 * where the service said so, `RangeError` and `TypeError` where it was clear before anything was sent.
 */
import type { PolicyFields } from "../core/policy.ts";
import type { BucketSnapshot, GrantBody } from "../protocol.ts";

/** The tokens are the caller's. */
export interface Granted extends GrantBody {
  readonly ok: true;
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
  | "unavailable";

/** The caller has nothing, and nothing was taken. */
export interface Refused {
  readonly ok: false;
  readonly bucket: string;
  readonly tokens: number;
  /** `unavailable` only where `onUnavailable` is `"closed"`. */
  readonly reason: RefusalReason;
  /** One sentence with the values and limits, without a full stop. */
  readonly detail: string;
  /** With `timeout`, `queue-full` and `unavailable`: time until the same request may be granted. */
  readonly retryAfterMs?: number;
}

/** How an acquire ends. A switch over `ok` and `reason` is exhaustive. */
export type AcquireOutcome = Granted | Refused;

/** A place in the queue. */
export interface QueuedPlace {
  /** 1 is the head: next to be granted. */
  readonly position: number;
  /** Until the grant as things stand, milliseconds. */
  readonly etaMs: number;
}

/** What a caller asks for. */
export interface AcquireOptions {
  /** 1 to the bucket's capacity. Default: 1. */
  readonly tokens?: number;
  /** 0 (do not wait) to the policy's `maxWaitMs`. Default: the policy's `maxWaitMs`. */
  readonly timeoutMs?: number;
  /** Gives the place in the queue up when it aborts. */
  readonly signal?: AbortSignal;
  /** 1 to 255 printable ASCII characters. Default: a new one for each acquire. */
  readonly idempotencyKey?: string;
  /** Told the place in the queue, at once and whenever it changes; not called where nobody has to wait. */
  readonly onQueued?: (place: QueuedPlace) => void;
}

/** What a pause says. */
export interface PauseFields {
  /** Until when the bucket's ticks bring nothing, epoch milliseconds; at most a day ahead. */
  readonly untilMs: number;
  /** Most tokens that the bucket keeps. Default: 0. */
  readonly tokens?: number;
}

/** The verbs. Every promise rejects with the signal's reason where a signal aborts. */
export interface Client {
  /**
   * Takes tokens, waiting for them if need be. Resolves with the grant, or with a refusal. Where the
   * connection breaks it asks again with the same key, and so pays once at most.
   *
   * @throws {SluiceError} Where the service says that the call itself is wrong, and where it cannot be
   * reached and `onUnavailable` is `"throw"`.
   */
  acquire(bucket: string, options?: AcquireOptions): Promise<AcquireOutcome>;
  /** `acquire` that does not wait: granted now or refused. */
  tryAcquire(
    bucket: string,
    options?: Pick<AcquireOptions, "tokens" | "signal" | "idempotencyKey">,
  ): Promise<AcquireOutcome>;
  /** The bucket as it is. Takes nothing, starts nothing. */
  inspect(bucket: string, options?: { readonly signal?: AbortSignal }): Promise<BucketSnapshot>;
  /** Gives the bucket a policy of its own, for good; what is left out stays. Needs an `ADMIN_TOKEN`. */
  setPolicy(bucket: string, policy: Partial<PolicyFields>): Promise<BucketSnapshot>;
  /** Refuses all who wait with `bucket-reset` and forgets the bucket. Needs an `ADMIN_TOKEN`. */
  reset(bucket: string): Promise<void>;
  /**
   * Keeps at most `tokens` in the bucket and lets its ticks up to and including `untilMs` bring nothing;
   * then it goes on, one tick at a time. Of two pauses the later end and the lower number of tokens count,
   * whoever asks. With an `ADMIN_TOKEN` an `untilMs` that is over, as 0 is, ends the pause; without, it
   * changes nothing. Needs an `ADMIN_TOKEN`, or a token with the right `pause`.
   */
  pause(bucket: string, pause: PauseFields): Promise<BucketSnapshot>;
}
