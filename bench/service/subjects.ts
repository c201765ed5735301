/** The cases as servers to measure: how each is started, and what it must answer. */
import type { TimedAnswer } from "../../kit/http/timed-request.ts";
import type { WorkerOptions } from "../../kit/processes/server.ts";
import type { LoadGenerator } from "./load.ts";

import { acquirePath } from "../../kit/http/callers.ts";
import { startWorkerd } from "../../kit/processes/server.ts";
import { ask, contentOf, includesAll, isAlike, type Answer } from "./answer.ts";
import { cases, SLUICE, type ServiceCase } from "./cases.ts";
import { httpLoad, type LoadSubject, type RunningServer } from "./under-load.ts";

const PATH = acquirePath("bench");

/** The cases, each of which must give the answer that Sluice gives. */
export async function subjectsOf(
  generator: LoadGenerator,
  chosen: readonly ServiceCase[],
): Promise<LoadSubject[]> {
  const sample = await sampleAnswer();
  const answer = contentOf(sample);
  return chosen.map((one) => ({
    name: one.name,
    start: () =>
      "worker" in one ? startWorker(withAnswer(one.worker, answer)) : one.start(answer),
    open: httpLoad(generator, (given) => requireSame(one, given, sample)),
  }));
}

/** One Worker in a workerd of its own. */
export async function startWorker(worker: WorkerOptions): Promise<RunningServer> {
  const workerd = await startWorkerd(worker);
  return {
    url: workerd.url,
    pids: [workerd.pid],
    [Symbol.asyncDispose]: () => workerd.stop(),
  };
}

function withAnswer(worker: WorkerOptions, answer: Answer): WorkerOptions {
  return { ...worker, vars: { ...worker.vars, ANSWER: answer } };
}

/** Sluice's answer, from a process that isn't measured. */
async function sampleAnswer(): Promise<TimedAnswer> {
  const sluice = cases.find(({ name }) => name === SLUICE);
  if (!sluice || !("worker" in sluice)) throw new Error(`There is no Worker called ${SLUICE}`);
  await using workerd = await startWorkerd(sluice.worker);
  // Awaited here: the process ends with this function.
  return await ask(workerd.url, PATH);
}

/**
 * In workerd, all of it must be the same. Node has fields of its own and orders them in its own way; there,
 * nothing may be missing.
 */
function requireSame(one: ServiceCase, given: TimedAnswer, sample: TimedAnswer): void {
  const isSame = "worker" in one ? isAlike(given, sample) : includesAll(given, sample);
  if (isSame) return;
  const both = `${given.head}\n\n${given.body}\n--- and not ---\n${sample.head}\n\n${sample.body}`;
  throw new Error(`The case ${one.name} does not answer as Sluice does:\n${both}`);
}
