/**
 * HTTP clients for tests and measurements. `fetch` shares and hides its connections; here a test decides
 * which connection a request takes, and when and how it breaks off.
 */
import { once } from "node:events";
import {
  Agent,
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions as HttpRequestOptions,
} from "node:http";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { EventReader } from "./event-stream.ts";

/** A complete response. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed from JSON; `undefined` if the body is empty. */
  readonly body: unknown;
  /** This process's clock when the head of the response arrived. */
  readonly receivedAtMs: number;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}

/** How a request is transported: over one connection, or over those of an agent. */
type Transport = Pick<HttpRequestOptions, "agent" | "createConnection">;

/** One connection, for one request. It is opened before the request is sent. */
export class HttpConnection {
  readonly #url: URL;
  readonly #socket: Socket;

  private constructor(url: URL, socket: Socket) {
    this.#url = url;
    this.#socket = socket;
  }

  /** Connects to the host of `url`. Rejects if nothing listens there. */
  static async open(url: string): Promise<HttpConnection> {
    const target = new URL(url);
    const socket = connect(Number(target.port), target.hostname);
    await once(socket, "connect");
    // If the connection breaks, its request rejects.
    socket.on("error", () => undefined);
    socket.setNoDelay();
    return new HttpConnection(target, socket);
  }

  /** Sends the request. Rejects if the connection ends before the response does. */
  request(path: string, options: RequestOptions = {}): Promise<Answer> {
    return exchange(new URL(path, this.#url), options, this.#transport);
  }

  /**
   * Sends `GET path` for an event stream. Resolves when the head of the response has arrived; rejects if it
   * isn't the head of an event stream.
   */
  async stream(path: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const accepting = { headers: { Accept: "text/event-stream", ...headers } };
    const outgoing = start(new URL(path, this.#url), accepting, this.#transport);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    // Errors end the stream, which its reader reports.
    outgoing.on("error", () => undefined);
    response.on("error", () => undefined);
    const body = Readable.toWeb(response) as ReadableStream<Uint8Array>;
    const fields = { "Content-Type": response.headers["content-type"] ?? "" };
    return new EventReader(
      new Response(body, { status: response.statusCode ?? 0, headers: fields }),
    );
  }

  /** Resets the connection (RST), as few clients do; for other ways to leave, see ways-of-leaving.ts. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Closes the connection (FIN), as most clients do, including those that are killed. */
  close(): void {
    this.#socket.destroy();
  }

  get #transport(): Transport {
    return { createConnection: () => this.#socket };
  }
}

/** Sends a request on a new connection. Rejects if the connection ends before the response does. */
export async function send(url: string, path: string, options?: RequestOptions): Promise<Answer> {
  const connection = await HttpConnection.open(url);
  return connection.request(path, options);
}

/** A client for load: a fixed number of connections to one host, reused. Requests wait for a free one. */
export class HttpClient implements Disposable {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, connections: number) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Sends the request. Rejects if the connection ends before the response does. */
  request(path: string, options: RequestOptions = {}): Promise<Answer> {
    return exchange(new URL(path, this.#url), options, { agent: this.#agent });
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function exchange(url: URL, options: RequestOptions, transport: Transport): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const outgoing = start(url, options, transport);
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const receivedAtMs = Date.now();
      const { statusCode: status = 0, headers: received } = response;
      const finish = (content: string): void => {
        const parsed: unknown = content === "" ? undefined : JSON.parse(content);
        resolve({ status, headers: received, body: parsed, receivedAtMs });
      };
      text(response).then(finish).catch(reject);
    });
  });
  // A test that breaks off the connection doesn't await the answer.
  answer.catch(() => undefined);
  return answer;
}

/** Sends a request over `transport`. */
function start(
  url: URL,
  { method = "GET", headers = {}, body }: RequestOptions,
  transport: Transport,
): ClientRequest {
  const payload = body && JSON.stringify(body);
  const outgoing = httpRequest(url, {
    method,
    headers: { ...headers, ...(payload && { "Content-Length": Buffer.byteLength(payload) }) },
    ...transport,
  });
  outgoing.end(payload);
  return outgoing;
}
