/**
 * Sluice of this tree beside Sluice of another, such as the version before a change: `sluice` and
 * `sluice leased` of each, in turn, or any session. Each tree bundles its own Worker; all else is the same, workerd
 * included.
 */
import type { WorkerOptions } from "../../kit/processes/server.ts";
import type * as Bundler from "../../serve/worker-bundle.ts";
import type { LoadGenerator } from "./load.ts";

import { SourceTree } from "../support/source-tree.ts";
import { table } from "../support/markdown.ts";
import { cases } from "./cases.ts";
import { medianOf, ratioOf, ratioRange, times } from "./checks.ts";
import { comparable } from "./load-report.ts";
import { sessionCases } from "./pipelined/cases.ts";
import { startWorker } from "./subjects.ts";
import {
  httpLoad,
  measureUnderLoad,
  type CaseRound,
  type LoadSize,
  type LoadSubject,
} from "./under-load.ts";

/** What bundles a tree's Worker. It has been there since `npm run serve`. */
export const BUNDLER = "serve/worker-bundle.ts";

/** A case that is Sluice's own Worker under some policy, and how it is loaded. */
interface SluiceCase {
  readonly name: string;
  readonly worker: WorkerOptions;
  readonly open: (generator: LoadGenerator, name: string) => LoadSubject["open"];
}

const overHttp = cases.flatMap((one): SluiceCase[] => {
  if (!("worker" in one) || one.worker.main !== undefined) return [];
  return [{ name: one.name, worker: one.worker, open: httpLoadOf }];
});

const sluiceCases: readonly SluiceCase[] = [
  ...overHttp,
  ...sessionCases.map(({ name, worker, open }) => ({ name, worker, open: () => open })),
];

/** The cases that two trees can be compared by. */
export const comparableNames: readonly string[] = sluiceCases.map(({ name }) => name);

/** Those that are compared if none is named. */
export const comparedNames: readonly string[] = overHttp.map(({ name }) => name);

/** What one case measured in both trees. */
export interface ComparedCase {
  readonly name: string;
  readonly ours: readonly CaseRound[];
  readonly theirs: readonly CaseRound[];
}

/** @param names Some of `comparableNames`. */
export async function measureAgainst(
  generator: LoadGenerator,
  size: LoadSize,
  other: SourceTree,
  names: readonly string[],
  progress: (line: string) => void,
): Promise<ComparedCase[]> {
  const chosen = sluiceCases.filter(({ name }) => names.includes(name));
  // One after the other: both build with all there is of the machine.
  const ours = await bundleOf(SourceTree.here);
  const theirs = await bundleOf(other);
  const subjects = chosen.flatMap((one) => [
    subjectOf(generator, one, ours, `${one.name} here`),
    subjectOf(generator, one, theirs, `${one.name} there`),
  ]);
  const measured = await measureUnderLoad(size, subjects, progress);
  const roundsOf = (index: number) => measured[index]?.rounds ?? [];
  return chosen.map(({ name }, index) => ({
    name,
    ours: roundsOf(2 * index),
    theirs: roundsOf(2 * index + 1),
  }));
}

/** Loaded, not imported: it is the tree's own, and builds what stands beside it. */
async function bundleOf(tree: SourceTree): Promise<Bundler.WorkerBundle> {
  const { bundleWorker } = (await import(tree.urlOf(BUNDLER))) as typeof Bundler;
  return await bundleWorker();
}

function subjectOf(
  generator: LoadGenerator,
  { worker, open }: SluiceCase,
  bundle: Bundler.WorkerBundle,
  name: string,
): LoadSubject {
  return {
    name,
    start: () => startWorker({ ...worker, bundle }),
    open: open(generator, name),
  };
}

function httpLoadOf(generator: LoadGenerator, name: string): LoadSubject["open"] {
  // What the two answer may differ: that is what a change may be for.
  return httpLoad(generator, ({ status, head }) => {
    if (status !== 200) throw new Error(`${name} is not granted: ${head}`);
  });
}

/** Ratios of this tree to the other; more is better but for the slowest of 100. */
export function comparedTable(compared: readonly ComparedCase[]): string {
  const columns = [
    "case",
    "requests/s",
    "here to there",
    "rounds",
    "CPU, µs",
    "requests for the same CPU",
    "rounds",
    "99 of 100, ms",
    "here to there",
  ];
  return table(
    columns,
    compared.map(({ name, ours, theirs }) => {
      const sides = [ours, theirs];
      const both = (show: (rounds: readonly CaseRound[]) => string) => sides.map(show).join(" to ");
      const [here = [], there = []] = sides.map((rounds) => rounds.map(comparable));
      return [
        name,
        both((rounds) => medianOf(rounds, "requestsPerSecond").toFixed(0)),
        times(ratioOf(here, there, "requestsPerSecond")),
        ratioRange(here, there, "requestsPerSecond"),
        both((rounds) => medianOf(rounds, "processorMicros").toFixed(1)),
        times(ratioOf(here, there, "requestsPerProcessorSecond")),
        ratioRange(here, there, "requestsPerProcessorSecond"),
        both((rounds) => medianOf(rounds, "p99Ms").toFixed(1)),
        times(ratioOf(here, there, "p99Ms")),
      ];
    }),
  );
}
