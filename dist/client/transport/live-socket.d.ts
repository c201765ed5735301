/**
 * The parts of a WebSocket used here, whether it comes from a browser, Node, Deno, Bun or a
 * package.
 */
export interface ClientSocket {
    addEventListener(type: string, listener: (event: {
        readonly type: string;
        readonly data?: unknown;
    }) => void): void;
    send(text: string): void;
    close(): void;
}
/** A WebSocket constructor: the global `WebSocket`, or a replacement. */
export type ClientSocketClass = new (url: string, protocols: string[]) => ClientSocket;
/** What becomes of a connection. */
interface SocketEvents {
    readonly onOpen?: () => void;
    /** A message other than the answer to a ping. */
    readonly onText: (text: string) => void;
    /** Called once: it has closed, or could not be opened, or is taken for dead. Nothing is called after that. */
    readonly onClose: () => void;
}
/** How long to wait for the other side, in milliseconds. */
interface SocketTimes {
    /** Longest time until it is open. Default: 10,000. */
    readonly openMs?: number;
    /** Silence after which it is sent a ping. */
    readonly silenceMs: number;
}
/** A connection that is watched over. */
export declare class LiveSocket {
    #private;
    /** @param socket Not open yet. */
    constructor(socket: ClientSocket, events: SocketEvents, { openMs, silenceMs }: SocketTimes);
    /**
     * Sends a message. Call it only once the connection is open; after its close, it does nothing. A socket that can't
     * be used, as one that another request of a Worker has opened, is closed.
     */
    send(text: string): void;
    /** Closes the connection. Doing it again does nothing. */
    close(): void;
}
export {};
