/**
 * The cheapest possible client of one request that is held: a socket, one write, and the bytes that come
 * back. When thousands of answers arrive at once, a measurement must measure the server; a client that
 * parses each as it arrives (HttpConnection, RawConnection) would be slower than the server.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
/** Connections opened at the same time: few enough for a server's backlog. */
const OPENED_AT_ONCE = 100;

/** A response as it was sent. */
export interface TimedAnswer {
  readonly status: number;
  /** Without the empty line at its end. */
  readonly head: string;
  readonly body: string;
}

/** One connection, for one request. */
export class TimedRequest {
  readonly #host: string;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** The length of the whole response, once its head has arrived. */
  #wholeBytes = Infinity;
  #completedAtMs = 0;

  private constructor(host: string, socket: Socket) {
    this.#host = host;
    this.#socket = socket;
  }

  /** Connects to the host of `url`. Rejects if nothing listens there. */
  static async open(url: string): Promise<TimedRequest> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.setNoDelay();
    // If the connection breaks, `send` rejects.
    socket.on("error", () => undefined);
    return new TimedRequest(host, socket);
  }

  /** Opens `count` connections. */
  static async openAll(url: string, count: number): Promise<TimedRequest[]> {
    const opened: TimedRequest[] = [];
    while (opened.length < count) {
      const some = Math.min(OPENED_AT_ONCE, count - opened.length);
      const next = Array.from({ length: some }, () => TimedRequest.open(url));
      opened.push(...(await Promise.all(next)));
    }
    return opened;
  }

  /** Sends `GET path`. Resolves with the last byte of the response; rejects if the connection ends before. */
  send(path: string): Promise<this> {
    const answered = new Promise<this>((resolve, reject) => {
      this.#socket.on("data", (chunk: Buffer) => {
        if (!this.#take(chunk)) return;
        this.#completedAtMs = performance.timeOrigin + performance.now();
        resolve(this);
      });
      this.#socket.once("close", () => reject(new Error("The connection ended without an answer")));
    });
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`);
    // A test that breaks off the connection doesn't await the answer.
    answered.catch(() => undefined);
    return answered;
  }

  /** When the last byte arrived: epoch milliseconds, with a fraction; 0 before. */
  get completedAtMs(): number {
    return this.#completedAtMs;
  }

  /** The response, once `send` has resolved. */
  get answer(): TimedAnswer {
    const text = Buffer.concat(this.#chunks).toString("latin1");
    const headEnd = text.indexOf("\r\n\r\n");
    const head = text.slice(0, headEnd);
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
      head,
      body: text.slice(headEnd + HEAD_END.length),
    };
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Adds a chunk; returns whether the response is complete. */
  #take(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#wholeBytes === Infinity) this.#wholeBytes = wholeBytes(Buffer.concat(this.#chunks));
    return this.#bytes >= this.#wholeBytes;
  }
}

/** The length of the response that starts with these bytes; `Infinity` while that is unknown. */
function wholeBytes(received: Buffer): number {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return Infinity;
  const length = /^content-length: *(\d+)/im.exec(received.toString("latin1", 0, headEnd))?.[1];
  return length === undefined ? Infinity : headEnd + HEAD_END.length + Number(length);
}
