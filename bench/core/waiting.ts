/**
 * Measures limiters whose callers hold promises, in real time.
 *
 * Queues are filled, left alone until their tick, and drained. What that costs is processor time: waiting
 * for the tick does not count, what the tick sets off does, to the last grant's callback. Short queues
 * are measured several at once: every sample has as many callers, so that collecting the garbage of
 * all of them is in it.
 */
import { setTimeout as pause } from "node:timers/promises";

import type { Contender, OpenLimiter } from "./contender.ts";

import { busyNs, busyNsOf } from "./busy.ts";

/** Callers in one sample of a queue. */
export const CALLERS = 100_000;
/** Callers that leave, at most, from the middle of one queue. */
const LEAVING = 1_000;
const NS_PER_MS = 1e6;
/** Between ticks, for a start: long enough to fill all queues before the first on a machine with time. */
const INTERVAL_MS = 1_000;
/** The longest of intervals that are tried one after the other. */
const MAX_INTERVAL_MS = 16_000;
/** A rate at which none of all callers waits longer than the longest timer. */
const SLOW = { tokens: 100, intervalMs: 60_000 } as const;
/** Below any interval: there, a sample must not meet a tick. */
const LONG_INTERVAL_MS = 3_600_000;

/** Nanoseconds: one caller to fill a queue, and all callers to drain it. */
export interface QueueSample {
  readonly enqueueNs: number;
  readonly drainNs?: number;
}

/** Nanoseconds of one acquire. */
export interface AcquireSample {
  readonly busyNs: number;
  /** By the clock. */
  readonly elapsedNs: number;
}

/** One acquire whose token is there, awaited, then the next. */
export async function sampleAcquire(contender: Contender): Promise<AcquireSample> {
  const { name, acquires, open } = contender;
  const limiter = open(acquires, LONG_INTERVAL_MS);
  const { isGrant = () => true } = limiter;
  let granted = 0;
  const startedAtMs = performance.now();
  const busyBeforeNs = busyNs();
  for (let call = 0; call < acquires; call += 1) {
    if (isGrant(await limiter.acquire(1))) granted += 1;
  }
  const busySumNs = busyNs() - busyBeforeNs;
  const elapsedMs = performance.now() - startedAtMs;
  limiter.close?.();
  expectCount(name, "granted", granted, acquires);
  return { busyNs: busySumNs / acquires, elapsedNs: (elapsedMs / acquires) * NS_PER_MS };
}

/** Nanoseconds of one try whose token is there. */
export function sampleTry({ name, acquires, open }: Contender): number {
  const limiter = open(acquires, LONG_INTERVAL_MS);
  if (!limiter.tryAcquire) throw new TypeError(`${name} cannot try`);
  let granted = 0;
  const busyBeforeNs = busyNs();
  for (let call = 0; call < acquires; call += 1) if (limiter.tryAcquire()) granted += 1;
  const busySumNs = busyNs() - busyBeforeNs;
  expectCount(name, "granted", granted, acquires);
  if (limiter.tryAcquire()) throw new Error(`${name} has given more than it holds`);
  limiter.close?.();
  return busySumNs / acquires;
}

/** Fills queues of `waiters`, and drains each in one tick, if the contender can do that. */
export async function sampleQueue(
  contender: Contender,
  waiters: number,
  intervalMs = INTERVAL_MS,
): Promise<QueueSample> {
  const { name, cannot, open, mostCallers, settleMs } = contender;
  const queues = Math.max(1, Math.min(CALLERS, mostCallers) / waiters);
  const limiters = Array.from({ length: queues }, () =>
    cannot.drain === undefined ? open(waiters, intervalMs) : open(SLOW.tokens, SLOW.intervalMs),
  );
  await Promise.all(limiters.map((limiter) => limiter.empty()));

  let granted = 0;
  let busyAtLastGrantNs = 0;
  const { isGrant = () => true } = limiters[0] ?? {};
  const onGrant = (outcome: unknown) => {
    if (isGrant(outcome)) granted += 1;
    if (granted === queues * waiters) busyAtLastGrantNs = busyNs();
  };
  // The first of a queue by itself: some find out only later that it has to wait.
  const calls = limiters.map((limiter) => limiter.acquire(1).then(onGrant));
  await pause(1);

  const busyEmptyNs = busyNs();
  for (const limiter of limiters) {
    for (let caller = 1; caller < waiters; caller += 1) {
      calls.push(limiter.acquire(1).then(onGrant));
    }
  }
  // Some of them queue a caller some turns after its call.
  await pause(settleMs);
  const busyFullNs = busyNs();
  if (granted > 0 && intervalMs < MAX_INTERVAL_MS) {
    // The tick came while the queue was filled, on a machine that has other things to do.
    for (const limiter of limiters) limiter.tick?.();
    await Promise.all(calls);
    for (const limiter of limiters) limiter.close?.();
    return sampleQueue(contender, waiters, 2 * intervalMs);
  }
  expectCount(name, "granted before the tick", granted, 0);
  const enqueueNs = (busyFullNs - busyEmptyNs) / (queues * (waiters - 1));
  if (cannot.drain !== undefined) {
    await dismiss(name, limiters, calls);
    return { enqueueNs };
  }
  for (const limiter of limiters) limiter.tick?.();
  await Promise.all(calls);
  for (const limiter of limiters) limiter.close?.();
  expectCount(name, "granted", granted, queues * waiters);
  return { enqueueNs, drainNs: (busyAtLastGrantNs - busyFullNs) / queues };
}

/** Nanoseconds of one caller's leaving from the middle of `waiters`. */
export async function sampleCancel(contender: Contender, waiters: number): Promise<number> {
  const { name, open } = contender;
  const limiters = Array.from({ length: CALLERS / waiters }, () => open(waiters, LONG_INTERVAL_MS));
  // Made once: an error with its trace costs more than all the rest.
  const reason = new Error("left");
  const leaving = new Array<readonly [Promise<unknown>, () => void]>();
  for (const limiter of limiters) {
    await limiter.empty();
    const { acquireWithExit } = limiter;
    if (!acquireWithExit) throw new TypeError(`${name} cannot cancel`);
    const callers = Array.from({ length: waiters }, () => acquireWithExit(reason));
    leaving.push(...middleOf(callers));
  }
  const gone = Promise.allSettled(leaving.map(([outcome]) => outcome));
  const leaveNs = busyNsOf(() => {
    for (const [, leave] of leaving) leave();
  });
  const rejected = (await gone).filter(({ status }) => status === "rejected").length;
  for (const limiter of limiters) limiter.close?.();
  expectCount(name, "gone", rejected, leaving.length);
  return leaveNs / leaving.length;
}

/** From the middle of a queue: at most half of it. */
export function middleOf<Item>(items: readonly Item[]): readonly Item[] {
  const count = Math.min(LEAVING, items.length / 2);
  const first = Math.floor((items.length - count) / 2);
  return items.slice(first, first + count);
}

/** A benchmark that did not do what it was to do has measured something else. */
export function expectCount(name: string, what: string, count: number, expected: number): void {
  if (count !== expected) throw new Error(`${name}: ${count} ${what}, expected ${expected}`);
}

async function dismiss(
  name: string,
  limiters: readonly OpenLimiter[],
  calls: readonly Promise<void>[],
): Promise<void> {
  const settled = Promise.allSettled(calls);
  for (const limiter of limiters) limiter.close?.();
  const rejected = (await settled).filter(({ status }) => status === "rejected").length;
  expectCount(name, "waiting", rejected, calls.length);
}
