/**
 * Very many callers held at once: thousands at one bucket, and one at each of a thousand buckets.
 *
 * **Order.** Each caller is sent when the one before has been seen in the queue, so the order of
 * arrival is certain. Several are granted by one tick, at one instant; but each grant says how many
 * tokens it left, so instant and remainder together tell the order of all grants.
 *
 * **Memory.** What a waiter costs is measured as what the server's process grows by, from before the
 * connections are there until all of them are held; beside it the same for a Worker and an object that
 * only hold requests (workers/bare.ts), with the same client. So what workerd itself needs for a held
 * request is in both.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import type { BucketSnapshot, GrantBody } from "../src/protocol.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquirePath, admin, changePolicy } from "../test/support/callers.ts";
import { HttpClient } from "../test/support/http-client.ts";
import { HttpConnection, type Answer } from "../test/support/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../test/support/server.ts";
import { shown } from "../test/support/statistics.ts";

/** Ticks far apart while the callers come, and near when all are there. */
const GATHERING_INTERVAL_MS = 120_000;
const SERVING_INTERVAL_MS = 100;
/** Ticks in which the whole crowd is served, so that an hour, the longest wait, is not too short. */
const TICKS = 20;

/** Lets as many wait as may, for as long as may be. */
const patient = { queueLimit: 10_000, maxWaitMs: 3_600_000, initialTokens: 0 };

/** Open files that workerd needs for a held request: its socket, and the way to the object. */
const FILES_PER_CALLER = 2;
/** And for all else, the database of each object included. */
const OTHER_FILES = 500;
const FILES_PER_OBJECT = 4;

/** Before the first measurement: code is compiled, pools are filled. */
const WARM_UP_CALLERS = 200;
const BYTES_PER_KIB = 1_024;

/** A crowd's size. */
export interface CrowdSize {
  /** Held at one bucket. */
  readonly callers: number;
  /** With one caller each. */
  readonly buckets: number;
  /** Of these buckets: long enough for all of the callers to come, and to be measured. */
  readonly refillIntervalMs: number;
  /** Before a measurement: what the process needs to give back what it does not need. */
  readonly settleMs: number;
}

interface CrowdCounts extends CrowdSize {
  /** Of the callers at one bucket. */
  readonly notGranted: number;
  /** Callers granted before somebody in front of them. */
  readonly overtakings: number;
  /** Of the callers at a bucket each. */
  readonly singlesNotGranted: number;
  readonly singlesBeforeTheirTick: number;
  /** What the process grows by for each caller held at one bucket. */
  readonly waiterBytes: Measured;
}

/** Of Sluice, and of the Worker that does nothing but hold. */
interface Measured {
  readonly sluice: number;
  readonly bare: number;
}

async function gather(size: CrowdSize, progress: RunOptions["progress"]): Promise<CrowdCounts> {
  const { callers, buckets } = size;
  await requireOpenFiles(callers * FILES_PER_CALLER + OTHER_FILES);
  await requireOpenFiles(buckets * (FILES_PER_CALLER + FILES_PER_OBJECT) + OTHER_FILES);
  progress("crowd: bare requests");
  const bareBytes = await bytesOfBare(size);
  progress(`crowd: ${callers} callers at one bucket`);
  const crowd = await serveAtOne(size);
  progress(`crowd: a caller at each of ${buckets} buckets`);
  const singles = await serveAtEach(size);
  return {
    ...size,
    notGranted: crowd.notGranted,
    overtakings: crowd.faults,
    singlesNotGranted: singles.notGranted,
    singlesBeforeTheirTick: singles.faults,
    waiterBytes: { sluice: crowd.bytesPerCaller, bare: bareBytes },
  };
}

interface HeldCrowd {
  readonly answers: readonly Promise<Answer>[];
  readonly bytesPerCaller: number;
}

export interface ServedCrowd {
  readonly notGranted: number;
  /** Callers served before somebody in front of them, or before their tick. */
  readonly faults: number;
}

async function bytesOfBare(size: CrowdSize): Promise<number> {
  await using server = await startWorkerd({ main: "chaos/workers/bare.ts" });
  return (await holdAtOne(server, size)).bytesPerCaller;
}

/** Everybody at one bucket, whose ticks become short when all are there. */
export async function serveAtOne(
  size: CrowdSize,
): Promise<ServedCrowd & { readonly bytesPerCaller: number }> {
  const perTick = Math.ceil(size.callers / TICKS);
  const policy = {
    ...patient,
    capacity: perTick,
    refillTokens: perTick,
    refillIntervalMs: GATHERING_INTERVAL_MS,
  };
  await using server = await startWorkerd({ vars: admin.vars, policies: { "*": policy } });
  const { answers, bytesPerCaller } = await holdAtOne(server, size);
  await changePolicy(server, "crowd", { refillIntervalMs: SERVING_INTERVAL_MS });
  const grants = await grantsOf(answers);
  const notGranted = size.callers - grants.length;
  return { notGranted, faults: overtakingsIn(grants), bytesPerCaller };
}

/** One caller at each bucket: the bucket starts empty with it, and serves it by its first tick. */
export async function serveAtEach(size: CrowdSize): Promise<ServedCrowd> {
  const { buckets, refillIntervalMs } = size;
  const policy = { ...patient, capacity: 1, refillTokens: 1, refillIntervalMs };
  await using server = await startWorkerd({ policies: { "*": policy } });
  const connections = await openAll(server, buckets);
  const grants = await grantsOf(
    connections.map((connection, i) => connection.request(acquirePath(`bucket-${i}`))),
  );
  const early = grants.filter(({ waitedMs }) => waitedMs < refillIntervalMs);
  return { notGranted: buckets - grants.length, faults: early.length };
}

