/**
 * `npm run chaos`: causes every kind of failure that Sluice promises to survive, counts the results, and
 * prints them beside the promises. Exits with status 1 if a promise is broken.
 *
 *   npm run chaos -- [--only NAME[,NAME…]] [--seed N] [--schedules N] [--first N]
 *     [--names N] [--write]
 *
 * `--write` puts the tables into docs/internals/guarantees.md. Scenarios that didn't run keep the rows that they have.
 */
import { parseArgs } from "node:util";

import type { Found } from "./report.ts";
import type { RunOptions, Scenario } from "./scenario.ts";

import { describeMachine } from "../bench/support/machine.ts";
import { table } from "../bench/support/markdown.ts";
import { keep, keptResult } from "../bench/support/report.ts";
import { positiveInteger } from "../kit/options.ts";
import { cellsOf, chaosReport, COLUMNS, headOf, merged } from "./report.ts";
import { scenarios } from "./scenarios.ts";

/** The seed of the figures in docs/internals/guarantees.md. */
const SEED = 1;
const SCHEDULES = 100_000;
const NAMES = 2_000;

interface Options extends Omit<RunOptions, "addTable"> {
  readonly chosen: readonly Scenario[];
  readonly isToWrite: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      seed: { type: "string", default: String(SEED) },
      schedules: { type: "string", default: String(SCHEDULES) },
      first: { type: "string", default: "1" },
      names: { type: "string", default: String(NAMES) },
      write: { type: "boolean", default: false },
    },
  });
  const names = values.only?.split(",");
  const unknown = names?.find((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    const known = scenarios.map(({ name }) => name).join(", ");
    throw new RangeError(`--only must name some of ${known}: got ${unknown}`);
  }
  return {
    chosen: scenarios.filter(({ name }) => !names || names.includes(name)),
    isToWrite: values.write,
    seed: positiveInteger("--seed", values.seed),
    schedules: positiveInteger("--schedules", values.schedules),
    first: positiveInteger("--first", values.first),
    names: positiveInteger("--names", values.names),
    progress: showProgress,
  };
}

/** Overwrites the line of progress. Does nothing if stderr isn't a terminal; then `main` logs each start. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1B[K${line}`);
}

/** Runs a scenario, and prints its rows. */
async function runOne(scenario: Scenario, options: Omit<RunOptions, "addTable">): Promise<Found> {
  const { name } = scenario;
  if (process.stderr.isTTY) showProgress(`${name} …`);
  else console.error(`${name} …`);
  const tables: string[] = [];
  const addTable = (text: string): void => void tables.push(text);
  const figures = await scenario.run({ ...options, addTable });
  showProgress("");
  for (const figure of figures) console.log(`| ${cellsOf(figure).join(" | ")} |`);
  return { name, figures, tables };
}

async function main(): Promise<void> {
  const { chosen, isToWrite, ...options } = readOptions();
  const { seed } = options;
  const machine = describeMachine([]);
  console.log(`${headOf({ machine, seed })}\n\n${table(COLUMNS, [])}`);
  const found: Found[] = [];
  for (const scenario of chosen) found.push(await runOne(scenario, options));
  for (const text of found.flatMap(({ tables }) => tables)) console.log(`\n${text}`);
  const promised = found.flatMap(({ figures }) =>
    figures.filter(({ limit }) => limit !== undefined),
  );
  const broken = promised.filter(({ holds }) => !holds).length;
  console.log(`\n${promised.length - broken} of ${promised.length} promises kept`);
  if (isToWrite) {
    const names = scenarios.map(({ name }) => name);
    keep(chaosReport, merged(keptResult(chaosReport), { machine, seed, scenarios: found }, names));
  }
  process.exitCode = broken === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
