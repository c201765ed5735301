import { expect, test } from "vitest";

import { describeFailure, simulate } from "../support/simulation/simulate.ts";

const SEED = 1;
const SCHEDULES = 2_000;

test("BucketOwner keeps every law in 2,000 schedules of faults", { timeout: 120_000 }, async () => {
  let unwritten = 0;
  let putBack = 0;
  let replays = 0;
  for (let number = 1; number <= SCHEDULES; number += 1) {
    const { failure, ...tally } = await simulate(SEED, number);
    if (failure) expect.unreachable(describeFailure(failure));
    unwritten += tally.unwritten;
    putBack += tally.putBack;
    replays += tally.replays;
  }
  // The schedules are worth something only where these are no exceptions.
  expect(unwritten).toBeGreaterThan(SCHEDULES);
  expect(putBack).toBeGreaterThan(SCHEDULES);
  expect(replays).toBeGreaterThan(SCHEDULES);
});

test("simulate is a pure function of the seed and the number", async () => {
  const [one, other] = [await simulate(SEED, 7), await simulate(SEED, 7)];
  expect(one).toEqual(other);
  expect(await simulate(SEED, 8)).not.toEqual(one);
});