/** Lets callers come to one bucket, each when the one before has arrived. */
async function holdAtOne(
  server: WorkerdServer,
  { callers, settleMs }: CrowdSize,
): Promise<HeldCrowd> {
  using looks = new HttpClient(server.url, 1);
  void (await arriveAt(server, looks, "warm-up", WARM_UP_CALLERS));
  const before = await settledBytes(server, settleMs);
  const answers = await arriveAt(server, looks, "crowd", callers);
  const bytesPerCaller = ((await settledBytes(server, settleMs)) - before) / callers;
  return { answers, bytesPerCaller };
}

async function arriveAt(
  server: WorkerdServer,
  looks: HttpClient,
  bucket: string,
  callers: number,
): Promise<Promise<Answer>[]> {
  const connections = await openAll(server, callers);
  const answers: Promise<Answer>[] = [];
  for (const connection of connections) {
    answers.push(connection.request(acquirePath(bucket)));
    while ((await waitersAt(looks, bucket)) < answers.length);
  }
  return answers;
}

async function waitersAt(looks: HttpClient, bucket: string): Promise<number> {
  const { body } = await looks.request(`/buckets/${bucket}`);
  return (body as BucketSnapshot).waiters;
}

/** As many at a time as a server's backlog holds. */
async function openAll(server: WorkerdServer, count: number): Promise<HttpConnection[]> {
  const AT_A_TIME = 100;
  const connections: HttpConnection[] = [];
  while (connections.length < count) {
    const some = Math.min(AT_A_TIME, count - connections.length);
    const opened = Array.from({ length: some }, () => HttpConnection.open(server.url));
    connections.push(...(await Promise.all(opened)));
  }
  return connections;
}

async function grantsOf(answers: readonly Promise<Answer>[]): Promise<GrantBody[]> {
  const ended = await Promise.all(answers.map((answer) => answer.catch(() => undefined)));
  return ended.flatMap((answer) => (answer?.status === 200 ? (answer.body as GrantBody) : []));
}

/** How many, in order of arrival, were granted before the one in front of them. */
function overtakingsIn(grants: readonly GrantBody[]): number {
  return grants.filter((grant, i) => {
    const inFront = grants[i - 1];
    if (!inFront) return false;
    return grant.grantedAtMs === inFront.grantedAtMs
      ? grant.remaining >= inFront.remaining
      : grant.grantedAtMs < inFront.grantedAtMs;
  }).length;
}

/** What the server's process has in memory when it has come to rest. */
async function settledBytes({ pid }: WorkerdServer, settleMs: number): Promise<number> {
  await setTimeout(settleMs);
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch((cause: unknown) => {
    throw new RangeError("Cannot measure memory: there is no /proc of Linux here", { cause });
  });
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * BYTES_PER_KIB;
}

/** @throws {RangeError} Where a process may not open `files` at once. */
async function requireOpenFiles(files: number): Promise<void> {
  // What Node starts with is raised to the most that is allowed, and handed on to what it starts.
  const { stdout } = await promisify(execFile)("sh", ["-c", "ulimit -n"]);
  const allowed = stdout.trim() === "unlimited" ? Infinity : Number(stdout);
  if (allowed >= files) return;
  throw new RangeError(
    `Cannot hold so many callers: ${files} open files are needed, ulimit -n is ${allowed}`,
  );
}

/** The size of a whole run. */
const SIZE: CrowdSize = {
  callers: 5_000,
  buckets: 1_000,
  refillIntervalMs: 8_000,
  settleMs: 2_000,
};

export const crowd: Scenario = {
  name: "crowd",
  async run(options) {
    return figuresOf(await gather(SIZE, options.progress));
  },
};

function figuresOf(counts: CrowdCounts): Figure[] {
  const { callers, buckets, notGranted, overtakings, waiterBytes } = counts;
  const { singlesNotGranted, singlesBeforeTheirTick } = counts;
  return [
    {
      what: `${shown(callers)} callers held at one bucket: not granted`,
      measured: String(notGranted),
      limit: "0",
      holds: notGranted === 0,
    },
    {
      what: "the same: granted before the one in front",
      measured: String(overtakings),
      limit: "0",
      holds: overtakings === 0,
    },
    {
      what: `${shown(buckets)} buckets with a caller held at each: not granted, granted before its tick`,
      measured: `${singlesNotGranted}, ${singlesBeforeTheirTick}`,
      limit: "0, 0",
      holds: singlesNotGranted + singlesBeforeTheirTick === 0,
    },
    memoryFigure(callers, waiterBytes),
  ];
}

function memoryFigure(callers: number, { sluice, bare }: Measured): Figure {
  const [ofSluice, ofBare] = [sluice, bare].map((bytes) => (bytes / BYTES_PER_KIB).toFixed(1));
  return {
    what: `memory of a waiter, ${shown(callers)} at one bucket, and of as many bare held requests`,
    measured: `${ofSluice} KiB to ${ofBare} KiB: ${(sluice / bare).toFixed(2)} ×`,
    holds: true,
  };
}
