/** What `npm run bench` shows of what it has measured. */
import type { RowsWritten } from "../../kit/simulation/rows-written.ts";
import type { Machine } from "../support/machine.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { CaseTarget, ComparedFigure } from "./cases.ts";
import type { PacedResult, Pace, PacingFigures } from "./pacing.ts";
import type { ReleaseRound, ReleaseRounds } from "./release.ts";
import type { CaseRound } from "./under-load.ts";

import { largest, median, ratio, shown, total } from "../../kit/statistics.ts";
import { barChart } from "../support/chart.ts";
import { machineLine } from "../support/machine.ts";
import { chartImage, table, verdict, type Target } from "../support/markdown.ts";
import { SLUICE } from "./cases.ts";
import { PACED_SLUICE } from "./pacing.ts";

const BYTES_PER_KIB = 1_024;

/** A case and what each round came to. */
interface ReportedCase {
  readonly name: string;
  readonly what: string;
  readonly targets: readonly CaseTarget[];
  readonly rounds: readonly CaseRound[];
}

/** Everything that a run found. */
export interface ServiceResult {
  readonly machine: Machine;
  readonly load: {
    readonly generator: string;
    readonly connections: number;
    readonly seconds: number;
  };
  readonly cases: readonly ReportedCase[];
  /** Cases that could not be run, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  /** For 1,000 uncontended grants. */
  readonly rows: RowsWritten;
  readonly release: ReleaseRounds;
  readonly fast: Pace & { readonly results: readonly PacedResult[] };
  readonly slow: Pace & { readonly results: readonly PacedResult[] };
}

/** Rows for 1,000 grants that find their tokens at hand. */
const ROWS: Target = { atMost: 10 };
/** Of what a bare object needs to answer as many. */
const RELEASE: Target = { atMost: 1.15 };
const MEMORY: Target = { atMost: 1.1 };
/** How far an instant may be off; a caller's own clock sees it. */
const OFF_MS = 5;
const LAST_OFF: Target = { atMost: OFF_MS };
const GAP: Target = { atMost: 23 };
/** A second, less that. */
const FIFTY_ONE: Target = { atLeast: 1_000 - OFF_MS };
const INVERSIONS: Target = { atMost: 0 };

export const serviceReport: Report<ServiceResult> = {
  name: "service",
  render(result) {
    return {
      sections: {
        "service:load": loadSection(result),
        "service:waiting": waitingSection(result),
        "service:pacing": pacingSection(result),
      },
      charts: { "service-load": loadChart(result), "service-pacing": driftChart(result) },
    } satisfies Rendered;
  },
};

/** One line of a table of targets. */
interface Check {
  readonly what: string;
  readonly value: number;
  readonly measured: string;
  readonly target: Target;
  /** The target in words. */
  readonly wanted: string;
}

function checksTable(checks: readonly Check[]): string {
  return table(
    ["what", "measured", "target", ""],
    checks.map(({ what, value, measured, target, wanted }) => [
      what,
      measured,
      wanted,
      verdict(value, target),
    ]),
  );
}

function loadSection(result: ServiceResult): string {
  const { load, cases, leftOut } = result;
  const limit = cases[0];
  const rows = cases.map(({ name, what, rounds }) => [
    name === SLUICE ? `**${name}**` : name,
    what,
    shown(Math.round(medianOf(rounds, "requestsPerSecond"))),
    limit ? times(ratioOf(rounds, limit.rounds, "requestsPerSecond")) : "",
    medianOf(rounds, "p50Ms").toFixed(1),
    medianOf(rounds, "p99Ms").toFixed(1),
    String(Math.round(medianOf(rounds, "processorMicros"))),
  ]);
  const columns = [
    "case",
    "what",
    "requests/s",
    "to limit",
    "half, ms",
    "99 of 100, ms",
    "CPU, µs",
  ];
  const { rounds } = cases[0] ?? { rounds: [] };
  return `
${machineLine(result.machine)}

Load from ${load.generator}, ${load.connections} connections, ${rounds.length} rounds in turn of ${load.seconds} s each, medians; ratios are medians of each round's. CPU is what the server's processes use for a request.
${leftOut.map(({ name, why }) => `\n**Left out:** ${name}, because ${why}.\n`).join("")}
${table(columns, rows)}

${checksTable([...cases.flatMap((one) => caseChecks(result, one)), rowsCheck(result)])}

${chartImage("service-load", "Requests a second of each case")}
`;
}

