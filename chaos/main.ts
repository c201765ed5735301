/**
 * `npm run chaos`: causes every kind of failure that Sluice promises to survive, counts the results, and
 * prints them beside the promises. Exits with status 1 if a promise is broken.
 *
 *   npm run chaos -- [--only NAME[,NAME…]] [--seed N] [--schedules N] [--first N]
 */
import { availableParallelism, totalmem } from "node:os";
import { parseArgs } from "node:util";

import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { positiveInteger } from "../kit/options.ts";
import { crashes } from "./crashes.ts";
import { crashesOfSeveral } from "./crashes-of-several.ts";
import { crowd } from "./crowd.ts";
import { flood } from "./flood.ts";
import { fuzzScenario } from "./fuzz.ts";
import { gone } from "./gone.ts";
import { leaving } from "./leaving.ts";
import { resets } from "./resets.ts";
import { rows } from "./rows.ts";
import { schedules } from "./schedules.ts";

/** In the order they run in. */
const scenarios: readonly Scenario[] = [
  schedules,
  rows,
  crashes,
  crashesOfSeveral,
  resets,
  leaving,
  gone,
  crowd,
  flood,
  fuzzScenario,
];

/** The seed of the figures in docs/guarantees.md. */
const SEED = 1;
const SCHEDULES = 100_000;
const GIB = 1024 ** 3;

function readOptions(): Omit<RunOptions, "addTable"> & { readonly chosen: readonly Scenario[] } {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      seed: { type: "string", default: String(SEED) },
      schedules: { type: "string", default: String(SCHEDULES) },
      first: { type: "string", default: "1" },
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
    seed: positiveInteger("--seed", values.seed),
    schedules: positiveInteger("--schedules", values.schedules),
    first: positiveInteger("--first", values.first),
    progress: showProgress,
  };
}

/** Overwrites the line of progress. Does nothing if stderr isn't a terminal; then `main` logs each start. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1B[K${line}`);
}

function rowOf({ what, measured, limit, holds }: Figure): string {
  const kept = holds ? "yes" : "**NO**";
  return `| ${what} | ${measured} | ${limit ?? ""} | ${limit === undefined ? "" : kept} |`;
}

async function main(): Promise<void> {
  const { chosen, ...options } = readOptions();
  const cores = availableParallelism();
  const memory = Math.round(totalmem() / GIB);
  console.log(
    `Seed ${options.seed}, ${cores} cores, ${memory} GiB, Node ${process.versions.node}\n`,
  );
  console.log("| what | measured | promised | kept |\n|---|---|---|---|");
  const figures: Figure[] = [];
  const tables: string[] = [];
  const addTable = (table: string): void => void tables.push(table);
  for (const scenario of chosen) {
    if (process.stderr.isTTY) showProgress(`${scenario.name} …`);
    else console.error(`${scenario.name} …`);
    const found = await scenario.run({ ...options, addTable });
    showProgress("");
    for (const figure of found) console.log(rowOf(figure));
    figures.push(...found);
  }
  const promised = figures.filter(({ limit }) => limit !== undefined);
  const broken = promised.filter(({ holds }) => !holds).length;
  for (const table of tables) console.log(`\n${table}`);
  console.log(`\n${promised.length - broken} of ${promised.length} promises kept`);
  process.exitCode = broken === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
