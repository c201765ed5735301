/**
 * One WebSocket to Sluice, from opening to close.
 *
 * A connection can die without a sign: a machine sleeps, a cable is pulled, a proxy forgets it. The other side sends
 * nothing while nothing happens, so after some silence it is sent a ping; without an answer, the connection is over.
 */
import { PING, PONG } from "../../protocol/watch-feed.ts";
import { Watchdog } from "./watchdog.ts";

/**
 * The parts of a WebSocket used here, whether it comes from a browser, Node, Deno, Bun or a
 * package.
 */
export interface ClientSocket {
  addEventListener(
    type: string,
    listener: (event: { readonly type: string; readonly data?: unknown }) => void,
  ): void;
  send(text: string): void;
  close(): void;
}

/** A WebSocket constructor: the global `WebSocket`, or a replacement. */
export type ClientSocketClass = new (url: string, protocols: string[]) => ClientSocket;

/** What becomes of a connection. */
interface SocketEvents {
  readonly onOpen?: () => void;
  /** A message other than the answer to a ping. */
  readonly onText: (text: string) => void;
  /** Called once: it has closed, or could not be opened, or is taken for dead. Nothing is called after that. */
  readonly onClose: () => void;
}

/** How long to wait for the other side, in milliseconds. */
interface SocketTimes {
  /** Longest time until it is open. Default: 10,000. */
  readonly openMs?: number;
  /** Silence after which it is sent a ping. */
  readonly silenceMs: number;
}

/** A ping is answered within a round trip, and a connection opens within a few. */
const MAX_REPLY_MS = 10_000;

/** A connection that is watched over. */
export class LiveSocket {
  readonly #socket: ClientSocket;
  readonly #events: SocketEvents;
  readonly #silenceMs: number;
  #isClosed = false;
  #isAwaitingReply = true;
  #watchdog: Watchdog | undefined = undefined;

  /** @param socket Not open yet. */
  constructor(socket: ClientSocket, events: SocketEvents, { openMs, silenceMs }: SocketTimes) {
    this.#socket = socket;
    this.#events = events;
    this.#silenceMs = silenceMs;
    socket.addEventListener("open", () => {
      if (this.#isClosed) return;
      this.#heard();
      events.onOpen?.();
    });
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    // Every error is followed by a close event.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", () => this.close());
    this.#watchFor(openMs ?? MAX_REPLY_MS);
  }

  /**
   * Sends a message. Call it only once the connection is open; after its close, it does nothing. A socket that can't
   * be used, as one that another request of a Worker has opened, is closed.
   */
  send(text: string): void {
    if (this.#isClosed) return;
    try {
      this.#socket.send(text);
    } catch {
      this.close();
    }
  }

  /** Closes the connection. Doing it again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watchdog?.stop();
    try {
      this.#socket.close();
    } catch {
      // It can't even be closed.
    }
    this.#events.onClose();
  }

  #received(text: string): void {
    if (this.#isClosed) return;
    this.#heard();
    if (text !== PONG) this.#events.onText(text);
  }

  #heard(): void {
    this.#isAwaitingReply = false;
    this.#watchFor(this.#silenceMs);
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
      this.send(PING);
      if (!this.#isClosed) this.#watchFor(MAX_REPLY_MS);
    });
  }
}
