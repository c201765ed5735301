/** A bucket that is forgotten, in schedules of faults. */
import { expect, test } from "vitest";

import { runs, timesSeen } from "../../kit/runs.ts";
import { describeFailure, simulateForgetting } from "../../kit/simulation/simulate.ts";

const SEED = 1;
const SCHEDULES = runs(1_000);

test("BucketHost keeps every law where the bucket is forgotten", { timeout: 120_000 }, async () => {
  let forgotten = 0;
  for (let number = 1; number <= SCHEDULES; number += 1) {
    const { failure, ...tally } = await simulateForgetting(SEED, number);
    if (failure) expect.unreachable(describeFailure(failure));
    forgotten += tally.forgotten;
  }
  expect(forgotten).toBeGreaterThanOrEqual(timesSeen(SCHEDULES));
});
