/**
 * Schedules of sessions in virtual time: the object's real code, clients that lose their connections and come back with
 * tickets and keys, and an object that sleeps and dies, checked against what sessions promise. See
 * kit/simulation/session-simulation.ts.
 */
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { describeSessionFailure, simulateSessions } from "../kit/simulation/session-simulation.ts";
import { shown } from "../kit/statistics.ts";

/** One of them takes as long as several of the other schedules. */
const SHARE = 1 / 5;
/** Schedules between two lines of progress. */
const PROGRESS_EVERY = 500;
/** How many failures are printed; further ones are only counted. */
const MAX_PRINTED = 3;

export const schedulesOfSessions: Scenario = { name: "schedules-of-sessions", run };

async function run({ seed, schedules, first, progress }: RunOptions): Promise<Figure[]> {
  const count = Math.ceil(schedules * SHARE);
  const failed: number[] = [];
  const seen = new Map<string, number>();
  for (let number = first; number < first + count; number += 1) {
    const result = simulateSessions(seed, number);
    for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    if (result.faults.length > 0) {
      failed.push(number);
      if (failed.length <= MAX_PRINTED)
        console.error(`\n${describeSessionFailure(seed, number)}\n`);
    }
    const done = number - first + 1;
    if (done % PROGRESS_EVERY === 0) {
      progress(`schedules-of-sessions: ${shown(done)} of ${shown(count)}, ${failed.length} failed`);
    }
  }
  const times = (what: string): string => shown(seen.get(what) ?? 0);
  return [
    {
      what: `schedules of sessions in which a law was broken, of ${shown(count)}`,
      measured: failed.length === 0 ? "0" : `${failed.length}: number ${failed.join(", ")}`,
      limit: "0",
      holds: failed.length === 0,
    },
    {
      what: `grants in them (slept ${times("slept with waiters")} times with waiters, ${times("crash")} crashes)`,
      measured: `${times("granted")}, ${times("same grant again")} answered again, ${times("cancelled")} cancelled, ${times("forged")} forged tickets refused`,
      holds: true,
    },
  ];
}
