/**
 * One client's connection, with its connection to workerd. Bytes pass unchanged in both directions, in
 * order, and no faster than the receiver reads them.
 *
 * Its purpose: **a client that ends its side has left.** workerd ignores that while it holds a plain
 * response; the caller would keep its place and be granted. But workerd notices within milliseconds that
 * its peer has closed altogether. On a Unix socket an ordinary close is enough for that (TCP would take a
 * reset), so the connection to workerd is closed as soon as the client ends its side.
 *
 * The connection to workerd opens once the head of a request has arrived, and closes when the client has
 * been idle for a while: incomplete requests and unused connections cost workerd nothing.
 */
import { connect, type Socket } from "node:net";

import { Exchange, type Phase } from "./exchange.ts";
import { lateRequestAnswer, unavailableAnswer } from "./relay-answers.ts";

/** How long a connection may stay in a phase, in the relay's ticks. */
export interface PhaseLimits {
  readonly head: number;
  readonly body: number;
  readonly idle: number;
  readonly unclear: number;
  /** How long an idle one keeps its connection to workerd. */
  readonly kept: number;
  /** How long the client may take to close its side, once everything has been sent to it. */
  readonly linger: number;
}

/** What a connection needs from its relay. */
export interface RelayHost {
  /** Where workerd listens. */
  readonly socketPath: string;
  /** Called when a request starts. Returns why it may not, or `undefined` if it may. */
  startRequest(): string | undefined;
  /** Called once the client's socket is closed. */
  forget(connection: RelayedConnection): void;
}

/** More than a usual head; a larger one goes to workerd before it is complete. */
const MAX_KEPT_BYTES = 16 * 1024;
/**
 * How long a connection without a complete request is safe from being closed to make room. Under load its
 * request may have arrived without having been read yet.
 */
const SPARE_TICKS = 4;
/**
 * How much of a body is passed on. Sluice accepts 16 KiB, and answers a larger body without reading it.
 * workerd then closes at once, and its answer is lost if anything more is written to it.
 */
const MAX_BODY_BYTES = 17 * 1024;
/** How much may be buffered for workerd, as when requests are pipelined behind one that waits. */
const MAX_AHEAD_BYTES = 256 * 1024;

/** A client's connection. */
export class RelayedConnection {
  readonly #client: Socket;
  readonly #host: RelayHost;
  /** Why none of its requests may start. */
  readonly #refusal: string | undefined;
  readonly #exchange = new Exchange();
  /** The connection to workerd. */
  #server: Socket | undefined = undefined;
  /** What has arrived while there was none. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /**
   * Further bytes from the client are read and dropped. They have to be read, or the client's disconnect
   * would go unnoticed. workerd closes once it has answered what it has.
   */
  #isCutOff = false;
  /** Nothing more goes to workerd; the client is being sent the rest. */
  #isEnding = false;
  /** Closes without waiting for the client to close its side. */
  #isLast = false;
  #phase: Phase = "idle";
  #asked = 0;
  /** How long it has been in this phase of this request, in ticks. */
  #age = 0;

