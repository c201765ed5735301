/**
 * Measures the core of one source tree, and nothing else, in a process of its own: V8 optimises per process,
 * so two versions of the same functions in one process would share what it has learnt of their callers.
 *
 *   node sample-tree.ts URL
 *
 * URL is that of the tree's `bench/core/pure.ts`, which knows how its `Limiter` is called. From it come
 * `sampleAcquire()` and `sampleQueue(waiters, canOverflow)`. Prints a `TreeSample` as JSON.
 */
import type * as Pure from "./pure.ts";

import { median } from "../../kit/statistics.ts";

/** Runs of each case before it counts, and those of which the median counts. */
const WARM_UPS = 2;
const RUNS = 9;
/** Callers that wait. */
const SIZES = [100, 1_000, 10_000, 20_000, 100_000];

/** What two trees are compared by. */
export type ComparedMeasure = "acquire" | "enqueue" | "drain" | "cancel" | "replace";

/** Nanoseconds of processor time of one caller. */
export interface TreeSample {
  readonly measure: ComparedMeasure;
  /** 0 if nobody waits. */
  readonly waiters: number;
  readonly ns: number;
}

/**
 * The runs that count. Garbage is collected when the collector likes, part of it in a later run; collecting it
 * between runs would be worse, because that also throws compiled code away.
 */
function warmRuns<Value>(run: () => Value): Value[] {
  const runs = Array.from({ length: WARM_UPS + RUNS }, () => run());
  return runs.slice(WARM_UPS);
}

function samplesOf({ sampleAcquire, sampleQueue }: typeof Pure): TreeSample[] {
  const samples: TreeSample[] = [
    { measure: "acquire", waiters: 0, ns: median(warmRuns(() => sampleAcquire())) },
  ];
  for (const waiters of SIZES) {
    const queues = warmRuns(() => sampleQueue(waiters, false));
    const add = (measure: ComparedMeasure, ns: (queue: Pure.PureSample) => number) => {
      samples.push({ measure, waiters, ns: median(queues.map(ns)) });
    };
    add("enqueue", ({ enqueueNs }) => enqueueNs);
    add("drain", ({ drainNs }) => drainNs / waiters);
    add("cancel", ({ cancelNs }) => cancelNs);
    add("replace", ({ replaceNs }) => replaceNs);
  }
  return samples;
}

const [url = ""] = process.argv.slice(2);
console.log(JSON.stringify(samplesOf((await import(url)) as typeof Pure)));
