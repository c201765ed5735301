/**
 * Thousands of callers that wait at one bucket. Each is sent once the one before it is in the queue, so
 * the order of arrival is certain.
 *
 * The memory of a waiter is the growth of the server's process, from before the connections are opened
 * until all requests are waiting, divided by their number. The same measurement of a Worker that only holds
 * requests (workers/bare.ts), with the same client, shows workerd's own share.
 */
import { setTimeout } from "node:timers/promises";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { acquirePath } from "./callers.ts";
import { TimedRequest } from "./timed-request.ts";
import { HttpClient } from "./http-connection.ts";
import { requireOpenFiles, residentBytes } from "../processes/process-usage.ts";
import { startWorkerd, type WorkerdServer } from "../processes/server.ts";

/** Ticks so far apart that none comes while thousands of callers arrive. */
const CROWD_INTERVAL_MS = 120_000;
/** Callers before the first measurement, so that code is compiled and pools are filled. */
const WARM_UP_CALLERS = 200;

/**
 * Connections opened before their requests are sent. workerd closes one on which nothing comes for some
 * seconds, so on a slow machine the last of thousands would be gone before their turn.
 */
const OPENED_AT_ONCE = 100;

/** Open files that workerd needs for a held request: its socket, and the connection to the object. */
const FILES_PER_CALLER = 2;
/** Open files of an object: its database and what belongs to it. */
const FILES_PER_OBJECT = 4;
/** Open files for everything else. */
const OTHER_FILES = 500;

/** Fields of a policy with the longest queue and the longest wait allowed. */
export const patient = { queueLimit: 10_000, maxWaitMs: 3_600_000, initialTokens: 0 };

/**
 * A policy that serves nobody while the callers arrive. Choose `tokensPerTick` and `intervalMs` so that the
 * last is served within an hour, the longest wait allowed.
 */
export function crowdPolicy(tokensPerTick: number, intervalMs = CROWD_INTERVAL_MS) {
  return {
    ...patient,
    capacity: tokensPerTick,
    refillTokens: tokensPerTick,
    refillIntervalMs: intervalMs,
  };
}

/** Starts the Worker that only holds requests: bare, or behind Hono and noticing callers that leave. */
export function startBare(
  vars: Readonly<Record<string, unknown>> = {},
  worker: "bare" | "bare-routed" = "bare",
): Promise<WorkerdServer> {
  return startWorkerd({ main: `kit/workers/${worker}.ts`, vars });
}

/** Callers that wait. */
export interface HeldCrowd {
  /** In order of arrival; each resolves with its request once that is answered. */
  readonly answers: readonly Promise<TimedRequest>[];
  /** By how much the process has grown for each of them. */
  readonly bytesPerCaller: number;
}

/**
 * Sends `callers` requests to the bucket `crowd`, each once the one before has arrived.
 *
 * @param settleMs Pause before each measurement, for the process to release memory it no longer needs.
 * @throws {Error} If one of them is answered before the last has arrived.
 * @throws {RangeError} If so many connections aren't allowed, or without the /proc of Linux.
 */
export async function holdCrowd(
  server: WorkerdServer,
  callers: number,
  settleMs: number,
): Promise<HeldCrowd> {
  await requireCallers(callers);
  using observer = new HttpClient(server.url, 1);
  void (await arriveAt(server, observer, "warm-up", WARM_UP_CALLERS));
  await setTimeout(settleMs);
  const before = await residentBytes(server.pid);
  const answers = await arriveAt(server, observer, "crowd", callers);
  await setTimeout(settleMs);
  const bytesPerCaller = ((await residentBytes(server.pid)) - before) / callers;
  return { answers, bytesPerCaller };
}

/** @throws {RangeError} If so many callers at so many buckets need more open files than allowed. */
export function requireCallers(callers: number, buckets = 1): Promise<void> {
  return requireOpenFiles(callers * FILES_PER_CALLER + buckets * FILES_PER_OBJECT + OTHER_FILES);
}

async function arriveAt(
  server: WorkerdServer,
  observer: HttpClient,
  bucket: string,
  callers: number,
): Promise<Promise<TimedRequest>[]> {
  const sent: TimedRequest[] = [];
  const answers: Promise<TimedRequest>[] = [];
  const failures: unknown[] = [];
  while (sent.length < callers) {
    const opened = Math.min(OPENED_AT_ONCE, callers - sent.length);
    for (const request of await TimedRequest.openAll(server.url, opened)) {
      const answer = request.send(acquirePath(bucket));
      answer.catch((error: unknown) => failures.push(error));
      sent.push(request);
      answers.push(answer);
      while ((await waitersAt(observer, bucket)) < sent.length) {
        if (failures.length > 0) throw failures[0];
        const early = sent.find(({ completedAtMs }) => completedAtMs > 0);
        if (early) throw new Error(`Answered while callers were arriving: ${early.answer.body}`);
      }
    }
  }
  return answers;
}

async function waitersAt(observer: HttpClient, bucket: string): Promise<number> {
  const { body } = await observer.request(`/buckets/${bucket}`);
  return (body as BucketSnapshot).waiters;
}
