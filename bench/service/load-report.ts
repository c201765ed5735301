/** What is shown of the cases under load, all of them or some. */
import type { Target } from "../support/markdown.ts";
import type { CaseTarget, ComparedFigure } from "./cases.ts";
import type { CaseRound } from "./under-load.ts";

import { largest, shown } from "../../kit/statistics.ts";
import { barChart } from "../support/chart.ts";
import { table } from "../support/markdown.ts";
import { LIMIT, SLUICE } from "./cases.ts";
import { medianOf, ratioOf, ratioRange, times, timesWanted, type Check } from "./checks.ts";

const MICROS_PER_SECOND = 1_000_000;

/** A case with what each round measured. */
interface ReportedCase {
  readonly name: string;
  readonly what: string;
  readonly targets: readonly CaseTarget[];
  readonly rounds: readonly CaseRound[];
}

/** The cases that were measured, and how. */
export interface LoadResult {
  readonly load: {
    readonly generator: string;
    readonly connections: number;
    readonly seconds: number;
  };
  readonly cases: readonly ReportedCase[];
}

/** A figure in tables: its name, and its value. */
interface Shown {
  readonly name: string;
  readonly show: (rounds: readonly CaseRound[]) => string;
}

const figures: Readonly<Record<ComparedFigure, Shown>> = {
  requestsPerSecond: {
    name: "requests a second",
    show: (rounds) => shown(Math.round(medianOf(rounds, "requestsPerSecond"))),
  },
  requestsPerProcessorSecond: {
    name: "requests for the same processor time",
    show: (rounds) => `${Math.round(medianOf(rounds, "processorMicros"))} µs each`,
  },
  p99Ms: {
    name: "the slowest of 100",
    show: (rounds) => `${medianOf(rounds, "p99Ms").toFixed(1)} ms`,
  },
};

/** How it was measured, in a sentence or two. */
export function loadWords({ load, cases }: LoadResult): string {
  const rounds = cases[0]?.rounds.length ?? 0;
  return `Load from ${load.generator}, ${load.connections} connections, ${rounds} rounds in turn of ${load.seconds} s each, medians; ratios are medians of each round's, with the lowest and the highest beside them. CPU is what the server's processes use for a request.`;
}

/** One row a case. */
export function loadTable({ cases }: LoadResult): string {
  const limit = cases.find(({ name }) => name === LIMIT);
  const columns = [
    "case",
    "what",
    "requests/s",
    "to limit",
    "half, ms",
    "99 of 100, ms",
    "CPU, µs",
  ];
  const rows = cases.map(({ name, what, rounds }) => [
    name === SLUICE ? `**${name}**` : name,
    what,
    figures.requestsPerSecond.show(rounds),
    limit ? times(ratioOf(rounds, limit.rounds, "requestsPerSecond")) : "",
    medianOf(rounds, "p50Ms").toFixed(1),
    medianOf(rounds, "p99Ms").toFixed(1),
    String(Math.round(medianOf(rounds, "processorMicros"))),
  ]);
  return table(columns, rows);
}

/** The targets of these cases. One to a case that was not measured is left out. */
export function loadChecks({ cases }: LoadResult): Check[] {
  return cases.flatMap((one) =>
    one.targets.flatMap((target) => {
      const other = cases.find(({ name }) => name === target.to);
      return other ? [checkOf(one, other, target)] : [];
    }),
  );
}

function checkOf(one: ReportedCase, other: ReportedCase, { figure, times: target }: CaseTarget) {
  const [ours, theirs] = [one, other].map(({ rounds }) => rounds.map(comparable));
  const { name, show } = figures[figure];
  const value = ratioOf(ours ?? [], theirs ?? [], figure);
  const range = ratioRange(ours ?? [], theirs ?? [], figure);
  const absolute = [one, other].map(({ rounds }) => show(rounds)).join(" to ");
  return {
    what: `${one.name} to ${other.name}: ${name}`,
    value,
    measured: `${times(value)} (${range}; ${absolute})`,
    target,
    wanted: timesWanted(target),
  };
}

/** A round by the figures that are compared. */
export function comparable(round: CaseRound): Readonly<Record<ComparedFigure, number>> {
  const { requestsPerSecond, p99Ms, processorMicros } = round;
  return {
    requestsPerSecond,
    requestsPerProcessorSecond: MICROS_PER_SECOND / processorMicros,
    p99Ms,
  };
}

/** The rates as bars, with the highest of each case's targets. */
export function loadChart({ cases, load }: LoadResult): string {
  return barChart({
    title: `Requests a second, ${load.connections} connections (${load.generator})`,
    valueName: "requests a second",
    show: (value) => shown(Math.round(value)),
    cases: cases.map(({ name }) => name),
    series: [
      { name: "median", values: cases.map((one) => medianOf(one.rounds, "requestsPerSecond")) },
    ],
    targets: cases.map(({ targets }) => {
      const wanted = targets.flatMap(({ figure, to, times: target }) => {
        const other = cases.find(({ name }) => name === to);
        if (figure !== "requestsPerSecond" || !isLower(target) || !other) return [];
        return [target.atLeast * medianOf(other.rounds, figure)];
      });
      return wanted.length > 0 ? largest(wanted) : undefined;
    }),
  });
}

function isLower(target: Target): target is { readonly atLeast: number } {
  return "atLeast" in target;
}
