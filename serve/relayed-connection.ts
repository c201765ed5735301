/**
 * One client's connection and the one to workerd that goes with it. Bytes pass both ways as they are, in
 * order, and no faster than the other side takes them.
 *
 * What it is for: **a client that ends its side has left.** workerd does not look at that while it holds a
 * plain response; it would keep the place, and grant it. What it does notice, within milliseconds, is that
 * its own peer is gone altogether. Over a socket of the file system a plain close is that (over TCP it
 * would take a reset), so the connection to workerd is closed as soon as the client's side ends.
 *
 * workerd is connected to when a request's head is here, and let go when the connection has been idle for
 * a while: half a request and an unused connection cost it nothing.
 */
import { connect, type Socket } from "node:net";

import { Exchange, type Phase } from "./exchange.ts";
import { lateRequestAnswer, unavailableAnswer } from "./relay-answers.ts";

/** How long a connection may stay in a phase, in ticks of the relay. */
export interface PhaseLimits {
  readonly head: number;
  readonly body: number;
  readonly idle: number;
  readonly unclear: number;
  /** For which an idle one keeps its connection to workerd. */
  readonly kept: number;
  /** For the client to close its side, once it has been sent everything. */
  readonly linger: number;
}

/** What a connection needs of its relay. */
export interface RelayHost {
  /** Where workerd listens. */
  readonly socketPath: string;
  /** A request begins: why it may not, or `undefined` where it may. */
  begin(): string | undefined;
  /** Is told once its client's socket is closed. */
  forget(connection: RelayedConnection): void;
}

/** More than a head usually is; one that is larger goes to workerd before it has ended. */
const MAX_KEPT_BYTES = 16 * 1024;
/**
 * How long one with no request, or with a part of one, is left alone before it may be given up for others.
 * In a crowd a request may have come that has not been read yet.
 */
const SPARE_TICKS = 4;
/**
 * Of a body, what is passed on: Sluice takes 16 KiB, and answers what is larger without reading it. workerd then
 * closes at once, and its answer is lost where anything more is written to it.
 */
const MAX_BODY_BYTES = 17 * 1024;
/** What may lie ready for workerd, as it does where requests are sent behind one that waits. */
const MAX_AHEAD_BYTES = 256 * 1024;

/** A client's connection. */
export class RelayedConnection {
  readonly #client: Socket;
  readonly #host: RelayHost;
  /** Why none of its requests may begin. */
  readonly #refusal: string | undefined;
  readonly #exchange = new Exchange();
  /** The connection to workerd. */
  #server: Socket | undefined = undefined;
  /** What has come while there was none. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /**
   * Nothing more is passed on, though more comes: it is read and dropped, since a client that is not read from
   * could not be seen to leave. workerd closes when it has answered what it has.
   */
  #isCutOff = false;
  /** Nothing more is passed on to workerd; the client is being sent the rest. */
  #isEnding = false;
  /** It is not waited for the client to close, either. */
  #isLast = false;
  #phase: Phase = "idle";
  #asked = 0;
  /** Since when that is so, in ticks. */
  #age = 0;

  /** @param refusal Where it may send no request: what it is told in place of an answer. */
  constructor(client: Socket, host: RelayHost, refusal?: string) {
    this.#client = client;
    this.#host = host;
    this.#refusal = refusal;
    client.on("data", (bytes: Buffer) => this.#readFromClient(bytes));
    client.on("drain", () => this.#server?.resume());
    // It has left, and waits for nothing any more.
    client.on("end", () => this.#end());
    client.on("error", () => this.#end());
    client.on("close", () => {
      this.#end();
      host.forget(this);
    });
  }

  /** Whether it was let in only to be told why not. */
  get isTurnedAway(): boolean {
    return this.#refusal !== undefined;
  }

  /** Whether workerd does not know of it, so that nobody waits on it. */
  get isUnserved(): boolean {
    return this.#server === undefined;
  }

  /** Whether it has a request of just now, for which workerd may still have to open files. */
  get isFresh(): boolean {
    return this.#server !== undefined && this.#age < SPARE_TICKS && this.#exchange.phase !== "idle";
  }

  /** Whether it may be given up where there is no room: nobody waits on it, and it has had its time. */
  get isSpare(): boolean {
    if (this.#isEnding) return false;
    const { phase } = this.#exchange;
    const isWaitedOn = phase !== "idle" && phase !== "head" && phase !== "body";
    return !isWaitedOn && this.#age >= SPARE_TICKS;
  }

  /** One tick of time: ends it where a limit is over. */
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

  /** Gives it up at once. */
  giveUp(): void {
    this.#isLast = true;
    this.#endOverdue();
  }

  /**
   * Closes it as soon as the client has been sent what workerd has sent; without workerd, now. workerd has
   * ended, or is about to.
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
    if (isPart && isAnswerDue) this.#end(lateRequestAnswer(`The ${phase} of the request is late`));
    else this.#end();
  }

  #readFromClient(bytes: Buffer): void {
    // What nobody takes any more, and must be read: bytes left unread break off what is sent.
    if (this.#isEnding) return;
    if (this.#exchange.phase === "idle") {
      const refusal = this.#refusal ?? this.#host.begin();
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
    // A socket that was let go of has nothing more to say.
    const ifOurs = (act: () => void) => (): void => {
      if (this.#server === server) act();
    };
    server.on("connect", () => {
      isOpen = true;
    });
    server.on("data", (bytes: Buffer) => this.#readFromServer(server, bytes));
    server.on(
      "drain",
      ifOurs(() => this.#client.resume()),
    );
    server.on(
      "end",
      ifOurs(() => this.#end()),
    );
    server.on(
      "error",
      ifOurs(() => {
        if (isOpen) this.#lose();
        else this.#end(unavailableAnswer("Sluice is not reached here at this moment"));
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

  /** Sends what is still to be sent, and closes. */
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

  /** workerd has broken off: in the middle of an answer, or behind one that is whole. */
  #lose(): void {
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
    // It may have been paused for it.
    this.#client.resume();
  }
}
