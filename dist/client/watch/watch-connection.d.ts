import { type ClientSocket } from "../transport/live-socket.ts";
/** A connection to a bucket's feed. */
export declare class WatchConnection {
    #private;
    /** @param socket Not open yet. */
    constructor(socket: ClientSocket);
    /**
     * Resolves with the next message; with `undefined` once the connection has closed and every
     * message was taken.
     */
    next(): Promise<string | undefined>;
    /** Closes the connection; a pending `next` resolves. */
    close(): void;
}
