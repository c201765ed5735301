/**
 * One bucket's session: all acquires of a client for it, over one WebSocket.
 *
 * What is sent in one microtask leaves in one frame. When the connection breaks, the session opens another one and
 * sends every acquire that has not ended again, in order, each with its key and its ticket: those keep its place and
 * make sure that it pays once, so resuming is nothing but sending again. If that takes too long, the acquires end in a
 * `TransportError`, and are retried over HTTP like any other.
 *
 * A session never reports an error of its own: whatever it can't do, HTTP can, or says why not.
 */
import type { AcquireRequest } from "../transport/acquire-request.ts";
import type { Answer, Place } from "../transport/answer.ts";
import type { ClientSocket } from "../transport/live-socket.ts";
import type { Attempt } from "../transport/retry.ts";
/** What a session needs. */
interface SessionParts {
    readonly bucket: string;
    readonly openSocket: () => ClientSocket;
    /** How long a broken connection keeps its acquires waiting for another one, in milliseconds. */
    readonly resumeForMs: number;
    /** Called once: nothing is sent on this session any more. */
    readonly onEnd: (end: SessionEnd) => void;
}
/** How a session ended. */
export interface SessionEnd {
    /** Whether it could not be opened, or not be resumed. */
    readonly hasFailed: boolean;
    /** The permits that it held when it ended. */
    readonly permits: readonly string[];
}
/** A call about a hold or a permit. */
export type HeldMessage = {
    readonly op: "settle";
    readonly hold: string;
    readonly used: number | Readonly<Record<string, number>>;
} | {
    readonly op: "extend" | "release";
    readonly permit: string;
};
/** A session from its opening to its end. */
export declare class Session {
    #private;
    constructor(parts: SessionParts);
    /** Whether an acquire would be sent at once. */
    get isOpen(): boolean;
    /** Whether it is being opened for the first time. */
    get isOpening(): boolean;
    /** Opens it. It may end before this returns. */
    open(): void;
    /**
     * Sends an acquire, now or as soon as the session is open. Resolves with its answer as over HTTP; with `undefined`
     * if it could not be sent.
     *
     * @param onPlace Called with each place. Rejects with whatever it throws or rejects with.
     * @throws {TransportError} If the session breaks and can't be resumed in time.
     */
    acquire(request: AcquireRequest, { signal, showLife }: Attempt, onPlace: (place: Place) => unknown): Promise<Answer | undefined>;
    /**
     * Sends a call about a hold, or about a permit that was granted here. `undefined` if it has to go another way.
     * Rejects with a `TransportError` if the connection breaks.
     */
    call(message: HeldMessage, { signal }: Attempt): Promise<Answer> | undefined;
    /** Ends it. Acquires that wait on it end in a `TransportError`. */
    close(): void;
}
export {};
