import type { BucketHost } from "./bucket-host.ts";
import type { Clock } from "./clock.ts";
import type { SocketCall } from "../wire/socket-call.ts";
/** The watchers of one bucket. */
export declare class Watchers {
    #private;
    /** Takes over the watchers of an earlier instance: the sockets with this tag. */
    constructor(ctx: DurableObjectState, host: BucketHost, clock: Clock, tag: string);
    /**
     * Accepts a watcher and sends it the bucket's state: returns a `101` with the watcher's end of the socket,
     * or the refusal if there are too many watchers.
     *
     * @throws {RangeError} If the bucket's state can't be read.
     */
    accept(call: SocketCall): Response;
    /** A watcher has sent a message. */
    received(socket: WebSocket, data: string | ArrayBuffer): void;
    /** A watcher has started to close; it waits for this end to close, too. */
    disconnected(socket: WebSocket): void;
    /** A socket is broken. */
    gone(socket: WebSocket): void;
}
