import type { BucketHost } from "./bucket-host.ts";
import type { Clock } from "./clock.ts";
import { Sessions } from "./sessions/sessions.ts";
/** All sockets of one object. */
export declare class ObjectSockets {
    #private;
    /** Made for the first session. */
    sessions: Sessions | undefined;
    /** Takes over the sockets of an instance that slept. */
    constructor(ctx: DurableObjectState, host: BucketHost, clock: Clock);
    /**
     * Opens the WebSocket that `url` asks for: a `101` with the caller's end, or a refusal.
     *
     * @throws {RangeError} If the bucket's state can't be read.
     */
    accept(url: string): Response;
    received(socket: WebSocket, data: string | ArrayBuffer): void;
    /** The other end has started to close, and waits for this end to close, too. */
    disconnected(socket: WebSocket): void;
    /** A socket is broken. */
    gone(socket: WebSocket): void;
}
