import { expect, it } from "vitest";

import { fuzz } from "../../chaos/fuzz.ts";

/** `npm run chaos` sends 24,000. */
const REQUESTS = 2_000;
/** Another than that of `npm run chaos`, so that both together see more. */
const SEED = 7;

it("2,000 fuzzed requests get the contract's answers and change nothing", async () => {
  const report = await fuzz({ seed: SEED, requests: REQUESTS, progress: () => undefined });
  expect(report.failures).toEqual([]);
  expect(report.changedFiles).toEqual([]);
  expect(report.changedBuckets).toEqual([]);
  expect(report.isTokenLogged).toBe(false);
  expect(report.stillGrants).toBe(true);
  // A fuzzer that has nothing to say finds nothing wrong.
  expect(report.broken).toBeGreaterThan(REQUESTS / 10);
  for (const status of [200, 400, 401, 404, 405, 413, 422, 429, 501]) {
    expect(report.answers.get(status), String(status)).toBeGreaterThan(0);
  }
});
