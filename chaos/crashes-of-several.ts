/**
 * workerd killed with SIGKILL while callers take from a bucket with three limits, two of them calendars, and
 * restarted. None of its limits gets tokens during the run, so what is missing of each was received by a client,
 * was under way to one, or is lost: at most a write-ahead batch.
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

const BUCKET = "several";
const DAY_MS = 86_400_000;
const CALLERS = 16;
const KILLS = 10;
/** How long the load lasts before a kill. */
const LOAD_MS = { min: 200, max: 700 };

/** A day of the month that is neither today's nor tomorrow's in any time zone. */
const quietDay = ((new Date().getUTCDate() + 13) % 28) + 1;
const month = { every: "month", on: quietDay } as const;
const policy = {
  capacity: 10_000_000,
  refillTokens: 10_000_000,
  refillIntervalMs: DAY_MS,
  limits: {
    plan: { capacity: 8_000_000, ...month },
    // Below 40,000, so each grant that takes of it is written.
    calls: { capacity: 39_000, ...month },
  },
};

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

/** The batch of each limit, which a crash may lose. */
export const batches: Counts = Policy.of(policy).limits.map(({ kind, fields }) => {
  return kind.maxBatch(fields);
});

/** Kills the server `kills` times while callers take from all limits, and from some. */
export async function crashSeveral(
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
      // Nothing of the small limit most of the time, so that batches are taken of the others.
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
    const losses = await crashSeveral(KILLS, options);
    return NAMES.flatMap((name, index) => figuresOf(name, index, losses));
  },
};

function figuresOf(name: string, index: number, losses: readonly SeveralLoss[]): Figure[] {
  const lost = losses.map((loss) => loss.lost[index] ?? 0);
  const beyond = losses.map((loss) => (loss.lost[index] ?? 0) - (loss.underWay[index] ?? 0));
  const most = Math.max(0, largest(beyond));
  const forgotten = Math.max(0, largest(lost.map((tokens) => -tokens)));
  const batch = batches[index] ?? 0;
  return [
    {
      what: `kill -9 under load with three limits, ${losses.length} times: tokens of \`${name}\` lost by one kill beyond those under way`,
      measured: `${most} (all kills, with those under way: ${shown(total(lost))})`,
      limit: shown(batch),
      holds: most <= batch,
    },
    {
      what: `the same: tokens of \`${name}\` granted and forgotten`,
      measured: String(forgotten),
      limit: "0",
      holds: forgotten === 0,
    },
  ];
}
