/**
 * A client's side of one held request that costs as little as can be: a socket, one write, and the bytes
 * that come back. Thousands of answers that come at once are to measure the server; a client that builds
 * objects of each of them would be slower than it.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");

/** An answer as it came. */
export interface HeldAnswer {
  readonly status: number;
  /** As it was sent, without its empty line. */
  readonly head: string;
  readonly body: string;
}

/** One connection, for one request. */
export class HeldRequest {
  readonly #host: string;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** What the whole answer comes to, once its head is here. */
  #wholeBytes = Infinity;
  #completedAtMs = 0;

  private constructor(host: string, socket: Socket) {
    this.#host = host;
    this.#socket = socket;
  }

  /** Connects to the host of `url`. Rejects where nobody listens there. */
  static async open(url: string): Promise<HeldRequest> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.setNoDelay();
    // A broken connection is told by `answered`; before that there is nobody to tell.
    socket.on("error", () => undefined);
    return new HeldRequest(host, socket);
  }

  /** As many connections as this, of which a server's backlog holds those that are opened at a time. */
  static async openAll(url: string, count: number): Promise<HeldRequest[]> {
    const AT_A_TIME = 100;
    const opened: HeldRequest[] = [];
    while (opened.length < count) {
      const some = Math.min(AT_A_TIME, count - opened.length);
      const next = Array.from({ length: some }, () => HeldRequest.open(url));
      opened.push(...(await Promise.all(next)));
    }
    return opened;
  }

  /**
   * Sends `GET path`. Resolves when the last byte of the answer is here; rejects where the connection
   * ends before that.
   */
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
    // Whoever breaks the connection off does not wait for the answer.
    answered.catch(() => undefined);
    return answered;
  }

  /** When the last byte came: epoch milliseconds, with a fraction; 0 before. */
  get completedAtMs(): number {
    return this.#completedAtMs;
  }

  /** The answer, once `send` has resolved. */
  get answer(): HeldAnswer {
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

  /** Whether that was the last of it. */
  #take(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#wholeBytes === Infinity) this.#wholeBytes = wholeBytes(Buffer.concat(this.#chunks));
    return this.#bytes >= this.#wholeBytes;
  }
}

/** What an answer that begins so comes to; `Infinity` while that cannot be told. */
function wholeBytes(begun: Buffer): number {
  const headEnd = begun.indexOf(HEAD_END);
  if (headEnd < 0) return Infinity;
  const length = /^content-length: *(\d+)/im.exec(begun.toString("latin1", 0, headEnd))?.[1];
  return length === undefined ? Infinity : headEnd + HEAD_END.length + Number(length);
}
