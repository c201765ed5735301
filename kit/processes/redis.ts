/** The Redis of this machine, where it has one: some of what Sluice is compared with keeps its state there. */
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

/** A Redis of its own on a free port of 127.0.0.1, which keeps nothing on the disk. */
export class Redis implements AsyncDisposable {
  readonly port: number;
  readonly #group: ProcessGroup;
  readonly #dir: string;

  private constructor(port: number, group: ProcessGroup, dir: string) {
    this.port = port;
    this.#group = group;
    this.#dir = dir;
  }

  static async start(): Promise<Redis> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
    const port = await freePort();
    const listening = ["--port", String(port), "--bind", "127.0.0.1"];
    const inMemory = ["--save", "", "--appendonly", "no", "--dir", dir];
    const group = new ProcessGroup("redis-server", [...listening, ...inMemory]);
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

/** The version of the installed Redis; `undefined` without one. */
export async function redisVersion(): Promise<string | undefined> {
  const asked = promisify(execFile)("redis-server", ["--version"]);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return /v=(\S+)/.exec(stdout)?.[1];
}

/**
 * Whether a test can have its Redis. Where it cannot, it says so: what needs one is left out then, so that
 * the tests run with Node alone.
 *
 * @throws {Error} On CI, which installs one.
 */
export async function hasRedis(): Promise<boolean> {
  if ((await redisVersion()) !== undefined) return true;
  const missing = "There is no redis-server here (Debian's package redis-server)";
  if (process.env["CI"]) throw new Error(missing);
  console.warn(`${missing}: what the pages say of @upstash/ratelimit is type-checked, and not run`);
  return false;
}
