/**
 * What is measured under load, and what it must reach: one row a case.
 *
 * All Workers are built and run alike: the same wrangler.toml with its compatibility flags, the same workerd,
 * the same URL asked, and the same bytes answered, apart from the digits of instants.
 */
import type { WorkerOptions } from "../../kit/processes/server.ts";
import type { Target } from "../support/markdown.ts";
import type { Answer } from "./answer.ts";
import type { RunningServer } from "./under-load.ts";

import { benchPolicy } from "../workers/bucket.ts";
import { startMemoryPeer, startRedisPeer } from "./peers.ts";

/**
 * A figure of a case that is compared with another's. Of processor time it is how many requests a second of
 * it serves, so that more is better, as with the rate.
 */
export type ComparedFigure = "requestsPerSecond" | "requestsPerProcessorSecond" | "p99Ms";

/** What a case must reach, as a multiple of another's figure. */
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

/** A Worker, alone in its workerd. */
interface WorkerCase extends CaseWords {
  readonly worker: WorkerOptions;
}

/** Another server, with all the processes that it needs. */
interface PeerCase extends CaseWords {
  readonly start: (answer: Answer) => Promise<RunningServer>;
}

export type ServiceCase = WorkerCase | PeerCase;

/** The case whose answer all others give, too. */
export const SLUICE = "sluice";

/** The case that the table compares all others with. */
export const LIMIT = "limit";

/** The case that needs a Redis. */
export const REDIS = "Node, Redis";

/**
 * Sluice stands next to the case that its targets name, here and so in each round: what the machine does
 * meanwhile changes from one minute to the next.
 */
export const cases: readonly ServiceCase[] = [
  {
    name: LIMIT,
    what: "a Worker that answers by itself and reads nothing of the request",
    worker: { main: "bench/workers/limit.ts" },
  },
  {
    name: "sluice leased",
    what: "`/acquire`, granted in the Worker from leases of up to 4,000 tokens",
    worker: { policies: { "*": { ...benchPolicy, lease: { maxTokens: 4_000, ttlMs: 2_000 } } } },
    targets: [
      { figure: "requestsPerSecond", to: LIMIT, times: { atLeast: 0.95 } },
      { figure: "requestsPerProcessorSecond", to: LIMIT, times: { atLeast: 0.95 } },
    ],
  },
  {
    name: "limit, routed",
    what: "a Worker that answers by itself, behind Hono's router, with the query and a header read",
    worker: { main: "bench/workers/limit-routed.ts" },
  },
  {
    name: "hop",
    what: "a Worker that hands its request on to an object, found by its name, and the answer back; neither reads anything, and nothing is stored",
    worker: { main: "bench/workers/hop.ts" },
  },
  {
    name: SLUICE,
    what: "`/acquire`, durable, tokens at hand",
    worker: { policies: { "*": benchPolicy } },
    targets: [
      { figure: "requestsPerSecond", to: "hop", times: { atLeast: 0.95 } },
      { figure: "requestsPerProcessorSecond", to: "hop", times: { atLeast: 0.95 } },
      { figure: "p99Ms", to: "hop", times: { atMost: 1.1 } },
      { figure: "requestsPerSecond", to: "naive", times: { atLeast: 2 } },
    ],
  },
  {
    name: "hop by URL",
    what: "`hop` with a fixed URL sent in place of the request: the cheapest call of an object that we know",
    worker: { main: "bench/workers/hop-by-url.ts" },
  },
  {
    name: "docs",
    what: "the design of Cloudflare's example: tokens in memory only, refilled by an alarm",
    worker: { main: "bench/workers/docs.ts" },
  },
  {
    name: "naive",
    what: "as durable as `sluice`, with a write for each grant",
    worker: { main: "bench/workers/naive.ts" },
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
