/** The tables and charts of `npm run simulate`. */
import type { Machine } from "../support/machine.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { NamedCase } from "./cases.ts";
import type { Outcome } from "./simulation.ts";

import { shown } from "../../kit/statistics.ts";
import { lineChart } from "../support/chart.ts";
import { machineLine } from "../support/machine.ts";
import { chartImage, table } from "../support/markdown.ts";

/** A case and what came of it. */
export interface SimulatedCase extends NamedCase {
  readonly outcome: Outcome;
}

export interface SimulateResult {
  readonly machine: Machine;
  readonly tookS: number;
  readonly cases: readonly SimulatedCase[];
}

type Column = readonly [name: string, cell: (row: SimulatedCase) => string];

const demand: Column = ["requests a second", (row) => shown(row.simulated.demand)];
const spread: Column = [
  "isolates, places",
  ({ simulated }) => `${shown(simulated.isolates)}, ${shown(simulated.places)}`,
];
const design: Column = ["design", (row) => row.design];
const calls: Column = [
  "calls a second at the busiest object: requests + asks",
  ({ outcome }) => `${rounded(outcome.acquiresPerS)} + ${rounded(outcome.lendsPerS)}`,
];
const load: Column = ["its thread busy", ({ outcome }) => percent(outcome.load)];
const spot: Column = ["granted without a hop", ({ outcome }) => percent(outcome.onTheSpotShare)];
const served: Column = [
  "granted, of all that could be",
  ({ outcome }) => percent(outcome.servedShare),
];
const refused: Column = ["refused", ({ outcome }) => percent(outcome.refusedShare)];
const beside: Column = [
  "refused while a token was elsewhere",
  ({ outcome }) => percent(outcome.refusedBesideTokensShare),
];
const turnedAway: Column = ["turned away", ({ outcome }) => percent(outcome.turnedAwayShare)];
const waits: Column = [
  "wait of the granted, p50 / p99",
  ({ outcome }) => outcome.waitMs.map(ms).join(" / "),
];
const hopWaits: Column = [
  "of those the object granted",
  ({ outcome }) => outcome.objectWaitMs.map(ms).join(" / "),
];
const idle: Column = [
  "of the capacity idle in leases, mean / most",
  ({ outcome }) => outcome.idleShare.map(percent).join(" / "),
];
const quick: Column = [
  "answered within 10 ms, near / far",
  ({ outcome }) => outcome.quickShare.map(percent).join(" / "),
];
const granted: Column = [
  "granted, near / far",
  ({ outcome }) => outcome.grantedShare.map(percent).join(" / "),
];
const fairness: Column = ["Jain's index", ({ outcome }) => outcome.fairness.toFixed(3)];
const supply: Column = [
  "tokens a second; held; callers wait",
  ({ simulated: { policy, timeoutMs } }) => {
    const perS = (policy.refillTokens / policy.refillIntervalMs) * 1_000;
    return `${shown(perS)}; ${shown(policy.capacity)}; ${timeoutMs === 0 ? "no" : ms(timeoutMs)}`;
  },
];
const start: Column = [
  "the demand comes",
  ({ simulated }) =>
    simulated.growsForMs === 0 ? "all at once" : `over ${simulated.growsForMs / 1_000} s`,
];

const tables: Readonly<Record<NamedCase["table"], readonly Column[]>> = {
  loads: [demand, spread, design, calls, load, spot, turnedAway, waits, hopWaits, idle, quick],
  spread: [spread, design, calls, load, spot, waits, idle, quick],
  contended: [supply, design, calls, spot, served, refused, beside, waits, idle, granted, fairness],
  starts: [demand, start, design, calls, load, spot, turnedAway, waits],
};

const CHART_HOPS = "simulate-hops";
const CHART_LOAD = "simulate-load";

export const simulateReport: Report<SimulateResult> = { name: "simulate", render };

function render({ machine, tookS, cases }: SimulateResult): Rendered {
  const windows = cases.map(({ outcome }) => outcome.fullestShare);
  const requests = cases.reduce((sum, { outcome }) => sum + outcome.asked, 0);
  const broken = windows.filter((share) => share > 1).length;
  const facts =
    `${cases.length} cases, ${shown(requests)} measured requests, ${shown(Math.round(tookS))} s. ` +
    `Cases in which a window of any length held more grants than rule 8 allows: ${broken}; the ` +
    `fullest window held ${percent(Math.max(...windows))} of it.\n\n${machineLine(machine)}`;
  return {
    sections: {
      "simulate:loads": [
        chartImage(CHART_HOPS, "Share of requests granted without a hop, by requests a second"),
        chartImage(CHART_LOAD, "How busy the busiest object is, by requests a second"),
        tableOf(cases, "loads"),
      ].join("\n\n"),
      "simulate:spread": tableOf(cases, "spread"),
      "simulate:contended": tableOf(cases, "contended"),
      "simulate:starts": tableOf(cases, "starts"),
      "simulate:facts": facts,
    },
    charts: {
      [CHART_HOPS]: chartOf(cases, {
        title: "Granted without a hop",
        valueName: "share of requests",
        valueOf: ({ onTheSpotShare }) => onTheSpotShare,
      }),
      [CHART_LOAD]: chartOf(cases, {
        title: "How busy the busiest object is",
        valueName: "share of the time of its thread",
        valueOf: (outcome) => outcome.load,
      }),
    },
  };
}

function tableOf(cases: readonly SimulatedCase[], name: NamedCase["table"]): string {
  const columns = tables[name];
  return table(
    columns.map(([title]) => title),
    cases.filter((row) => row.table === name).map((row) => columns.map(([, cell]) => cell(row))),
  );
}

function chartOf(
  cases: readonly SimulatedCase[],
  what: {
    readonly title: string;
    readonly valueName: string;
    readonly valueOf: (outcome: Outcome) => number;
  },
): string {
  const loads = cases.filter((row) => row.table === "loads");
  const names = [...new Set(loads.map(seriesOf))];
  return lineChart({
    title: what.title,
    valueName: what.valueName,
    show: percent,
    overName: "requests a second on one bucket",
    showOver: shown,
    isOverLogarithmic: true,
    series: names.map((name) => ({
      name,
      points: loads
        .filter((row) => seriesOf(row) === name)
        .map((row) => [row.simulated.demand, what.valueOf(row.outcome)] as const),
    })),
  });
}

/** The design, however many parts the load takes. */
function seriesOf({ design, simulated }: SimulatedCase): string {
  const parts = `${shown(simulated.parts ?? 1)} parts`;
  return design.startsWith(parts) ? `many${design.slice(parts.indexOf(" "))}` : design;
}

function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value >= 10) return `${Math.round(value)} %`;
  return value < 0.01 ? "< 0.01 %" : `${Number(value.toPrecision(2))} %`;
}

function ms(value: number | null | undefined): string {
  return value === undefined || value === null ? "–" : `${shown(value)} ms`;
}

function rounded(value: number): string {
  return value < 10 ? String(Number(value.toPrecision(2))) : shown(Math.round(value));
}
