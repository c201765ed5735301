/**
 * Load on connections that have many acquires under way each. Whatever has been granted by the time an answer is
 * read is asked for again in one write, so a connection with 16 under way sends 16 at a time.
 */
import type { LoadFigures } from "../load.ts";

import { percentile, total } from "../../../kit/statistics.ts";

const MS_PER_SECOND = 1_000;

/** How many acquires are under way. */
export interface Shape {
  readonly connections: number;
  /** Of one connection. */
  readonly underWay: number;
}

/** A connection on which many acquires can be under way. */
interface Connection {
  /** Asks so often for a token, in one write. */
  ask(count: number): void;
  close(): void;
}

/** What happens on a connection. */
interface ConnectionEvents {
  /** The oldest `count` acquires have been granted. */
  readonly granted: (count: number) => void;
  /** It has ended, or an acquire was not granted. */
  readonly failed: (why: Error) => void;
}

/** Connects to a server. */
export type Connect = (url: string, events: ConnectionEvents) => Promise<Connection>;

/** Acquires that were sent in one write. */
interface Sent {
  readonly atMs: number;
  rest: number;
}

/** Connections under load. */
export class PipelinedLoad implements Disposable {
  readonly #underWay: number;
  readonly #lines: Line[] = [];
  #isRunning = false;
  /** How long each grant took, in milliseconds. */
  #waitsMs: number[] = [];
  readonly #ended = Promise.withResolvers<never>();
  #onIdle: () => void = () => undefined;

  private constructor(underWay: number) {
    this.#underWay = underWay;
    this.#ended.promise.catch(() => undefined);
  }

  /** Opens the connections. */
  static async open(url: string, shape: Shape, connect: Connect): Promise<PipelinedLoad> {
    const load = new PipelinedLoad(shape.underWay);
    const opened = Array.from({ length: shape.connections }, async () => {
      const line = new Line();
      line.connection = await connect(url, {
        granted: (count) => load.#granted(line, count),
        failed: (why) => load.#ended.reject(why),
      });
      load.#lines.push(line);
    });
    await Promise.all(opened);
    return load;
  }

  /**
   * Loads the server; resolves once nothing is under way.
   *
   * @throws {Error} If an acquire is not granted, or a connection ends.
   */
  async run(seconds: number): Promise<LoadFigures> {
    this.#waitsMs = [];
    this.#isRunning = true;
    const used = process.cpuUsage();
    const beganAtMs = performance.now();
    for (const line of this.#lines) line.ask(this.#underWay);
    await Promise.race([this.#idleAfter(seconds * MS_PER_SECOND), this.#ended.promise]);
    const elapsedMs = performance.now() - beganAtMs;
    const { user, system } = process.cpuUsage(used);
    const requests = this.#waitsMs.length;
    return {
      requests,
      requestsPerSecond: (requests * MS_PER_SECOND) / elapsedMs,
      p50Ms: percentile(this.#waitsMs, 0.5),
      p99Ms: percentile(this.#waitsMs, 0.99),
      loadMicros: (user + system) / requests,
    };
  }

  [Symbol.dispose](): void {
    for (const { connection } of this.#lines) connection?.close();
  }

  async #idleAfter(durationMs: number): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    setTimeout(() => {
      this.#isRunning = false;
    }, durationMs);
    await idle;
  }

  #granted(line: Line, count: number): void {
    const nowMs = performance.now();
    line.granted(count, nowMs, this.#waitsMs);
    if (this.#isRunning) line.ask(count);
    else if (total(this.#lines.map(({ underWay }) => underWay)) === 0) this.#onIdle();
  }
}

/** A connection with what is under way on it. */
class Line {
  connection: Connection | undefined = undefined;
  underWay = 0;
  readonly #sent: Sent[] = [];

  ask(count: number): void {
    this.#sent.push({ atMs: performance.now(), rest: count });
    this.underWay += count;
    this.connection?.ask(count);
  }

  granted(count: number, nowMs: number, waitsMs: number[]): void {
    this.underWay -= count;
    for (let rest = count; rest > 0;) {
      const [first] = this.#sent;
      if (!first) throw new Error(`${rest} more were granted than had been asked for`);
      const some = Math.min(rest, first.rest);
      for (let one = 0; one < some; one += 1) waitsMs.push(nowMs - first.atMs);
      first.rest -= some;
      rest -= some;
      if (first.rest === 0) this.#sent.shift();
    }
  }
}
