/**
 * `npm run bench`: Sluice as a service, on workerd itself and over real sockets, side by side with what
 * the runtime can do at most, with plainer designs, and with what one would pick instead.
 *
 *   npm run bench -- [--rounds N] [--seconds N] [--write]
 *
 * Prints tables; with `--write`, results, charts and pages are written (bench/support/report.ts). A run in
 * which any request fails has no result. Linux only: it reads /proc.
 */
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";

import type { ServiceResult } from "./report.ts";

import { positiveInteger } from "../../kit/options.ts";
import { fullBucket, rowsWritten } from "../../kit/simulation/rows-written.ts";
import { describeMachine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { cases, REDIS } from "./cases.ts";
import { CONNECTIONS, findLoadGenerator } from "./load.ts";
import { measureBesideEachOther, measurePacing, ORIGINAL, pacedNames } from "./pacing.ts";
import { redisVersion } from "../../kit/processes/redis.ts";
import { measureRelease } from "./release.ts";
import { serviceReport } from "./report.ts";
import { measureUnderLoad } from "./under-load.ts";

const ROUNDS = 5;
/** Of one run of load. */
const SECONDS = 4;
/** Of what takes long: crowds and paces. */
const WAITING_ROUNDS = 3;
const CALLERS = 5_000;
const FAST = { callers: 150, intervalMs: 20 };
/** A minute of it. */
const SLOW = { callers: 61, intervalMs: 1_000 };
const SEED = 1;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: String(ROUNDS) },
    seconds: { type: "string", default: String(SECONDS) },
    write: { type: "boolean", default: false },
  },
});
const rounds = positiveInteger("--rounds", values.rounds);
const seconds = positiveInteger("--seconds", values.seconds);

const [generator, redis, python] = await Promise.all([
  findLoadGenerator(),
  redisVersion(),
  pythonVersion(),
]);
const leftOut = [
  ...(redis === undefined ? [{ name: REDIS, why: "redis-server is not installed" }] : []),
  ...(python === undefined ? [{ name: ORIGINAL, why: "python3 is not installed" }] : []),
];
const namesLeftOut = leftOut.map(({ name }) => name);
const paced = pacedNames.filter((name) => !namesLeftOut.includes(name));

const measured = await measureUnderLoad(generator, { rounds, seconds }, namesLeftOut, print);
const release = await measureRelease({ rounds: WAITING_ROUNDS, callers: CALLERS }, print);
const fast = await measurePacing(FAST, WAITING_ROUNDS, paced, print);
print(`one in ${SLOW.intervalMs} ms: all beside each other`);
const slow = await measureBesideEachOther(SLOW, paced);

const result: ServiceResult = {
  machine: describeMachine(
    ["workerd", "limiter", "bottleneck", "p-throttle", "rate-limiter-flexible", "@redis/client"],
    {
      [generator.name]: generator.version,
      ...(redis !== undefined && { Redis: redis }),
      ...(python !== undefined && { Python: python }),
    },
  ),
  load: { generator: generator.name, connections: CONNECTIONS, seconds },
  cases: measured.map(({ name, rounds: figures }) => {
    const { what = "", targets = [] } = cases.find((one) => one.name === name) ?? {};
    return { name, what, targets, rounds: figures };
  }),
  leftOut,
  rows: rowsWritten(SEED, { policy: fullBucket, spacingMs: 1 }),
  release,
  fast: { ...FAST, results: fast },
  slow: { ...SLOW, results: slow },
};
publish(serviceReport, result, values.write);

function print(line: string): void {
  console.error(`${line} …`);
}

async function pythonVersion(): Promise<string | undefined> {
  const asked = promisify(execFile)("python3", ["--version"]);
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return /^Python (\S+)/.exec(stdout)?.[1];
}
