/**
 * Callers that all ask at once, and how evenly they are let go: by Sluice over HTTP, by limiters within a
 * process (peers/paced.ts), and by the exercise that Sluice grew from (peers/original.py).
 *
 * Instants are the callers' own, beside those that Sluice says: over HTTP when the last byte of the answer is there. The first of them
 * is where the ideal begins, so what anybody takes to get started is not counted.
 */
import { execFile } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";

import { admin, changePolicy } from "../../kit/http/callers.ts";
import { crowdPolicy, holdCrowd } from "../../kit/http/crowd.ts";
import { startWorkerd } from "../../kit/processes/server.ts";
import { largest, median, percentile } from "../../kit/statistics.ts";
import { pacedLimiterNames } from "./peers/paced-limiters.ts";

const run = promisify(execFile);

/** What the fast pace lets go in a second. */
const FIFTY = 50;
/** While they come, whose last has then to wait for less than an hour. */
const CROWD_INTERVAL_MS = 10_000;

/** How often callers are to be let go, and how many. */
export interface Pace {
  readonly callers: number;
  readonly intervalMs: number;
}

/** How even it was. */
export interface PacingFigures {
  /** When the last was let go, after the ideal; negative where before. */
  readonly lastOffMs: number;
  /** By how much their line is steeper than the ideal one, in milliseconds an interval. */
  readonly driftMs: number;
  /** Between one and the next, 99 of 100. */
  readonly p99GapMs: number;
  /** The shortest time in which one more than fifty were let go; left out where there were not as many. */
  readonly fiftyOneInMs?: number;
  /** The same by the instants that the limiter itself says; left out where it says none. */
  readonly fiftyOneGrantedInMs?: number;
  /** Callers let go before the one in front of them. */
  readonly inversions: number;
}

/** What one of them came to. */
export interface PacedResult {
  readonly name: string;
  readonly rounds: readonly PacingFigures[];
}

/** The instants of callers in order of their asking, in milliseconds. */
export interface LetGo {
  /** Of each caller's own clock. */
  readonly seenAtMs: readonly number[];
  /** As the limiter says; left out where it says nothing. */
  readonly grantedAtMs?: readonly number[];
}

/** One that paces. */
interface PacedSubject {
  readonly name: string;
  run(pace: Pace): Promise<LetGo>;
}

/** Sluice over HTTP, as the results call it. */
export const PACED_SLUICE = "sluice, over HTTP";

const sluice: PacedSubject = {
  name: PACED_SLUICE,
  async run({ callers, intervalMs }) {
    const policies = { "*": crowdPolicy(1, CROWD_INTERVAL_MS) };
    await using server = await startWorkerd({ vars: admin.vars, policies });
    const { answers } = await holdCrowd(server, callers, 0);
    const { status } = await changePolicy(server, "crowd", { refillIntervalMs: intervalMs });
    if (status !== 200) throw new Error(`The ticks of sluice were not set: ${status}`);
    const requests = await Promise.all(answers);
    const granted = requests.filter(({ answer }) => answer.status === 200);
    for (const request of requests) request.close();
    if (granted.length < callers) throw new Error(`Granted ${granted.length} of ${callers}`);
    return {
      seenAtMs: granted.map(({ completedAtMs }) => completedAtMs),
      grantedAtMs: granted.map(({ answer }) => (JSON.parse(answer.body) as GrantBody).grantedAtMs),
    };
  },
};

const inProcess: readonly PacedSubject[] = pacedLimiterNames.map((limiter) => ({
  name: limiter === "sluice" ? "sluice, in process" : limiter,
  run: (pace) => instantsOf(process.execPath, scriptAt("peers/paced.ts"), limiter, pace),
}));

/** The exercise in Python. */
export const ORIGINAL = "the original, in Python";

const original: PacedSubject = {
  name: ORIGINAL,
  run: (pace) => instantsOf("python3", scriptAt("peers/original.py"), undefined, pace),
};