function caseChecks(result: ServiceResult, { name, rounds, targets }: ReportedCase): Check[] {
  return targets.map(({ figure, to, times: target }) => {
    const other = caseCalled(result, to);
    const value = ratioOf(rounds, other.rounds, figure);
    const absolute = [rounds, other.rounds].map((some) => figureText(figure, some)).join(" to ");
    // As many times as fast is as many times as little work; this one the load does not disturb.
    const byWork = times(ratioOf(other.rounds, rounds, "processorMicros"));
    return {
      what: `${name} to ${to}: ${figure === "p99Ms" ? "the slowest of 100" : "requests a second"}`,
      value,
      measured: `${times(value)} (${absolute}${figure === "p99Ms" ? "" : `; by CPU ${byWork}`})`,
      target,
      wanted: "atLeast" in target ? `at least ${target.atLeast} ×` : `at most ${target.atMost} ×`,
    };
  });
}

function rowsCheck({ rows }: ServiceResult): Check {
  return {
    what: "rows written for 1,000 grants, one a millisecond, of a full bucket of 10,000",
    value: rows.all,
    measured: shown(rows.all),
    target: ROWS,
    wanted: "at most 10",
  };
}

function figureText(figure: ComparedFigure, rounds: readonly CaseRound[]): string {
  const value = medianOf(rounds, figure);
  return figure === "p99Ms" ? `${value.toFixed(1)} ms` : shown(Math.round(value));
}

function waitingSection({ release }: ServiceResult): string {
  const { callers, sluice, bare, routed } = release;
  const figure = (
    what: string,
    key: keyof ReleaseRound,
    show: (value: number) => string,
    target: Target,
    wanted: string,
  ): Check => {
    const value = ratioOf(sluice, bare, key);
    const absolute = [sluice, bare].map((rounds) => show(medianOf(rounds, key)));
    return { what, value, measured: `${times(value)} (${absolute.join(" to ")})`, target, wanted };
  };
  const processor = ratioOf(sluice, bare, "processorMs");
  const [ours, theirs] = [sluice, bare].map((rounds) => medianOf(rounds, "processorMs"));
  return `
${shown(callers)} callers held at one bucket and served by one tick, to as many held by an object that answers all of them in one turn with the same bytes; ${sluice.length} rounds in turn, medians; ratios are medians of each round's:

${checksTable([
  figure("from the tick to the last byte", "releaseMs", millis, RELEASE, "at most 1.15 ×"),
  figure("memory of a waiter", "bytesPerCaller", kibibytes, MEMORY, "at most 1.1 ×"),
])}

Processor time of the server from just before the tick to the last byte: ${times(processor)} (${millis(ours ?? NaN)} to ${millis(theirs ?? NaN)}).

Of the memory, Hono's context and an object that hears of callers that leave take ${kibibytes(medianOf(routed, "bytesPerCaller") - medianOf(bare, "bytesPerCaller"))}: with these two, a bare request takes ${kibibytes(medianOf(routed, "bytesPerCaller"))}, and Sluice's waiter ${times(ratioOf(sluice, routed, "bytesPerCaller"))} as much.
`;
}

function pacingSection({ fast, slow }: ServiceResult): string {
  const columns = [
    "who",
    "last off, ms",
    "gap, 99 of 100, ms",
    "51 in, ms",
    "inversions",
    `drift at one in ${shown(slow.intervalMs)} ms, ms`,
  ];
  const rows = fast.results.map(({ name, rounds }) => [
    name === PACED_SLUICE ? `**${name}**` : name,
    signed(middle(rounds, "lastOffMs"), 1),
    middle(rounds, "p99GapMs").toFixed(1),
    Math.min(...rounds.map(({ fiftyOneInMs = NaN }) => fiftyOneInMs)).toFixed(1),
    shown(total(rounds.map(({ inversions }) => inversions))),
    signed(driftOf(slow.results, name), 3),
  ]);
  const { length } = fast.results[0]?.rounds ?? [];
  return `
${shown(fast.callers)} callers that ask at once, let go one in ${fast.intervalMs} ms: ${length} rounds, medians; of the time for 51 the shortest, of inversions the sum. Beside it ${shown(slow.callers)} callers, let go one in ${shown(slow.intervalMs)} ms, all limiters beside each other: by how much each interval was too long.

${table(columns, rows)}

${checksTable(pacingChecks(fast, slow))}

${chartImage("service-pacing", "Drift of each limiter at one grant a second")}
`;
}

