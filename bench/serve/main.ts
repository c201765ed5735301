/**
 * `npm run bench:serve`: `npm run serve` with the relay in front of workerd and without it, beside workerd
 * without what serve adds to be able to end in order, and `npm start`, which runs the same Worker behind
 * the two proxies of `wrangler dev`. Each has processes of its own, and they are loaded in turn, so that
 * what else the machine does falls on all of them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { positiveInteger } from "../../kit/options.ts";
import { processorTimeMs } from "../../kit/processes/process-usage.ts";
import { Served } from "../../kit/processes/served.ts";
import { startDev, startWorkerd } from "../../kit/processes/server.ts";
import { median, ratio, total } from "../../kit/statistics.ts";
import { ask, bytesOf } from "../service/answer.ts";
import { findLoadGenerator } from "../service/load.ts";
import { describeMachine } from "../support/machine.ts";
import { table } from "../support/markdown.ts";
import { benchPolicy } from "../workers/bucket.ts";

const PATH = "/acquire?bucket=load";
/** Of each case before it counts: the code is compiled while it runs. */
const WARM_UP_SECONDS = 2;
const MICROS_PER_MS = 1_000;
/** What the relay may cost: a tenth of the requests. */
const MIN_RELAY_RATIO = 0.9;

interface Case {
  readonly name: string;
  readonly url: string;
  /** The processes that do all the work; none where they are not known. */
  readonly pids: readonly number[];
  readonly requestsPerSecond: number[];
  readonly p50Ms: number[];
  readonly cpuMicros: number[];
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
  },
});
const rounds = positiveInteger("--rounds", values.rounds);
const seconds = positiveInteger("--seconds", values.seconds);

const generator = await findLoadGenerator();
const stateDir = await mkdtemp(join(tmpdir(), "sluice-bench-serve-"));
const vars = ["--var", "PUBLIC:true", "--var", `POLICIES:${JSON.stringify({ "*": benchPolicy })}`];
try {
  const stateOf = (name: string): string[] => ["--port", "0", "--state", join(stateDir, name)];
  await using served = await Served.ready([...stateOf("relay"), ...vars]);
  await using direct = await Served.ready([...stateOf("direct"), "--no-relay", ...vars]);
  await using bare = await startWorkerd({ policies: { "*": benchPolicy } });
  await using dev = await startDev({ args: vars });
  const ours = caseOf("npm run serve", served.url, [served.pid, await served.workerdPid()]);
  const unrelayed = caseOf("the same with --no-relay", direct.url, [await direct.workerdPid()]);
  const cases = [
    ours,
    unrelayed,
    caseOf("workerd alone", bare.url, bare.pid === undefined ? [] : [bare.pid]),
    caseOf("npm start", dev.url, []),
  ];
  for (const each of cases) await measure(each, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round += 1) {
    console.error(`round ${round + 1} of ${rounds}`);
    // Each has its turn first.
    const first = round % cases.length;
    for (const each of [...cases.slice(first), ...cases.slice(0, first)]) {
      const { requestsPerSecond, p50Ms, cpuMicros } = await measure(each, seconds);
      each.requestsPerSecond.push(requestsPerSecond);
      each.p50Ms.push(p50Ms);
      each.cpuMicros.push(cpuMicros);
    }
  }
  const { processor, cores } = describeMachine([]);
  console.log(`${processor}, ${cores} cores; ${generator.name}, medians of ${rounds} rounds\n`);
  const rows = cases.map((each) => [
    each.name,
    Math.round(median(each.requestsPerSecond)).toLocaleString("en"),
    `${ratio(ours.requestsPerSecond, each.requestsPerSecond).toFixed(2)} ×`,
    median(each.p50Ms).toFixed(1),
    each.pids.length === 0 ? "" : median(each.cpuMicros).toFixed(0),
  ]);
  const columns = ["case", "requests/s", "serve to it", "half, ms", "CPU, µs"];
  console.log(table(columns, rows));
  const left = ratio(ours.requestsPerSecond, unrelayed.requestsPerSecond);
  const verdict = left >= MIN_RELAY_RATIO ? "kept" : "NOT KEPT";
  console.log(
    `\nWith the relay ${left.toFixed(2)} × of the requests without it; at least ${MIN_RELAY_RATIO}: ${verdict}`,
  );
} finally {
  await rm(stateDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

function caseOf(name: string, url: string, pids: readonly number[]): Case {
  return { name, url, pids, requestsPerSecond: [], p50Ms: [], cpuMicros: [] };
}

async function measure(
  { url, pids }: Case,
  durationSeconds: number,
): Promise<{ requestsPerSecond: number; p50Ms: number; cpuMicros: number }> {
  // wrangler's proxies send the same answer with its length or in chunks.
  const answerBytes = pids.length === 0 ? undefined : bytesOf(await ask(url, PATH));
  const cpuBeforeMs = await processorTimesMs(pids);
  const figures = await generator.load(url + PATH, durationSeconds, answerBytes);
  const cpuMs = (await processorTimesMs(pids)) - cpuBeforeMs;
  return { ...figures, cpuMicros: (cpuMs * MICROS_PER_MS) / figures.requests };
}

async function processorTimesMs(pids: readonly number[]): Promise<number> {
  return total(await Promise.all(pids.map(processorTimeMs)));
}
