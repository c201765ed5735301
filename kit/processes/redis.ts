/** Starts this machine's Redis, if it has one: some limiters that Sluice is compared with need it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { ProcessGroup } from "./process-group.ts";
import { freePort } from "./server.ts";

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/**
 * When what Redis has written to its log must be on the disk: before it answers, as what Sluice grants, or within a
 * second.
 */
export type Fsync = "always" | "everysec";

/** A Redis on a free port of 127.0.0.1. */
export class Redis implements AsyncDisposable {
  readonly port: number;
  readonly #group: ProcessGroup;
  readonly #dir: string;

  private constructor(port: number, group: ProcessGroup, dir: string) {
    this.port = port;
    this.#group = group;
    this.#dir = dir;
  }

  /** Starts one that keeps a log on the disk, or one that writes nothing. */
  static async start(fsync?: Fsync): Promise<Redis> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
    const port = await freePort();
    const listening = ["--port", String(port), "--bind", "127.0.0.1"];
    const files = ["--save", "", "--dir", dir];
    // The log is never rewritten, which would cost it time.
    const logging =
      fsync === undefined
        ? ["--appendonly", "no"]
        : ["--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0"];
    const group = new ProcessGroup("redis-server", [...listening, ...files, ...logging]);
    const redis = new Redis(port, group, dir);
    try {
      await group.until(async (signal) => {
        while (!group.output.includes("Ready to accept connections")) {
          await setTimeout(POLL_MS, undefined, { signal });
        }
      }, START_TIMEOUT_MS);
      return redis;
    } catch (error) {
      await redis[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#group.child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** The version of the installed Redis; `undefined` if there is none. */
export async function redisVersion(): Promise<string | undefined> {
  const asked = promisify(execFile)("redis-server", ["--version"]);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return /v=(\S+)/.exec(stdout)?.[1];
}

/**
 * Whether Redis is installed; logs a warning if it isn't. Tests that need it are then skipped, so that the
 * rest run with Node alone.
 *
 * @throws {Error} On CI, which must have it.
 */
export async function hasRedis(): Promise<boolean> {
  if ((await redisVersion()) !== undefined) return true;
  const missing = "redis-server is not installed (Debian's package redis-server)";
  if (process.env["CI"]) throw new Error(missing);
  console.warn(`${missing}: samples with @upstash/ratelimit are type-checked, but not run`);
  return false;
}
