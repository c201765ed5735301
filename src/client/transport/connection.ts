/** The transport to Sluice: HTTP with a URL and a token, or a service binding. */
import type { ClientSocket, ClientSocketClass } from "./live-socket.ts";

import { membersOf } from "../../core/is-record.ts";
import { subprotocolsFor } from "../../protocol/watch-feed.ts";
import { checkClientOptions, baseOf } from "../arguments.ts";
import { readAnswer, type Answer } from "./answer.ts";
import { BoundSocket } from "./bound-socket.ts";
import { TransportError } from "./transport-error.ts";
import { SluiceError } from "../sluice-error.ts";

/** Base URL for a service binding, which ignores the host. */
const SERVICE_BASE = "https://sluice";

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
  readonly service: { fetch(request: Request): Response | Promise<Response> };
  readonly url?: undefined;
  readonly fetch?: undefined;
  readonly WebSocket?: undefined;
}

/** A way to reach one Sluice, with the token to send. */
export class Connection {
  readonly #fetch: (path: string, init: CallInit) => Response | Promise<Response>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #options: ConnectionOptions;
  /** Whether calls go directly from Worker to Worker, with no proxy or network in between. */
  readonly isBound: boolean;

  /** @throws {RangeError | TypeError} If an option is wrong. */
  constructor(options: ConnectionOptions) {
    checkClientOptions(options);
    this.#options = options;
    const { url, service, token } = options;
    this.isBound = service !== undefined;
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    if (service !== undefined) {
      this.#fetch = (path, init): Response | Promise<Response> =>
        service.fetch(new Request(SERVICE_BASE + path, init));
    } else {
      const base = baseOf(url);
      const send = options.fetch ?? callFetch;
      this.#fetch = (path, init): Promise<Response> => send(base + path, init);
    }
  }

  /**
   * Sends a call. Resolves with the response as soon as its head has arrived.
   *
   * @throws {TransportError} If there is no response.
   * @throws {SluiceError} If the service itself throws one.
   */
  async send(
    { method, path, headers, body, keepalive }: Call,
    signal: AbortSignal,
  ): Promise<Response> {
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
    } catch (cause) {
      // The service is a placeholder for a missing binding: a retry can't help.
      if (cause instanceof SluiceError) throw cause;
      throw new TransportError({ detail: `Cannot reach Sluice: ${messageOf(cause)}`, cause });
    }
  }

  /**
   * Whether a WebSocket may stay open between calls without being asked for: in a Worker, it belongs to one request,
   * and a `fetch` that was passed in may be the only way to Sluice.
   */
  get keepsSockets(): boolean {
    const { fetch, WebSocket } = this.#options;
    if (this.isBound || (fetch && !WebSocket) || isWorker()) return false;
    return (WebSocket ?? globalThis.WebSocket) !== undefined;
  }

  /**
   * A function that opens a WebSocket at this path and offers a subprotocol, each time that it is called.
   *
   * @throws {TypeError} If there is no WebSocket here.
   */
  socketOpener(path: string, subprotocol: string): () => ClientSocket {
    const { url, service, token, WebSocket } = this.#options;
    const protocols = subprotocolsFor(token, subprotocol);
    if (service) return () => new BoundSocket(service, SERVICE_BASE + path, protocols);
    const socketUrl = (baseOf(url) + path).replace("http", "ws");
    const SocketClass = WebSocket ?? platformWebSocket();
    return () => new SocketClass(socketUrl, protocols);
  }

  /**
   * Reads the whole response.
   *
   * @throws {TransportError} If it is cut off.
   */
  async read(response: Response): Promise<Answer> {
    try {
      return await readAnswer(response);
    } catch (cause) {
      const detail = `The answer was cut off: ${messageOf(cause)}`;
      throw new TransportError({ detail, status: response.status, cause });
    }
  }
}

/**
 * The platform's `fetch`, looked up at each call and called without a receiver, as browsers
 * require.
 */
function callFetch(url: string, init: CallInit): Promise<Response> {
  return fetch(url, init);
}

/** Whether this runs on workerd. */
function isWorker(): boolean {
  return membersOf(Reflect.get(globalThis, "navigator"))["userAgent"] === "Cloudflare-Workers";
}

function platformWebSocket(): ClientSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: ClientSocketClass };
  if (WebSocket) return WebSocket;
  throw new TypeError(
    "This runtime has no WebSocket: use Node 22 or newer, or pass one as the WebSocket option",
  );
}

/** The error's message with that of its cause: in Node, `fetch` itself says only that it failed. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;
}
