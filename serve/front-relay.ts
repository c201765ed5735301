/**
 * The relay in front of workerd. It accepts the clients' connections and relays each to a connection of its
 * own to workerd (relayed-connection.ts). This way workerd learns of every client that disconnects, however
 * it does so, incomplete requests time out, and clients beyond capacity are refused at once.
 *
 * Capacity is a matter of open files. A client with a request takes two in the relay (its own connection and
 * the one to workerd) and two in workerd; a bucket in memory takes three or four in workerd. So clients may
 * use two thirds of the files. The last third is for the buckets in workerd, and for refusing clients in the
 * relay. When more clients connect, an idle connection is closed for each of them. While workerd is almost
 * out of files, because many buckets are in use at once, no new request is let through at all.
 *
 * Time is counted in the relay's own ticks. A process that was suspended or overloaded for a minute has not
 * given its clients a minute: it wasn't reading.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

import { openFilesOf } from "./open-files.ts";
import { RelayedConnection, type PhaseLimits, type RelayHost } from "./relayed-connection.ts";

/** How long clients may take, in milliseconds, rounded up to a quarter of a second. */
export interface ClientLimits {
  /** To send the head of a request, from its first byte. */
  readonly headMs: number;
  /** To send the body of a request, from the end of its head. */
  readonly bodyMs: number;
  /** Between two requests, and before the first. */
  readonly idleMs: number;
}

export interface FrontRelayOptions extends ClientLimits {
  readonly host: string;
  /** 0 picks any free port. */
  readonly port: number;
  /** Where workerd listens. */
  readonly socketPath: string;
  /** The process ID of workerd, whose open files are counted. */
  readonly serverPid: number;
  /** How many files this process and workerd may each have open. */
  readonly fileLimit: number;
}

const TICK_MS = 250;
/**
 * How long an idle connection to workerd is kept. workerd closes its side after 15 s; a request sent at that
 * moment would be lost.
 */
const KEPT_MS = 10_000;
/** How long a client may take to close its side, after the last byte to it. */
const LINGER_MS = 2_000;
/** Longer than the longest wait, an hour: a connection that can't be parsed may be such a wait. */
const UNCLEAR_MS = 3_660_000;
/** How long to deliver what workerd has sent, once it has ended. */
const FINISH_MS = 500;
/**
 * A machine that is gone sends nothing, not even a close. After this time without a byte the system probes
 * for it, ten times, a second apart.
 */
const KEEP_ALIVE_MS = 60_000;
/** Connections that the system queues until they are accepted, for many that arrive at once. */
const BACKLOG = 4_096;

/** Open files to budget for each client: two, and one for the buckets. */
const FILE_SHARES_PER_CLIENT = 3;
/** Files that the process opens for itself. */
const OWN_FILES = 64;
/** The most that a request makes workerd open: two for the connection, four for a bucket. */
const MAX_FILES_PER_REQUEST = 6;
/** Files of workerd kept free, or a quarter if that is less: for its log, its alarms, and the unforeseen. */
const MAX_SPARE_FILES = 1_024;

/** How many clients may have a request at the same time. */
export function roomFor(fileLimit: number): number {
  return Math.max(1, Math.floor(fileLimit / FILE_SHARES_PER_CLIENT));
}

/** A relay that listens. */
export class FrontRelay implements RelayHost {
  readonly socketPath: string;
  readonly #server: Server;
  readonly #options: FrontRelayOptions;
  readonly #limits: PhaseLimits;
  readonly #connections = new Set<RelayedConnection>();
  readonly #ticker: NodeJS.Timeout;
  /** How many of them were accepted only to be refused. */
  #refused = 0;
  /** Connections that could be closed to make room, as of the last tick. */
  #spare: RelayedConnection[] = [];
  /** How many requests may start before workerd's files are counted again. */
  #budget = 0;
  #onEmpty: () => void = () => undefined;

