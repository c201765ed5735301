/**
 * `sluice bench`: how fast a deployment answers. As many requests as there are connections are always
 * under way, each sent when the one before it is answered, for a time; what is not answered by then is
 * left, and not counted.
 *
 * It is one process with one thread, and the platform's `fetch`: what it measures is at most what that
 * can send, some thousands of requests a second. Times are from the call to the last byte of the answer.
 */
import type { Terminal } from "./terminal.ts";

import { sleep } from "../client/transport/abort.ts";
import { exitCodes } from "./exit-code.ts";

/** Between two lines of progress. */
const PROGRESS_MS = 500;
/** After a request that failed: an address where nobody listens is asked no faster, and timers get their turn. */
const FAILED_PAUSE_MS = 20;

/** What the command line asks for. */
export interface BenchCommand {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
  readonly bucket: string;
  readonly connections: number;
  readonly durationMs: number;
  /** How long each request is willing to wait for its token. */
  readonly timeoutMs: number;
  readonly isJson: boolean;
}

/** What was measured. */
interface BenchResult {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Milliseconds within which so many of a hundred were answered. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Answers by status, and `reason` where it has one; `failed` where there was none. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Resolves with the code to end with: `unavailable` where nothing was answered. */
export async function bench(command: BenchCommand, terminal: Terminal): Promise<number> {
  const latenciesMs: number[] = [];
  const answers: Record<string, number> = {};
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const over = AbortSignal.any([terminal.signal, AbortSignal.timeout(command.durationMs)]);

  const progress = setInterval(() => {
    const { length } = latenciesMs;
    terminal.showProgress(`${(elapsedMs() / 1_000).toFixed(1)} s, ${length} answers`);
  }, PROGRESS_MS);
  const connect = async (): Promise<void> => {
    while (!over.aborted) {
      const sentAtMs = performance.now();
      const answer = await ask(command, over);
      if (over.aborted) return;
      answers[answer] = (answers[answer] ?? 0) + 1;
      if (answer === "failed") await sleep(FAILED_PAUSE_MS, undefined);
      else latenciesMs.push(performance.now() - sentAtMs);
    }
  };
  await Promise.all(Array.from({ length: command.connections }, connect));
  clearInterval(progress);
  terminal.clearProgress();

  const result = resultOf(latenciesMs, answers, elapsedMs());
  if (command.isJson) terminal.print(JSON.stringify(result));
  else for (const line of describe(command, result)) terminal.print(line);
  return result.requests > 0 ? exitCodes.ok : exitCodes.unavailable;
}

/** Asks for one token; answers what came of it. */
async function ask(
  { url, token, bucket, timeoutMs }: BenchCommand,
  signal: AbortSignal,
): Promise<string> {
  const query = new URLSearchParams({ bucket, timeoutMs: String(timeoutMs) });
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch(`${url}/acquire?${query.toString()}`, { headers, signal });
    const text = await response.text();
    const reason = response.ok ? undefined : /"reason":"([a-z-]+)"/.exec(text)?.[1];
    return reason === undefined ? String(response.status) : `${response.status} ${reason}`;
  } catch {
    return "failed";
  }
}

function resultOf(
  latenciesMs: readonly number[],
  answers: Readonly<Record<string, number>>,
  elapsedMs: number,
): BenchResult {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const seconds = elapsedMs / 1_000;
  const at = (share: number): number => {
    const latency = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return Number(latency.toFixed(2));
  };
  return {
    requests: sorted.length,
    seconds: Number(seconds.toFixed(2)),
    requestsPerSecond: Math.round(sorted.length / seconds),
    latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) },
    answers,
  };
}

function describe({ connections, bucket }: BenchCommand, result: BenchResult): string[] {
  const { requests, seconds, requestsPerSecond, latencyMs, answers } = result;
  const { p50, p90, p99, max } = latencyMs;
  const counts = Object.entries(answers).map(([answer, count]) => `${answer}: ${count}`);
  return [
    `${requests} answers in ${seconds} s, ${requestsPerSecond} a second, ${connections} at a time, of bucket ${bucket}`,
    `latency in ms: half within ${p50}, 90 of 100 ${p90}, 99 of 100 ${p99}, all ${max}`,
    `answers: ${counts.join(", ")}`,
  ];
}
