/**
 * Whether the figures in pages and charts are what the kept results make of them. With `--write`
 * it makes them so, which is for a change of words or looks: figures themselves come from a run only.
 */
import { parseArgs } from "node:util";

import { reports } from "./reports.ts";
import { renew, stale } from "./support/report.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });

if (values.write) for (const report of reports) renew(report);
const lines = reports.flatMap((report) => stale(report));
for (const line of lines) console.error(line);
console.log(`${reports.length} results looked at, ${lines.length} differences`);
process.exitCode = lines.length === 0 ? 0 : 1;
