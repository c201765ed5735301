/**
 * `sluice bench`: measures how fast a deployment answers. Each connection sends its next request
 * when the previous one is answered, for a given time; requests unanswered by then are abandoned
 * and not counted.
 *
 * It runs in one process with one thread, on the platform's `fetch`, so the most it can measure is
 * what that can send: some thousands of requests a second. Times run from the call to the last byte
 * of the answer.
 */
import type { AcquireOptions } from "../client/client.ts";
import type { Terminal } from "./terminal.ts";

import { sleep } from "../client/transport/abort.ts";
import { exitCodes } from "./exit-code.ts";

/** Interval of progress updates. */
const PROGRESS_MS = 500;
/**
 * Pause after a failed request, so that an address where nothing listens doesn't cause a busy loop.
 */
const FAILED_PAUSE_MS = 20;

/** Parsed arguments of `sluice bench`. */
export interface BenchCommand {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string | undefined;
  readonly bucket: string;
  readonly connections: number;
  readonly durationMs: number;
  /** What each request asks for, and how long it may wait for that. */
  readonly asked: Pick<AcquireOptions, "tokens" | "limits" | "timeoutMs">;
  readonly isJson: boolean;
}

/** The result of a measurement. */
interface BenchResult {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Percentiles of the latency, milliseconds. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Number of answers by status, and `reason` if there is one; `failed` if there was no answer. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Resolves with the exit code: `unavailable` if nothing was answered. */
export async function bench(command: BenchCommand, terminal: Terminal): Promise<number> {
  const latenciesMs: number[] = [];
  const answers: Record<string, number> = {};
  const address = addressOf(command);
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const end = AbortSignal.any([terminal.signal, AbortSignal.timeout(command.durationMs)]);

  const progress = setInterval(() => {
    const { length } = latenciesMs;
    terminal.showProgress(`${(elapsedMs() / 1_000).toFixed(1)} s, ${length} answers`);
  }, PROGRESS_MS);
  const connect = async (): Promise<void> => {
    while (!end.aborted) {
      const sentAtMs = performance.now();
      const answer = await ask(address, command.token, end);
      if (end.aborted) return;
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

/** The address of an acquire, the same for all of them. */
function addressOf({ url, bucket, asked }: BenchCommand): string {
  const { limits = {}, ...ofAll } = asked;
  const query = new URLSearchParams({ bucket });
  for (const [name, value] of Object.entries(ofAll)) query.set(name, String(value));
  for (const [name, count] of Object.entries(limits)) query.set(`tokens.${name}`, String(count));
  return `${url}/acquire?${query.toString()}`;
}

/** Acquires once. Resolves with the key under which to count the result. */
async function ask(
  address: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch(address, { headers, signal });
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
    `${requests} answers in ${seconds} s, ${requestsPerSecond} per second, ${connections} connections, bucket ${bucket}`,
    `latency in ms: p50 ${p50}, p90 ${p90}, p99 ${p99}, max ${max}`,
    `answers: ${counts.join(", ")}`,
  ];
}
