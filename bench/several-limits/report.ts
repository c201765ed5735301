/** The table of `npm run bench:limits`. */
import type { Machine } from "../support/machine.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { Served } from "./load.ts";

import { shown } from "../../kit/statistics.ts";
import { machineLine } from "../support/machine.ts";
import { table } from "../support/markdown.ts";

/** What one contender came to under each load; `null` if its callers can't wait. */
export interface Row {
  readonly name: string;
  readonly how: string;
  readonly secondBinds: Served;
  readonly dayBinds: Served;
  readonly mixed: Served | null;
}

export interface SeveralLimitsResult {
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

export const severalLimitsReport: Report<SeveralLimitsResult> = { name: "several-limits", render };

const columns = [
  "",
  "10/s and 1,000 a day: grants",
  "tokens of the day lost to refusals",
  "10/s and 25 a day: grants",
  "tokens of the 10/s lost to refusals",
  "some wait: grants",
  "out of order",
];

function render({ machine, rows }: SeveralLimitsResult): Rendered {
  const cells = rows.map(({ name, secondBinds, dayBinds, mixed }) => [
    name,
    shown(secondBinds.granted),
    shown(secondBinds.taken.perDay - secondBinds.grantedTokens),
    shown(dayBinds.granted),
    shown(dayBinds.taken.perSecond - dayBinds.grantedTokens),
    mixed ? shown(mixed.granted) : "can't wait",
    mixed ? shown(mixed.outOfOrder) : "–",
  ]);
  const hows = rows.map(({ name, how }) => `- **${name}**: ${how}.`);
  const sections = {
    "several-limits": [table(columns, cells), hows.join("\n"), machineLine(machine)].join("\n\n"),
  };
  return { sections, charts: {} };
}
