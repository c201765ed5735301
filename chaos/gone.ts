/**
 * Callers that die at the instant of their grant. Each hangs up within some milliseconds of its tick, in all
 * the ways that are quick enough in turn. It has either left in time and takes nothing, or been granted and
 * its token is lost with it. There must be no third outcome, and no other caller may pay for it.
 *
 * Behind each caller that dies waits one that stays. Its tick tells the two outcomes apart: it is served by
 * the dead caller's tick, or by the next one.
 */
import { setTimeout } from "node:timers/promises";

import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquire, arrive, grantIn, snapshotOf, untilBucket } from "../kit/http/callers.ts";
import { Random } from "../kit/random.ts";
import { Served } from "../kit/processes/served.ts";
import { largest, percentile, shown, total } from "../kit/statistics.ts";
import { plainWays, type Caller, type Way } from "../kit/http/ways-of-leaving.ts";

const quickWays = plainWays.filter(({ isQuick = false }) => isQuick);

/** Enough for two callers, one of them a process, to arrive between two ticks on a busy machine. */
const INTERVAL_MS = 300;
const policy = { capacity: 1, refillTokens: 1, refillIntervalMs: INTERVAL_MS };

/** The latest death, relative to the tick: by then the grant is written and sent. */
const LATEST_DEATH_MS = 4;

export interface DeathSize {
  /** How many buckets, in parallel. */
  readonly buckets: number;
  /** How many deaths at each, one after the other. */
  readonly rounds: number;
  /** The earliest death, relative to the tick. */
  readonly earliestDeathMs: number;
}

/** The outcomes of the callers of one bucket, or of all. */
export interface DeathCounts {
  /** Requests sent. */
  readonly asked: number;
  /** How many of those callers died without an answer. */
  readonly died: number;
  /** Callers that received their grant: those that stayed, and those that died too late. */
  readonly delivered: number;
  /** The bucket's own counts. */
  readonly granted: number;
  readonly cancelled: number;
  readonly others: number;
  /** For each caller behind a dead one, how late it was served, relative to its tick; negative is early. */
  readonly behindMs: readonly number[];
}

/** Tokens of callers that were granted but never received it. */
export function lostWithTheirCallers({ granted, delivered }: DeathCounts): number {
  return granted - delivered;
}

/** Lets callers die at many buckets; returns the counts of each. */
export async function letDie(
  size: DeathSize,
  { seed, progress }: Pick<RunOptions, "seed" | "progress">,
): Promise<DeathCounts[]> {
  const random = new Random(seed);
  await using server = await Served.start({ policies: { "*": policy } });
  progress(`gone: ${size.buckets * size.rounds} callers`);
  const all = Array.from({ length: size.buckets }, (_, i) =>
    letDieAt(server, `bucket-${i}`, size, random, i),
  );
  return await Promise.all(all);
}

async function letDieAt(
  server: Served,
  bucket: string,
  { rounds, earliestDeathMs }: DeathSize,
  random: Random,
  firstWay: number,
): Promise<DeathCounts> {
  await acquire(server, bucket);
  let asked = 1;
  let delivered = 1;
  let died = 0;
  const behindMs: number[] = [];
  let before = await snapshotOf(server, bucket);
  for (let round = 0; round < rounds; round += 1) {
    const way = wayOf(firstWay + round);
    const mortal = await arriveBy(way, server, bucket, asked);
    const heir = await arrive(server, bucket);
    asked += 2;
    const { waiters, nextTickAtMs: dueAtMs } = await snapshotOf(server, bucket);
    // On a busy machine, its tick may come before both have arrived. Then it lives.
    if (waiters === 2) {
      const diesAtMs = dueAtMs + random.integer(earliestDeathMs, LATEST_DEATH_MS);
      await setTimeout(Math.max(0, diesAtMs - Date.now()));
      await mortal.leave();
    }
    const isDelivered = await mortal.isGranted;
    const { grantedAtMs } = grantIn(await heir.answer);
    const after = await untilBucket(server, bucket, ({ granted, cancelled }) => {
      return granted + cancelled >= asked;
    });
    delivered += isDelivered ? 2 : 1;
    if (!isDelivered) {
      died += 1;
      const hasTakenItsToken = after.cancelled === before.cancelled;
      behindMs.push(grantedAtMs - dueAtMs - (hasTakenItsToken ? INTERVAL_MS : 0));
    }
    before = after;
  }
  const { granted, cancelled, refused, waiters } = before;
  return { asked, died, delivered, granted, cancelled, others: refused + waiters, behindMs };
}

/** Takes the quick ways in turn. */
function wayOf(number: number): Way {
  const way = quickWays[number % quickWays.length];
  if (!way) throw new RangeError("There is no quick way to leave");
  return way;
}

/** Sends a caller that will leave by `way`; resolves when it has reached the bucket, after `before` others. */
async function arriveBy(way: Way, server: Served, bucket: string, before: number): Promise<Caller> {
  const caller = await way.ask(server.url, bucket);
  await untilBucket(server, bucket, ({ waiters, granted, refused, cancelled }) => {
    return waiters + granted + refused + cancelled > before;
  });
  return caller;
}

/** The size of a whole run. */
const SIZE: DeathSize = { buckets: 8, rounds: 40, earliestDeathMs: -5 };

export const gone: Scenario = {
  name: "gone",
  async run(options) {
    return figuresOf(await letDie(SIZE, options));
  },
};

function figuresOf(counts: readonly DeathCounts[]): Figure[] {
  const died = total(counts.map((bucket) => bucket.died));
  const cancelled = total(counts.map((bucket) => bucket.cancelled));
  const lost = total(counts.map(lostWithTheirCallers));
  const wrong = counts.filter((bucket) => !addsUp(bucket)).length;
  const behindMs = counts.flatMap((bucket) => bucket.behindMs);
  const p99 = percentile(behindMs, 0.99);
  const early = behindMs.filter((ms) => ms < 0).length;
  return [
    {
      what: `${shown(died)} callers that die within some ms of their grant: left in time and took nothing; lost with their token`,
      measured: `${cancelled}; ${lost}`,
      limit: "some of each",
      holds: cancelled > 0 && lost > 0,
    },
    {
      what: `the same: buckets, of ${counts.length}, that lost more than that, or where granted and cancelled do not add up`,
      measured: String(wrong),
      limit: "0",
      holds: wrong === 0,
    },
    {
      what: "the same: callers behind them, served before their tick",
      measured: String(early),
      limit: "0",
      holds: early === 0,
    },
    {
      what: "the same: callers behind them, delay after their tick, 99 of 100",
      measured: `${p99} ms (all: ${largest(behindMs)} ms)`,
      holds: true,
    },
  ];
}

/** Whether each request of a bucket ended exactly once, and each lost token was a dead caller's. */
export function addsUp(counts: DeathCounts): boolean {
  const { asked, died, granted, cancelled, others } = counts;
  return (
    granted + cancelled === asked &&
    others === 0 &&
    lostWithTheirCallers(counts) + cancelled === died &&
    lostWithTheirCallers(counts) >= 0
  );
}
