/**
 * `npm run bench:holds`: a quota of LLM tokens whose calls use less or more than was expected. All ways to keep it
 * serve the same calls at the same time, in one process. `-- --write` puts the table and the chart into
 * docs/compared.md.
 */
import { parseArgs } from "node:util";

import { describeMachine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { modelCalls } from "./calls.ts";
import { type Contender, contenders } from "./contenders.ts";
import { type Load, use } from "./load.ts";
import { holdsReport, type Row } from "./report.ts";

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});

const load: Load = {
  quota: { perSecond: 50_000 },
  workers: 60,
  durationMs: 20_000,
  calls: () => modelCalls(Number(values.seed)),
};

async function rowOf(contender: Contender): Promise<Row> {
  const { name, how } = contender;
  const { calls, used, given } = await use(contender, load);
  return { name, how, calls, used, given };
}

const rows = await Promise.all(contenders.map(rowOf));
publish(holdsReport, { machine: describeMachine(["rate-limiter-flexible"]), rows }, values.write);
