/** What typical uses cost a month, from what the scenarios are charged for. */
import type { Usage } from "./meter.ts";
import type { Scenario } from "./scenarios.ts";

import { shown } from "../../kit/statistics.ts";
import { table } from "../support/markdown.ts";
import { OBJECT_GB, plan, prices } from "./prices.ts";
import { ABANDONED } from "./scenarios.ts";

interface Month {
  readonly what: string;
  /** The start of the scenario's name. */
  readonly scenario: string;
  readonly design: string;
  /** How often that usage comes in a month. */
  readonly times: number;
  /** Leaves out the ten seconds that an idle object stays in memory, which aren't charged. */
  readonly isIdle?: boolean;
}

const months: readonly Month[] = [
  {
    what: "Limit an API per customer: 10 million requests, none has to wait",
    scenario: ABANDONED,
    design: "kept",
    times: 10,
    isIdle: true,
  },
  {
    what: "One limit for all of an API: 10 million requests, none has to wait; with a lease",
    scenario: "uncontended grants",
    design: "sluice leased",
    times: 10,
  },
  {
    what: "Call another API once a second, day and night, with ten callers always waiting",
    scenario: "one of 1 grant a second",
    design: "on a session, with keys",
    times: 1,
  },
  {
    what: "A budget for an LLM: a million calls, a hold each",
    scenario: "grants whose callers come back",
    design: "a hold each",
    times: 1,
  },
  {
    what: "50 grants a second, day and night, with 500 callers always waiting over HTTP",
    scenario: "a bucket contended at 50 grants a second",
    design: "sluice",
    times: 1,
  },
];

/** The table of typical months. */
export function monthsText(scenarios: readonly Scenario[]): string {
  const rows = months.map((month) => {
    const usage = usageOf(month, scenarios);
    return [
      month.what,
      shown(Math.round(usage.grants)),
      dollars(costOf(usage)),
      dollars(billOf(usage)),
    ];
  });
  return table(["a month", "grants", "cost", "whole bill"], rows);
}

function usageOf(
  { scenario, design, times, isIdle }: Month,
  scenarios: readonly Scenario[],
): Usage {
  const found = scenarios
    .find(({ name }) => name.startsWith(scenario))
    ?.designs.find(({ name }) => name === design);
  if (!found) throw new RangeError(`No scenario has ${scenario}, ${design}`);
  const scaled = Object.entries(found.usage).map(([what, count]) => [what, count * times]);
  const usage: Usage = Object.fromEntries(scaled);
  return isIdle ? { ...usage, memoryS: 0 } : usage;
}

/** What the object is charged with, in US dollars, without what the plan includes. */
export function objectCostOf({ calls, alarms, rowsWritten, memoryS }: Usage): number {
  return (
    (calls + alarms) * prices.objectRequest +
    rowsWritten * prices.rowWritten +
    memoryS * OBJECT_GB * prices.gbSecond
  );
}

/** The same with the Worker's requests. */
export function costOf(usage: Usage): number {
  return objectCostOf(usage) + usage.requests * prices.workerRequest;
}

/** The bill of an account with nothing else, in US dollars: the plan, and what is beyond what it includes. */
export function billOf({ requests, calls, alarms, rowsWritten, memoryS }: Usage): number {
  const beyond = (used: number, included: number) => Math.max(0, used - included);
  return (
    plan.monthly +
    beyond(requests, plan.workerRequests) * prices.workerRequest +
    beyond(calls + alarms, plan.objectRequests) * prices.objectRequest +
    beyond(rowsWritten, plan.rowsWritten) * prices.rowWritten +
    beyond(memoryS * OBJECT_GB, plan.gbSeconds) * prices.gbSecond
  );
}

/** As `$1.23`. */
export function dollars(amount: number): string {
  return amount > 0 && amount < 0.01 ? "< $0.01" : `$${amount.toFixed(2)}`;
}
