/**
 * `npm run bench`: Sluice as a service, on workerd itself and over real sockets, side by side with what
 * the runtime can do at most, with plainer designs, and with what one would pick instead.
 *
 *   npm run bench -- [--rounds N] [--seconds N] [--write]
 *   npm run bench -- --only CASE,CASE… [--callers N]
 *   npm run bench -- --only sessions [--write]
 *   npm run bench -- --only directory [--buckets N]
 *   npm run bench -- --against DIR [--only CASE]
 *
 * Prints tables; with `--write`, results, charts and pages are written (bench/support/report.ts). With
 * `--only` it measures some of the cases, `waiting` with N callers, `sessions`, or `directory`: what the list of N busy buckets costs, and with `--against` Sluice
 * beside the Sluice of another clone; of these, only `sessions` alone writes anything. A run in which any request
 * fails has no result. Linux only: it reads /proc.
 */
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";

import type { LoadResult } from "./load-report.ts";
import type { ServiceResult } from "./report.ts";

import { namesFrom, positiveInteger } from "../../kit/options.ts";
import { redisVersion } from "../../kit/processes/redis.ts";
import { fullBucket, rowsWritten } from "../../kit/simulation/rows-written.ts";
import { describeMachine, machineLine, type Machine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { SourceTree } from "../support/source-tree.ts";
import {
  BUNDLER,
  comparableNames,
  comparedNames,
  comparedTable,
  measureAgainst,
} from "./against.ts";
import { cases, REDIS } from "./cases.ts";
import { checksTable } from "./checks.ts";
import { measureDirectory } from "./directory.ts";
import { CONNECTIONS, findLoadGenerator } from "./load.ts";
import { loadChecks, loadTable, loadWords } from "./load-report.ts";
import { measureBesideEachOther, measurePacing, ORIGINAL, pacedNames } from "./pacing.ts";
import { pipelinedCases } from "./pipelined/cases.ts";
import { sessionsReport, type SessionsResult } from "./pipelined/report.ts";
import { measureWaiting } from "./pipelined/waiting.ts";
import { measureRelease } from "./release.ts";
import { serviceReport, waitingSection } from "./report.ts";
import { subjectsOf } from "./subjects.ts";
import { measureUnderLoad } from "./under-load.ts";

/** The name by which `--only` measures callers that wait. */
const WAITING = "waiting";
/** The name by which it measures sessions. */
const SESSIONS = "sessions";
/** The name by which it measures what the list of busy buckets costs, and for how long a round. */
const DIRECTORY = "directory";
const DIRECTORY_SECONDS = 60;
const BUCKETS = 1_000;
const ROUNDS = 6;
/** Of one run of load. */
const SECONDS = 4;
/** Of paces, which take long. */
const PACING_ROUNDS = 3;
/** With fewer, what the process grows by once weighs more, and ratios of memory come closer to 1. */
const CALLERS = 5_000;
const FAST = { callers: 150, intervalMs: 20 };
/** As many as may wait at a bucket. */
const SESSION_WAITERS = { waiters: 10_000, sessions: 10 };
/** A minute of it. */
const SLOW = { callers: 61, intervalMs: 1_000 };
const SEED = 1;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: String(ROUNDS) },
    seconds: { type: "string" },
    buckets: { type: "string", default: String(BUCKETS) },
    only: { type: "string" },
    against: { type: "string" },
    callers: { type: "string", default: String(CALLERS) },
    write: { type: "boolean", default: false },
  },
});
const { only, against } = values;
const rounds = positiveInteger("--rounds", values.rounds);
const ownSeconds = only === DIRECTORY ? DIRECTORY_SECONDS : SECONDS;
const seconds = positiveInteger("--seconds", values.seconds ?? String(ownSeconds));
const callers = positiveInteger("--callers", values.callers);
if (values.write && (against !== undefined || (only !== undefined && only !== SESSIONS))) {
  throw new RangeError(`--write needs all cases, or --only ${SESSIONS}`);
}

const [generator, redis, python] = await Promise.all([
  findLoadGenerator(),
  redisVersion(),
  pythonVersion(),
]);
const leftOut = [
  ...(redis === undefined ? [{ name: REDIS, why: "redis-server is not installed" }] : []),
  ...(python === undefined ? [{ name: ORIGINAL, why: "python3 is not installed" }] : []),
];
const here = cases.filter(({ name }) => !leftOut.some((one) => one.name === name));

if (against !== undefined) await compareTrees(against);
else if (only === undefined) await measureAll();
else if (only === SESSIONS) await measureSessions();
else if (only === DIRECTORY) await measureList();
else await measureSome(only);

