/**
 * Thousands of acquires that wait on a few sessions of one bucket and are served by one tick: what each takes of the
 * server's memory, and the time from the tick to the last byte.
 *
 * The memory is the growth of workerd while the second half of them comes. While the first half does, the process grows
 * by what it grows by once, above all the space in which V8 makes new objects, which is larger than all waiters.
 */
import { setTimeout } from "node:timers/promises";

import type { BucketSnapshot } from "../../../src/protocol/bucket-snapshot.ts";
import type { SessionMessage } from "../../../src/protocol/session-messages.ts";

import { admin, changePolicy } from "../../../kit/http/callers.ts";
import { crowdPolicy } from "../../../kit/http/crowd.ts";
import { RawWebSocket, type RawWebSocketEvents } from "../../../kit/http/raw-web-socket.ts";
import { processorTimeMs, residentBytes } from "../../../kit/processes/process-usage.ts";
import { startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";
import { SESSION_SUBPROTOCOL } from "../../../src/protocol/session-messages.ts";

/** Served at another bucket before, so that code is compiled. */
const WARM_UP_WAITERS = 1_000;
/** Far enough from one tick to the next that all are served by the first. */
const SERVING_INTERVAL_MS = 1_000;
/** Before a measurement of memory: what the process needs to give back what it does not need. */
const SETTLE_MS = 2_000;
/** Acquires in a frame: as many as may be. */
const FRAME_MESSAGES = 1_000;

export interface WaitingSize {
  readonly rounds: number;
  readonly waiters: number;
  readonly sessions: number;
}

/** One crowd. */
export interface WaitingRound {
  readonly bytesPerWaiter: number;
  /** The same of the first half, with what the process grows by once. */
  readonly bytesPerWaiterAtFirst: number;
  /** From the tick, as the grid has it, to the last byte. */
  readonly releaseMs: number;
  /** Of the server's process meanwhile. */
  readonly processorMs: number;
}

/** @throws {Error} If an acquire isn't granted. */
export async function measureWaiting(
  { rounds, waiters, sessions }: WaitingSize,
  progress: (line: string) => void,
): Promise<WaitingRound[]> {
  const found: WaitingRound[] = [];
  while (found.length < rounds) {
    const round = `round ${found.length + 1} of ${rounds}`;
    progress(`${waiters} waiters on ${sessions} sessions, ${round}`);
    found.push(await measureOnce(waiters, sessions));
  }
  return found;
}

async function measureOnce(waiters: number, sessions: number): Promise<WaitingRound> {
  const policies = { "*": crowdPolicy(waiters) };
  await using server = await startWorkerd({ vars: admin.vars, policies });
  using warmUp = await Crowd.open(server, "warm-up", sessions);
  await warmUp.queue(WARM_UP_WAITERS);
  await warmUp.serve();
  using crowd = await Crowd.open(server, "crowd", sessions);
  const before = await settledBytes(server);
  await crowd.queue(waiters / 2);
  const half = await settledBytes(server);
  await crowd.queue(waiters / 2);
  const whole = await settledBytes(server);
  const usedMs = await processorTimeMs(server.pid);
  const releaseMs = await crowd.serve();
  return {
    bytesPerWaiter: (whole - half) / (waiters / 2),
    bytesPerWaiterAtFirst: (half - before) / (waiters / 2),
    releaseMs,
    processorMs: (await processorTimeMs(server.pid)) - usedMs,
  };
}

async function settledBytes({ pid }: WorkerdServer): Promise<number> {
  await setTimeout(SETTLE_MS);
  return await residentBytes(pid);
}

/** Acquires on a number of sessions of one bucket. */
class Crowd implements Disposable {
  readonly #server: WorkerdServer;
  readonly #bucket: string;
  readonly #sockets: RawWebSocket[] = [];
  #asked = 0;
  #queued = 0;
  #granted = 0;
  #news = Promise.withResolvers<void>();

  private constructor(server: WorkerdServer, bucket: string) {
    this.#server = server;
    this.#bucket = bucket;
  }

  static async open(server: WorkerdServer, bucket: string, sessions: number): Promise<Crowd> {
    const crowd = new Crowd(server, bucket);
    const path = `/buckets/${bucket}/session`;
    const events: RawWebSocketEvents = {
      text: (text) => crowd.#read(text),
      ended: (why) => crowd.#news.reject(why),
    };
    while (crowd.#sockets.length < sessions) {
      const socket = await RawWebSocket.open(server.url, path, SESSION_SUBPROTOCOL, events);
      crowd.#sockets.push(socket);
    }
    return crowd;
  }

  /** Sends acquires, as many on each session; resolves once all of them wait. */
  async queue(waiters: number): Promise<void> {
    const each = Math.ceil(waiters / this.#sockets.length);
    for (const socket of this.#sockets) {
      for (let sent = 0; sent < each; sent += FRAME_MESSAGES) {
        const count = Math.min(FRAME_MESSAGES, each - sent);
        const acquires = Array.from({ length: count }, () => this.#acquire());
        socket.send(`[${acquires.join(",")}]`);
      }
    }
    while (this.#queued < this.#asked) await this.#news.promise;
  }

  /** Has the next tick serve all; resolves with the time from that tick to the last byte, in milliseconds. */
  async serve(): Promise<number> {
    const change = { refillIntervalMs: SERVING_INTERVAL_MS };
    const { status, body } = await changePolicy(this.#server, this.#bucket, change);
    if (status !== 200) throw new Error(`Not released: ${status} ${JSON.stringify(body)}`);
    while (this.#granted < this.#asked) await this.#news.promise;
    const { nextTickAtMs } = body as BucketSnapshot;
    return performance.timeOrigin + performance.now() - nextTickAtMs;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
  }

  #acquire(): string {
    this.#asked += 1;
    return `{"op":"acquire","id":${this.#asked}}`;
  }

  #read(text: string): void {
    const news = this.#news;
    this.#news = Promise.withResolvers();
    const frame: SessionMessage | SessionMessage[] = JSON.parse(text);
    for (const message of Array.isArray(frame) ? frame : [frame]) {
      if ("granted" in message) this.#granted += 1;
      else if ("queued" in message) this.#queued += 1;
      else news.reject(new Error(`Does not wait: ${JSON.stringify(message)}`));
    }
    news.resolve();
  }
}
