/**
 * A crowd: very many callers held at one bucket. Each is sent when the one before has been seen in the
 * queue, so the order of arrival is certain.
 *
 * What a waiter costs is what the server's process grows by, from before the connections are there until
 * all of them are held. The same for a Worker that does nothing but hold (workers/bare.ts), with the
 * same client, says what workerd itself needs for a held request.
 */
import { setTimeout } from "node:timers/promises";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { acquirePath } from "./callers.ts";
import { HeldRequest } from "./held-request.ts";
import { HttpClient } from "./http-client.ts";
import { requireOpenFiles, residentBytes } from "../processes/process-usage.ts";
import { startWorkerd, type WorkerdServer } from "../processes/server.ts";

/** Ticks so far apart that none comes while thousands do. */
const GATHERING_INTERVAL_MS = 120_000;
/** Before the first measurement: code is compiled, pools are filled. */
const WARM_UP_CALLERS = 200;

/** Open files that workerd needs for a held request: its socket, and the way to the object. */
const FILES_PER_CALLER = 2;
/** And for all else, the database of each object included. */
const OTHER_FILES = 500;
const FILES_PER_OBJECT = 4;

/** The policy's part that lets as many wait as may, for as long as may be. */
export const patient = { queueLimit: 10_000, maxWaitMs: 3_600_000, initialTokens: 0 };

/**
 * A policy by which nobody is served while the crowd comes: `tokensPerTick` and `intervalMs` have to be
 * such that its last is served within an hour, the longest wait there is.
 */
export function gatheringPolicy(tokensPerTick: number, intervalMs = GATHERING_INTERVAL_MS) {
  return {
    ...patient,
    capacity: tokensPerTick,
    refillTokens: tokensPerTick,
    refillIntervalMs: intervalMs,
  };
}

/** The Worker that does nothing but hold: bare, or behind Hono and with an ear for callers that leave. */
export function startBare(
  vars: Readonly<Record<string, unknown>> = {},
  worker: "bare" | "bare-routed" = "bare",
): Promise<WorkerdServer> {
  return startWorkerd({ main: `kit/workers/${worker}.ts`, vars });
}

/** Those who are held. */
export interface HeldCrowd {
  /** In order of arrival; each resolves with its request when its answer is here. */
  readonly answers: readonly Promise<HeldRequest>[];
  /** What the process has grown by for each of them. */
  readonly bytesPerCaller: number;
}

/**
 * Lets `callers` come to the bucket `crowd`, each when the one before has arrived.
 *
 * @param settleMs Before a measurement: what the process needs to give back what it does not need.
 * @throws {Error} Where one of them is answered before the last has come.
 * @throws {RangeError} Where that many connections may not be opened, or there is no /proc of Linux.
 */
export async function holdCrowd(
  server: WorkerdServer,
  callers: number,
  settleMs: number,
): Promise<HeldCrowd> {
  await requireCallers(callers);
  using looks = new HttpClient(server.url, 1);
  void (await arriveAt(server, looks, "warm-up", WARM_UP_CALLERS));
  await setTimeout(settleMs);
  const before = await residentBytes(server.pid);
  const answers = await arriveAt(server, looks, "crowd", callers);
  await setTimeout(settleMs);
  const bytesPerCaller = ((await residentBytes(server.pid)) - before) / callers;
  return { answers, bytesPerCaller };
}

/** @throws {RangeError} Where so many callers at so many buckets need more files than may be open. */
export function requireCallers(callers: number, buckets = 1): Promise<void> {
  return requireOpenFiles(callers * FILES_PER_CALLER + buckets * FILES_PER_OBJECT + OTHER_FILES);
}

async function arriveAt(
  server: WorkerdServer,
  looks: HttpClient,
  bucket: string,
  callers: number,
): Promise<Promise<HeldRequest>[]> {
  const requests = await HeldRequest.openAll(server.url, callers);
  const answers: Promise<HeldRequest>[] = [];
  for (const request of requests) {
    answers.push(request.send(acquirePath(bucket)));
    while ((await waitersAt(looks, bucket)) < answers.length) {
      const early = requests.find(({ completedAtMs }) => completedAtMs > 0);
      if (early) throw new Error(`Answered while the crowd came: ${early.answer.body}`);
    }
  }
  return answers;
}

async function waitersAt(looks: HttpClient, bucket: string): Promise<number> {
  const { body } = await looks.request(`/buckets/${bucket}`);
  return (body as BucketSnapshot).waiters;
}
