/** Servers that a user might run in place of Sluice, in processes of their own (peers/http-server.ts). */
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { Answer } from "./answer.ts";
import type { RunningServer } from "./under-load.ts";

import { ProcessGroup } from "../../kit/processes/process-group.ts";
import { Redis } from "../../kit/processes/redis.ts";

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/** Node's `http` with `rate-limiter-flexible`, in memory. */
export function startMemoryPeer(answer: Answer): Promise<RunningServer> {
  return startPeer(answer, []);
}

/** The same with a Redis of its own. */
export async function startRedisPeer(answer: Answer): Promise<RunningServer> {
  const redis = await Redis.start();
  try {
    const peer = await startPeer(answer, [String(redis.port)]);
    return {
      url: peer.url,
      pids: [...peer.pids, redis.pid],
      async [Symbol.asyncDispose]() {
        await peer[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await redis[Symbol.asyncDispose]();
    throw error;
  }
}

async function startPeer(answer: Answer, args: readonly string[]): Promise<RunningServer> {
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
