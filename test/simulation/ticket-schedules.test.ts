import { expect, test } from "vitest";

import { runs, timesSeen } from "../../kit/runs.ts";
import { simulateTickets } from "../../kit/simulation/ticket-simulation.ts";

const SEED = 1;
const SCHEDULES = runs(3_000);

test(
  "BucketHost keeps what tickets promise in each schedule of returns and crashes",
  { timeout: 120_000 },
  () => {
    const seen = new Map<string, number>();
    for (let number = 1; number <= SCHEDULES; number += 1) {
      const result = simulateTickets(SEED, number);
      expect(result.faults, `schedule ${number} of seed ${SEED}`).toEqual([]);
      for (const [what, times] of result.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    }
    // The schedules are worth something only where these are no exceptions.
    const often = [
      "granted",
      "granted by ticket",
      "replayed",
      "timeout by ticket",
      "crash",
      "left",
    ];
    for (const what of [...often, "granted again after a crash"]) {
      expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(SCHEDULES / 3));
    }
    const ways = ["altered", "for something else", "under another key", "without its key"];
    for (const what of [...ways, "queue-full", "cancelled", "kept out"]) {
      expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(SCHEDULES / 20));
    }
  },
);

test("simulateTickets is a pure function of the seed and the number", () => {
  expect(simulateTickets(SEED, 7)).toEqual(simulateTickets(SEED, 7));
  expect(simulateTickets(SEED, 8)).not.toEqual(simulateTickets(SEED, 7));
});