  /** @param refusal If the client may send no request: the reason it gets instead of an answer. */
  constructor(client: Socket, host: RelayHost, refusal?: string) {
    this.#client = client;
    this.#host = host;
    this.#refusal = refusal;
    client.on("data", (bytes: Buffer) => this.#readFromClient(bytes));
    client.on("drain", () => this.#server?.resume());
    // The client has left, and no longer waits for an answer.
    client.on("end", () => this.#end());
    client.on("error", () => this.#end());
    client.on("close", () => {
      this.#end();
      host.forget(this);
    });
  }

  /** Whether it was accepted only to be refused. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Whether it has no connection to workerd, so that nobody is waiting on it. */
  get isUnserved(): boolean {
    return this.#server === undefined;
  }

  /** Whether its request has just started, so that workerd may still have to open files for it. */
  get isFresh(): boolean {
    return this.#server !== undefined && this.#age < SPARE_TICKS && this.#exchange.phase !== "idle";
  }

  /** Whether it may be closed to make room: nobody is waiting on it, and it has had its time. */
  get isSpare(): boolean {
    if (this.#isEnding) return false;
    const { phase } = this.#exchange;
    const isWaitedOn = phase !== "idle" && phase !== "head" && phase !== "body";
    return !isWaitedOn && this.#age >= SPARE_TICKS;
  }

  /** Counts one tick, and ends the connection if it has exceeded a limit. */
  tick(limits: PhaseLimits): void {
    const { phase, asked } = this.#exchange;
    if (phase === this.#phase && asked === this.#asked) this.#age += 1;
    else this.#enter(phase, asked);
    if (this.#isEnding) {
      const limit = this.#client.writableFinished ? limits.linger : limits.idle;
      if (this.#age >= limit) this.#client.destroy();
      return;
    }
    if (this.#isOverdue(phase, limits)) this.#endOverdue();
    else if (phase === "idle" && this.#age >= limits.kept) this.#dropServer();
  }

  /** Ends it without waiting for the client. */
  endNow(): void {
    this.#isLast = true;
    this.#endOverdue();
  }

  /**
   * Closes it once everything from workerd has been sent to the client; at once if it has no connection to
   * workerd. For when workerd has ended, or is about to.
   */
  finish(): void {
    this.#isLast = true;
    if (this.#isEnding || this.isUnserved) this.#end();
  }

  /** Breaks it off. */
  destroy(): void {
    this.#dropServer();
    this.#client.destroy();
  }

  #enter(phase: Phase, asked: number): void {
    this.#phase = phase;
    this.#asked = asked;
    this.#age = 0;
  }

  #isOverdue(phase: Phase, limits: PhaseLimits): boolean {
    if (phase === "answer" || phase === "tunnel") return false;
    return this.#age >= (this.#refusal === undefined ? limits[phase] : limits.linger);
  }

  #endOverdue(): void {
    const { phase, isAnswerDue } = this.#exchange;
    const isPart = phase === "head" || phase === "body";
    if (isPart && isAnswerDue) {
      this.#end(lateRequestAnswer(`The ${phase} of the request did not arrive in time`));
    } else {
      this.#end();
    }
  }

  #readFromClient(bytes: Buffer): void {
    // Read and dropped: bytes left unread would reset the connection, and with it what is being sent.
    if (this.#isEnding) return;
    if (this.#exchange.phase === "idle") {
      const refusal = this.#refusal ?? this.#host.startRequest();
      if (refusal !== undefined) {
        this.#end(unavailableAnswer(refusal));
        return;
      }
    }
    const { asked } = this.#exchange;
    this.#exchange.readFromClient(bytes);
    if (this.#exchange.asked !== asked) this.#enter(this.#exchange.phase, this.#exchange.asked);
    if (this.#isCutOff) return;
    if (this.#server) {
      this.#pass(this.#server, bytes);
      return;
    }
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    const { phase } = this.#exchange;
    const isPart = phase === "idle" || phase === "head";
    if (!isPart || this.#keptBytes > MAX_KEPT_BYTES) this.#openServer();
  }

  #pass(server: Socket, bytes: Buffer): void {
    const surplus = this.#exchange.surplusOver(MAX_BODY_BYTES);
    const isTaken = server.write(surplus ? bytes.subarray(0, -surplus) : bytes);
    if (this.#exchange.phase === "tunnel") {
      if (!isTaken) this.#client.pause();
    } else {
      this.#isCutOff = surplus !== undefined || server.writableLength > MAX_AHEAD_BYTES;
    }
  }

  #openServer(): void {
    const server = connect({ path: this.#host.socketPath });
    this.#server = server;
    let isOpen = false;
    // Events of a socket that was dropped no longer count.
    const ifCurrent = (act: () => void) => (): void => {
      if (this.#server === server) act();
    };
    server.on("connect", () => {
      isOpen = true;
    });
    server.on("data", (bytes: Buffer) => this.#readFromServer(server, bytes));
    server.on(
      "drain",
      ifCurrent(() => this.#client.resume()),
    );
    server.on(
      "end",
      ifCurrent(() => this.#end()),
    );
    server.on(
      "error",
      ifCurrent(() => {
        if (isOpen) this.#onServerLost();
        else this.#end(unavailableAnswer("The server cannot be reached at the moment"));
      }),
    );
    const kept = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#pass(server, kept);
  }

  #readFromServer(server: Socket, bytes: Buffer): void {
    if (this.#server !== server) return;
    this.#exchange.readFromServer(bytes);
    if (!this.#client.write(bytes)) server.pause();
  }

  /** Sends what is left to send, and closes. */
  #end(lastBytes?: Buffer): void {
    this.#dropServer();
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#age = 0;
      if (lastBytes) this.#client.end(lastBytes);
      else this.#client.end();
      this.#client.resume();
    }
    if (!this.#isLast) return;
    if (this.#client.writableFinished) this.#client.destroy();
    else this.#client.once("finish", () => this.#client.destroy());
  }

  /** workerd has broken off the connection, during an answer or after it. */
  #onServerLost(): void {
    const { phase } = this.#exchange;
    if (phase === "idle" || phase === "head" || phase === "body") {
      this.#end();
      return;
    }
    this.#dropServer();
    this.#isEnding = true;
    this.#client.resetAndDestroy();
  }

  #dropServer(): void {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    server.destroy();
    // Reading from the client may be paused because workerd was slow.
    this.#client.resume();
  }
}