function pacingChecks(fast: ServiceResult["fast"], slow: ServiceResult["slow"]): Check[] {
  const { rounds } = fast.results.find(({ name }) => name === PACED_SLUICE) ?? { rounds: [] };
  const lastOffMs = middle(rounds, "lastOffMs");
  const gapMs = middle(rounds, "p99GapMs");
  const fiftyOneInMs = Math.min(...rounds.map((round) => round.fiftyOneGrantedInMs ?? NaN));
  const inversions = total(rounds.map((round) => round.inversions));
  const driftMs = driftOf(slow.results, PACED_SLUICE);
  const overAllMs = driftMs * (slow.callers - 1);
  return [
    {
      what: `the last of ${fast.callers}, off the ideal`,
      value: Math.abs(lastOffMs),
      measured: `${signed(lastOffMs, 1)} ms`,
      target: LAST_OFF,
      wanted: `within ${OFF_MS} ms`,
    },
    {
      what: "gap, 99 of 100",
      value: gapMs,
      measured: `${gapMs.toFixed(1)} ms`,
      target: GAP,
      wanted: "at most 23 ms",
    },
    {
      what: "never 51 in a second, by `grantedAtMs`",
      value: fiftyOneInMs,
      measured: `51 in ${fiftyOneInMs.toFixed(1)} ms`,
      target: FIFTY_ONE,
      wanted: `a second, less ${OFF_MS} ms`,
    },
    {
      what: "inversions",
      value: inversions,
      measured: shown(inversions),
      target: INVERSIONS,
      wanted: "0",
    },
    {
      what: `drift of ${slow.callers - 1} intervals of ${shown(slow.intervalMs)} ms`,
      value: Math.abs(overAllMs),
      measured: `${signed(overAllMs, 1)} ms (${signed(driftMs, 3)} ms each)`,
      target: LAST_OFF,
      wanted: `within ${OFF_MS} ms`,
    },
  ];
}

function loadChart({ cases, load }: ServiceResult): string {
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
        if (figure !== "requestsPerSecond" || !("atLeast" in target) || !other) return [];
        return [target.atLeast * medianOf(other.rounds, figure)];
      });
      return wanted.length > 0 ? largest(wanted) : undefined;
    }),
  });
}

function driftChart({ slow }: ServiceResult): string {
  return barChart({
    title: `Drift of each interval of ${shown(slow.intervalMs)} ms`,
    valueName: "ms an interval",
    show: (value) => value.toFixed(2),
    cases: slow.results.map(({ name }) => name),
    series: [
      { name: "drift", values: slow.results.map(({ name }) => driftOf(slow.results, name)) },
    ],
  });
}

function caseCalled({ cases }: ServiceResult, wanted: string): ReportedCase {
  const found = cases.find(({ name }) => name === wanted);
  if (!found) throw new RangeError(`No case is called ${wanted}`);
  return found;
}

function driftOf(results: readonly PacedResult[], wanted: string): number {
  const found = results.find(({ name }) => name === wanted);
  return middle(found?.rounds ?? [], "driftMs");
}

function medianOf<Key extends string>(
  rounds: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number {
  return median(rounds.map((round) => round[key]));
}

function ratioOf<Key extends string>(
  rounds: readonly Readonly<Record<Key, number>>[],
  others: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number {
  return ratio(
    rounds.map((round) => round[key]),
    others.map((round) => round[key]),
  );
}

function middle(
  rounds: readonly PacingFigures[],
  key: "lastOffMs" | "driftMs" | "p99GapMs",
): number {
  return medianOf(rounds, key);
}

function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

function millis(value: number): string {
  return `${shown(Math.round(value))} ms`;
}

function kibibytes(bytes: number): string {
  return `${(bytes / BYTES_PER_KIB).toFixed(1)} KiB`;
}
