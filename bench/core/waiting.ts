/**
 * Measures limiters whose callers hold promises, in real time.
 *
 * A queue is filled, left alone until its tick, and drained. What that costs is the time for which the
 * event loop was busy with it: waiting for the tick does not count, what the tick sets off does, to the
 * last grant's callback. Short queues are measured several at once, so that every
 * sample has as many callers and a timer's lateness weighs as little.
 */
import { setTimeout as pause } from "node:timers/promises";

import type { Contender } from "./contender.ts";

/** Callers in one sample. */
const CALLERS = 20_000;
const NS_PER_MS = 1e6;
/** Between ticks: long enough to fill the queue before the first. */
const INTERVAL_MS = 500;
const LONG_QUEUE_INTERVAL_MS = 2_000;
/** A rate at which none of 100,000 waits longer than the longest timer. */
const SLOW = { tokens: 100, intervalMs: 60_000 } as const;
/** Below any interval: an uncontended sample must not meet a tick. */
const LONG_INTERVAL_MS = 3_600_000;
/** Callers of a sample of cancelling, taken from the middle. */
const LEAVING = 1_000;

/** Nanoseconds: a caller to fill, all of the callers to drain, and how long the drain took by the clock. */
export interface QueueSample {
  readonly enqueueNs: number;
  readonly drainNs?: number;
  readonly drainElapsedNs?: number;
}

/** Nanoseconds of one acquire whose token is there, awaited, then the next. */
export async function sampleAcquire({ name, acquires, open }: Contender): Promise<number> {
  const limiter = open(acquires, LONG_INTERVAL_MS);
  const { isGrant = () => true } = limiter;
  let granted = 0;
  const startedAtMs = performance.now();
  for (let call = 0; call < acquires; call += 1) {
    if (isGrant(await limiter.acquire(1))) granted += 1;
  }
  const elapsedMs = performance.now() - startedAtMs;
  limiter.close?.();
  expectCount(name, "granted", granted, acquires);
  return (elapsedMs / acquires) * NS_PER_MS;
}

/** Nanoseconds of one try whose token is there. */
export function sampleTry({ name, acquires, open }: Contender): number {
  const limiter = open(acquires, LONG_INTERVAL_MS);
  if (!limiter.tryAcquire) throw new TypeError(`${name} cannot try`);
  let granted = 0;
  const startedAtMs = performance.now();
  for (let call = 0; call < acquires; call += 1) if (limiter.tryAcquire()) granted += 1;
  const elapsedMs = performance.now() - startedAtMs;
  expectCount(name, "granted", granted, acquires);
  if (limiter.tryAcquire()) throw new Error(`${name} has given more than it holds`);
  limiter.close?.();
  return (elapsedMs / acquires) * NS_PER_MS;
}

/** Fills queues of `waiters`, and drains each in one tick, if the contender can do that. */
export async function sampleQueue(contender: Contender, waiters: number): Promise<QueueSample> {
  const { name, cannot, open, mostWaiters, settleMs } = contender;
  const queues = Math.max(1, Math.min(CALLERS, mostWaiters) / waiters);
  const intervalMs = waiters > CALLERS ? LONG_QUEUE_INTERVAL_MS : INTERVAL_MS;
  const limiters = Array.from({ length: queues }, () =>
    cannot.drain === undefined ? open(waiters, intervalMs) : open(SLOW.tokens, SLOW.intervalMs),
  );
  await Promise.all(limiters.map((limiter) => limiter.empty()));
  // The first of a queue by itself: some find out only later that it has to wait.
  let granted = 0;
  let lastGrantAtMs = 0;
  let busyAtLastGrantMs = 0;
  let startDrain = () => {};
  const drained = new Promise<void>((resolve) => {
    startDrain = resolve;
  });
  const { isGrant = () => true } = limiters[0] ?? {};
  const onGrant = (outcome: unknown) => {
    if (isGrant(outcome)) granted += 1;
    if (granted < queues * waiters) return;
    lastGrantAtMs = performance.now();
    busyAtLastGrantMs = performance.eventLoopUtilization().active;
    startDrain();
  };
  const calls = limiters.map((limiter) => limiter.acquire(1).then(onGrant));
  await pause(1);

  const busyEmptyMs = performance.eventLoopUtilization().active;
  for (const limiter of limiters) {
    for (let caller = 1; caller < waiters; caller += 1)
      calls.push(limiter.acquire(1).then(onGrant));
  }
  // Some of them queue a caller some turns after its call.
  await pause(settleMs);
  expectCount(name, "granted before the tick", granted, 0);
  const busyFullMs = performance.eventLoopUtilization().active;
  const enqueueNs = ((busyFullMs - busyEmptyMs) / (queues * (waiters - 1))) * NS_PER_MS;
  if (cannot.drain !== undefined) {
    const settled = Promise.allSettled(calls);
    for (const limiter of limiters) limiter.close?.();
    const rejected = (await settled).filter(({ status }) => status === "rejected").length;
    expectCount(name, "waiting", rejected, queues * waiters);
    return { enqueueNs };
  }
  const tickAtMs = performance.now();
  for (const limiter of limiters) limiter.tick?.();
  await drained;
  await Promise.all(calls);
  for (const limiter of limiters) limiter.close?.();
  expectCount(name, "granted", granted, queues * waiters);
  return {
    enqueueNs,
    drainNs: ((busyAtLastGrantMs - busyFullMs) / queues) * NS_PER_MS,
    drainElapsedNs: (lastGrantAtMs - tickAtMs) * NS_PER_MS,
  };
}

/** Nanoseconds of one caller's leaving from the middle of `waiters`. */
export async function sampleCancel(contender: Contender, waiters: number): Promise<number> {
  const limiter = contender.open(waiters, LONG_INTERVAL_MS);
  const { acquireWithExit } = limiter;
  if (!acquireWithExit) throw new TypeError(`${contender.name} cannot cancel`);
  await limiter.empty();
  // Made once: an error with its trace costs more than all the rest.
  const reason = new Error("left");
  const callers = Array.from({ length: waiters }, () => acquireWithExit(reason));
  const leaving = middleOf(callers, LEAVING);
  const gone = Promise.allSettled(leaving.map(([outcome]) => outcome));
  const startedAtMs = performance.now();
  for (const [, leave] of leaving) leave();
  const elapsedMs = performance.now() - startedAtMs;
  const rejected = (await gone).filter(({ status }) => status === "rejected").length;
  limiter.close?.();
  expectCount(contender.name, "gone", rejected, leaving.length);
  return (elapsedMs / leaving.length) * NS_PER_MS;
}

/** At most `most` from the middle, and at most half. */
export function middleOf<Item>(items: readonly Item[], most: number): readonly Item[] {
  const count = Math.min(most, items.length / 2);
  const first = Math.floor((items.length - count) / 2);
  return items.slice(first, first + count);
}

/** A benchmark that did not do what it was to do has measured something else. */
export function expectCount(name: string, what: string, count: number, expected: number): void {
  if (count !== expected) throw new Error(`${name}: ${count} ${what}, expected ${expected}`);
}