const subjects: readonly PacedSubject[] = [sluice, ...inProcess, original];

/** The names of all that pace. */
export const pacedNames: readonly string[] = subjects.map(({ name }) => name);

/** Between the starts of those who run beside each other: starting takes a processor for a moment. */
const START_SPACING_MS = 500;

/** `rounds` times one after the other, each alone on the machine. */
export async function measurePacing(
  pace: Pace,
  rounds: number,
  names: readonly string[],
  progress: (line: string) => void,
): Promise<PacedResult[]> {
  const found = subjectsOf(names).map((subject) => ({ subject, rounds: [] as PacingFigures[] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { subject, rounds: figures } of found) {
      progress(`one in ${pace.intervalMs} ms, round ${round} of ${rounds}: ${subject.name}`);
      figures.push(pacingFigures(await subject.run(pace), pace));
    }
  }
  return found.map(({ subject: { name }, rounds: figures }) => ({ name, rounds: figures }));
}

/** All beside each other: for a pace so slow that they are not in each other's way. */
export async function measureBesideEachOther(
  pace: Pace,
  names: readonly string[],
): Promise<PacedResult[]> {
  return Promise.all(
    subjectsOf(names).map(async (subject, index) => {
      await setTimeout(index * START_SPACING_MS);
      return { name: subject.name, rounds: [pacingFigures(await subject.run(pace), pace)] };
    }),
  );
}

function subjectsOf(names: readonly string[]): PacedSubject[] {
  return subjects.filter(({ name }) => names.includes(name));
}

/** What the instants come to. */
export function pacingFigures(
  { seenAtMs: instants, grantedAtMs = [] }: LetGo,
  { callers, intervalMs }: Pace,
): PacingFigures {
  if (instants.length !== callers) throw new Error(`Let go ${instants.length} of ${callers}`);
  const inTime = instants.toSorted((a, b) => a - b);
  const gaps = inTime.slice(1).map((instant, i) => instant - (inTime[i] ?? NaN));
  const lastOffMs = largest(inTime.map((instant) => instant - (inTime[0] ?? NaN)));
  const offMs = lastOffMs - (callers - 1) * intervalMs;
  const fiftyOneInMs = shortestOfFiftyOne(inTime);
  const fiftyOneGrantedInMs = shortestOfFiftyOne(grantedAtMs.toSorted((a, b) => a - b));
  return {
    lastOffMs: offMs,
    driftMs: slope(inTime) - intervalMs,
    p99GapMs: percentile(gaps, 0.99),
    ...(fiftyOneInMs !== undefined && { fiftyOneInMs }),
    ...(fiftyOneGrantedInMs !== undefined && { fiftyOneGrantedInMs }),
    inversions: instants.filter((instant, i) => instant < (instants[i - 1] ?? -Infinity)).length,
  };
}

/** @param inTime In order of time. */
function shortestOfFiftyOne(inTime: readonly number[]): number | undefined {
  const spans = inTime.slice(FIFTY).map((instant, i) => instant - (inTime[i] ?? NaN));
  return spans.length > 0 ? Math.min(...spans) : undefined;
}

/**
 * Of the line through the values, one step apart: the median of the slopes of all pairs (Theil and Sen).
 * Some that are late for a reason of the machine's own do not bend it.
 */
function slope(values: readonly number[]): number {
  const slopes = values.flatMap((value, i) =>
    values.slice(i + 1).map((later, steps) => (later - value) / (steps + 1)),
  );
  return median(slopes);
}

async function instantsOf(
  command: string,
  script: string,
  limiter: string | undefined,
  { callers, intervalMs }: Pace,
): Promise<LetGo> {
  const named = limiter === undefined ? [] : [limiter];
  const args = [script, ...named, String(callers), String(intervalMs)];
  const { stdout } = await run(command, args);
  return { seenAtMs: JSON.parse(stdout) as number[] };
}

function scriptAt(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
