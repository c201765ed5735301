/** What `npm run bench` shows of what it has measured. */
import type { RowsWritten } from "../../kit/simulation/rows-written.ts";
import type { Machine } from "../support/machine.ts";
import type { Target } from "../support/markdown.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { Check } from "./checks.ts";
import type { LoadResult } from "./load-report.ts";
import type { PacedResult, Pace, PacingFigures } from "./pacing.ts";
import type { ReleaseRound, ReleaseRounds } from "./release.ts";

import { shown, total } from "../../kit/statistics.ts";
import { barChart } from "../support/chart.ts";
import { machineLine } from "../support/machine.ts";
import { chartImage, table } from "../support/markdown.ts";
import { checksTable, medianOf, ratioOf, ratioRange, times, timesWanted } from "./checks.ts";
import { loadChart, loadChecks, loadTable, loadWords } from "./load-report.ts";
import { PACED_SLUICE } from "./pacing.ts";

const BYTES_PER_KIB = 1_024;

/** Everything that a run found. */
export interface ServiceResult extends LoadResult {
  readonly machine: Machine;
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
const MEMORY: Target = { atMost: 1.05 };
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
        "service:waiting": waitingSection(result.release),
        "service:pacing": pacingSection(result),
      },
      charts: { "service-load": loadChart(result), "service-pacing": driftChart(result) },
    } satisfies Rendered;
  },
};

function loadSection(result: ServiceResult): string {
  const { machine, leftOut } = result;
  return `
${machineLine(machine)}

${loadWords(result)}
${leftOut.map(({ name, why }) => `\n**Left out:** ${name}, because ${why}.\n`).join("")}
${loadTable(result)}

${checksTable([...loadChecks(result), rowsCheck(result)])}

${chartImage("service-load", "Requests a second of each case")}
`;
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

export function waitingSection(release: ReleaseRounds): string {
  const { callers, sluice, bare, routed } = release;
  const figure = (
    what: string,
    key: keyof ReleaseRound,
    show: (value: number) => string,
    target: Target,
  ): Check => {
    const value = ratioOf(sluice, bare, key);
    const absolute = [sluice, bare].map((rounds) => show(medianOf(rounds, key))).join(" to ");
    const measured = `${times(value)} (${ratioRange(sluice, bare, key)}; ${absolute})`;
    return { what, value, measured, target, wanted: timesWanted(target) };
  };
  const processor = ratioOf(sluice, bare, "processorMs");
  const [ours, theirs] = [sluice, bare].map((rounds) => medianOf(rounds, "processorMs"));
  return `
${shown(callers)} callers held at one bucket and served by one tick, to as many held by an object that answers all of them in one turn with the same bytes; ${sluice.length} rounds in turn, medians; ratios are medians of each round's, with the lowest and the highest beside them:

${checksTable([
  figure("from the tick to the last byte", "releaseMs", millis, RELEASE),
  figure("memory of a waiter", "bytesPerCaller", kibibytes, MEMORY),
])}

Processor time of the server from just before the tick to the last byte: ${times(processor)} (${millis(ours ?? NaN)} to ${millis(theirs ?? NaN)}).

Behind Hono, whose context is kept until the answer, and with an object that hears of callers that leave, a bare request takes ${kibibytes(medianOf(routed, "bytesPerCaller"))}. Sluice hears of them, too, but keeps no context: its waiter takes ${times(ratioOf(sluice, routed, "bytesPerCaller"))} as much.
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

function driftOf(results: readonly PacedResult[], wanted: string): number {
  const found = results.find(({ name }) => name === wanted);
  return middle(found?.rounds ?? [], "driftMs");
}

function middle(
  rounds: readonly PacingFigures[],
  key: "lastOffMs" | "driftMs" | "p99GapMs",
): number {
  return medianOf(rounds, key);
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
