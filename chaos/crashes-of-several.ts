/**
 * workerd killed with SIGKILL while callers take from a bucket with three limits, two of them calendars, and
 * restarted. None of its limits gets tokens during the run, so what is missing of each was received by a client,
 * was under way to one, or is lost: at most a write-ahead batch. Once with a batch of each limit, and once with
 * a limit that has none, so that each grant is written and nothing is lost.
 */
import { setTimeout } from "node:timers/promises";

import type { BucketSnapshot } from "../src/protocol/bucket-snapshot.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquirePath, grantIn, snapshotOf } from "../kit/http/callers.ts";
import { HttpClient } from "../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../kit/processes/server.ts";
import { Random } from "../kit/random.ts";
import { largest, shown, total } from "../kit/statistics.ts";
import { Policy } from "../src/core/policy.ts";

const DAY_MS = 86_400_000;
const BUCKET = "several";
const CALLERS = 16;
const KILLS = 10;
/** How long the load lasts before a kill. */
const LOAD_MS = { min: 200, max: 700 };

/** A day of the month that is neither today's nor tomorrow's in any time zone. */
const quietDay = ((new Date().getUTCDate() + 13) % 28) + 1;
const month = { every: "month", on: quietDay } as const;

/** @param calls The capacity of the third limit: it has a batch from 40,000 on. */
function policyWith(calls: number) {
  return {
    capacity: 10_000_000,
    refillTokens: 10_000_000,
    refillIntervalMs: DAY_MS,
    limits: {
      plan: { capacity: 8_000_000, ...month },
      calls: { capacity: calls, ...month },
    },
  };
}

/** Tokens by limit, in the order of the policy. */
type Counts = readonly number[];

const NAMES = ["rate", "plan", "calls"] as const;

/** What one kill has cost each limit. */
export interface SeveralLoss {
  /** Missing and received by no client. Negative: granted and forgotten. */
  readonly lost: Counts;
  /** Asked for by requests that were never answered. */
  readonly underWay: Counts;
}

/** Three limits, and what a crash may lose of each. */
export interface SeveralCase {
  readonly name: string;
  readonly policy: ReturnType<typeof policyWith>;
  readonly batches: Counts;
}

function caseOf(name: string, calls: number): SeveralCase {
  const policy = policyWith(calls);
  const each = Policy.of(policy).limits.map(({ kind, fields }) => kind.maxBatch(fields));
  // A limit without a batch leaves the others without one.
  return { name, policy, batches: each.includes(0) ? each.map(() => 0) : each };
}

export const severalCases: readonly SeveralCase[] = [
  caseOf("three limits", 40_000),
  caseOf("three limits, one of them without a batch", 39_000),
];

/** Kills the server `kills` times while callers take from all limits, and from some. */
export async function crashSeveral(
  { policy }: SeveralCase,
  kills: number,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<readonly SeveralLoss[]> {
  await using server = await startWorkerd({ policies: { [BUCKET]: policy } });
  const random = new Random(seed);
  const losses: SeveralLoss[] = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    progress(`crashes-of-several: kill ${kill} of ${kills}`);
    losses.push(await crashOnce(server, random));
  }
  return losses;
}

async function crashOnce(server: WorkerdServer, random: Random): Promise<SeveralLoss> {
  const before = tokensIn(await snapshotOf(server, BUCKET));
  const received = [0, 0, 0];
  const underWay = [0, 0, 0];
  using client = new HttpClient(server.url, CALLERS);
  const keepAsking = async (): Promise<void> => {
    for (;;) {
      // Nothing of the small limit most of the time.
      const asked = [random.integer(1, 5), random.integer(0, 40), random.chance(0.1) ? 1 : 0];
      const query = NAMES.map((name, index) => `tokens.${name}=${asked[index]}`).join("&");
      const path = acquirePath(BUCKET, `${query}&timeoutMs=0`);
      const answer = await client.request(path).catch(() => undefined);
      if (!answer) {
        add(underWay, asked);
        return;
      }
      const { tokens, limits = {} } = grantIn(answer);
      add(received, [tokens, limits["plan"]?.tokens ?? 0, limits["calls"]?.tokens ?? 0]);
    }
  };
  const load = Promise.all(Array.from({ length: CALLERS }, keepAsking));
  await setTimeout(random.integer(LOAD_MS.min, LOAD_MS.max));
  await server.kill();
  await load;
  await server.restart();
  const after = tokensIn(await snapshotOf(server, BUCKET));
  const lost = before.map((tokens, index) => tokens - (received[index] ?? 0) - (after[index] ?? 0));
  return { lost, underWay };
}

function tokensIn({ tokens, limits = {} }: BucketSnapshot): Counts {
  return [tokens, limits["plan"]?.tokens ?? Number.NaN, limits["calls"]?.tokens ?? Number.NaN];
}

function add(sums: number[], counts: Counts): void {
  for (const [index, count] of counts.entries()) sums[index] = (sums[index] ?? 0) + count;
}

export const crashesOfSeveral: Scenario = {
  name: "crashes-of-several",
  async run(options) {
    const figures: Figure[] = [];
    for (const one of severalCases) {
      const losses = await crashSeveral(one, KILLS, options);
      figures.push(forgottenOf(one, losses));
      figures.push(...NAMES.map((name, index) => lostOf(one, losses, { name, index })));
    }
    return figures;
  },
};

function forgottenOf({ name }: SeveralCase, losses: readonly SeveralLoss[]): Figure {
  const all = losses.flatMap(({ lost }) => lost.map((tokens) => -tokens));
  const forgotten = Math.max(0, largest(all));
  return {
    what: `kill -9 under load with ${name}, ${losses.length} times: tokens of any limit granted and forgotten`,
    measured: String(forgotten),
    limit: "0",
    holds: forgotten === 0,
  };
}

function lostOf(
  { batches }: SeveralCase,
  losses: readonly SeveralLoss[],
  { name, index }: { readonly name: string; readonly index: number },
): Figure {
  const lost = losses.map((loss) => loss.lost[index] ?? 0);
  const beyond = losses.map((loss) => (loss.lost[index] ?? 0) - (loss.underWay[index] ?? 0));
  const most = Math.max(0, largest(beyond));
  const batch = batches[index] ?? 0;
  return {
    what: `the same: tokens of \`${name}\` lost by one kill beyond those under way`,
    measured: `${shown(most)} (all kills, with those under way: ${shown(total(lost))})`,
    limit: shown(batch),
    holds: most <= batch,
  };
}
