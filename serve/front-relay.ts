/**
 * What stands in front of workerd: it listens for the clients, and passes each of their connections on to
 * one of its own (relayed-connection.ts). So workerd hears of every client that leaves, however it leaves;
 * parts of requests do not stay for ever; and where there is no room for more, that is said, at once.
 *
 * Room is a matter of open files. A client takes two here, its own and the one to workerd, and two in
 * workerd, for as long as it has a request; a bucket in memory takes three or four in workerd. So clients
 * may have two thirds of the files, the last third is the buckets' there and here for those who have to be
 * told that there is no room. Where more come, an idle connection is given up for each; and while workerd
 * has almost all its files open, because many buckets are in use at once, no request begins at all.
 *
 * Time goes by ticks of its own. A process that was stopped for a minute, or too busy, has not waited a
 * minute for anybody: it was not there.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

import { openFilesOf } from "./open-files.ts";
import { RelayedConnection, type PhaseLimits, type RelayHost } from "./relayed-connection.ts";

/** How long clients may take. Milliseconds, each rounded up to a quarter of a second. */
export interface ClientLimits {
  /** For the head of a request, from its first byte. */
  readonly headMs: number;
  /** For the body of a request, from the end of its head. */
  readonly bodyMs: number;
  /** Between two requests, and before the first. */
  readonly idleMs: number;
}

export interface FrontRelayOptions extends ClientLimits {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where workerd listens. */
  readonly socketPath: string;
  /** The process of workerd, whose open files are counted. */
  readonly serverPid: number;
  /** How many files this process and workerd may each have open. */
  readonly fileLimit: number;
}

const TICK_MS = 250;
/** workerd closes after 15 s what is idle; a request that comes at that instant would be lost. */
const KEPT_MS = 10_000;
/** For the client's own close, after the last byte to it. */
const LINGER_MS = 2_000;
/** Longer than the longest wait there is, an hour: what cannot be followed may be such a wait. */
const UNCLEAR_MS = 3_660_000;
/** For what is still on its way to clients when workerd has ended. */
const FINISH_MS = 500;
/** A gone machine says nothing. It is asked after this time without a byte, ten times, a second apart. */
const KEEP_ALIVE_MS = 60_000;
/** Connections that the system may keep until they are accepted: a crowd that comes at once. */
const BACKLOG = 4_096;

/** Of the files: a client's share is one of so many. */
const FILE_SHARES_PER_CLIENT = 3;
/** Files of the process itself. */
const OWN_FILES = 64;
/** What a request may make workerd open: two for the connection, four for a bucket. */
const MAX_FILES_PER_REQUEST = 6;
/** Files of workerd that stay free, or a quarter of all: for its log, its alarms, and what was not foreseen. */
const MAX_SPARE_FILES = 1_024;

/** How many clients may have requests at once. */
export function roomFor(fileLimit: number): number {
  return Math.max(1, Math.floor(fileLimit / FILE_SHARES_PER_CLIENT));
}

/** The relay, listening. */
export class FrontRelay implements RelayHost {
  readonly socketPath: string;
  readonly #server: Server;
  readonly #options: FrontRelayOptions;
  readonly #limits: PhaseLimits;
  readonly #connections = new Set<RelayedConnection>();
  readonly #ticker: NodeJS.Timeout;
  /** Those among them that were let in to be told that there is no room. */
  #turnedAway = 0;
  /** Connections that could be given up, as of the last tick. */
  #spare: RelayedConnection[] = [];
  /** How many requests may begin before workerd's files are counted anew. */
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
    // One that could not be accepted; the others do not suffer from it.
    server.on("error", () => undefined);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /**
   * Listens.
   *
   * @throws {NodeJS.ErrnoException} Where the address cannot be had.
   */
  static async listen(options: FrontRelayOptions): Promise<FrontRelay> {
    const server = createServer({
      // The end of a client's side is for us to answer.
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
  begin(): string | undefined {
    if (this.#budget < 1) {
      const refusal = this.#countServerFiles();
      if (refusal !== undefined) return refusal;
    }
    this.#budget -= 1;
    return undefined;
  }

  /** Listens no more, and lets go of those who ask for nothing. workerd is about to end. */
  close(): void {
    this.#server.close();
    for (const connection of this.#connections) {
      if (connection.isUnserved) connection.giveUp();
    }
  }

  /** Sends the clients what workerd, which has ended, has still sent, and is gone when that is done. */
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

  /** Breaks all connections off, and listens no more. */
  destroy(): void {
    clearInterval(this.#ticker);
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }

  /** See `RelayHost`. */
  forget(connection: RelayedConnection): void {
    if (!this.#connections.delete(connection)) return;
    if (connection.isTurnedAway) this.#turnedAway -= 1;
    if (this.#connections.size === 0) this.#onEmpty();
  }

  #accept(client: Socket): void {
    const room = roomFor(this.#options.fileLimit);
    if (this.#connections.size - this.#turnedAway < room || this.#giveOneUp()) {
      this.#connections.add(new RelayedConnection(client, this));
      return;
    }
    if (this.#turnedAway >= room - OWN_FILES) {
      client.resetAndDestroy();
      return;
    }
    this.#turnedAway += 1;
    const refusal = `Sluice has no room for more connections here: ${room} are open`;
    this.#connections.add(new RelayedConnection(client, this, refusal));
  }

  /** Makes room, where somebody is connected and asks for nothing. */
  #giveOneUp(): boolean {
    for (let one = this.#spare.pop(); one; one = this.#spare.pop()) {
      if (!this.#connections.has(one) || !one.isSpare) continue;
      one.giveUp();
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
    // The one that came first is given up first.
    this.#spare = spare.toReversed();
    // What was counted is of before.
    this.#budget = 0;
  }

  /**
   * Works out how many requests may begin now, and answers why none may. Those of just now count as if each
   * had still to open all of its files: a crowd comes sooner than workerd opens them.
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
      : `Sluice has no room for more requests here: ${files} files of ${fileLimit} are open`;
  }
}

function ticksIn(ms: number): number {
  return Math.ceil(ms / TICK_MS);
}
