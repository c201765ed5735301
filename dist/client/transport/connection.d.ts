/** The transport to Sluice: HTTP with a URL and a token, or a service binding. */
import type { ClientSocket, ClientSocketClass } from "./live-socket.ts";
import { type Answer } from "./answer.ts";
/** A call, as it is sent and re-sent. */
export interface Call {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    /** Sent as JSON. */
    readonly body?: object;
    /** Whether to send it even if its page is being closed. */
    readonly keepalive?: boolean;
}
/** The `init` argument of `fetch`. */
interface CallInit {
    method: string;
    headers: Record<string, string>;
    body?: string;
    keepalive?: boolean;
    signal: AbortSignal;
}
/** How to reach Sluice. */
export type ConnectionOptions = (OverHttp | OverService) & {
    /**
     * The bearer token: an API key to acquire and read, an `ADMIN_TOKEN` to change. A public Sluice,
     * and a service binding, need none for acquiring and reading.
     */
    readonly token?: string | undefined;
};
interface OverHttp {
    /**
     * Base URL of Sluice, such as `https://sluice.example.com`; if it has a path, that path is kept
     * as a prefix.
     */
    readonly url: string | URL;
    /** Replaces the platform's `fetch`. Called with the URL as a string. */
    readonly fetch?: ((url: string, init: CallInit) => Promise<Response>) | undefined;
    /** Replaces the platform's `WebSocket`, which watching and sessions use. */
    readonly WebSocket?: ClientSocketClass | undefined;
    readonly service?: undefined;
}
interface OverService {
    /** A service binding, or any object with a `fetch` that takes a `Request`. */
    readonly service: {
        fetch(request: Request): Response | Promise<Response>;
    };
    readonly url?: undefined;
    readonly fetch?: undefined;
    readonly WebSocket?: undefined;
}
/** A way to reach one Sluice, with the token to send. */
export declare class Connection {
    #private;
    /** Whether calls go directly from Worker to Worker, with no proxy or network in between. */
    readonly isBound: boolean;
    /** @throws {RangeError | TypeError} If an option is wrong. */
    constructor(options: ConnectionOptions);
    /**
     * Sends a call. Resolves with the response as soon as its head has arrived.
     *
     * @throws {TransportError} If there is no response.
     * @throws {SluiceError} If the service itself throws one.
     */
    send({ method, path, headers, body, keepalive }: Call, signal: AbortSignal): Promise<Response>;
    /**
     * Whether a WebSocket may stay open between calls without being asked for: in a Worker, it belongs to one request,
     * and a `fetch` that was passed in may be the only way to Sluice.
     */
    get keepsSockets(): boolean;
    /**
     * A function that opens a WebSocket at this path and offers a subprotocol, each time that it is called.
     *
     * @throws {TypeError} If there is no WebSocket here.
     */
    socketOpener(path: string, subprotocol: string): () => ClientSocket;
    /**
     * Reads the whole response.
     *
     * @throws {TransportError} If it is cut off.
     */
    read(response: Response): Promise<Answer>;
}
export {};
