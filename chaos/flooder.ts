/**
 * The process that sends the flood, so that the measuring process isn't busy sending. Forked by flood.ts with
 * its orders as JSON; reports the answers and ends.
 */
import { constants, setPriority } from "node:os";
import { setTimeout } from "node:timers/promises";

import { HttpClient } from "../kit/http/http-connection.ts";
import { Random } from "../kit/random.ts";

export interface FloodOrders {
  readonly url: string;
  readonly bucket: string;
  /** How many connections; each sends one request after the other. */
  readonly connections: number;
  /** Over all connections; default: as many as are answered. */
  readonly requestsPerSecond?: number | undefined;
  readonly durationMs: number;
  readonly seed: number;
}

export interface FloodReport {
  /** Number of requests by the status of their answer. */
  readonly answered: Readonly<Record<number, number>>;
  /** Requests without an answer. */
  readonly broken: number;
  /** Requests answered with an unexpected status. */
  readonly wrong: number;
}

/** The shares of requests that must not reach any bucket. */
const GIANT_NAMES = 0.05;
const GIANT_BODIES = 0.05;
const MAX_NAME = 4_000;
const MAX_BODY_BYTES = 64 * 1024;

interface FloodRequest {
  readonly path: string;
  readonly statuses: readonly number[];
  readonly body?: object;
}

function draw(random: Random, bucket: string): FloodRequest {
  const kind = random.fraction();
  if (kind < GIANT_NAMES) {
    const name = "n".repeat(random.integer(129, MAX_NAME));
    return { path: `/acquire?bucket=${name}`, statuses: [400] };
  }
  if (kind < GIANT_NAMES + GIANT_BODIES) {
    const body = { bucket: "n".repeat(random.integer(16 * 1024, MAX_BODY_BYTES)) };
    return { path: "/acquire", statuses: [413], body };
  }
  const tokens = random.integer(1, 3);
  const path = `/acquire?bucket=${bucket}&tokens=${tokens}&timeoutMs=0`;
  return { path, statuses: [200, 429] };
}

async function flood(orders: FloodOrders): Promise<FloodReport> {
  const { url, bucket, connections, requestsPerSecond = Infinity, durationMs, seed } = orders;
  const random = new Random(seed);
  const answered: Record<number, number> = {};
  let broken = 0;
  let wrong = 0;
  const startsAtMs = Date.now();
  const endsAtMs = startsAtMs + durationMs;
  const spacingMs = 1_000 / requestsPerSecond;
  using client = new HttpClient(url, connections);
  const keepAsking = async (connection: number): Promise<void> => {
    for (let turn = connection; Date.now() < endsAtMs; turn += connections) {
      const pauseMs = startsAtMs + turn * spacingMs - Date.now();
      if (pauseMs > 0) await setTimeout(pauseMs);
      const { path, statuses, body } = draw(random, bucket);
      try {
        const { status } = await client.request(path, body && { method: "POST", body });
        answered[status] = (answered[status] ?? 0) + 1;
        if (!statuses.includes(status)) wrong += 1;
      } catch {
        broken += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, i) => keepAsking(i)));
  return { answered, broken, wrong };
}

// On a machine with two cores, it would otherwise take processor time from the server being measured.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
// The parent process may end before this one is done.
process.once("disconnect", () => process.exit());
const report = await flood(JSON.parse(process.argv[2] ?? ""));
process.send?.(report, () => process.disconnect());
