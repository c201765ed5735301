/** The tables of `npm run chaos` in docs/internals/guarantees.md. */
import type { Result, Rendered, Report } from "../bench/support/report.ts";
import type { Figure } from "./scenario.ts";

import { table } from "../bench/support/markdown.ts";

/** What a scenario has found. */
export interface Found {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Tables of its own, in Markdown. */
  readonly tables: readonly string[];
}

export interface ChaosResult extends Result {
  readonly seed: number;
  /** In the order they run in. */
  readonly scenarios: readonly Found[];
}

export const COLUMNS = ["what", "measured", "promised", "kept"];

export const chaosReport: Report<ChaosResult> = { name: "chaos", render };

function render(result: ChaosResult): Rendered {
  const rows = result.scenarios.flatMap(({ figures }) => figures.map(cellsOf));
  const faults = `${headOf(result)}:\n\n${table(COLUMNS, rows)}`;
  const own = result.scenarios.flatMap(({ name, tables }) => {
    return tables.length > 0 ? [[`chaos:${name}`, tables.join("\n\n")] as const] : [];
  });
  return { sections: { "chaos:faults": faults, ...Object.fromEntries(own) }, charts: {} };
}

/** What a run stands on, in one line. */
export function headOf({ machine, seed }: Pick<ChaosResult, "machine" | "seed">): string {
  const { cores, memoryGib, versions } = machine;
  return `Seed ${seed}, ${cores} cores, ${memoryGib} GiB, Node ${versions["Node"]}`;
}

/** A row of the table of figures. */
export function cellsOf({ what, measured, limit, holds }: Figure): string[] {
  const kept = holds ? "yes" : "**NO**";
  return [what, measured, limit ?? "", limit === undefined ? "" : kept];
}

/** What was `kept`, with what these scenarios have found in place of what they had found before. */
export function merged(
  kept: ChaosResult | undefined,
  run: ChaosResult,
  names: readonly string[],
): ChaosResult {
  const all = [...run.scenarios, ...(kept?.scenarios ?? [])];
  const scenarios = names.flatMap((name) => all.find((found) => found.name === name) ?? []);
  return { ...run, scenarios };
}
