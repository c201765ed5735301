/**
 * Thousands held at one bucket and served by one tick, against a Worker and an object that hold as many
 * and answer them in one turn (kit/workers/bare.ts): what a waiter takes of the server's memory,
 * and the time from the tick to the last byte of the last answer. Each crowd has a workerd of its own, which
 * runs alone.
 */
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { TimedAnswer } from "../../kit/http/timed-request.ts";

import { admin, changePolicy } from "../../kit/http/callers.ts";
import { crowdPolicy, holdCrowd, startBare } from "../../kit/http/crowd.ts";
import { processorTimeMs } from "../../kit/processes/process-usage.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { largest } from "../../kit/statistics.ts";
import { inTurn } from "../support/rounds.ts";
import { contentOf, isAlike, type Answer } from "./answer.ts";

/** Far enough from one tick to the next that all are served by the first. */
const SERVING_INTERVAL_MS = 1_000;
/** Before a measurement of memory: what the process needs to give back what it does not need. */
const SETTLE_MS = 2_000;

export interface ReleaseSize {
  readonly rounds: number;
  readonly callers: number;
}

/** One crowd. */
export interface ReleaseRound {
  readonly bytesPerCaller: number;
  /** From the tick, as the grid has it, to the last byte. */
  readonly releaseMs: number;
  /** Of the server's process meanwhile. */
  readonly processorMs: number;
}

/** What is compared, round by round. */
export interface ReleaseRounds {
  readonly callers: number;
  readonly sluice: ReleaseRound[];
  readonly bare: ReleaseRound[];
  /** Bare behind Hono, with an object that hears of callers that leave. */
  readonly routed: ReleaseRound[];
}

/** @throws {Error} Where somebody is not granted, or the two do not answer alike. */
export async function measureRelease(
  { rounds, callers }: ReleaseSize,
  progress: (line: string) => void,
): Promise<ReleaseRounds> {
  const found: ReleaseRounds = { callers, sluice: [], bare: [], routed: [] };
  // Runs warm, and says what all others are to answer.
  const { sample } = await releaseSluice(callers);
  const answer = contentOf(sample);
  const contenders = [
    { name: "sluice", release: () => releaseSluice(callers) },
    { name: "bare", release: () => releaseBare(callers, answer, "bare") },
    { name: "routed", release: () => releaseBare(callers, answer, "bare-routed") },
  ] as const;
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, release } of inTurn(contenders, round)) {
      progress(`${callers} held callers, round ${round} of ${rounds}: ${name}`);
      const released = await release();
      found[name].push(released.figures);
      if (isAlike(released.sample, sample)) continue;
      throw new Error(`Not answered alike:\n${released.sample.head}\n--- and ---\n${sample.head}`);
    }
  }
  return found;
}

interface Released {
  readonly figures: ReleaseRound;
  /** What the last of them was answered. */
  readonly sample: TimedAnswer;
}

async function releaseSluice(callers: number): Promise<Released> {
  const policies = { "*": crowdPolicy(callers) };
  await using server = await startWorkerd({ vars: admin.vars, policies });
  return await releaseOnce(server, callers);
}

async function releaseBare(
  callers: number,
  answer: Answer,
  worker: "bare" | "bare-routed",
): Promise<Released> {
  await using server = await startBare({ ANSWER: answer }, worker);
  return await releaseOnce(server, callers);
}

async function releaseOnce(server: WorkerdServer, callers: number): Promise<Released> {
  const { answers, bytesPerCaller } = await holdCrowd(server, callers, SETTLE_MS);
  const usedMs = await processorTimeMs(server.pid);
  const change = { refillIntervalMs: SERVING_INTERVAL_MS };
  const { status, body } = await changePolicy(server, "crowd", change);
  const { nextTickAtMs } = body as BucketSnapshot;
  if (status !== 200) throw new Error(`Not released: ${status} ${JSON.stringify(body)}`);
  const requests = await Promise.all(answers);
  const processorMs = (await processorTimeMs(server.pid)) - usedMs;
  const releaseMs = largest(requests.map(({ completedAtMs }) => completedAtMs)) - nextTickAtMs;
  const granted = requests.filter(({ answer }) => answer.status === 200);
  const sample = granted.at(-1)?.answer;
  for (const request of requests) request.close();
  if (!sample || granted.length < callers) {
    throw new Error(`Granted ${granted.length} of ${callers}`);
  }
  return { figures: { bytesPerCaller, releaseMs, processorMs }, sample };
}
