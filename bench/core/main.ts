/**
 * `npm run bench:core`: the core and the in-process filter against the libraries that one would pick
 * instead, in one process, in turn.
 *
 *   npm run bench:core -- [--rounds N] [--seed N] [--write]
 *   npm run bench:core -- --against DIR [--rounds N]
 *
 * With `--write` the results, charts and pages are written; see bench/support/report.ts. With `--against` the
 * core alone is measured, beside that of another clone; nothing is written.
 */
import { parseArgs } from "node:util";

import type { Contender } from "./contender.ts";
import type { CoreResult, Measure, Sample } from "./report.ts";

import { positiveInteger } from "../../kit/options.ts";
import { describeMachine, machineLine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { SourceTree } from "../support/source-tree.ts";
import { comparedTable, measureAgainst, SAMPLER, targetTable } from "./against.ts";
import { coreOrder, promisedOrder } from "./order.ts";
import { filter, promised } from "./ours.ts";
import { peers } from "./peers.ts";
import * as pure from "./pure.ts";
import { CORE, CORE_OF_TWO, coreReport } from "./report.ts";
import { sampleAcquire, sampleCancel, sampleQueue, sampleTry } from "./waiting.ts";

const ROUNDS = 5;
/** Beside another tree, in two processes each. */
const ROUNDS_AGAINST = 10;
const SEED = 1;
/** Callers that wait. */
const SIZES = [100, 1_000, 10_000, 20_000, 100_000];
/** Queue lengths behind which a newcomer's time is measured, for two limits. */
const FORECAST_SIZES = [10, 1_000, 10_000];
/** Operations of the core's random run. */
const OPERATIONS = 1_000_000;
/** What a case may take, in milliseconds, and still be run once more before it counts. */
const WARM_UP_LIMIT_MS = 2_500;

const contenders: readonly Contender[] = [filter, promised, ...peers];

/** Samples by case, in the order in which they were first taken. */
class Samples {
  readonly #samples = new Map<string, Sample & { readonly ns: number[] }>();

  add(measure: Measure, contender: string, waiters: number, ns: number | undefined): void {
    if (ns === undefined) return;
    const key = `${measure}/${contender}/${waiters}`;
    const sample = this.#samples.get(key) ?? { measure, contender, waiters, ns: [] };
    sample.ns.push(ns);
    this.#samples.set(key, sample);
  }

  toJSON(): readonly Sample[] {
    return [...this.#samples.values()];
  }
}

/** The second of two runs: what the first compiles and fills is not the case's own. */
async function warm<Value>(run: () => Value | Promise<Value>): Promise<Value> {
  const startedAtMs = performance.now();
  const first = await run();
  return performance.now() - startedAtMs > WARM_UP_LIMIT_MS ? first : await run();
}

async function measureCore(samples: Samples): Promise<void> {
  const acquireNs = await warm(() => pure.sampleAcquire());
  // The core makes no promise: both lines are one.
  samples.add("try", CORE, 0, acquireNs);
  samples.add("acquire", CORE, 0, acquireNs);
  for (const waiters of SIZES) {
    const queue = await warm(() => pure.sampleQueue(waiters, false));
    samples.add("enqueue", CORE, waiters, queue.enqueueNs);
    samples.add("drain", CORE, waiters, queue.drainNs);
    samples.add("cancel", CORE, waiters, queue.cancelNs);
    samples.add("replace", CORE, waiters, queue.replaceNs);
    const overflowing = await warm(() => pure.sampleQueue(waiters, true));
    samples.add("replace", `${CORE}, ticks may flow over`, waiters, overflowing.replaceNs);
  }
  samples.add("acquire", CORE_OF_TWO, 0, await warm(() => pure.sampleAcquireOfTwo()));
  for (const waiters of FORECAST_SIZES) {
    const forecastNs = await warm(() => pure.sampleForecastOfTwo(waiters));
    samples.add("forecast", CORE_OF_TWO, waiters, forecastNs);
  }
}

async function measure(contender: Contender, samples: Samples): Promise<void> {
  const { name, cannot, mostWaiters } = contender;
  const acquire = await warm(() => sampleAcquire(contender));
  samples.add("acquire", name, 0, acquire.busyNs);
  samples.add("elapsed", name, 0, acquire.elapsedNs);
  if (cannot.try === undefined) samples.add("try", name, 0, await warm(() => sampleTry(contender)));
  for (const waiters of SIZES) {
    if (waiters > mostWaiters) break;
    const queue = await warm(() => sampleQueue(contender, waiters));
    samples.add("enqueue", name, waiters, queue.enqueueNs);
    samples.add("drain", name, waiters, queue.drainNs);
    if (cannot.cancel !== undefined) continue;
    samples.add("cancel", name, waiters, await warm(() => sampleCancel(contender, waiters)));
  }
}

async function measureOrders(seed: number): Promise<CoreResult["orders"]> {
  const orders = [{ contender: CORE, ...coreOrder(seed, OPERATIONS) }];
  for (const contender of contenders) {
    if (contender.operations === 0) continue;
    console.error(`order: ${contender.name} …`);
    orders.push({ contender: contender.name, ...(await promisedOrder(contender, seed)) });
  }
  return orders;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seed: { type: "string", default: String(SEED) },
    against: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const { against, rounds: roundsText } = values;
const seed = positiveInteger("--seed", values.seed);
if (values.write && against !== undefined) {
  throw new RangeError("--write needs all contenders: leave out --against");
}
if (against === undefined) await measureAll(roundsOr(ROUNDS));
else await compareTrees(against, roundsOr(ROUNDS_AGAINST));

function roundsOr(otherwise: number): number {
  return positiveInteger("--rounds", roundsText ?? String(otherwise));
}

async function compareTrees(dir: string, rounds: number): Promise<void> {
  const other = SourceTree.at("--against", dir, SAMPLER);
  const trees = [SourceTree.here, other];
  const [ours, theirs] = await Promise.all(trees.map((tree) => tree.describe()));
  const samples = await measureAgainst(other, rounds, (line) => console.error(`${line} …`));
  console.log(machineLine(describeMachine([])));
  console.log(`\nhere: ${ours}\nthere: ${theirs}`);
  const words = `Processor time of one caller, garbage collection included: medians of ${rounds} processes of each, in turn, and ratios of the two.`;
  console.log(`\n${words} Nothing is written.\n\n${comparedTable(samples)}`);
  console.log(`\n${targetTable(samples)}`);
}

async function measureAll(rounds: number): Promise<void> {
  const samples = new Samples();
  for (let round = 1; round <= rounds; round += 1) {
    console.error(`round ${round} of ${rounds} …`);
    await measureCore(samples);
    for (const contender of contenders) await measure(contender, samples);
  }

  const result: CoreResult = {
    machine: describeMachine(["limiter", "bottleneck", "p-throttle", "rate-limiter-flexible"]),
    rounds,
    seed,
    sizes: SIZES,
    contenders: [
      {
        name: CORE,
        isOurs: true,
        how:
          "`Limiter` as the Durable Object calls it (the verb, whose turn says when to wake and what to write), time handed " +
          "in, no promise; beyond `queueLimit` with callers that are put back after a reset",
        cannot: {},
      },
      ...contenders.map(({ name, isOurs, how, cannot }) => ({ name, isOurs, how, cannot })),
    ],
    samples: samples.toJSON(),
    orders: await measureOrders(seed),
  };
  publish(coreReport, result, values.write);
}
