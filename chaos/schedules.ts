/**
 * Schedules of faults in virtual time: the object's real code on a simulated platform, checked against the
 * laws that must hold whatever goes wrong. See kit/simulation.
 */
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { describeFailure, simulate } from "../kit/simulation/simulate.ts";
import { shown } from "../kit/statistics.ts";

/** Schedules between two lines of progress. */
const PROGRESS_EVERY = 1_000;
/** How many traces to print; further failures are only counted. */
const MAX_TRACES = 3;

export const schedules: Scenario = { name: "schedules", run };

async function run({ seed, schedules: count, first, progress }: RunOptions): Promise<Figure[]> {
  const failed: number[] = [];
  const total = {
    grants: 0,
    onLease: 0,
    refusals: 0,
    replays: 0,
    unavailable: 0,
    requeued: 0,
    several: 0,
    ofSome: 0,
    boundaries: 0,
    turns: 0,
  };
  for (let number = first; number < first + count; number += 1) {
    const { failure, ...tally } = await simulate(seed, number);
    total.grants += tally.grants;
    total.onLease += tally.onLease;
    total.refusals += tally.refusals;
    total.replays += tally.replays;
    total.unavailable += tally.unavailable;
    total.requeued += tally.requeued;
    total.several += tally.several;
    total.ofSome += tally.ofSome;
    total.boundaries += tally.boundaries;
    total.turns += tally.turns;
    if (failure) {
      failed.push(number);
      if (failed.length <= MAX_TRACES) console.error(`\n${describeFailure(failure)}\n`);
    }
    const done = number - first + 1;
    if (done % PROGRESS_EVERY === 0) {
      progress(`schedules: ${shown(done)} of ${shown(count)}, ${failed.length} failed`);
    }
  }
  const settled = `${shown(total.grants)} granted (${shown(total.onLease)} on lease), ${shown(total.replays)} replayed`;
  return [
    {
      what: `schedules of faults in which a law was broken, of ${shown(count)}`,
      measured: failed.length === 0 ? "0" : `${failed.length}: number ${failed.join(", ")}`,
      limit: "0",
      holds: failed.length === 0,
    },
    {
      what: `requests in them (${shown(total.turns)} turns, ${shown(total.requeued)} requeued)`,
      measured: `${settled}, ${shown(total.refusals)} refused`,
      holds: true,
    },
    {
      what: "of these, grants of several limits (boundaries of calendars that passed)",
      measured: `${shown(total.several)}, ${shown(total.ofSome)} of them with nothing of one limit (${shown(total.boundaries)})`,
      holds: true,
    },
    {
      what: "requests that the Worker gave up",
      measured: shown(total.unavailable),
      holds: true,
    },
  ];
}
