/**
 * Follows an acquire through the queue: reads the events of a streamed answer up to the outcome.
 *
 * The service sends at least one byte a second, so a broken connection can be told from a long
 * wait. A held response without a stream can't show the difference.
 */
import type { Answer, Place } from "./answer.ts";
import type { Attempt } from "./retry.ts";
/**
 * Calls `onQueued` with each place and resolves with the outcome, in the form of an answer that was
 * not streamed. Rejects with whatever `onQueued` throws or rejects with: a caller that can't follow
 * its place has given up.
 *
 * @throws {TransportError} If the stream ends without an outcome, is cut off, or goes silent.
 */
export declare function followStream(response: Response, onQueued: (place: Place) => unknown, { signal, showLife }: Attempt): Promise<Answer>;
