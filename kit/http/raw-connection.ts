/**
 * An HTTP client that sends exactly the bytes it is given. `node:http` and `fetch` refuse to send malformed
 * HTTP and correct it if they can; here a test shows how a server handles it.
 *
 * All text is Latin-1: one character is one byte.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Longer than any answer takes here. */
const PATIENCE_MS = 10_000;

/** A complete response. */
export interface RawAnswer {
  readonly status: number;
  /** The head as it was sent, without the empty line at its end. */
  readonly head: string;
  /** Names in lower case; repeated headers are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** Without the framing of its chunks. */
  readonly body: string;
}

/** What the server sent before it closed. */
export interface Ending {
  readonly answers: readonly RawAnswer[];
  /** Bytes after the last complete response. */
  readonly rest: string;
}

/** One connection. */
export class RawConnection {
  readonly #socket: Socket;
  #received = "";
  #isClosed = false;
  #onNews: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#onNews();
    });
    const onClose = (): void => {
      this.#isClosed = true;
      this.#onNews();
    };
    // A reset counts as an ordinary end.
    socket.on("error", onClose).on("end", onClose).on("close", onClose);
  }

  /** Connects to `port` on this machine. Rejects if nothing listens there. */
  static async open(port: number): Promise<RawConnection> {
    // Half-open, to read what the server sends after this side has ended.
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Whether the server has closed its side. */
  get hasEnded(): boolean {
    return this.#isClosed;
  }

  /**
   * Sends a request with `method`. Resolves with the answer, or with `undefined` if the server closes or
   * doesn't answer within ten seconds. One at a time.
   */
  async exchange(bytes: Buffer, method: string): Promise<RawAnswer | undefined> {
    this.#socket.write(bytes);
    const isOver = (): boolean => this.#isClosed || parse(this.#received, method) !== undefined;
    await this.#until(isOver);
    return this.#take(method);
  }

  /** Sends requests with `methods`, ends this side, and resolves with everything until the server ends. */
  async finish(bytes: Buffer, methods: readonly string[]): Promise<Ending> {
    this.#socket.end(bytes);
    await this.#until(() => this.#isClosed);
    const answers: RawAnswer[] = [];
    for (;;) {
      const answer = this.#take(methods[answers.length] ?? "GET");
      if (!answer) break;
      answers.push(answer);
    }
    this.close();
    return { answers, rest: this.#received };
  }

  /** Sends bytes and resets the connection before the server can answer. */
  async breakOff(bytes: Buffer): Promise<void> {
    await new Promise((resolve) => this.#socket.write(bytes, resolve));
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(method: string): RawAnswer | undefined {
    const parsed = parse(this.#received, method);
    if (!parsed) return undefined;
    this.#received = this.#received.slice(parsed.length);
    return parsed.answer;
  }

  async #until(isOver: () => boolean): Promise<void> {
    if (isOver()) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#onNews = () => undefined;
        resolve();
      };
      const timer = setTimeout(finish, PATIENCE_MS);
      this.#onNews = () => {
        if (isOver()) finish();
      };
    });
  }
}

interface Parsed {
  readonly answer: RawAnswer;
  /** How much of the text it spans. */
  readonly length: number;
}

/** The response at the start of `text`, once it is complete. */
function parse(text: string, method: string): Parsed | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const start = headEnd + 4;
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
  if (status >= 100 && status < 200) {
    const next = parse(text.slice(start), method);
    return next && { answer: next.answer, length: start + next.length };
  }
  const headers = headersIn(head);
  const isBare = method === "HEAD" || status === 204 || status === 304;
  if (isBare) return { answer: { status, head, headers, body: "" }, length: start };
  if (/chunked/i.test(headers.get("transfer-encoding") ?? "")) {
    const body = chunksIn(text, start);
    return body && { answer: { status, head, headers, body: body.text }, length: body.end };
  }
  const end = start + Number(headers.get("content-length") ?? 0);
  if (text.length < end) return undefined;
  return { answer: { status, head, headers, body: text.slice(start, end) }, length: end };
}

function headersIn(head: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function chunksIn(text: string, start: number): { text: string; end: number } | undefined {
  let body = "";
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (text.length < end) return undefined;
    if (size === 0) return { text: body, end };
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = end;
  }
}
