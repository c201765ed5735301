/**
 * `npm run bench:limits`: two limits at once, by Sluice and by the libraries that one would pick instead. All
 * serve the same callers at the same time, in one process. `-- --write` puts the table into docs/compared.md.
 */
import { parseArgs } from "node:util";

import type { Load, Served } from "./load.ts";

import { describeMachine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { type Contender, contenders } from "./contenders.ts";
import { serve } from "./load.ts";
import { severalLimitsReport, type Row } from "./report.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });

const failFast = { callers: 200, everyMs: 20, tokensOf: () => 1, isPatient: () => false };
const secondBinds: Load = { ...failFast, limits: { perSecond: 10, perDay: 1_000 } };
const dayBinds: Load = { ...failFast, limits: { perSecond: 10, perDay: 25 } };
const mixed: Load = {
  ...secondBinds,
  tokensOf: (caller) => 1 + (caller % 3),
  isPatient: (caller) => caller % 2 === 0,
};

async function rowOf(contender: Contender): Promise<Row> {
  const { name, how } = contender;
  const [second, day, waiting] = await Promise.all(
    [secondBinds, dayBinds, mixed].map((load) => serve(contender, load)),
  );
  return { name, how, secondBinds: known(second), dayBinds: known(day), mixed: waiting ?? null };
}

function known(served: Served | undefined): Served {
  if (!served) throw new Error("Callers that fail fast don't have to wait");
  return served;
}

const rows = await Promise.all(contenders.map(rowOf));
const machine = describeMachine(["rate-limiter-flexible", "limiter", "bottleneck"]);
publish(severalLimitsReport, { machine, rows }, values.write);
