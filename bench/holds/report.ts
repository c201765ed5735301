/** The table and the chart of `npm run bench:holds`. */
import type { Machine } from "../support/machine.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { Used } from "./load.ts";

import { shown } from "../../kit/statistics.ts";
import { barChart } from "../support/chart.ts";
import { machineLine } from "../support/machine.ts";
import { chartImage, table } from "../support/markdown.ts";

/** What one contender came to. */
export interface Row extends Used {
  readonly name: string;
  readonly how: string;
}

export interface HoldsResult {
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

export const holdsReport: Report<HoldsResult> = { name: "holds", render };

const columns = ["", "calls", "LLM tokens used", "given by the quota", "wasted", "overrun"];

function render({ machine, rows }: HoldsResult): Rendered {
  const cells = rows.map((row) => [
    row.name,
    shown(row.calls),
    shown(row.used),
    shown(row.given),
    percent(wasteOf(row)),
    percent(overrunOf(row)),
  ]);
  const hows = rows.map(({ name, how }) => `- **${name}**: ${how}.`);
  const chart = barChart({
    title: "What becomes of a quota of LLM tokens",
    valueName: "Share of what the quota gave",
    show: percent,
    cases: rows.map(({ name }) => name),
    series: [
      { name: "wasted", values: rows.map(wasteOf) },
      { name: "overrun", values: rows.map(overrunOf) },
    ],
  });
  const sections = {
    holds: [
      table(columns, cells),
      chartImage("holds", "What becomes of a quota of LLM tokens"),
      hows.join("\n"),
      machineLine(machine),
    ].join("\n\n"),
  };
  return { sections, charts: { holds: chart } };
}

/** The share of what was given that nobody has used. */
function wasteOf({ used, given }: Row): number {
  return Math.max(0, given - used) / given;
}

/** What was used and not given, as a share of what was. */
function overrunOf({ used, given }: Row): number {
  return Math.max(0, used - given) / given;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
