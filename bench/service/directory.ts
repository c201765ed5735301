/**
 * What the list of busy buckets costs: the same load on two servers in turn, one whose buckets report and one whose
 * buckets don't, each in a process of its own. All buckets are asked at an even pace, which both can serve, so a
 * latency is that of a server with time to spare and the processor time says what is left of it.
 *
 * At the end the directory is restarted under load, and the list is polled until it is whole again.
 */
import { Agent, request } from "node:http";
import { setTimeout } from "node:timers/promises";

import { processorTimeMs } from "../../kit/processes/process-usage.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { median, percentile, ratio, shown } from "../../kit/statistics.ts";
import { table } from "../support/markdown.ts";
import { inTurn } from "../support/rounds.ts";
import { benchPolicy } from "../workers/bucket.ts";

/** How often a bucket is asked: twice as often as it takes to be busy. */
const ASKS_PER_S = 2;
const CONNECTIONS = 64;
const TICK_MS = 10;
/** Before anything is measured: objects start, and buckets become busy. */
const WARM_UP_S = 12;
const MAX_LISTED = 1_000;

/** What is measured. */
export interface DirectorySize {
  readonly buckets: number;
  readonly seconds: number;
  readonly rounds: number;
}

/** What a server has done in a round. */
interface Round {
  readonly asks: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
  readonly reports: number;
}

interface Subject {
  readonly name: string;
  readonly server: WorkerdServer;
  readonly rounds: Round[];
}

/** Runs it, and returns the table with what follows from it. */
export async function measureDirectory(
  size: DirectorySize,
  print: (line: string) => void,
): Promise<string> {
  if (size.buckets > MAX_LISTED) throw new RangeError(`--buckets must be at most ${MAX_LISTED}`);
  const subjects = [await startSubject("with reports", "on"), await startSubject("without", "off")];
  try {
    for (let round = 0; round < size.rounds; round += 1) {
      for (const { name, server, rounds } of inTurn(subjects, round)) {
        print(`round ${round + 1} of ${size.rounds}: ${name}`);
        rounds.push(await measureRound(server, size));
      }
    }
    print("a restart of the directory under load");
    const [reporting] = subjects;
    const wholeAfterMs = reporting && (await measureRestart(reporting.server, size.buckets));
    return rendered(size, subjects, wholeAfterMs ?? NaN);
  } finally {
    for (const { server } of subjects) await server.stop();
  }
}

async function startSubject(name: string, reports: "on" | "off"): Promise<Subject> {
  const server = await startWorkerd({
    main: "bench/workers/listed.ts",
    vars: { REPORTS: reports },
    policies: { "*": benchPolicy },
  });
  return { name, server, rounds: [] };
}

async function measureRound(server: WorkerdServer, size: DirectorySize): Promise<Round> {
  const load = new EvenLoad(server.url, size.buckets);
  try {
    await load.run(WARM_UP_S);
    const [cpuMs, calls] = [await processorTimeMs(server.pid), await callsOf(server)];
    const latenciesMs = await load.run(size.seconds);
    const asks = latenciesMs.length;
    return {
      asks,
      p50Ms: percentile(latenciesMs, 0.5),
      p99Ms: percentile(latenciesMs, 0.99),
      cpuUs: ((await processorTimeMs(server.pid)) - cpuMs) * (1_000 / asks),
      reports: (await callsOf(server)) - calls,
    };
  } finally {
    load.end();
  }
}

/** How long after a restart all buckets are listed again, in milliseconds. */
async function measureRestart(server: WorkerdServer, buckets: number): Promise<number> {
  const load = new EvenLoad(server.url, buckets);
  const isWhole = async (): Promise<boolean> => {
    const response = await fetch(`${server.url}/buckets?limit=${MAX_LISTED}`);
    const { buckets: listed } = (await response.json()) as { buckets?: readonly unknown[] };
    return listed?.length === buckets;
  };
  try {
    await load.run(WARM_UP_S);
    const loaded = load.run(60);
    while (!(await isWhole())) await setTimeout(100);
    await fetch(`${server.url}/restart-directory`, { method: "POST" });
    const restartedAtMs = performance.now();
    while (!(await isWhole())) await setTimeout(100);
    const tookMs = performance.now() - restartedAtMs;
    load.stop();
    await loaded;
    return tookMs;
  } finally {
    load.end();
  }
}

async function callsOf(server: WorkerdServer): Promise<number> {
  return Number(await (await fetch(`${server.url}/directory-calls`)).text());
}

/** Asks all buckets one after the other, at an even pace, however long an answer takes. */
class EvenLoad {
  readonly #url: string;
  readonly #buckets: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #next = 0;
  #isStopped = false;

  constructor(url: string, buckets: number) {
    this.#url = url;
    this.#buckets = buckets;
  }

  /** How long each answer took, in milliseconds. */
  async run(seconds: number): Promise<number[]> {
    const startedAtMs = performance.now();
    const perMs = (this.#buckets * ASKS_PER_S) / 1_000;
    const asked: Promise<number>[] = [];
    for (;;) {
      const passedMs = performance.now() - startedAtMs;
      if (passedMs >= seconds * 1_000 || this.#isStopped) break;
      while (asked.length < passedMs * perMs) asked.push(this.#ask());
      await setTimeout(TICK_MS);
    }
    return Promise.all(asked);
  }

  stop(): void {
    this.#isStopped = true;
  }

  end(): void {
    this.#agent.destroy();
  }

  #ask(): Promise<number> {
    const bucket = `bucket:${this.#next}`;
    this.#next = (this.#next + 1) % this.#buckets;
    const sentAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const url = `${this.#url}/acquire?bucket=${bucket}`;
      const sent = request(url, { agent: this.#agent }, (response) => {
        response.resume();
        response.once("end", () => {
          if (response.statusCode === 200) resolve(performance.now() - sentAtMs);
          else reject(new Error(`${bucket}: ${response.statusCode}`));
        });
      });
      sent.once("error", reject);
      sent.end();
    });
  }
}

function rendered(size: DirectorySize, subjects: readonly Subject[], wholeAfterMs: number): string {
  const columns = ["", "acquires", "p50", "p99", "processor time an acquire", "reports"];
  const of = (rounds: readonly Round[], what: keyof Round): number[] => {
    return rounds.map((round) => round[what]);
  };
  const rows = subjects.map(({ name, rounds }) => [
    name,
    shown(median(of(rounds, "asks"))),
    `${median(of(rounds, "p50Ms")).toFixed(2)} ms`,
    `${median(of(rounds, "p99Ms")).toFixed(2)} ms`,
    `${median(of(rounds, "cpuUs")).toFixed(1)} µs`,
    shown(median(of(rounds, "reports"))),
  ]);
  const [reporting, silent] = subjects.map(({ rounds }) => rounds);
  const ratios = (["p50Ms", "p99Ms", "cpuUs"] as const).map((what) => {
    return ratio(of(reporting ?? [], what), of(silent ?? [], what)).toFixed(3);
  });
  return [
    `${shown(size.buckets)} buckets, asked ${ASKS_PER_S} times a second each, ${size.rounds} rounds in turn of ${size.seconds} s`,
    table(columns, rows),
    `with ÷ without, medians of each round's: p50 ${ratios[0]}, p99 ${ratios[1]}, processor time ${ratios[2]}`,
    `after a restart of the directory the list is whole in ${(wholeAfterMs / 1_000).toFixed(1)} s`,
  ].join("\n\n");
}
