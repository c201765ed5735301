/** What `npm run bench:core` shows of what it has measured. */
import type { Machine } from "../support/machine.ts";
import type { Target } from "../support/markdown.ts";
import type { Rendered, Report } from "../support/report.ts";
import type { Line } from "./contender.ts";
import type { OrderResult } from "./order.ts";

import { median, ratio, shown } from "../../kit/statistics.ts";
import { barChart, lineChart } from "../support/chart.ts";
import { machineLine } from "../support/machine.ts";
import { chartImage, isMet, shownDuration, table, verdict } from "../support/markdown.ts";

/**
 * What is measured: the lines on which contenders meet; what an acquire takes by the clock; a caller that
 * leaves with another that comes; and that other one alone.
 */
export type Measure = Line | "elapsed" | "replace" | "forecast";

/** One case, and what each round came to. */
export interface Sample {
  readonly measure: Measure;
  readonly contender: string;
  /** 0 where nobody waits. */
  readonly waiters: number;
  /** Nanoseconds of one caller, a round each; of `drain`: of all of them. Processor time but for `elapsed`. */
  readonly ns: readonly number[];
}

/** Who was measured. */
interface Described {
  readonly name: string;
  readonly isOurs: boolean;
  readonly how: string;
  readonly cannot: Readonly<Partial<Record<Line, string>>>;
}

/** Everything that a run found. */
export interface CoreResult {
  readonly machine: Machine;
  readonly rounds: number;
  readonly seed: number;
  readonly sizes: readonly number[];
  readonly contenders: readonly Described[];
  readonly samples: readonly Sample[];
  readonly orders: readonly (OrderResult & { readonly contender: string })[];
}

/** A line of the table. */
interface Column {
  readonly measure: Line;
  readonly title: string;
  readonly waiters: number;
  /** Nanoseconds, for the core. */
  readonly target: Target;
  /** Which of ours meets the peers: what a user has where that can do it, else what is nearest to it. */
  readonly ours: string;
  /** Why it is right as it is, where a peer is ahead. */
  readonly whyBehind: string;
}

/** The core by itself, in results. */
export const CORE = "Sluice core";
/** The same with two limits in a bucket. */
export const CORE_OF_TWO = "Sluice core, two limits";
const FILTER = "Sluice, in-process filter";
const PROMISED = "Sluice core, a promise each";

const columns: readonly Column[] = [
  {
    measure: "try",
    title: "acquire, no promise",
    waiters: 0,
    target: { atMost: 400 },
    ours: FILTER,
    whyBehind:
      "the peer answers `true`. Here the answer is an outcome: the tokens left, the instant, the wait; and where it is a refusal, why, and the exact time until the same call would be granted",
  },
  {
    measure: "acquire",
    title: "acquire",
    waiters: 0,
    target: { atMost: 400 },
    ours: FILTER,
    whyBehind:
      "the answer is an outcome: the tokens left, the instant, the wait. `RateLimiterMemory` never lets a caller wait, and `p-throttle` answers nothing and gives each its own timer, so that some overtake",
  },
  {
    measure: "enqueue",
    title: "enqueue, 20,000 waiting",
    waiters: 20_000,
    target: { atMost: 2_000 },
    ours: PROMISED,
    whyBehind:
      "a caller that joins is held against its deadline, its turn is worked out, and it gets a place that it can leave in a step. In the peer it is one more entry at an end: no way out, no time known; what that saves, the drain pays",
  },
  {
    measure: "drain",
    title: "20,000 drained in a tick",
    waiters: 20_000,
    target: { atMost: 20e6 },
    ours: PROMISED,
    whyBehind:
      "each of the grants is an outcome of its own, with its instant, its wait and the tokens left",
  },
  {
    measure: "cancel",
    title: "leave the middle of 100,000",
    waiters: 100_000,
    target: { atMost: 5_000 },
    ours: PROMISED,
    whyBehind: "a caller that leaves is also told so, by a rejected promise",
  },
];

/** Time by the clock to processor time: beyond it, waiting is what a caller notices. */
const WAITING_RATIO = 10;
const MAX_INVERSIONS: Target = { atMost: 0 };

/** A median, and how many waited where that is not what the column says. */
interface Found {
  readonly sample: Sample;
  readonly ns: number;
  readonly note: string;
}

function find(
  result: CoreResult,
  contender: string,
  { measure, waiters }: Column,
): Found | undefined {
  const all = result.samples.filter(
    (sample) => sample.measure === measure && sample.contender === contender,
  );
  const most = Math.max(...all.map((one) => one.waiters).filter((count) => count <= waiters));
  const sample = all.find((one) => one.waiters === most);
  if (!sample) return undefined;
  const note = most === waiters ? "" : ` (${shown(most)})`;
  return { sample, ns: median(sample.ns), note };
}

