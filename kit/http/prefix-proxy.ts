/** A reverse proxy that serves Sluice under a path, like nginx with `location /sluice/`: it strips the path. */
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** Forwards requests below a path, and answers 404 to all others, and to WebSockets that it blocks. */
export class PrefixProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: string;
  readonly #prefix: string;

  private constructor(server: Server, target: string, prefix: string, blocked?: RegExp) {
    this.#server = server;
    this.#target = target;
    this.#prefix = prefix;
    server.on("request", (incoming, response) => {
      const outgoing = this.#forward(incoming, () => response.writeHead(404).end());
      outgoing?.on("response", (answer) => {
        response.writeHead(Number(answer.statusCode), answer.headers);
        answer.pipe(response);
      });
      outgoing?.on("error", () => response.destroy());
      response.on("close", () => outgoing?.destroy());
    });
    server.on("upgrade", (incoming, near) => {
      const notFound = (): unknown => near.end("HTTP/1.1 404 Not Found\r\n\r\n");
      if (blocked?.test(String(incoming.url))) {
        notFound();
        return;
      }
      const outgoing = this.#forward(incoming, notFound);
      outgoing?.on("upgrade", ({ headers }, far, begun) => {
        near.write(headOf("101 Switching Protocols", headers));
        near.write(begun);
        join(near, far);
      });
      outgoing?.on("response", (answer) => {
        near.write(headOf(`${answer.statusCode} ${answer.statusMessage}`, answer.headers));
        answer.pipe(near);
      });
      outgoing?.on("error", () => near.destroy());
    });
  }

  /**
   * Listens on a free port of this machine. `prefix` starts with a slash and doesn't end with one, or is empty.
   *
   * @param blocked Paths to which it opens no WebSocket.
   */
  static async open(target: string, prefix: string, blocked?: RegExp): Promise<PrefixProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new PrefixProxy(server, target, prefix, blocked);
  }

  /** The address under which the target is served, without a trailing slash. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#prefix}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(incoming: IncomingMessage, notFound: () => unknown): ClientRequest | undefined {
    const { url = "", method, headers } = incoming;
    if (!url.startsWith(`${this.#prefix}/`)) {
      notFound();
      return undefined;
    }
    const { hostname, port } = new URL(this.#target);
    const path = url.slice(this.#prefix.length);
    const outgoing = request({ hostname, port, path, method, headers, agent: false });
    incoming.pipe(outgoing);
    return outgoing;
  }
}

function join(near: Duplex, far: Duplex): void {
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}

function headOf(status: string, headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}