async function measureAll(): Promise<void> {
  const loaded = await measureCases(here.map(({ name }) => name));
  const release = await measureRelease({ rounds, callers }, print);
  const paced = pacedNames.filter((name) => !leftOut.some((one) => one.name === name));
  const fast = await measurePacing(FAST, PACING_ROUNDS, paced, print);
  print(`one in ${SLOW.intervalMs} ms: all beside each other`);
  const slow = await measureBesideEachOther(SLOW, paced);
  const result: ServiceResult = {
    machine: machine(),
    ...loaded,
    leftOut,
    rows: rowsWritten(SEED, { policy: fullBucket, spacingMs: 1 }),
    release,
    fast: { ...FAST, results: fast },
    slow: { ...SLOW, results: slow },
  };
  publish(serviceReport, result, values.write);
  await measureSessions();
}

/** Sessions, plain HTTP and Redis, in one run. */
async function measureSessions(): Promise<void> {
  const chosen = pipelinedCases.filter(({ isRedis }) => !isRedis || redis !== undefined);
  const subjects = await Promise.all(chosen.map(({ subject }) => subject(generator)));
  const measured = await measureUnderLoad({ rounds, seconds }, subjects, print);
  const waiting = await measureWaiting({ rounds, ...SESSION_WAITERS }, print);
  const result: SessionsResult = {
    machine: machine(),
    load: { generator: generator.name, seconds },
    leftOut: leftOut.filter(({ name }) => name === REDIS),
    cases: chosen.map(({ name, what }, index) => {
      return { name, what, rounds: measured[index]?.rounds ?? [] };
    }),
    waiting: { ...SESSION_WAITERS, rounds: waiting },
  };
  publish(sessionsReport, result, values.write);
}

/** The list of busy buckets. Writes nothing. */
async function measureList(): Promise<void> {
  const buckets = positiveInteger("--buckets", values.buckets);
  const measured = await measureDirectory({ buckets, seconds, rounds }, print);
  console.log(`${machineLine(machine())}\n\n${measured}`);
}

async function measureSome(text: string): Promise<void> {
  const known = [...here.map(({ name }) => name), WAITING];
  const names = namesFrom("--only", text, known);
  const chosen = names.filter((name) => name !== WAITING);
  console.log(machineLine(machine()));
  if (chosen.length > 0) {
    const loaded = await measureCases(chosen);
    console.log(`\n${loadWords(loaded)}\n\n${loadTable(loaded)}`);
    const checks = loadChecks(loaded);
    if (checks.length > 0) console.log(`\n${checksTable(checks)}`);
  }
  if (names.includes(WAITING)) {
    console.log(waitingSection(await measureRelease({ rounds, callers }, print)));
  }
  console.log("\nSome cases only: nothing is written.");
}

async function compareTrees(dir: string): Promise<void> {
  const names = only === undefined ? comparedNames : namesFrom("--only", only, comparableNames);
  const other = SourceTree.at("--against", dir, BUNDLER);
  const trees = [SourceTree.here, other];
  const [ours, theirs] = await Promise.all(trees.map((tree) => tree.describe()));
  const compared = await measureAgainst(generator, { rounds, seconds }, other, names, print);
  console.log(machineLine(machine()));
  console.log(`\nhere: ${ours}\nthere: ${theirs}`);
  const size = `${rounds} rounds in turn of ${seconds} s each`;
  console.log(`\n${size}; ratios are medians of each round's. Nothing is written.\n`);
  console.log(comparedTable(compared));
}

async function measureCases(names: readonly string[]): Promise<LoadResult> {
  const chosen = here.filter(({ name }) => names.includes(name));
  const subjects = await subjectsOf(generator, chosen);
  const measured = await measureUnderLoad({ rounds, seconds }, subjects, print);
  return {
    load: { generator: generator.name, connections: CONNECTIONS, seconds },
    cases: chosen.map(({ name, what, targets = [] }, index) => {
      return { name, what, targets, rounds: measured[index]?.rounds ?? [] };
    }),
  };
}

function machine(): Machine {
  return describeMachine(
    ["workerd", "limiter", "bottleneck", "p-throttle", "rate-limiter-flexible", "@redis/client"],
    {
      [generator.name]: generator.version,
      ...(redis !== undefined && { Redis: redis }),
      ...(python !== undefined && { Python: python }),
    },
  );
}

function print(line: string): void {
  console.error(`${line} …`);
}

async function pythonVersion(): Promise<string | undefined> {
  const asked = promisify(execFile)("python3", ["--version"]);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return /^Python (\S+)/.exec(stdout)?.[1];
}
