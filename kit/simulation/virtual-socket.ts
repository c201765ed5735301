/**
 * A WebSocket between a client and an object, in virtual time. What is sent arrives in order and after a while, as
 * long as the connection lasts. It survives the sleep of its object, with what is saved with it, and no crash.
 */
import type { SavedSession, SessionSocket } from "../../src/bucket/sessions/session-socket.ts";
import type { SocketCall } from "../../src/wire/socket-call.ts";
import type { Random } from "../random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** The object, as its sockets see it. */
interface SocketOwner {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly sockets: Set<VirtualSocket>;
  readonly instance: {
    open(socket: VirtualSocket, call: SocketCall): void;
    received(socket: VirtualSocket, text: string): void;
    disconnected(socket: VirtualSocket): void;
    answer(answer: { readonly landed: () => void; readonly leave: () => void }): void;
  };
}

/** The client's end. */
export interface SocketClient {
  received(socket: VirtualSocket, text: string): void;
  /** The connection is over, and the client hasn't ended it itself. */
  closed(socket: VirtualSocket): void;
}

/** What is noted of a socket when the object uses it, whether or not the client will ever hear of it. */
export interface SocketObserver {
  /** In a turn. What is returned is called once that is on the disk. */
  sent(socket: VirtualSocket, text: string): () => void;
  /** The object has noticed that the client is gone. */
  disconnected(socket: VirtualSocket): void;
}

/** The longest way between the two ends, in milliseconds. */
const MAX_WAY_MS = 5;

export class VirtualSocket implements SessionSocket {
  readonly #object: SocketOwner;
  readonly #client: SocketClient;
  readonly #observer: SocketObserver;
  #saved: string | undefined = undefined;
  /** Whether the object still has its end. */
  #isHeld = true;
  /** Whether the client still has its end. */
  #isConnected = true;
  /** Whether what the client has sent and the object hasn't received yet is lost. */
  #isCutShort = false;
  #toClientAtMs = 0;
  #toObjectAtMs = 0;

  constructor(object: SocketOwner, client: SocketClient, observer: SocketObserver) {
    this.#object = object;
    this.#client = client;
    this.#observer = observer;
  }

  /** The object accepts it, as the session that `call` asks for. */
  open(call: SocketCall): void {
    const { instance, sockets } = this.#object;
    sockets.add(this);
    instance.open(this, call);
  }

  /** Whether the object still has its end. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  get unsentBytes(): number {
    return 0;
  }

  get saved(): SavedSession | undefined {
    return this.#saved === undefined ? undefined : JSON.parse(this.#saved);
  }

  set saved(saved: SavedSession | undefined) {
    this.#saved = saved && JSON.stringify(saved);
  }

  send(text: string): void {
    if (!this.#isHeld) return;
    this.#object.instance.answer({
      landed: this.#observer.sent(this, text),
      leave: () => this.#toClient(() => this.#client.received(this, text)),
    });
  }

  close(): void {
    this.#isHeld = false;
    this.#object.sockets.delete(this);
    this.#toClient(() => this.#ends());
  }

  /** The object has died, and its end with it. */
  breaks(): void {
    this.close();
  }

  /** The client sends a frame. `arrived` is called when the object has it. */
  clientSends(text: string, arrived: () => void): void {
    if (!this.#isConnected) return;
    this.#toObject(() => {
      if (this.#isCutShort) return;
      const { instance } = this.#object;
      // One that was woken by this may have died of it.
      if (!this.#isHeld) return;
      arrived();
      instance.received(this, text);
    });
  }

  /**
   * The client is gone; the object notices a little later.
   *
   * @param inFrame Whether it has gone in the middle of the last frame, which never arrives then.
   */
  clientLeaves(inFrame: boolean): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#isCutShort = inFrame;
    this.#toObject(() => {
      this.#isHeld = false;
      this.#object.sockets.delete(this);
      this.#observer.disconnected(this);
      this.#object.instance.disconnected(this);
    });
  }

  #ends(): void {
    this.#isConnected = false;
    this.#client.closed(this);
  }

  #toClient(arrive: () => void): void {
    const { clock, random } = this.#object;
    const atMs = clock.monotonicMs + random.integer(0, MAX_WAY_MS);
    this.#toClientAtMs = Math.max(this.#toClientAtMs, atMs);
    clock.after(this.#toClientAtMs - clock.monotonicMs, () => {
      if (this.#isConnected) arrive();
    });
  }

  #toObject(arrive: () => void): void {
    const { clock, random } = this.#object;
    const atMs = clock.monotonicMs + random.integer(0, MAX_WAY_MS);
    this.#toObjectAtMs = Math.max(this.#toObjectAtMs, atMs);
    clock.after(this.#toObjectAtMs - clock.monotonicMs, () => {
      if (this.#isHeld) arrive();
    });
  }
}
