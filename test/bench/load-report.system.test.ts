/** In the system lane because `bench`, whose charts the report draws, has packages of its own. */
import { expect, test } from "vitest";

import { comparedTable } from "../../bench/service/against.ts";
import { loadChecks, loadTable, type LoadResult } from "../../bench/service/load-report.ts";

const round = (requestsPerSecond: number, processorMicros: number, p99Ms: number) => ({
  requestsPerSecond,
  processorMicros,
  p99Ms,
  p50Ms: 1,
});

const hop = [round(1_000, 100, 10), round(500, 200, 20), round(1_000, 100, 10)];
const sluice = [round(900, 125, 10), round(500, 200, 20), round(960, 100, 15)];

const result: LoadResult = {
  load: { generator: "wrk", connections: 64, seconds: 4 },
  cases: [
    { name: "hop", what: "asks", targets: [], rounds: hop },
    {
      name: "sluice",
      what: "limits",
      targets: [
        { figure: "requestsPerSecond", to: "hop", times: { atLeast: 0.95 } },
        { figure: "requestsPerProcessorSecond", to: "hop", times: { atLeast: 0.95 } },
        { figure: "p99Ms", to: "hop", times: { atMost: 1.1 } },
        { figure: "requestsPerSecond", to: "naive", times: { atLeast: 2 } },
      ],
      rounds: sluice,
    },
  ],
};

test("loadChecks compares round by round, and leaves out what was not measured", () => {
  expect(loadChecks(result)).toEqual([
    {
      what: "sluice to hop: requests a second",
      value: 0.96,
      measured: "0.96 × (0.90 to 1.00; 900 to 1,000)",
      target: { atLeast: 0.95 },
      wanted: "at least 0.95 ×",
    },
    {
      what: "sluice to hop: requests for the same processor time",
      value: 1,
      measured: "1.00 × (0.80 to 1.00; 125 µs each to 100 µs each)",
      target: { atLeast: 0.95 },
      wanted: "at least 0.95 ×",
    },
    {
      what: "sluice to hop: the slowest of 100",
      value: 1,
      measured: "1.00 × (1.00 to 1.50; 15.0 ms to 10.0 ms)",
      target: { atMost: 1.1 },
      wanted: "at most 1.1 ×",
    },
  ]);
});

test("loadTable has no ratio to a case that was not measured", () => {
  expect(loadTable(result).split("\n")[3]).toBe(
    "| **sluice** | limits | 900 |  | 1.0 | 15.0 | 125 |",
  );
});

test("comparedTable shows more requests for the same processor time as more", () => {
  const compared = [{ name: "sluice", ours: hop, theirs: sluice }];
  expect(comparedTable(compared).split("\n")[2]).toBe(
    "| sluice | 1000 to 900 | 1.04 × | 1.00 to 1.11 | 100.0 to 125.0 | 1.00 × | 1.00 to 1.25 | 10.0 to 15.0 | 1.00 × |",
  );
});
