import { expect, test } from "vitest";

import { runs, timesSeen } from "../../kit/runs.ts";
import { simulateHolding } from "../../kit/simulation/holding-simulation.ts";

const SEED = 1;
const SCHEDULES = runs(3_000);

test(
  "BucketHost keeps what holds and permits promise in each schedule of faults",
  { timeout: 120_000 },
  () => {
    const seen = new Map<string, number>();
    for (let number = 1; number <= SCHEDULES; number += 1) {
      const result = simulateHolding(SEED, number);
      expect(result.faults, `schedule ${number} of seed ${SEED}`).toEqual([]);
      for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    }
    // The schedules are worth something only where these are no exceptions.
    const often = ["granted", "settled", "returned", "owed", "released", "extended", "timeout"];
    for (const what of [...often, "open", "died", "requeued", "crash"]) {
      expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(SCHEDULES / 2));
    }
    for (const what of ["permit-lost", "move", "write", "commit", "jump", "pause"]) {
      expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(SCHEDULES / 10));
    }
  },
);

test("simulateHolding is a pure function of the seed and the number", () => {
  expect(simulateHolding(SEED, 7)).toEqual(simulateHolding(SEED, 7));
  expect(simulateHolding(SEED, 8)).not.toEqual(simulateHolding(SEED, 7));
});
