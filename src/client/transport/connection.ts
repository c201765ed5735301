/** The way to Sluice: HTTP with a URL and a token, or a service binding. */
import { checkClientOptions, baseOf } from "../arguments.ts";
import { readAnswer, type Answer } from "./answer.ts";
import { TransportError } from "./retry.ts";
import { SluiceError } from "../sluice-error.ts";

/** Where a service binding is addressed: the host means nothing there. */
const SERVICE_BASE = "https://sluice";

/** What is sent, and sent again. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
  /** Whether it is to be sent though the page that it is of goes away. */
  readonly keepalive?: boolean;
}

/** A request as `fetch` takes it. */
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
   * The bearer token: one of `API_TOKEN` to acquire and read, one of `ADMIN_TOKEN` to change. Where
   * Sluice is public, and over a service binding, acquiring and reading need none.
   */
  readonly token?: string | undefined;
};

interface OverHttp {
  /** Where Sluice is, as in `https://sluice.example.com`; a path in it stays in front. */
  readonly url: string | URL;
  /** In place of the platform's `fetch`. Called with the address as text. */
  readonly fetch?: ((url: string, init: CallInit) => Promise<Response>) | undefined;
  readonly service?: undefined;
}

interface OverService {
  /** A service binding, or anything with a `fetch` that takes a `Request`. */
  readonly service: { fetch(request: Request): Response | Promise<Response> };
  readonly url?: undefined;
  readonly fetch?: undefined;
}

/** One Sluice, and the right to call it. */
export class Connection {
  readonly #fetch: (path: string, init: CallInit) => Response | Promise<Response>;
  readonly #headers: Readonly<Record<string, string>>;
  /** Whether calls go from Worker to Worker, with no proxy or network between. */
  readonly isBound: boolean;

  /** @throws {RangeError | TypeError} Where an option is wrong. */
  constructor(options: ConnectionOptions) {
    checkClientOptions(options);
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
   * Sends a call and resolves with the head of its answer.
   *
   * @throws {TransportError} Where there is none.
   * @throws {SluiceError} What the service throws, if it throws one.
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
      // Of a service that is none: asking again would not make it one.
      if (cause instanceof SluiceError) throw cause;
      throw new TransportError({ detail: `Cannot reach Sluice: ${messageOf(cause)}`, cause });
    }
  }

  /**
   * Reads an answer to its end.
   *
   * @throws {TransportError} Where it breaks off.
   */
  async read(response: Response): Promise<Answer> {
    try {
      return await readAnswer(response);
    } catch (cause) {
      const detail = `The answer broke off: ${messageOf(cause)}`;
      throw new TransportError({ detail, status: response.status, cause });
    }
  }
}

/** The platform's, looked up at each call, and called as nobody's method: browsers insist on that. */
function callFetch(url: string, init: CallInit): Promise<Response> {
  return fetch(url, init);
}

/** What `fetch` says, with what is behind it: Node's says no more than that it failed. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;
}
