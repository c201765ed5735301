/**
 * An HTTP client that is one connection: opened beforehand, used for one request, and broken off if a
 * test says so. `fetch` shares and hides its connections, and these tests are about them.
 */
import { once } from "node:events";
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestOptions as HttpRequestOptions,
} from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

/** A response, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed from JSON; `undefined` where there was no body. */
  readonly body: unknown;
  /** This process's clock when the response began to arrive. */
  readonly receivedAtMs: number;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}

/** One connection, for one request. */
export class HttpConnection {
  readonly #url: URL;
  readonly #socket: Socket;

  private constructor(url: URL, socket: Socket) {
    this.#url = url;
    this.#socket = socket;
  }

  /** Connects to the host of `url`. Rejects where nobody listens there. */
  static async open(url: string): Promise<HttpConnection> {
    const target = new URL(url);
    const socket = connect(Number(target.port), target.hostname);
    await once(socket, "connect");
    // A broken connection is told by its request; without one there is nobody to tell.
    socket.on("error", () => undefined);
    socket.setNoDelay();
    return new HttpConnection(target, socket);
  }

  /** Sends the request. Rejects where the connection ends before the response has. */
  request(path: string, options: RequestOptions = {}): Promise<Answer> {
    return exchange(new URL(path, this.#url), options, { createConnection: () => this.#socket });
  }

  /** Breaks the connection off with a reset (RST), as few clients do; the others: ways-of-leaving.ts. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Closes the connection (FIN), as most clients do, also those that are killed. */
  close(): void {
    this.#socket.destroy();
  }
}

/** `request` on a connection of its own. */
export async function send(url: string, path: string, options?: RequestOptions): Promise<Answer> {
  const connection = await HttpConnection.open(url);
  return connection.request(path, options);
}

/**
 * Sends one request over the connection that `transport` says. Rejects where the connection ends before
 * the response has.
 */
export function exchange(
  url: URL,
  { method = "GET", headers = {}, body }: RequestOptions,
  transport: Pick<HttpRequestOptions, "agent" | "createConnection">,
): Promise<Answer> {
  const payload = body && JSON.stringify(body);
  const answer = new Promise<Answer>((resolve, reject) => {
    const outgoing = httpRequest(url, {
      method,
      headers: { ...headers, ...(payload && { "Content-Length": Buffer.byteLength(payload) }) },
      ...transport,
    });
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
    outgoing.end(payload);
  });
  // A test that breaks the connection off does not wait for the answer.
  answer.catch(() => undefined);
  return answer;
}
