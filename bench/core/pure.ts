/**
 * Measures the core by itself: `Limiter`, called as the Durable Object calls it. Time is handed in, so
 * nothing waits and no promise is made; what the object and the runtime add is `npm run bench`'s to say.
 */
import type { Turn } from "../../src/core/limiter.ts";
import type { Waiter } from "../../src/core/waiter-queue.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { Policy, policyLimits } from "../../src/core/policy.ts";
import { expectCount, middleOf } from "./waiting.ts";

const NAME = "Sluice core";
/** No multiple of any interval, as a clock would have it. */
const STARTED_AT_MS = 1_795_425_904_731;
const INTERVAL_MS = 1_000;
const QUEUE_LIMIT = policyLimits.queueLimit.max;
const NS_PER_MS = 1e6;
const ACQUIRES = 1_000_000;
/** The time of a sample of acquires goes on by 1 ms for so many: 100,000 a second. */
const ACQUIRES_PER_MS = 100;
/** Callers in one sample of a queue: short queues are measured several times over. */
const CALLERS = 20_000;
/** Callers of a sample of cancelling. */
const LEAVING = 1_000;

/** Nanoseconds of each step of a queue's life; the drain is of all callers, the rest is of one. */
export interface PureSample {
  readonly enqueueNs: number;
  readonly drainNs: number;
  readonly cancelNs: number;
  /** To leave from the middle, and for a newcomer to be told its time behind those who stay. */
  readonly replaceNs: number;
}

/** Nanoseconds of one acquire whose token is there. */
export function sampleAcquire(): number {
  const { max } = policyLimits.capacity;
  const policy = Policy.of({
    capacity: max,
    initialTokens: max,
    refillTokens: ACQUIRES,
    refillIntervalMs: INTERVAL_MS,
  });
  const limiter = new Limiter<number>(policy);
  let granted = 0;
  const startedAtMs = performance.now();
  for (let call = 0; call < ACQUIRES; call += 1) {
    const nowMs = STARTED_AT_MS + Math.floor(call / ACQUIRES_PER_MS);
    const turn = finished(limiter, limiter.acquire({ caller: call }, nowMs), nowMs);
    for (const { caller, outcome } of turn.settled) if (outcome.ok && caller === call) granted += 1;
  }
  const elapsedMs = performance.now() - startedAtMs;
  expectCount(NAME, "granted", granted, ACQUIRES);
  return (elapsedMs / ACQUIRES) * NS_PER_MS;
}

/**
 * Fills a queue of `waiters`, takes callers out of its middle, and drains it in one tick; several times
 * over where it is short.
 *
 * @param canOverflow Whether a tick may flow over while one of the callers waits. Then the time of a
 * newcomer behind one who left is found by a walk over the queue.
 */
export function sampleQueue(waiters: number, canOverflow: boolean): PureSample {
  const times = Math.max(1, CALLERS / waiters);
  const sum = { enqueue: 0, drain: 0, cancel: 0, replace: 0 };
  let leaving = 0;
  let drained = 0;
  for (let time = 0; time < times; time += 1) {
    // A tick never flows over where it brings one token; here it brings all that is waited for.
    const policy = Policy.of({
      capacity: waiters,
      refillTokens: canOverflow ? waiters : 1,
      refillIntervalMs: canOverflow ? INTERVAL_MS : policyLimits.refillIntervalMs.min,
      initialTokens: 0,
      queueLimit: QUEUE_LIMIT,
      maxWaitMs: policyLimits.maxWaitMs.max,
    });
    const limiter = new Limiter<number>(policy);
    const queue: Waiter<number>[] = [];

    let startedAtMs = performance.now();
    for (let caller = 0; caller < waiters; caller += 1) queue.push(joined(limiter, caller));
    sum.enqueue += performance.now() - startedAtMs;

    const middle = middleOf(queue, LEAVING);
    const leavers = middle.filter((_, index) => index % 2 === 0);
    const replaced = middle
      .filter((_, index) => index % 2 === 1)
      .slice(0, canOverflow ? 10 : LEAVING);
    startedAtMs = performance.now();
    for (const waiter of leavers) left(limiter, waiter);
    sum.cancel += performance.now() - startedAtMs;
    startedAtMs = performance.now();
    for (const [index, waiter] of replaced.entries()) {
      left(limiter, waiter);
      joined(limiter, waiters + index);
    }
    sum.replace += performance.now() - startedAtMs;

    const wakeAtMs = STARTED_AT_MS + waiters * policy.refillIntervalMs;
    startedAtMs = performance.now();
    const turn = finished(limiter, limiter.advance(wakeAtMs), wakeAtMs);
    sum.drain += performance.now() - startedAtMs;

    expectCount(NAME, "granted", turn.settled.length, waiters - leavers.length);
    expectCount(
      NAME,
      "cancelled",
      limiter.inspect(wakeAtMs).cancelled,
      leavers.length + replaced.length,
    );
    expectOrder(turn, new Set([...leavers, ...replaced].map(({ caller }) => caller)));
    leaving += leavers.length;
    drained += turn.settled.length;
  }
  const replaced = times * Math.min(canOverflow ? 10 : LEAVING, leaving / times);
  return {
    enqueueNs: (sum.enqueue / (times * waiters)) * NS_PER_MS,
    drainNs: ((sum.drain * waiters) / drained) * NS_PER_MS,
    cancelNs: (sum.cancel / leaving) * NS_PER_MS,
    replaceNs: (sum.replace / replaced) * NS_PER_MS,
  };
}

/** All of the queue is filled in the same instant: nothing is due. */
function joined(limiter: Limiter<number>, caller: number): Waiter<number> {
  // `queueLimit` does not count for callers that are put back after a reset.
  const place = caller < QUEUE_LIMIT ? {} : { putBackFromMs: STARTED_AT_MS };
  const turn = limiter.acquire({ caller, timeoutMs: 3_600_000, ...place }, STARTED_AT_MS);
  const { waiter } = finished(limiter, turn, STARTED_AT_MS);
  if (!waiter) throw new Error(`${NAME}: caller ${caller} does not wait`);
  return waiter;
}

function left(limiter: Limiter<number>, waiter: Waiter<number>): void {
  finished(limiter, limiter.cancel(waiter, STARTED_AT_MS), STARTED_AT_MS);
}

/** What the owner of a limiter asks after each turn. */
function finished(limiter: Limiter<number>, turn: Turn<number>, nowMs: number): Turn<number> {
  wakeAtMs = limiter.nextWakeAtMs;
  state = limiter.checkpoint(nowMs);
  return turn;
}

// Kept where the compiler cannot see that nobody reads them.
export let wakeAtMs: number | undefined;
export let state: unknown;

function expectOrder({ settled }: Turn<number>, gone: ReadonlySet<number>): void {
  let last = -1;
  for (const { caller, outcome } of settled) {
    if (!outcome.ok || caller <= last || gone.has(caller)) throw new Error(`${NAME}: wrong order`);
    last = caller;
  }
}