function cellOf(result: CoreResult, { name, isOurs, cannot }: Described, column: Column): string {
  const found = find(result, name, column);
  if (found) return `${shownDuration(found.ns)}${found.note}`;
  return isOurs || cannot[column.measure] === undefined ? "" : "cannot";
}

function orderCellOf(result: CoreResult, name: string): string {
  const order = result.orders.find(({ contender }) => contender === name);
  return order ? `${shown(order.inversions)} of ${shown(order.operations)}` : "";
}

function shownLimit(target: Target): string {
  return shownDuration("atMost" in target ? target.atMost : target.atLeast);
}

function mainTable(result: CoreResult): string {
  const core = columns.map((column) => ({ column, found: find(result, CORE, column) }));
  const coreOrder = result.orders.find(({ contender }) => contender === CORE);
  return table(
    ["", ...columns.map(({ title }) => title), "inversions in random operations"],
    [
      [
        "target, for the core",
        ...columns.map(({ target }) => `< ${shownLimit(target)}`),
        "0 of 1,000,000",
      ],
      [
        "the core meets it",
        ...core.map(({ column, found }) => (found ? verdict(found.ns, column.target) : "")),
        coreOrder ? verdict(coreOrder.inversions, MAX_INVERSIONS) : "",
      ],
      ...result.contenders.map((contender) => [
        contender.isOurs ? `**${contender.name}**` : contender.name,
        ...columns.map((column) => cellOf(result, contender, column)),
        orderCellOf(result, contender.name),
      ]),
    ],
  );
}

/** Ours and the fastest peer at the same length of the queue, line by line. */
function peerTable(result: CoreResult): string {
  const rows = columns.map((column) => {
    const { title, ours, whyBehind } = column;
    const mine = find(result, ours, column);
    const fastest = result.contenders
      .filter(({ isOurs }) => !isOurs)
      .map(({ name }) => ({ name, found: find(result, name, column) }))
      .filter(({ found }) => found?.note === "")
      .sort((a, b) => (a.found?.ns ?? 0) - (b.found?.ns ?? 0))[0];
    if (!mine) return [title, "", "", "", ""];
    const cell = `${shownDuration(mine.ns)} (${ours === FILTER ? "filter" : "a promise each"})`;
    if (!fastest?.found) return [title, cell, "none can", "", "ahead"];
    const times = ratio(fastest.found.sample.ns, mine.sample.ns);
    const peer = `${shownDuration(fastest.found.ns)} (${fastest.name})`;
    const isAhead = isMet(times, { atLeast: 1 });
    return [title, cell, peer, `${times.toFixed(2)} ×`, isAhead ? "ahead" : `behind: ${whyBehind}`];
  });
  return table(["", "Sluice", "fastest peer", "peer ÷ Sluice", ""], rows);
}

const targetsOfTwo: readonly {
  readonly measure: Measure;
  readonly waiters: number;
  readonly target?: Target;
}[] = [
  { measure: "acquire", waiters: 0, target: { atMost: 250 } },
  { measure: "forecast", waiters: 10 },
  { measure: "forecast", waiters: 1_000 },
  { measure: "forecast", waiters: 10_000, target: { atMost: 2e6 } },
];

/** Two limits in a bucket; nothing if the result is older than such buckets. */
function twoLimitsTable({ samples }: CoreResult): string[] {
  const ofTwo = samples.filter(({ contender }) => contender === CORE_OF_TWO);
  if (ofTwo.length === 0) return [];
  const rows = targetsOfTwo.map(({ measure, waiters, target }) => {
    const sample = ofTwo.find((one) => one.measure === measure && one.waiters === waiters);
    const ns = median(sample?.ns ?? []);
    const title =
      measure === "acquire"
        ? "acquire"
        : `a newcomer's time, once one of ${shown(waiters)} who wait has left`;
    if (!target) return [title, shownDuration(ns), "", ""];
    return [title, shownDuration(ns), `< ${shownLimit(target)}`, verdict(ns, target)];
  });
  const words =
    "A bucket with two limits, of which a caller takes different numbers of tokens, in the core:";
  return [words, table(["two limits", "time", "target", ""], rows)];
}

function howList(result: CoreResult): string {
  return result.contenders
    .map(({ name, how, cannot }) => {
      const elapsed = elapsedOf(result, name);
      const cannots = Object.entries(cannot).map(([line, why]) => `no ${line}: ${why}`);
      return `- **${name}**: ${[how, ...elapsed, ...cannots].join("; ")}.`;
    })
    .join("\n");
}

/** What an acquire takes by the clock, where much of it is waiting. */
function elapsedOf(result: CoreResult, name: string): string[] {
  const nsOf = (measure: Measure) => {
    const sample = result.samples.find((one) => one.measure === measure && one.contender === name);
    return median(sample?.ns ?? []);
  };
  const elapsedNs = nsOf("elapsed");
  if (!(elapsedNs > WAITING_RATIO * nsOf("acquire"))) return [];
  return [`an acquire takes ${shownDuration(elapsedNs)} by the clock`];
}

