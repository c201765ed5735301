/**
 * workerd killed with SIGKILL while holders work: between grants and settles of holds, before and after releases of
 * permits, and restarted.
 *
 * **Holds.** Nothing comes in during the run. After the restart, every holder that got its grant settles, again if it
 * had before, with the same numbers. Then the bucket holds what it did before, less what was used; what is missing
 * beyond that was asked for by requests that were under way.
 *
 * **Permits.** They last longer than the run. After the restart, every holder that got a permit and hasn't asked to
 * release it extends it, which must work; and then the others are granted, which must not be too many.
 */
import { setTimeout } from "node:timers/promises";

import type { HoldCall } from "../src/core/holds/hold-call.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquirePath, grantIn, snapshotOf } from "../kit/http/callers.ts";
import { HttpClient, type Answer } from "../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../kit/processes/server.ts";
import { Random } from "../kit/random.ts";
import { largest, shown, total } from "../kit/statistics.ts";

const CALLERS = 16;
const KILLS = 10;
const PERMITS = 8;
/** How long the load lasts before a kill. */
const LOAD_MS = { min: 400, max: 1_000 };

const perDay = { capacity: 10_000_000, refillTokens: 10_000_000, refillIntervalMs: 86_400_000 };
const policies = {
  holds: { ...perDay, hold: { maxMs: 3_600_000 } },
  "permits:*": { ...perDay, concurrency: { max: PERMITS, ttlMs: 3_600_000 } },
};

/** What one kill has cost a bucket with holds. */
export interface HeldLoss {
  /** Settled by holders that got their grants. */
  readonly settled: number;
  /** Tokens that were used and are there again. */
  readonly forgotten: number;
  /** Tokens that are missing beyond those under way. */
  readonly lost: number;
  /** Holds that their holders were granted, and that nobody knows any more. */
  readonly unknown: number;
  /** Holds whose second settle was answered otherwise than the first. */
  readonly contradicted: number;
}

/** What one kill has cost a bucket with permits. */
export interface PermitLoss {
  readonly granted: number;
  /** Permits that holders had, and lost. */
  readonly lost: number;
  /** Permits that holders have at once, after the restart, beyond what there may be. */
  readonly tooMany: number;
  /** Fences that were not higher than all before. */
  readonly reused: number;
}

interface Hold {
  readonly id: string;
  readonly reserved: number;
  readonly used: number;
  /** The answer to its settle, as text; `undefined` if it has got none. */
  answer: string | undefined;
}

/** Kills the server `kills` times while holders reserve and settle. */
export async function crashHolds(
  kills: number,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<readonly HeldLoss[]> {
  await using server = await startWorkerd({ policies });
  const random = new Random(seed);
  const losses: HeldLoss[] = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    progress(`crashes-of-holders: kill ${kill} of ${kills}, holds`);
    losses.push(await crashHoldsOnce(server, random));
  }
  return losses;
}

async function crashHoldsOnce(server: WorkerdServer, random: Random): Promise<HeldLoss> {
  const first = await snapshotOf(server, "holds");
  const holds: Hold[] = [];
  let underWay = 0;
  const keepHolding = async (client: HttpClient): Promise<void> => {
    for (;;) {
      const tokens = random.integer(1, 100);
      const query = `tokens=${tokens}&holdMs=3600000&timeoutMs=0`;
      const answer = await client.request(acquirePath("holds", query)).catch(() => undefined);
      if (!answer) {
        underWay += tokens;
        return;
      }
      const id = grantIn(answer).hold?.id ?? "none";
      const hold: Hold = {
        id,
        reserved: tokens,
        used: random.integer(0, tokens),
        answer: undefined,
      };
      holds.push(hold);
      // Some are still at it when the process dies.
      if (random.chance(0.2)) continue;
      const settled = await settle(client, hold).catch(() => undefined);
      if (!settled) return;
      hold.answer = JSON.stringify(settled.body);
    }
  };
  await underLoad(server, random, keepHolding);
  const counts = { unknown: 0, contradicted: 0 };
  using client = new HttpClient(server.url, CALLERS);
  const answers = await Promise.all(holds.map((hold) => settle(client, hold)));
  for (const [index, { status, body }] of answers.entries()) {
    const before = holds[index]?.answer;
    if (status !== 200) counts.unknown += 1;
    else if (before !== undefined && before !== JSON.stringify(body)) counts.contradicted += 1;
  }
  const after = await snapshotOf(server, "holds");
  const missing = first.tokens - total(holds.map(({ used }) => used)) - after.tokens;
  return {
    ...counts,
    settled: holds.length,
    forgotten: Math.max(0, -missing),
    lost: Math.max(0, missing - underWay),
  };
}

