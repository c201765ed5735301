/**
 * How many requests each case serves, in rounds in which all of them have their turn, every second round
 * backwards. Before that, each has to give the very answer that Sluice gives, and runs warm.
 *
 * Beside the rate stands the processor time that the server's processes used for each request. The load
 * runs on the same machine and takes part of it; this figure says what a request costs all the same.
 */
import { setTimeout } from "node:timers/promises";

import type { TimedAnswer } from "../../kit/http/timed-request.ts";
import type { LoadGenerator } from "./load.ts";

import { acquirePath } from "../../kit/http/callers.ts";
import { processorTimeMs } from "../../kit/processes/process-usage.ts";
import { startWorkerd } from "../../kit/processes/server.ts";
import { total } from "../../kit/statistics.ts";
import { ask, bytesOf, contentOf, includesAll, isAlike, type Answer } from "./answer.ts";
import { cases, SLUICE, type ServiceCase } from "./cases.ts";

const PATH = acquirePath("bench");
const WARM_UP_SECONDS = 2;
/** For what a run leaves behind: connections to close, memory to collect. */
const PAUSE_MS = 200;
const MICROS_PER_MS = 1_000;

export interface LoadSize {
  readonly rounds: number;
  /** Of each run. */
  readonly seconds: number;
}

/** What one case came to in one round. */
export interface CaseRound {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of its processes, in microseconds a request. */
  readonly processorMicros: number;
}

export interface MeasuredCase {
  readonly name: string;
  readonly rounds: CaseRound[];
}

/** A case that runs. */
interface Subject extends MeasuredCase {
  readonly url: string;
  readonly pids: readonly (number | undefined)[];
  readonly answerBytes: number;
}

/** @param leftOut Names of cases that cannot run on this machine. */
export async function measureUnderLoad(
  generator: LoadGenerator,
  { rounds, seconds }: LoadSize,
  leftOut: readonly string[],
  progress: (line: string) => void,
): Promise<MeasuredCase[]> {
  await using running = new AsyncDisposableStack();
  const subjects = await start(running, leftOut);
  for (const { name, url, answerBytes } of subjects) {
    progress(`${name}: warm-up`);
    await generator.load(url, WARM_UP_SECONDS, answerBytes);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const subject of round % 2 === 1 ? subjects : subjects.toReversed()) {
      progress(`${subject.name}: round ${round} of ${rounds}`);
      await setTimeout(PAUSE_MS);
      subject.rounds.push(await runOnce(generator, subject, seconds));
    }
  }
  return subjects.map(({ name, rounds }) => ({ name, rounds }));
}

async function runOnce(
  generator: LoadGenerator,
  { url, pids, answerBytes }: Subject,
  seconds: number,
): Promise<CaseRound> {
  const used = async () => total(await Promise.all(pids.map((pid) => processorTimeMs(pid))));
  const before = await used();
  const { requests, ...figures } = await generator.load(url, seconds, answerBytes);
  const processorMicros = (((await used()) - before) * MICROS_PER_MS) / requests;
  return { ...figures, processorMicros };
}

async function start(
  running: AsyncDisposableStack,
  leftOut: readonly string[],
): Promise<Subject[]> {
  const chosen = cases.filter(({ name }) => !leftOut.includes(name));
  const sample = await sampleAnswer();
  const answer = contentOf(sample);
  const others = Object.fromEntries(
    chosen.flatMap((one) => ("worker" in one ? [[one.name, withAnswer(one.worker, answer)]] : [])),
  );
  const workerd = running.use(await startWorkerd({ others }));
  const subjects: Subject[] = [];
  for (const one of chosen) {
    const { url, pids } =
      "worker" in one
        ? { url: workerd.urlOf(one.name), pids: [workerd.pid] }
        : running.use(await one.start(answer));
    const given = await ask(url, PATH);
    requireSame(one, given, sample);
    const answerBytes = bytesOf(given);
    subjects.push({ name: one.name, url: url + PATH, pids, answerBytes, rounds: [] });
  }
  return subjects;
}

function withAnswer<Worker extends { readonly vars?: Readonly<Record<string, unknown>> }>(
  worker: Worker,
  answer: Answer,
): Worker {
  return { ...worker, vars: { ...worker.vars, ANSWER: answer } };
}

/** What Sluice answers, from a process that is not measured. */
async function sampleAnswer(): Promise<TimedAnswer> {
  const sluice = cases.find(({ name }) => name === SLUICE);
  if (!sluice || !("worker" in sluice)) throw new Error(`There is no Worker called ${SLUICE}`);
  await using workerd = await startWorkerd(sluice.worker);
  // Awaited here: the process ends with this function.
  return await ask(workerd.url, PATH);
}

/**
 * In workerd, all has to be the same. Node has fields of its own and orders them in its own way; there,
 * nothing may be missing.
 */
function requireSame(one: ServiceCase, given: TimedAnswer, sample: TimedAnswer): void {
  const isSame = "worker" in one ? isAlike(given, sample) : includesAll(given, sample);
  if (isSame) return;
  const both = `${given.head}\n\n${given.body}\n--- and not ---\n${sample.head}\n\n${sample.body}`;
  throw new Error(`The case ${one.name} does not answer as Sluice does:\n${both}`);
}
