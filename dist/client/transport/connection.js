import { membersOf } from "../../core/is-record.js";
import { subprotocolsFor } from "../../protocol/watch-feed.js";
import { checkClientOptions, baseOf } from "../arguments.js";
import { readAnswer } from "./answer.js";
import { BoundSocket } from "./bound-socket.js";
import { TransportError } from "./transport-error.js";
import { SluiceError } from "../sluice-error.js";
/** Base URL for a service binding, which ignores the host. */
const SERVICE_BASE = "https://sluice";
/** A way to reach one Sluice, with the token to send. */
export class Connection {
    #fetch;
    #headers;
    #options;
    /** Whether calls go directly from Worker to Worker, with no proxy or network in between. */
    isBound;
    /** @throws {RangeError | TypeError} If an option is wrong. */
    constructor(options) {
        checkClientOptions(options);
        this.#options = options;
        const { url, service, token } = options;
        this.isBound = service !== undefined;
        this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
        if (service !== undefined) {
            this.#fetch = (path, init) => service.fetch(new Request(SERVICE_BASE + path, init));
        }
        else {
            const base = baseOf(url);
            const send = options.fetch ?? callFetch;
            this.#fetch = (path, init) => send(base + path, init);
        }
    }
    /**
     * Sends a call. Resolves with the response as soon as its head has arrived.
     *
     * @throws {TransportError} If there is no response.
     * @throws {SluiceError} If the service itself throws one.
     */
    async send({ method, path, headers, body, keepalive }, signal) {
        const init = {
            method,
            headers: {
                ...this.#headers,
                ...headers,
                ...(body && { "Content-Type": "application/json" }),
            },
            ...(body && { body: JSON.stringify(body) }),
            ...(keepalive === true && { keepalive }),
            signal,
        };
        try {
            return await this.#fetch(path, init);
        }
        catch (cause) {
            // The service is a placeholder for a missing binding: a retry can't help.
            if (cause instanceof SluiceError)
                throw cause;
            throw new TransportError({ detail: `Cannot reach Sluice: ${messageOf(cause)}`, cause });
        }
    }
    /**
     * Whether a WebSocket may stay open between calls without being asked for: in a Worker, it belongs to one request,
     * and a `fetch` that was passed in may be the only way to Sluice.
     */
    get keepsSockets() {
        const { fetch, WebSocket } = this.#options;
        if (this.isBound || (fetch && !WebSocket) || isWorker())
            return false;
        return (WebSocket ?? globalThis.WebSocket) !== undefined;
    }
    /**
     * A function that opens a WebSocket at this path and offers a subprotocol, each time that it is called.
     *
     * @throws {TypeError} If there is no WebSocket here.
     */
    socketOpener(path, subprotocol) {
        const { url, service, token, WebSocket } = this.#options;
        const protocols = subprotocolsFor(token, subprotocol);
        if (service)
            return () => new BoundSocket(service, SERVICE_BASE + path, protocols);
        const socketUrl = (baseOf(url) + path).replace("http", "ws");
        const SocketClass = WebSocket ?? platformWebSocket();
        return () => new SocketClass(socketUrl, protocols);
    }
    /**
     * Reads the whole response.
     *
     * @throws {TransportError} If it is cut off.
     */
    async read(response) {
        try {
            return await readAnswer(response);
        }
        catch (cause) {
            const detail = `The answer was cut off: ${messageOf(cause)}`;
            throw new TransportError({ detail, status: response.status, cause });
        }
    }
}
/**
 * The platform's `fetch`, looked up at each call and called without a receiver, as browsers
 * require.
 */
function callFetch(url, init) {
    return fetch(url, init);
}
/** Whether this runs on workerd. */
function isWorker() {
    return membersOf(Reflect.get(globalThis, "navigator"))["userAgent"] === "Cloudflare-Workers";
}
function platformWebSocket() {
    const { WebSocket } = globalThis;
    if (WebSocket)
        return WebSocket;
    throw new TypeError("This runtime has no WebSocket: use Node 22 or newer, or pass one as the WebSocket option");
}
/** The error's message with that of its cause: in Node, `fetch` itself says only that it failed. */
function messageOf(error) {
    if (!(error instanceof Error))
        return String(error);
    const { message, cause } = error;
    return cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;
}
