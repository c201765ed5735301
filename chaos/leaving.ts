/**
 * How soon a caller's place in the queue is free after it hangs up: for each way of hanging up, and for each
 * way to run Sluice. Measured from the client's last act, or the end of its process, to the first snapshot of
 * the bucket without it.
 */
import { setTimeout } from "node:timers/promises";

import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { table } from "../bench/support/markdown.ts";
import { acquire, snapshotOf, untilBucket } from "../kit/http/callers.ts";
import { Nginx } from "../kit/processes/nginx.ts";
import { Served } from "../kit/processes/served.ts";
import { startDev } from "../kit/processes/server.ts";
import { median, shown } from "../kit/statistics.ts";
import {
  ownWays,
  sessionWays,
  streamedWays,
  waysOfLeaving,
  type Way,
} from "../kit/http/ways-of-leaving.ts";

/** No tick comes during a measurement. */
const policy = {
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 600_000,
  maxWaitMs: 3_600_000,
};
/** The limit that the contract sets for self-hosting. */
const SELF_HOSTED_LIMIT_MS = 250;
/** The limit behind the proxies of `wrangler dev`, for the ways that they pass on. */
const DEV_LIMIT_MS = 1_000;
/** Longer than any limit: a place that is kept for so long is kept until its turn. */
const PATIENCE_MS = 2_000;
const POLL_MS = 2;
const ROUNDS = 5;

/** One way to run Sluice. */
interface Place {
  readonly name: string;
  /** Where callers send their requests. */
  readonly url: string;
  /** Where the bucket is inspected. */
  readonly server: { readonly url: string };
  /** How soon a place must be free; `undefined` if nothing is promised for this way of leaving. */
  readonly limitMs: (way: Way) => number | undefined;
}

/** The result of one way at one place: for each round, how long it was kept; `Infinity`: until its turn. */
export interface Departures {
  readonly way: Way;
  readonly keptMs: readonly number[];
}

/** Lets `rounds` callers wait and leave, for each of `ways`. */
export async function leaveBy(
  { name, url, server }: Pick<Place, "name" | "url" | "server">,
  ways: readonly Way[],
  rounds: number,
  progress: RunOptions["progress"],
): Promise<Departures[]> {
  const all: Departures[] = [];
  for (const way of ways) {
    progress(`leaving: ${name}: ${way.name}`);
    const callers = await Promise.all(
      Array.from({ length: rounds }, async (_, round) => {
        const bucket = `${waysOfLeaving.indexOf(way)}:${name.replaceAll(/\W+/g, "-")}:${round}`;
        await acquire(server, bucket);
        const caller = await way.ask(url, bucket);
        await untilBucket(server, bucket, ({ waiters }) => waiters === 1);
        return { bucket, caller };
      }),
    );
    const keptMs: number[] = [];
    const leave = async ({ bucket, caller }: (typeof callers)[number]): Promise<void> => {
      await caller.leave();
      keptMs.push(await keptForMs(server, bucket));
    };
    if (way.leavesByItself === true) await Promise.all(callers.map(leave));
    else for (const each of callers) await leave(each);
    all.push({ way, keptMs });
  }
  return all;
}

async function keptForMs(server: Place["server"], bucket: string): Promise<number> {
  const leftAtMs = performance.now();
  for (;;) {
    const { waiters } = await snapshotOf(server, bucket);
    const keptMs = performance.now() - leftAtMs;
    if (waiters === 0) return keptMs;
    if (keptMs > PATIENCE_MS) return Infinity;
    await setTimeout(POLL_MS);
  }
}

export const leaving: Scenario = {
  name: "leaving",
  async run({ progress, addTable }) {
    const policies = { "*": policy };
    const found = new Map<Place, Departures[]>();
    const measure = async (place: Place): Promise<void> => {
      found.set(place, await leaveBy(place, waysOfLeaving, ROUNDS, progress));
    };
    {
      await using served = await Served.start({ policies });
      await using nginx = await Nginx.start(served.url);
      const limitMs = (): number => SELF_HOSTED_LIMIT_MS;
      await measure({ name: "npm run serve", url: served.url, server: served, limitMs });
      await measure({ name: "serve behind nginx", url: nginx.url, server: served, limitMs });
    }
    {
      await using dev = await startDev({ args: ["--var", `POLICIES:${JSON.stringify(policies)}`] });
      const limitMs = (way: Way): number | undefined => (isHeard(way) ? DEV_LIMIT_MS : undefined);
      await measure({ name: "npm start", url: dev.url, server: dev, limitMs });
    }
    addTable(tableOf(found));
    return [...found].map(([place, departures]) => figureOf(place, departures));
  },
};

/** Whether the proxies of `wrangler dev` let it through: it is written to, or says that it leaves. */
function isHeard(way: Way): boolean {
  return [...streamedWays, ...sessionWays, ...ownWays].includes(way);
}

function figureOf({ name, limitMs }: Place, departures: readonly Departures[]): Figure {
  const promised = departures.filter(({ way }) => limitMs(way) !== undefined);
  const limit = Math.max(...promised.map(({ way }) => limitMs(way) ?? 0));
  const longest = Math.max(...promised.flatMap(({ keptMs }) => keptMs));
  return {
    what: `callers that hang up while they wait, in ${promised.length} ways, ${ROUNDS} times each, ${name}: their place is free after`,
    measured: longest === Infinity ? "not all of them" : `at most ${shown(Math.round(longest))} ms`,
    limit: `${shown(limit)} ms`,
    holds: longest <= limit,
  };
}

function tableOf(found: ReadonlyMap<Place, readonly Departures[]>): string {
  const places = [...found.keys()].map(({ name }) =>
    `\`${name}\``.replace("`serve ", "`serve` ").replace("nginx`", "nginx"),
  );
  const rows = waysOfLeaving.map((way, index) => {
    const cells = [...found.values()].map((departures) => cellOf(departures[index]?.keptMs ?? []));
    return [way.name, ofCloudflare(way)].concat(cells);
  });
  return table(["who leaves, and how", "Cloudflare", ...places], rows);
}

/** Not measured, but expected from Cloudflare's documentation and from what Sluice does there. */
function ofCloudflare(way: Way): string {
  if (ownWays.includes(way)) return "at once, by word";
  return streamedWays.includes(way) ? "when reported, else within a second" : "when reported";
}

function cellOf(keptMs: readonly number[]): string {
  const noticed = keptMs.filter((ms) => ms < Infinity).map(Math.round);
  if (noticed.length === 0) return "not noticed";
  const times = `${median(noticed)} ms (${Math.max(...noticed)})`;
  return noticed.length === keptMs.length
    ? times
    : `${times}, ${keptMs.length - noticed.length} not noticed`;
}
