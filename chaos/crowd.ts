/**
 * Thousands of callers waiting at once: all at one bucket, and one at each of a thousand buckets.
 *
 * **Order.** The order of arrival is certain (kit/http/crowd.ts). One tick grants several callers at the
 * same instant, but each grant says how many tokens remain: instant and remainder together give the order of
 * all grants.
 *
 * **Memory.** The memory of a waiter, beside that of a request to a Worker that only holds requests.
 */
import type { GrantBody } from "../src/protocol/acquire-bodies.ts";
import type { Figure, RunOptions, Scenario } from "./scenario.ts";

import { acquirePath, admin, changePolicy } from "../kit/http/callers.ts";
import { crowdPolicy, holdCrowd, patient, requireCallers, startBare } from "../kit/http/crowd.ts";
import { TimedRequest } from "../kit/http/timed-request.ts";
import { startWorkerd } from "../kit/processes/server.ts";
import { shown } from "../kit/statistics.ts";

/** Between ticks once all callers are waiting. */
const SERVING_INTERVAL_MS = 100;
/** How many ticks serve everyone: few enough that no caller waits longer than an hour, the maximum. */
const TICKS = 20;

const BYTES_PER_KIB = 1_024;

export interface CrowdSize {
  /** How many callers wait at one bucket. */
  readonly callers: number;
  /** How many buckets have one caller each. */
  readonly buckets: number;
  /** The interval of those buckets: long enough for all callers to arrive. */
  readonly refillIntervalMs: number;
  /** Pause before each measurement, for the process to release memory it no longer needs. */
  readonly settleMs: number;
}

interface CrowdCounts extends CrowdSize {
  /** Of the callers at one bucket. */
  readonly notGranted: number;
  /** Callers granted before one that arrived earlier. */
  readonly overtakings: number;
  /** Of the callers at one bucket each. */
  readonly singlesNotGranted: number;
  readonly singlesBeforeTheirTick: number;
  /** By how much the process grows for each caller at one bucket. */
  readonly waiterBytes: Measured;
}

/** For Sluice, and for the Worker that only holds requests. */
interface Measured {
  readonly sluice: number;
  readonly bare: number;
}

async function countCrowd(size: CrowdSize, progress: RunOptions["progress"]): Promise<CrowdCounts> {
  const { callers, buckets } = size;
  await requireCallers(callers);
  await requireCallers(buckets, buckets);
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

interface ServedCrowd {
  readonly notGranted: number;
  /** Callers served before one that arrived earlier, or before their tick. */
  readonly faults: number;
}

async function bytesOfBare({ callers, settleMs }: CrowdSize): Promise<number> {
  await using server = await startBare();
  return (await holdCrowd(server, callers, settleMs)).bytesPerCaller;
}

/** All callers at one bucket, whose interval is shortened once all are waiting. */
export async function serveAtOne({
  callers,
  settleMs,
}: CrowdSize): Promise<ServedCrowd & { readonly bytesPerCaller: number }> {
  const policy = crowdPolicy(Math.ceil(callers / TICKS));
  await using server = await startWorkerd({ vars: admin.vars, policies: { "*": policy } });
  const { answers, bytesPerCaller } = await holdCrowd(server, callers, settleMs);
  await changePolicy(server, "crowd", { refillIntervalMs: SERVING_INTERVAL_MS });
  const grants = await grantsOf(answers);
  const notGranted = callers - grants.length;
  return { notGranted, faults: overtakingsIn(grants), bytesPerCaller };
}

/** One caller at each bucket, which starts empty and serves the caller with its first tick. */
export async function serveAtEach(size: CrowdSize): Promise<ServedCrowd> {
  const { buckets, refillIntervalMs } = size;
  const policy = { ...patient, capacity: 1, refillTokens: 1, refillIntervalMs };
  await using server = await startWorkerd({ policies: { "*": policy } });
  const requests = await TimedRequest.openAll(server.url, buckets);
  const grants = await grantsOf(
    requests.map((request, i) => request.send(acquirePath(`bucket-${i}`))),
  );
  const early = grants.filter(({ waitedMs }) => waitedMs < refillIntervalMs);
  return { notGranted: buckets - grants.length, faults: early.length };
}

async function grantsOf(answers: readonly Promise<TimedRequest>[]): Promise<GrantBody[]> {
  const ended = await Promise.all(answers.map((answer) => answer.catch(() => undefined)));
  return ended.flatMap((request) => {
    if (request?.answer.status !== 200) return [];
    return [JSON.parse(request.answer.body) as GrantBody];
  });
}

/** How many of the grants, in order of arrival, came before the one in front. */
function overtakingsIn(grants: readonly GrantBody[]): number {
  return grants.filter((grant, i) => {
    const inFront = grants[i - 1];
    if (!inFront) return false;
    return grant.grantedAtMs === inFront.grantedAtMs
      ? grant.remaining >= inFront.remaining
      : grant.grantedAtMs < inFront.grantedAtMs;
  }).length;
}

/** The size of a full run. */
const SIZE: CrowdSize = {
  callers: 5_000,
  buckets: 1_000,
  refillIntervalMs: 8_000,
  settleMs: 2_000,
};

export const crowd: Scenario = {
  name: "crowd",
  async run(options) {
    return figuresOf(await countCrowd(SIZE, options.progress));
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