  private constructor(server: Server, options: FrontRelayOptions) {
    this.#server = server;
    this.#options = options;
    this.socketPath = options.socketPath;
    this.#limits = {
      head: ticksIn(options.headMs),
      body: ticksIn(options.bodyMs),
      idle: ticksIn(options.idleMs),
      unclear: ticksIn(UNCLEAR_MS),
      kept: ticksIn(KEPT_MS),
      linger: ticksIn(LINGER_MS),
    };
    server.on("connection", (client) => this.#accept(client));
    // A connection that could not be accepted; it doesn't affect the others.
    server.on("error", () => undefined);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /**
   * Starts to listen.
   *
   * @throws {NodeJS.ErrnoException} If the address is not available.
   */
  static async listen(options: FrontRelayOptions): Promise<FrontRelay> {
    const server = createServer({
      // The relay itself answers when a client ends its side.
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    server.listen({ host: options.host, port: options.port, backlog: BACKLOG });
    await once(server, "listening");
    return new FrontRelay(server, options);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** See `RelayHost`. */
  startRequest(): string | undefined {
    if (this.#budget < 1) {
      const refusal = this.#countServerFiles();
      if (refusal !== undefined) return refusal;
    }
    this.#budget -= 1;
    return undefined;
  }

  /** Stops listening and closes connections without a request: workerd is about to end. */
  close(): void {
    this.#server.close();
    for (const connection of this.#connections) {
      if (connection.isUnserved) connection.endNow();
    }
  }

  /** After workerd has ended: delivers what it has sent to the clients, then ends. */
  async finish(): Promise<void> {
    this.#server.close();
    const isEmpty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#connections) connection.finish();
    if (this.#connections.size > 0) {
      const late = new AbortController();
      const { signal } = late;
      const isLate = setTimeout(FINISH_MS, undefined, { signal }).catch(() => undefined);
      await Promise.race([isEmpty, isLate]);
      late.abort();
    }
    this.destroy();
  }

  /** Stops listening and breaks off all connections. */
  destroy(): void {
    clearInterval(this.#ticker);
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }

  /** See `RelayHost`. */
  forget(connection: RelayedConnection): void {
    if (!this.#connections.delete(connection)) return;
    if (connection.isRefused) this.#refused -= 1;
    if (this.#connections.size === 0) this.#onEmpty();
  }

  #accept(client: Socket): void {
    const room = roomFor(this.#options.fileLimit);
    if (this.#connections.size - this.#refused < room || this.#closeSpare()) {
      this.#connections.add(new RelayedConnection(client, this));
      return;
    }
    if (this.#refused >= room - OWN_FILES) {
      client.resetAndDestroy();
      return;
    }
    this.#refused += 1;
    const refusal = `Too many connections: ${room} are open, the limit of this server`;
    this.#connections.add(new RelayedConnection(client, this, refusal));
  }

  /** Closes a connection that nobody is waiting on, if there is one. */
  #closeSpare(): boolean {
    for (let spare = this.#spare.pop(); spare; spare = this.#spare.pop()) {
      if (!this.#connections.has(spare) || !spare.isSpare) continue;
      spare.endNow();
      return true;
    }
    return false;
  }

  #tick(): void {
    const spare: RelayedConnection[] = [];
    for (const connection of this.#connections) {
      connection.tick(this.#limits);
      if (connection.isSpare) spare.push(connection);
    }
    // The oldest is closed first.
    this.#spare = spare.toReversed();
    // The last count of workerd's files is out of date.
    this.#budget = 0;
  }

  /**
   * Works out how many requests may start now; returns the refusal if none may. Requests that have just
   * started count as if they had yet to open all their files: many can arrive before workerd opens any.
   */
  #countServerFiles(): string | undefined {
    const { fileLimit, serverPid } = this.#options;
    const files = openFilesOf(serverPid);
    if (files === undefined) {
      this.#budget = Infinity;
      return undefined;
    }
    const most = fileLimit - Math.min(MAX_SPARE_FILES, fileLimit / 4);
    let fresh = 0;
    for (const connection of this.#connections) if (connection.isFresh) fresh += 1;
    this.#budget = Math.floor((most - files) / MAX_FILES_PER_REQUEST) - fresh;
    return this.#budget >= 1
      ? undefined
      : `Too many requests: ${files} of ${fileLimit} files are open, the limit of this server`;
  }
}

function ticksIn(ms: number): number {
  return Math.ceil(ms / TICK_MS);
}
