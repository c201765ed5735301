/**
 * One WebSocket to a bucket's feed, from opening to close, with backpressure.
 *
 * The service buffers whatever has not been reported as read, and closes the connection when that
 * becomes too much. So a message is reported only once it was taken, and a reader that stops for
 * long loses its connection instead of filling its memory.
 */
import { PING, readReport } from "../../protocol/watch-feed.ts";
import { Watchdog } from "../transport/watchdog.ts";

/**
 * The parts of a WebSocket used here, whether it comes from a browser, Node, Deno, Bun or a
 * package.
 */
export interface WatchSocket {
  addEventListener(
    type: string,
    listener: (event: { readonly type: string; readonly data?: unknown }) => void,
  ): void;
  send(text: string): void;
  close(): void;
}

/** A WebSocket constructor: the global `WebSocket`, or a replacement. */
export type WatchSocketClass = new (url: string, protocols: string[]) => WatchSocket;

/**
 * The service sends nothing while nothing happens: after this long without a message, it is sent a
 * ping.
 */
const SILENCE_MS = 30_000;
/** A ping is answered within a round trip, and a connection opens within a few. */
const MAX_REPLY_MS = 10_000;
/**
 * How much to read before reporting it: an eighth of `MAX_UNREAD`, well before the service would
 * close the connection. A literal, because a bundler can drop it if it is unused.
 */
const REPORT_EVERY = 65_536;

/** A connection to a bucket's feed. */
export class WatchConnection {
  readonly #socket: WatchSocket;
  readonly #texts: string[] = [];
  #isClosed = false;
  #isAwaitingReply = false;
  #wake: () => void = () => undefined;
  #watchdog: Watchdog | undefined = undefined;
  #read = 0;
  #reported = 0;

  /** @throws {SyntaxError} If the WebSocket class rejects the URL. */
  constructor(WebSocket: WatchSocketClass, url: string, protocols: string[]) {
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#heard());
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    // Every error is followed by a close event.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", () => this.close());
    this.#isAwaitingReply = true;
    this.#watchFor(MAX_REPLY_MS);
  }

  /**
   * Resolves with the next message; with `undefined` once the connection has closed and every
   * message was taken.
   */
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

  /** Closes the connection; a pending `next` resolves. */
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
    this.#socket.send(readReport(this.#read));
  }

  #heard(): void {
    this.#isAwaitingReply = false;
    this.#watchFor(SILENCE_MS);
  }

  #watchFor(silenceMs: number): void {
    this.#watchdog?.stop();
    this.#watchdog = new Watchdog(silenceMs, () => {
      if (this.#isAwaitingReply) {
        // Some implementations wait for the other side to confirm the close, and it is gone.
        this.close();
        return;
      }
      this.#isAwaitingReply = true;
      this.#socket.send(PING);
      this.#watchFor(MAX_REPLY_MS);
    });
  }
}
