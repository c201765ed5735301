/**
 * How many requests each server answers, in rounds in which all of them have their turn (inTurn).
 *
 * Each turn starts the server anew, in processes of its own, has it give the answer that it should, loads it
 * until it is warm, measures, and ends it. So nothing else runs beside it, not even idle: Workers that share a
 * process, or a machine with others that aren't quite idle, slow each other by a tenth. And what one process
 * happens to be lucky with, such as where its memory lies, is averaged over the rounds like any other noise.
 *
 * Beside the rate is the processor time that the server's processes used for each request. The load runs on
 * the same machine and takes part of it; this figure says what a request costs all the same.
 */
import { setTimeout } from "node:timers/promises";

import type { TimedAnswer } from "../../kit/http/timed-request.ts";
import type { LoadFigures, LoadGenerator } from "./load.ts";

import { acquirePath } from "../../kit/http/callers.ts";
import { processorTimeMs } from "../../kit/processes/process-usage.ts";
import { total } from "../../kit/statistics.ts";
import { inTurn } from "../support/rounds.ts";
import { ask, bytesOf } from "./answer.ts";

const PATH = acquirePath("bench");
/** Some thousand requests of the slowest: code is compiled and pools are filled. */
const WARM_UP_SECONDS = 2;
/** For what the warm-up leaves behind: connections to close, memory to collect. */
const PAUSE_MS = 200;
const MICROS_PER_MS = 1_000;

/** A server that runs, and all the processes whose time is the server's. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly pids: readonly (number | undefined)[];
}

/** A server to measure. */
export interface LoadSubject {
  readonly name: string;
  /** Starts it with an empty state. */
  readonly start: () => Promise<RunningServer>;
  /** Gets ready to load it. Rejects if it doesn't answer as it should. */
  readonly open: (url: string) => Promise<OpenLoad>;
}

/** Load that is ready. */
interface OpenLoad extends Disposable {
  /** Loads the server, until nothing is under way any more. Rejects if any request fails. */
  run(seconds: number): Promise<LoadFigures>;
}

/** A subject's load over HTTP. @param check Throws if this isn't the answer that the server should give. */
export function httpLoad(
  generator: LoadGenerator,
  check: (given: TimedAnswer) => void,
): LoadSubject["open"] {
  return async (url) => {
    const given = await ask(url, PATH);
    check(given);
    const answerBytes = bytesOf(given);
    return {
      run: (seconds) => generator.load(url + PATH, seconds, answerBytes),
      [Symbol.dispose]: () => undefined,
    };
  };
}

export interface LoadSize {
  readonly rounds: number;
  /** Of each run. */
  readonly seconds: number;
}

/** The figures of one case in one round. */
export interface CaseRound {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of its processes, in microseconds a request. */
  readonly processorMicros: number;
  /** The same of the load itself, if it is known. */
  readonly loadMicros?: number;
}

export interface MeasuredCase {
  readonly name: string;
  readonly rounds: CaseRound[];
}

/** @returns The figures by subject, in the order of `subjects`. */
export async function measureUnderLoad(
  { rounds, seconds }: LoadSize,
  subjects: readonly LoadSubject[],
  progress: (line: string) => void,
): Promise<MeasuredCase[]> {
  const measured = subjects.map((subject) => ({ subject, figures: [] as CaseRound[] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { subject, figures } of inTurn(measured, round)) {
      progress(`${subject.name}: round ${round} of ${rounds}`);
      figures.push(await runOnce(subject, seconds));
    }
  }
  return measured.map(({ subject: { name }, figures }) => ({ name, rounds: figures }));
}

async function runOnce(subject: LoadSubject, seconds: number): Promise<CaseRound> {
  await using server = await subject.start();
  const { url, pids } = server;
  using load = await subject.open(url);
  await load.run(WARM_UP_SECONDS);
  await setTimeout(PAUSE_MS);
  const usedMs = async () => total(await Promise.all(pids.map((pid) => processorTimeMs(pid))));
  const beforeMs = await usedMs();
  const { requests, ...figures } = await load.run(seconds);
  const processorMicros = (((await usedMs()) - beforeMs) * MICROS_PER_MS) / requests;
  return { ...figures, processorMicros };
}
