/** Servers that a user might run in place of Sluice, in processes of their own (peers/http-server.ts). */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { Answer } from "./answer.ts";

import { ProcessGroup } from "../../test/support/process-group.ts";
import { freePort } from "../../test/support/server.ts";

/** A server that runs, and all processes that serve. */
export interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly pids: readonly (number | undefined)[];
}

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/** Node's `http` with `rate-limiter-flexible`, in memory. */
export function startMemoryPeer(answer: Answer): Promise<Peer> {
  return startPeer(answer, []);
}

/** The same with a Redis of its own on a free port, which keeps nothing on the disk. */
export async function startRedisPeer(answer: Answer): Promise<Peer> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const port = String(await freePort());
  const listening = ["--port", port, "--bind", "127.0.0.1"];
  const inMemory = ["--save", "", "--appendonly", "no", "--dir", dir];
  const redis = new ProcessGroup("redis-server", [...listening, ...inMemory]);
  const remove = async () => {
    await redis.kill();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await printed(redis, /Ready to accept connections/);
    const peer = await startPeer(answer, [port]);
    return {
      url: peer.url,
      pids: [...peer.pids, redis.child.pid],
      async [Symbol.asyncDispose]() {
        await peer[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The version of the installed Redis; `undefined` without one. */
export async function redisVersion(): Promise<string | undefined> {
  const asked = promisify(execFile)("redis-server", ["--version"]);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return /v=(\S+)/.exec(stdout)?.[1];
}

async function startPeer(answer: Answer, args: readonly string[]): Promise<Peer> {
  const script = fileURLToPath(new URL("peers/http-server.ts", import.meta.url));
  const group = new ProcessGroup(process.execPath, [script, JSON.stringify(answer), ...args]);
  const [port] = await printed(group, /^\d+$/m);
  return {
    url: `http://127.0.0.1:${port}`,
    pids: [group.child.pid],
    [Symbol.asyncDispose]: () => group.kill(),
  };
}

function printed(group: ProcessGroup, pattern: RegExp): Promise<RegExpExecArray> {
  return group.until(async (signal) => {
    for (;;) {
      const found = pattern.exec(group.output);
      if (found) return found;
      await setTimeout(POLL_MS, undefined, { signal });
    }
  }, START_TIMEOUT_MS);
}
