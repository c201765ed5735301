/** In the system lane because `bench`, whose charts the report draws, has packages of its own. */
import { expect, test } from "vitest";

import {
  loadChecks,
  loadTable,
  type SessionsResult,
} from "../../bench/service/pipelined/report.ts";

const round = (requestsPerSecond: number, processorMicros: number, loadMicros?: number) => ({
  requestsPerSecond,
  processorMicros,
  p50Ms: 1,
  p99Ms: 2,
  ...(loadMicros !== undefined && { loadMicros }),
});

const result: SessionsResult = {
  machine: {
    date: "2026-11-29",
    processor: "Some",
    cores: 2,
    memoryGib: 8,
    kernel: "Linux",
    versions: { Node: "24.0.0" },
  },
  load: { generator: "wrk", seconds: 4 },
  leftOut: [],
  cases: [
    { name: "sluice", what: "over HTTP", rounds: [round(5_000, 180), round(4_000, 200)] },
    {
      name: "session, 8 × 16",
      what: "frames",
      rounds: [round(100_000, 5, 2), round(120_000, 7, 3)],
    },
    {
      name: "Redis, 8 × 16",
      what: "a script",
      rounds: [round(200_000, 4, 2), round(150_000, 4, 3)],
    },
  ],
  waiting: { waiters: 10, sessions: 1, rounds: [] },
};

test("loadChecks has targets of their own and against what was measured, round by round", () => {
  expect(loadChecks(result).map(({ what, value, wanted }) => [what, value, wanted])).toEqual([
    ["session, 8 × 16: processor time of a grant", 6, "at most 6 µs"],
    ["session, 8 × 16: grants a second", 110_000, "at least 100,000/s"],
    ["session, 8 × 16 to sluice: grants a second", 25, "at least 10 ×"],
    [
      "session, 8 × 16 to sluice: grants for the same processor time",
      (180 / 5 + 200 / 7) / 2,
      "at least 10 ×",
    ],
    ["session, 8 × 16 to Redis, 8 × 16: grants a second", 0.65, "at least 1 ×"],
  ]);
});

test("loadTable shows the time of the load where it is known", () => {
  expect(loadTable(result).split("\n").slice(2)).toEqual([
    "| sluice | over HTTP | 4,500 | 1.00 × | 1.00 | 2.00 | 190 |  |",
    "| **session, 8 × 16** | frames | 110,000 | 25.00 × | 1.00 | 2.00 | 6.0 | 2.5 |",
    "| Redis, 8 × 16 | a script | 175,000 | 38.75 × | 1.00 | 2.00 | 4.0 | 2.5 |",
  ]);
});
