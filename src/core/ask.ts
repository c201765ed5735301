/**
 * What a caller asks of a bucket. It has one shape all the way: the Worker reads it from a query, a body or a
 * call by RPC, the wire carries it, and the object's host turns it into a waiter.
 */

/** What a caller asks of a bucket. */
export interface Ask {
  /**
   * Tokens of every limit that `limits` doesn't name, at least 0. Whether the bucket can hold that many is up
   * to the bucket.
   */
  readonly tokens: number;
  /** Tokens of single limits, at least 0 each, by the limit's name; absent if there are none. */
  readonly limits?: Readonly<Record<string, number>>;
  /** The longest wait, 0 to an hour; absent if the caller leaves it to the policy. */
  readonly timeoutMs?: number;
  /** Requests with the same key for the same bucket get the same grant. 1 to 255 printable ASCII characters. */
  readonly idempotencyKey?: string;
}
