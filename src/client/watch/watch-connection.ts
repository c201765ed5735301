/**
 * One WebSocket to the feed of a bucket, from its opening to its end, read at the pace of whoever reads.
 *
 * The service keeps what has not been reported as read, and closes the connection where that becomes too
 * much. So a text is reported once it has been taken, and a reader that stops for long loses the
 * connection and not its memory.
 */
import { Watchdog } from "../transport/watchdog.ts";

/** A WebSocket, as far as it is used here: the one of browsers, Node, Deno and Bun, or of a package. */
export interface WatchSocket {
  addEventListener(
    type: string,
    listener: (event: { readonly type: string; readonly data?: unknown }) => void,
  ): void;
  send(text: string): void;
  close(): void;
}

/** Makes one: the global `WebSocket`, or what stands in for it. */
export type WatchSocketClass = new (url: string, protocols: string[]) => WatchSocket;

/** The service reports nothing where nothing happens: after so long it is asked whether it is there. */
const SILENCE_MS = 30_000;
/** It answers within a round trip, and opens within a few. */
const PATIENCE_MS = 10_000;
/** An eighth of what the service lets a reader be behind, in UTF-16 units. */
const REPORT_EVERY = 64 * 1024;

/** What is sent while nothing happens; its answer is no message. */
const PING = "ping";

/** One connection. */
export class WatchConnection {
  readonly #socket: WatchSocket;
  readonly #texts: string[] = [];
  #isClosed = false;
  #hasAsked = false;
  #wake: () => void = () => undefined;
  #watchdog: Watchdog | undefined = undefined;
  #read = 0;
  #reported = 0;

  /** @throws {SyntaxError} Where the class refuses the address. */
  constructor(WebSocket: WatchSocketClass, url: string, protocols: string[]) {
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#heard());
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    // Whatever went wrong is followed by the end.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", () => this.close());
    this.#hasAsked = true;
    this.#watchFor(PATIENCE_MS);
  }

  /** The next message; `undefined` once the connection has ended and all has been taken. */
  async next(): Promise<string | undefined> {
    this.#report();
    while (this.#texts.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const text = this.#texts.shift();
    if (text !== undefined) this.#read += text.length;
    return text;
  }

  /** Ends it; `next` is told. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watchdog?.stop();
    this.#socket.close();
    this.#wake();
  }

  #received(text: string): void {
    if (this.#isClosed) return;
    this.#heard();
    if (!text.startsWith("{")) return;
    this.#texts.push(text);
    this.#wake();
  }

  #report(): void {
    if (this.#isClosed || this.#read - this.#reported < REPORT_EVERY) return;
    this.#reported = this.#read;
    this.#socket.send(JSON.stringify({ read: this.#read }));
  }

  #heard(): void {
    this.#hasAsked = false;
    this.#watchFor(SILENCE_MS);
  }

  #watchFor(silenceMs: number): void {
    this.#watchdog?.stop();
    this.#watchdog = new Watchdog(silenceMs, () => {
      if (this.#hasAsked) {
        // Some end only when the other side agrees, and it is not there.
        this.close();
        return;
      }
      this.#hasAsked = true;
      this.#socket.send(PING);
      this.#watchFor(PATIENCE_MS);
    });
  }
}
