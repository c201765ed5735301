/** Upper bounds of the pauses between attempts. */
export interface Backoff {
    readonly firstMs: number;
    readonly maxMs: number;
}
/**
 * How long to pause after a number of failures in a row: anything from 0 to a bound that doubles with each
 * failure. Pauses are random so that callers which failed together don't come back together (exponential
 * backoff with full jitter).
 *
 * @param failures In a row, from 1.
 * @param draw A random number from 0 to 1.
 *
 * @example
 * backoffMs({ firstMs: 100, maxMs: 5_000 }, 3, 0.5); // 200, half of the third bound
 */
export declare function backoffMs({ firstMs, maxMs }: Backoff, failures: number, draw: number): number;