function ordersTable(result: CoreResult): string {
  return table(
    ["", "operations", "granted", "of them waited", "inversions"],
    result.orders.map(({ contender, operations, granted, waited, inversions }) => [
      contender,
      ...[operations, granted, waited, inversions].map((count) => shown(count)),
    ]),
  );
}

/** What one caller costs at each length; a drain is shared out among its callers. */
function nsEach(sample: Sample): number {
  const ns = median(sample.ns);
  return sample.measure === "drain" ? ns / sample.waiters : ns;
}

interface Growth {
  readonly measure: Measure;
  readonly title: string;
  readonly targetNs: number;
}

const growths: readonly Growth[] = [
  { measure: "enqueue", title: "Enqueue", targetNs: 2_000 },
  { measure: "drain", title: "Drain in one tick", targetNs: 1_000 },
  { measure: "cancel", title: "Leave from the middle", targetNs: 5_000 },
  {
    measure: "replace",
    title: "Leave from the middle, and a newcomer's time found behind it",
    targetNs: 5_000,
  },
];

function growthSeries(result: CoreResult, measure: Measure) {
  // Those of the main chart first, so that each has its colour in all of them.
  const names = new Set(result.contenders.map(({ name }) => name));
  for (const { contender } of result.samples) names.add(contender);
  return [...names]
    .map((name, colour) => ({
      name,
      colour,
      points: result.samples
        .filter((sample) => sample.measure === measure && sample.contender === name)
        .map((sample): readonly [number, number] => [sample.waiters, nsEach(sample)]),
    }))
    .filter(({ points }) => points.length > 0);
}

function growthTable(result: CoreResult, { measure, title }: Growth): string {
  const rows = growthSeries(result, measure).map(({ name, points }) => {
    const nsAt = new Map(points);
    const cells = result.sizes.map((size) => nsAt.get(size));
    return [name].concat(cells.map((ns) => (ns === undefined ? "" : shownDuration(ns))));
  });
  return table([`${title}, a caller`, ...result.sizes.map((size) => `${shown(size)} wait`)], rows);
}

function growthChart(result: CoreResult, { measure, title, targetNs }: Growth): string {
  const [first, last] = [Math.min(...result.sizes), Math.max(...result.sizes)];
  return lineChart({
    title: `${title}: time of one caller by how many wait`,
    valueName: "time of one caller",
    show: shownDuration,
    isLogarithmic: true,
    overName: "callers that wait",
    showOver: shown,
    isOverLogarithmic: true,
    series: [
      ...growthSeries(result, measure),
      {
        name: "target",
        points: [
          [first, targetNs],
          [last, targetNs],
        ],
        isDashed: true,
      },
    ],
  });
}

function mainChart(result: CoreResult): string {
  const nsOf = (name: string, column: Column) => {
    const found = find(result, name, column);
    return found && nsEach(found.sample);
  };
  return barChart({
    title: "Time of one caller, in process (shorter is better; no bar: cannot)",
    valueName: "time of one caller, logarithmic",
    show: shownDuration,
    isLogarithmic: true,
    cases: columns.map(({ title }) => title),
    series: result.contenders.map(({ name }) => ({
      name,
      values: columns.map((column) => nsOf(name, column)),
    })),
    targets: columns.map(({ measure, target, waiters }) => {
      const ns = "atMost" in target ? target.atMost : target.atLeast;
      return measure === "drain" ? ns / waiters : ns;
    }),
  });
}

function render(result: CoreResult): Rendered {
  const { machine, rounds, seed } = result;
  const ran = `Processor time, garbage collection included; medians of ${rounds} rounds, all in turn in one process. ${machineLine(machine)}`;
  return {
    sections: {
      core: [
        ran,
        mainTable(result),
        "A number in brackets: so many waited, at most. With promises on both sides, and as many waiting:",
        peerTable(result),
        chartImage("core", "Time of one caller on each line, Sluice and its peers"),
        ...twoLimitsTable(result),
      ].join("\n\n"),
      "core:how": [ran, howList(result)].join("\n\n"),
      "core:growth": growths
        .flatMap((growth) => [
          growthTable(result, growth),
          chartImage(`core-${growth.measure}`, `${growth.title}: time by how many wait`),
        ])
        .join("\n\n"),
      "core:order": [`Seed ${seed}.`, ordersTable(result)].join("\n\n"),
    },
    charts: {
      core: mainChart(result),
      ...Object.fromEntries(
        growths.map((growth) => [`core-${growth.measure}`, growthChart(result, growth)]),
      ),
    },
  };
}

/** The report of the core. */
export const coreReport: Report<CoreResult> = { name: "core", render };
