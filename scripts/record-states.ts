/**
 * Records states of buckets as this version writes them to the disk, and what it does with them from then on,
 * for a later version to be tested with. Run it before you change a format, and commit what it writes:
 *
 *   node scripts/record-states.ts [--seed N] [--folder DIR]
 *
 * It writes a file for each format that this version writes, `format-N.json`, and a few cases of each that
 * have keyed grants on the disk, `keyed-rows.json`. The default seed is 1, the
 * default folder test/bucket/states.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import type { RecordedCase } from "../kit/states/recorded-case.ts";

import { drawCases } from "../kit/states/drawn-case.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, folder: { type: "string" } },
});
const folder = values.folder ?? fileURLToPath(new URL("../test/bucket/states", import.meta.url));

const all = await drawCases(Number(values.seed ?? 1));
for (const [format, cases] of Map.groupBy(all, formatOf)) writeStates(`format-${format}`, cases);
const withKeys = all.filter(({ stored }) => stored.keyedRows !== undefined);
const someWithKeys = [...Map.groupBy(withKeys, formatOf).values()].flatMap((cases) =>
  cases.slice(0, 4),
);
writeStates("keyed-rows", someWithKeys);

function writeStates(name: string, cases: readonly RecordedCase[]): void {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, textOf(cases));
  console.info(`${cases.length} cases in ${path}`);
}

function formatOf({ stored }: RecordedCase): number {
  const { format } = stored.record as { readonly format: number };
  return format;
}

/** JSON with one line for each step. */
function textOf(cases: readonly RecordedCase[]): string {
  const texts = cases.map(({ steps, ...rest }) => {
    const lines = steps.map((step) => `\n${JSON.stringify(step)}`);
    return `${JSON.stringify(rest).slice(0, -1)},\n"steps":[${lines.join(",")}]}`;
  });
  const format = Math.max(...cases.map(formatOf));
  return `{"format":${format},"cases":[\n${texts.join(",\n\n")}\n]}\n`;
}