function settle(client: HttpClient, { id, used }: Hold): Promise<Answer> {
  const body: HoldCall = { used };
  return client.request(`/buckets/holds/holds/${id}`, { method: "POST", body });
}

/** Kills the server `kills` times while holders of permits come and go. */
export async function crashPermits(
  kills: number,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<readonly PermitLoss[]> {
  await using server = await startWorkerd({ policies });
  const random = new Random(seed);
  const losses: PermitLoss[] = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    progress(`crashes-of-holders: kill ${kill} of ${kills}, permits`);
    // In another bucket each time: permits of which nobody heard are out for an hour.
    losses.push(await crashPermitsOnce(server, random, `permits:${kill}`));
  }
  return losses;
}

async function crashPermitsOnce(
  server: WorkerdServer,
  random: Random,
  bucket: string,
): Promise<PermitLoss> {
  const fences: number[] = [];
  /** Those that holders may still have. */
  const held = new Set<string>();
  const path = (id: string) => `/buckets/${bucket}/permits/${id}`;
  const acquireOne = async (client: HttpClient, timeoutMs: number) => {
    const answer = await client.request(acquirePath(bucket, `timeoutMs=${timeoutMs}`));
    if (answer.status !== 200) return undefined;
    const { permit } = grantIn(answer);
    if (!permit) throw new Error("A grant without a permit");
    fences.push(permit.fence);
    held.add(permit.id);
    return permit.id;
  };
  const keepWorking = async (client: HttpClient): Promise<void> => {
    for (;;) {
      const id = await acquireOne(client, 5_000);
      if (id === undefined) continue;
      if (random.chance(0.3)) await client.request(path(id), { method: "PUT" });
      await setTimeout(random.integer(0, 3));
      held.delete(id);
      await client.request(path(id), { method: "DELETE" });
    }
  };
  await underLoad(server, random, (client) => keepWorking(client).catch(() => undefined));
  const granted = fences.length;
  const lastFence = largest(fences);
  using client = new HttpClient(server.url, CALLERS);
  let lost = 0;
  for (const id of held) {
    const { status } = await client.request(path(id), { method: "PUT" });
    if (status !== 200) lost += 1;
  }
  for (let count = 0; count < PERMITS; count += 1) await acquireOne(client, 0);
  const tooMany = Math.max(0, held.size - PERMITS);
  for (const id of held) await client.request(path(id), { method: "DELETE" });
  for (let count = 0; count < PERMITS; count += 1) await acquireOne(client, 0);
  const later = fences.slice(granted);
  const reused = later.filter((fence, index) => fence <= (later[index - 1] ?? lastFence)).length;
  return { granted: fences.length, lost, tooMany, reused };
}

async function underLoad(
  server: WorkerdServer,
  random: Random,
  work: (client: HttpClient) => Promise<void>,
): Promise<void> {
  using client = new HttpClient(server.url, CALLERS);
  const load = Promise.all(Array.from({ length: CALLERS }, () => work(client)));
  await setTimeout(random.integer(LOAD_MS.min, LOAD_MS.max));
  await server.kill();
  await load;
  await server.restart();
}

export const crashesOfHolders: Scenario = {
  name: "crashes-of-holders",
  async run(options) {
    const holds = await crashHolds(KILLS, options);
    const permits = await crashPermits(KILLS, options);
    return [...heldFigures(holds), ...permitFigures(permits)];
  },
};

function heldFigures(losses: readonly HeldLoss[]): Figure[] {
  const settled = total(losses.map((loss) => loss.settled));
  const most = (of: keyof HeldLoss) => largest(losses.map((loss) => loss[of]));
  return [
    zero(
      `kill -9 between grants and settles of holds, ${losses.length} times: tokens used and forgotten, of ${shown(settled)} holds`,
      most("forgotten"),
    ),
    zero("the same: tokens lost by one kill beyond those under way", most("lost")),
    zero("the same: holds that their holders had and that are unknown", most("unknown")),
    zero("the same: settles answered otherwise the second time", most("contradicted")),
  ];
}

function permitFigures(losses: readonly PermitLoss[]): Figure[] {
  const granted = total(losses.map((loss) => loss.granted));
  const most = (of: keyof PermitLoss) => largest(losses.map((loss) => loss[of]));
  return [
    zero(
      `kill -9 before and after releases of permits, ${losses.length} times: permits that holders had and lost, of ${shown(granted)}`,
      most("lost"),
    ),
    zero(`the same: more than ${PERMITS} permits at once`, most("tooMany")),
    zero("the same: fences that weren't higher than all before", most("reused")),
  ];
}

function zero(what: string, measured: number): Figure {
  return { what, measured: shown(measured), limit: "0", holds: measured === 0 };
}
