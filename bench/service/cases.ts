/** What is measured under load, and what is to come of it: one row a case. */
import type { WorkerOptions } from "../../kit/processes/server.ts";
import type { Target } from "../support/markdown.ts";
import type { Answer } from "./answer.ts";

import { benchPolicy } from "../workers/bucket.ts";
import { startMemoryPeer, startRedisPeer, type Peer } from "./peers.ts";

/** A figure of a case that is held against that of another. */
export type ComparedFigure = "requestsPerSecond" | "p99Ms";

/** What a case is to reach: so many times what another does. */
export interface CaseTarget {
  readonly figure: ComparedFigure;
  readonly to: string;
  readonly times: Target;
}

interface CaseWords {
  readonly name: string;
  readonly what: string;
  readonly targets?: readonly CaseTarget[];
}

/** A case in the workerd that all such cases share: one process, a port each. */
interface WorkerCase extends CaseWords {
  readonly worker: WorkerOptions;
}

/** A case in processes of its own. */
interface PeerCase extends CaseWords {
  readonly start: (answer: Answer) => Promise<Peer>;
}

export type ServiceCase = WorkerCase | PeerCase;

/** The case whose answer all others give, too. */
export const SLUICE = "sluice";

/** The case that needs a Redis. */
export const REDIS = "Node, Redis";

export const cases: readonly ServiceCase[] = [
  {
    name: "limit",
    what: "a Worker that answers by itself",
    worker: { main: "bench/workers/limit.ts" },
  },
  {
    name: "limit, routed",
    what: "the same behind Hono's router, with the query and a header read",
    worker: { main: "bench/workers/limit-routed.ts" },
  },
  {
    name: "hop",
    what: "a Worker that asks an object, which stores nothing",
    worker: { main: "bench/workers/hop.ts" },
  },
  {
    name: "docs",
    what: "the design of Cloudflare's example: tokens in memory only, refilled by an alarm",
    worker: { main: "bench/workers/docs.ts" },
  },
  {
    name: "naive",
    what: "a write for each grant",
    worker: { main: "bench/workers/naive.ts" },
  },
  {
    name: SLUICE,
    what: "`/acquire`, durable, tokens at hand",
    worker: { policies: { "*": benchPolicy } },
    targets: [
      { figure: "requestsPerSecond", to: "hop", times: { atLeast: 0.85 } },
      { figure: "requestsPerSecond", to: "naive", times: { atLeast: 2 } },
      { figure: "p99Ms", to: "hop", times: { atMost: 1.3 } },
    ],
  },
  {
    name: "sluice leased",
    what: "the same with leases of up to 4,000 tokens: granted in the Worker",
    worker: { policies: { "*": { ...benchPolicy, lease: { maxTokens: 4_000, ttlMs: 2_000 } } } },
    targets: [{ figure: "requestsPerSecond", to: "limit", times: { atLeast: 0.8 } }],
  },
  {
    name: "Node, memory",
    what: "Node's `http` and `rate-limiter-flexible`, which a restart forgets",
    start: startMemoryPeer,
  },
  {
    name: REDIS,
    what: "the same with a Redis on this machine, which keeps nothing on the disk",
    start: startRedisPeer,
  },
];
