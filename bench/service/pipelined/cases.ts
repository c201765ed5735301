/**
 * Sessions, and what they are compared with: the same bucket over plain HTTP, Redis behind a server of Node's, and a
 * pipelined client of Redis without any server between.
 *
 * Everything that is called durable has on the disk what it has granted, before it answers: Sluice always, and Redis
 * with `appendfsync always`. Both write once for all acquires that have arrived by then.
 */
import type { WorkerOptions } from "../../../kit/processes/server.ts";
import type { LoadGenerator } from "../load.ts";
import type { Connect, Shape } from "./load.ts";
import type { LoadSubject, RunningServer } from "../under-load.ts";

import { Redis, type Fsync } from "../../../kit/processes/redis.ts";
import { busyPolicy } from "../../workers/bucket.ts";
import { cases, REDIS, SLUICE } from "../cases.ts";
import { startWorker, subjectsOf } from "../subjects.ts";
import { PipelinedLoad } from "./load.ts";
import { redisBucket } from "./redis-connection.ts";
import { sessionsOf } from "./session-connection.ts";

/** How acquires are sent, by the name of it. */
export const shapes = {
  "1 × 64": { connections: 1, underWay: 64 },
  "8 × 16": { connections: 8, underWay: 16 },
  "64 × 1": { connections: 64, underWay: 1 },
} as const satisfies Readonly<Record<string, Shape>>;

export type ShapeName = keyof typeof shapes;

/** The bucket that all of them ask. */
const BUCKET = "bench";

/** A case, and how it is measured. */
export interface PipelinedCase {
  readonly name: string;
  readonly what: string;
  readonly isRedis: boolean;
  readonly subject: (generator: LoadGenerator) => Promise<LoadSubject>;
}

/** A session of a Worker, which may be that of another version. */
export interface SessionCase extends PipelinedCase {
  readonly worker: WorkerOptions;
  readonly open: LoadSubject["open"];
}

/** The name of a case in tables. */
export function sessionCase(shape: ShapeName, isKeyed = false): string {
  return isKeyed ? `session, keyed, ${shape}` : `session, ${shape}`;
}

/** The same for Redis. */
export function redisCase(shape: ShapeName, fsync: Fsync = "always", isKeyed = false): string {
  return `Redis, ${isKeyed ? "keyed, " : ""}${fsync === "always" ? "" : `${fsync}, `}${shape}`;
}

const words: Readonly<Record<ShapeName, string>> = {
  "1 × 64": "one connection, 64 under way",
  "8 × 16": "eight connections, 16 a frame",
  "64 × 1": "64 connections, one each",
};

/** Sluice stands next to what it is compared with. */
export const pipelinedCases: readonly PipelinedCase[] = [
  overHttp(SLUICE, "`/acquire` over plain HTTP, 64 connections"),
  overHttp(REDIS, "Node's `http` and `rate-limiter-flexible` with a Redis that keeps nothing"),
  session("1 × 64"),
  redis("1 × 64"),
  session("8 × 16"),
  redis("8 × 16"),
  redis("8 × 16", "everysec"),
  session("64 × 1"),
  redis("64 × 1"),
  session("1 × 64", true),
  session("8 × 16", true),
  redis("8 × 16", "always", true),
  session("64 × 1", true),
];

/** Those of Sluice. */
export const sessionCases: readonly SessionCase[] = pipelinedCases.filter(
  (one): one is SessionCase => "worker" in one,
);

/** One of the cases of `npm run bench`. */
function overHttp(name: string, what: string): PipelinedCase {
  return {
    name,
    what,
    isRedis: name === REDIS,
    async subject(generator) {
      const chosen = cases.filter((one) => one.name === name);
      const [subject] = await subjectsOf(generator, chosen);
      if (!subject) throw new Error(`There is no case called ${name}`);
      return subject;
    },
  };
}

function session(shape: ShapeName, isKeyed = false): SessionCase {
  const name = sessionCase(shape, isKeyed);
  const worker: WorkerOptions = { policies: { "*": busyPolicy } };
  const keys = isKeyed ? ", each acquire with an idempotency key of its own" : "";
  const open = pipelined(shapes[shape], sessionsOf(BUCKET, isKeyed));
  return {
    name,
    what: `${words[shape]}, durable${keys}`,
    isRedis: false,
    worker,
    open,
    subject: async () => ({ name, start: () => startWorker(worker), open }),
  };
}

function redis(shape: ShapeName, fsync: Fsync = "always", isKeyed = false): PipelinedCase {
  const name = redisCase(shape, fsync, isKeyed);
  const durable = fsync === "always" ? "durable" : "on the disk within a second";
  const keys = isKeyed ? ", with an idempotency key each" : "";
  return {
    name,
    what: `the same with a token bucket in Lua, \`appendfsync ${fsync}\`: ${durable}${keys}`,
    isRedis: true,
    subject: async () => ({
      name,
      start: () => startRedis(fsync),
      open: pipelined(shapes[shape], redisBucket(BUCKET, isKeyed)),
    }),
  };
}

function pipelined(shape: Shape, connect: Connect): LoadSubject["open"] {
  return (url) => PipelinedLoad.open(url, shape, connect);
}

async function startRedis(fsync: Fsync): Promise<RunningServer> {
  const redis = await Redis.start(fsync);
  return {
    url: `redis://127.0.0.1:${redis.port}`,
    pids: [redis.pid],
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}
