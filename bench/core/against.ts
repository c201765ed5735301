/**
 * The core of this tree beside the core of another, such as the version before a change: in one run, in
 * alternation, each sample in a process of its own (sample-tree.ts). A tree brings along the code that drives
 * its `Limiter`, so the two may differ in how it is called.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { ComparedMeasure, TreeSample } from "./sample-tree.ts";

import { median, shown, total } from "../../kit/statistics.ts";
import { shownDuration, table, verdict } from "../support/markdown.ts";
import { inTurn } from "../support/rounds.ts";
import { SourceTree } from "../support/source-tree.ts";

/** What each tree is measured by. */
export const SAMPLER = "bench/core/pure.ts";

/** By how much two runs of the very same code may differ. */
const NOISE = 0.05;
const NOT_SLOWER = 1 + NOISE;
/** Times of this tree to those of the other, at most. */
const targets: readonly { readonly measure: ComparedMeasure; readonly atMost: number }[] = [
  { measure: "acquire", atMost: 1.1 },
  { measure: "enqueue", atMost: NOT_SLOWER },
  { measure: "drain", atMost: NOT_SLOWER },
  { measure: "cancel", atMost: NOT_SLOWER },
];

/** One case, in nanoseconds, one a round. */
export interface ComparedSample {
  readonly measure: ComparedMeasure;
  readonly waiters: number;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** @returns Each case with the samples of `rounds` processes of each tree. */
export async function measureAgainst(
  other: SourceTree,
  rounds: number,
  progress: (line: string) => void,
): Promise<ComparedSample[]> {
  const ours: TreeSample[][] = [];
  const theirs: TreeSample[][] = [];
  const sides = [
    { name: "here", tree: SourceTree.here, found: ours },
    { name: "there", tree: other, found: theirs },
  ];
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, tree, found } of inTurn(sides, round)) {
      progress(`round ${round} of ${rounds}: ${name}`);
      found.push(await sampleOf(tree));
    }
  }
  return (ours[0] ?? []).map(({ measure, waiters }) => {
    const nsIn = (found: readonly TreeSample[][]) =>
      found
        .flat()
        .flatMap((one) => (one.measure === measure && one.waiters === waiters ? [one.ns] : []));
    return { measure, waiters, ours: nsIn(ours), theirs: nsIn(theirs) };
  });
}

async function sampleOf(tree: SourceTree): Promise<TreeSample[]> {
  const script = fileURLToPath(new URL("sample-tree.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, tree.urlOf(SAMPLER)]);
  return JSON.parse(stdout) as TreeSample[];
}

/**
 * One row a case. The ratio of the fastest processes beside that of the medians shows how much of it may be
 * noise: what else the machine does only ever makes a process slower.
 */
export function comparedTable(samples: readonly ComparedSample[]): string {
  return table(
    ["", "waiting", "here", "there", "here to there", "of the fastest"],
    samples.map(({ measure, waiters, ours, theirs }) => [
      measure,
      shown(waiters),
      shownDuration(median(ours)),
      shownDuration(median(theirs)),
      times(median(ours) / median(theirs)),
      times(Math.min(...ours) / Math.min(...theirs)),
    ]),
  );
}

/** One row a target: the geometric mean of the ratios over all numbers of waiters, and whether it is met. */
export function targetTable(samples: readonly ComparedSample[]): string {
  return table(
    ["", "here to there", "target", ""],
    targets.map(({ measure, atMost }) => {
      const ratios = samples
        .filter((one) => one.measure === measure)
        .map(({ ours, theirs }) => median(ours) / median(theirs));
      const value = geometricMean(ratios);
      return [measure, times(value), `at most ${atMost} ×`, verdict(value, { atMost })];
    }),
  );
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(total(values.map((value) => Math.log(value))) / values.length);
}

function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}
