/**
 * Schedules of holds and permits in virtual time: the object's real code and holders that settle, extend, release, come
 * late or die, checked against what holds and permits promise. See kit/simulation/holding-simulation.ts.
 */
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { simulateHolding } from "../kit/simulation/holding-simulation.ts";
import { shown } from "../kit/statistics.ts";

/** One of them takes as long as several of the other schedules. */
const SHARE = 1 / 5;
/** Schedules between two lines of progress. */
const PROGRESS_EVERY = 500;
/** How many failures are printed; further ones are only counted. */
const MAX_PRINTED = 3;

export const schedulesOfHolders: Scenario = { name: "schedules-of-holders", run };

async function run({ seed, schedules, first, progress }: RunOptions): Promise<Figure[]> {
  const count = Math.ceil(schedules * SHARE);
  const failed: number[] = [];
  const seen = new Map<string, number>();
  for (let number = first; number < first + count; number += 1) {
    const result = simulateHolding(seed, number);
    for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    if (result.faults.length > 0) {
      failed.push(number);
      const title = `Schedule ${number} of holders, of seed ${seed}`;
      if (failed.length <= MAX_PRINTED)
        console.error(`\n${[title, ...result.faults].join("\n")}\n`);
    }
    const done = number - first + 1;
    if (done % PROGRESS_EVERY === 0) {
      progress(`schedules-of-holders: ${shown(done)} of ${shown(count)}, ${failed.length} failed`);
    }
  }
  const times = (what: string): string => shown(seen.get(what) ?? 0);
  return [
    {
      what: `schedules of holders in which a promise was broken, of ${shown(count)}`,
      measured: failed.length === 0 ? "0" : `${failed.length}: number ${failed.join(", ")}`,
      limit: "0",
      holds: failed.length === 0,
    },
    {
      what: `grants in them (${times("crash")} crashes, ${times("requeued")} callers requeued)`,
      measured: `${times("granted")}, ${times("settled")} times settled, ${times("owed")} times for more than was reserved, ${times("released")} permits released`,
      holds: true,
    },
  ];
}
