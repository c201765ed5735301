/**
 * `npm run simulate`: what becomes of one bucket under 10 to 10,000,000 requests a second from all over
 * the world, with one object, with leases and in parts. In virtual time; see simulation.ts for what is
 * real in it and what is modelled. `-- --write` puts the figures into docs/internals/scaling.md.
 *
 * The cases are independent, so there is a thread for each core; this file is both sides of them.
 */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

import type { SimulatedCase } from "./report.ts";
import type { Outcome } from "./simulation.ts";

import { describeMachine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { namedCases } from "./cases.ts";
import { simulateReport } from "./report.ts";
import { simulateCase } from "./simulation.ts";

/** What a thread is told, and what it answers: by a case's place among `namedCases`. */
interface Answer {
  readonly index: number;
  readonly outcome: Outcome;
}

function serve(): void {
  parentPort?.on("message", (index: number) => {
    const named = namedCases[index];
    if (!named) throw new RangeError(`Case ${index} is not one of ${namedCases.length}`);
    parentPort?.postMessage({ index, outcome: simulateCase(named.simulated) } satisfies Answer);
  });
}

/** Hands a thread one case after the other, until none is left. */
async function work(take: () => number | undefined, done: (answer: Answer) => void): Promise<void> {
  const thread = new Worker(new URL(import.meta.url));
  try {
    for (let index = take(); index !== undefined; index = take()) {
      const answered = once(thread, "message");
      thread.postMessage(index);
      const [answer]: Answer[] = await answered;
      if (answer) done(answer);
    }
  } finally {
    await thread.terminate();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
  const begunAtMs = performance.now();
  const outcomes = new Map<number, Outcome>();
  const waiting = namedCases.map((_, index) => index);
  const threads = Array.from({ length: availableParallelism() }, () =>
    work(
      () => waiting.shift(),
      ({ index, outcome }) => {
        outcomes.set(index, outcome);
        const { table, design, simulated } = namedCases[index] ?? {};
        const { demand, isolates } = simulated ?? {};
        const what = `${table}: ${demand}/s of ${isolates} isolates, ${design}`;
        console.error(`${outcomes.size} of ${namedCases.length}: ${what}`);
      },
    ),
  );
  await Promise.all(threads);
  const tookS = Math.round((performance.now() - begunAtMs) / 1_000);
  const cases: SimulatedCase[] = namedCases.flatMap((named, index) => {
    const outcome = outcomes.get(index);
    return outcome ? [{ ...named, outcome }] : [];
  });
  publish(simulateReport, { machine: describeMachine([]), tookS, cases }, values.write);
  const broken = cases.filter(({ outcome }) => outcome.fullestShare > 1).length;
  process.exitCode = broken === 0 ? 0 : 1;
}

if (isMainThread) await main();
else serve();
