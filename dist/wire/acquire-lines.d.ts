/**
 * How the object answers a streamed acquire that has to wait: with lines, each a JSON text. They report the
 * positions of the request and then its outcome. Lines that end without an outcome broke off with the object.
 * A request that does not have to wait gets the plain answer, at the cost of a plain acquire.
 *
 * These are not the events that the client gets. The Worker makes those, because only the Worker goes on when
 * the object is reset, and it does not repeat a position that the client already knows.
 */
import type { HeldPlace } from "./held-place.ts";
/** The `RateLimit` fields of an answer, if it has any. */
export type LimitFields = Readonly<Record<string, string>>;
/** Follows the positions of a request. */
export interface PlaceFollower {
    readonly moved: (place: HeldPlace) => void;
    /** Aborts when the caller leaves. */
    readonly signal: AbortSignal;
}
/** The line that reports a position. */
export declare function placeLine(place: HeldPlace): string;
/** The line that reports the outcome: the plain `response`. */
export declare function outcomeLine(response: Response): Promise<string>;
/** The response whose body is a stream of these lines. */
export declare function linesResponse(lines: ReadableStream<Uint8Array>): Response;
/** The `RateLimit` fields of an answer. */
export declare function limitFieldsOf({ headers }: Response): LimitFields;
/**
 * Sends a streamed acquire to the object and reports its positions to `follower`. Resolves with the plain
 * answer, which has only its `RateLimit` fields left if the request had to wait. Rejects with a
 * `BrokenLinesError` if the lines break off before the outcome, and with the signal's reason if the caller
 * leaves or `timeUp` aborts.
 */
export declare function followLines(object: Pick<Fetcher, "fetch">, url: string, { signal: leaving, moved }: PlaceFollower, timeUp?: AbortSignal): Promise<Response>;
