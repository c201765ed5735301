/** The table of `npm run cost`: measured counts at Cloudflare's prices. */
import type { Machine } from "../support/machine.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { Scenario } from "./scenarios.ts";

import { shown } from "../../kit/statistics.ts";
import { table } from "../support/markdown.ts";
import { abandonedText } from "./abandoned.ts";
import { costOf, dollars, monthsText, objectCostOf } from "./months.ts";
import { pricesDate } from "./prices.ts";
import { ABANDONED } from "./scenarios.ts";

export interface CostResult {
  readonly machine: Machine;
  readonly scenarios: readonly Scenario[];
}

const columns = [
  "what",
  "design",
  "grants",
  "requests to the Worker",
  "calls + alarms of the object",
  "rows written",
  "hours in memory",
  "cost",
  "without the Worker's requests",
];

export const costReport: Report<CostResult> = { name: "cost", render };

function render({ scenarios }: CostResult): Rendered {
  const rows = scenarios.flatMap(({ name, per, designs }) =>
    designs.map(({ name: design, usage }, index) => [
      index === 0 ? `${name}: ${per}` : "",
      design,
      shown(Math.round(usage.grants)),
      shown(Math.round(usage.requests)),
      `${shown(Math.round(usage.calls))} + ${shown(Math.round(usage.alarms))}`,
      shown(Math.round(usage.rowsWritten)),
      shown(Math.round(usage.memoryS / 3_600)),
      dollars(costOf(usage)),
      dollars(objectCostOf(usage)),
    ]),
  );
  const note = `Prices of ${pricesDate}, with nothing that the plan includes taken off.`;
  const abandoned = scenarios.find(({ name }) => name === ABANDONED);
  return {
    sections: {
      "cost:months": monthsText(scenarios),
      cost: `${table(columns, rows)}\n\n${note}`,
      ...(abandoned && { "cost:abandoned": abandonedText(abandoned.designs, objectCostOf) }),
    },
    charts: {},
  };
}
