/**
 * `npm run simulate`: what becomes of one bucket under 10 to 10,000,000 requests a second from all over
 * the world, with one object, with leases and in parts. In virtual time; see simulation.ts for what is
 * real in it and what is modelled. `-- --write` puts the figures into docs/choosing.md.
 */
import { parseArgs } from "node:util";

import type { SimulatedCase } from "./report.ts";

import { describeMachine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { namedCases } from "./cases.ts";
import { simulateReport } from "./report.ts";
import { simulateCase } from "./simulation.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const begunAtMs = performance.now();
const cases: SimulatedCase[] = [];
for (const named of namedCases) {
  const { demand, isolates } = named.simulated;
  const caseBegunAtMs = performance.now();
  cases.push({ ...named, outcome: simulateCase(named.simulated) });
  const tookS = ((performance.now() - caseBegunAtMs) / 1_000).toFixed(1);
  console.error(
    `${cases.length} of ${namedCases.length}: ${named.table}, ${demand}/s of ${isolates} isolates, ${named.design}: ${tookS} s`,
  );
}
const tookS = Math.round((performance.now() - begunAtMs) / 1_000);
publish(simulateReport, { machine: describeMachine([]), tookS, cases }, values.write);
const broken = cases.filter(({ outcome }) => outcome.fullestShare > 1).length;
process.exitCode = broken === 0 ? 0 : 1;
