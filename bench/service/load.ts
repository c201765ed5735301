/**
 * The load: many connections, each with one request at a time, for some seconds. From `wrk`, which costs
 * a server least of its machine, and where that is not installed from `autocannon`, which npm brings. A
 * run with any answer but 200 is none.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";

import { packageVersion } from "../support/machine.ts";

const run = promisify(execFile);

/** Enough that the server never waits for the load. */
export const CONNECTIONS = 64;
/** Answers are of one length; but those under way at the end were read in part. */
const BYTES_TOLERANCE = 0.01;
const MS_PER_SECOND = 1_000;
const MICROS_PER_MS = 1_000;

/** What one run found. */
export interface LoadFigures {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the load itself, in microseconds a request, if it is known. */
  readonly loadMicros?: number;
}

/** A program that makes load. */
export interface LoadGenerator {
  readonly name: string;
  readonly version: string;
  /**
   * Loads `url`, whose answers are of `answerBytes` each; `undefined` where a proxy frames them as it likes.
   *
   * @throws {Error} Where any request was not answered by 200.
   */
  load(url: string, seconds: number, answerBytes: number | undefined): Promise<LoadFigures>;
}

/** `wrk` where it is installed, `autocannon` where it is not. */
export async function findLoadGenerator(): Promise<LoadGenerator> {
  // It says its version along with how to use it, and ends with 1.
  const said = await run("wrk", ["-v"]).catch((error: unknown) => error as { stdout?: string });
  const version = /^wrk (?:debian\/)?(\S+)/.exec(said.stdout ?? "")?.[1];
  return version === undefined ? autocannon : { name: "wrk", version, load: loadByWrk };
}

interface WrkReport {
  readonly requests: number;
  readonly microseconds: number;
  readonly bytes: number;
  /** Of connections, reads, writes, and answers of 400 and more. */
  readonly failed: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

const script = fileURLToPath(new URL("wrk-report.lua", import.meta.url));

async function loadByWrk(
  url: string,
  seconds: number,
  answerBytes: number | undefined,
): Promise<LoadFigures> {
  const connections = ["--threads", "1", "--connections", String(CONNECTIONS)];
  const args = [...connections, "--duration", `${seconds}s`, "--script", script, url];
  const { stdout } = await run("wrk", args);
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as WrkReport;
  const { requests, microseconds, bytes, failed, p50Micros, p99Micros } = report;
  requireGranted(url, { requests, bytes, failed }, answerBytes);
  return {
    requests,
    requestsPerSecond: (requests * MS_PER_SECOND * MICROS_PER_MS) / microseconds,
    p50Ms: p50Micros / MICROS_PER_MS,
    p99Ms: p99Micros / MICROS_PER_MS,
  };
}

/** The part of autocannon's report that is used; its times are milliseconds, in whole ones. */
interface AutocannonReport {
  readonly duration: number;
  /** In bytes. */
  readonly throughput: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly mismatches: number;
  readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
}

const autocannon: LoadGenerator = {
  name: "autocannon",
  version: packageVersion("autocannon"),
  async load(url, seconds, answerBytes) {
    const program = fileURLToPath(import.meta.resolve("autocannon"));
    const size = ["--connections", String(CONNECTIONS), "--duration", String(seconds)];
    const { stdout } = await run(process.execPath, [program, ...size, "--json", url]);
    const report = JSON.parse(stdout) as AutocannonReport;
    const { 200: good, ...others } = report.statusCodeStats;
    const otherAnswers = Object.values(others).reduce((sum, { count }) => sum + count, 0);
    const failed = report.errors + report.timeouts + report.mismatches + otherAnswers;
    const requests = good?.count ?? 0;
    const bytes = report.throughput.total;
    requireGranted(url, { requests, bytes, failed }, answerBytes);
    const { p50: p50Ms, p99: p99Ms } = report.latency;
    return { requests, requestsPerSecond: requests / report.duration, p50Ms, p99Ms };
  },
};

interface Load {
  readonly requests: number;
  readonly bytes: number;
  readonly failed: number;
}

/** Answers of 2xx and 3xx may pass as good; but none other than the one that was looked at has its length. */
function requireGranted(url: string, result: Load, answerBytes: number | undefined): void {
  const { requests, bytes, failed } = result;
  if (requests === 0 || failed > 0) {
    throw new Error(`${url}: ${failed} requests failed beside ${requests} that were answered`);
  }
  if (answerBytes === undefined) return;
  const expected = requests * answerBytes;
  if (Math.abs(bytes - expected) <= expected * BYTES_TOLERANCE) return;
  throw new Error(`${url}: ${requests} answers came to ${bytes} bytes, not ${expected}`);
}
