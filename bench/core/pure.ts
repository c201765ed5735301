/**
 * Measures the core by itself: `Limiter`, called as the Durable Object calls it. Time is handed in, so
 * nothing waits and no promise is made; what the object and the runtime add is `npm run bench`'s to say.
 *
 * `--against` also calls `sampleAcquire` and `sampleQueue` of the tree that it compares with: what they take
 * and return stays the same from version to version, however a `Limiter` is called.
 */
import type { Cost } from "../../src/core/limits/cost.ts";
import type { Turn } from "../../src/core/turn.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import { Policy, queueFields } from "../../src/core/policy.ts";
import { busyNs, busyNsOf } from "./busy.ts";
import { CALLERS, expectCount, middleOf } from "./waiting.ts";

const NAME = "Sluice core";
/** No multiple of any interval, as a clock would have it. */
const STARTED_AT_MS = 1_795_425_904_731;
const INTERVAL_MS = 1_000;
const QUEUE_LIMIT = queueFields.queueLimit.max;
const MAX_WAIT_MS = queueFields.maxWaitMs.max;
const ACQUIRES = 1_000_000;
/** The time of a sample of acquires goes on by 1 ms for so many: 100,000 a second. */
const ACQUIRES_PER_MS = 100;
/** Callers that are replaced in each queue. */
const REPLACED = 20;

/** Nanoseconds of each step of a queue's life; the drain is of all callers, the rest is of one. */
export interface PureSample {
  readonly enqueueNs: number;
  readonly drainNs: number;
  readonly cancelNs: number;
  /** To leave from the middle, and for a newcomer to be told its time behind those who stay. */
  readonly replaceNs: number;
}

/** A bucket that has a token for everybody. */
const FULL = {
  capacity: tokenBucketFields.capacity.max,
  initialTokens: tokenBucketFields.capacity.max,
  refillTokens: ACQUIRES,
  refillIntervalMs: INTERVAL_MS,
};
/** What a caller takes of two limits: requests, and LLM tokens. */
const COST_OF_TWO = [1, 20];

/** Nanoseconds of one acquire whose token is there. */
export function sampleAcquire(): number {
  return acquireNs(Policy.of(FULL), 1);
}

/** The same of two limits, each of which has another number of tokens taken. */
export function sampleAcquireOfTwo(): number {
  return acquireNs(Policy.of({ ...FULL, limits: { llm: FULL } }), COST_OF_TWO);
}

function acquireNs(policy: Policy, tokens: Cost): number {
  const limiter = new Limiter<number>(policy);
  let granted = 0;
  const busyBeforeNs = busyNs();
  for (let call = 0; call < ACQUIRES; call += 1) {
    const nowMs = STARTED_AT_MS + Math.floor(call / ACQUIRES_PER_MS);
    const turn = limiter.acquire({ caller: call, tokens }, nowMs);
    for (const { caller, outcome } of turn.settled) if (outcome.ok && caller === call) granted += 1;
  }
  const busySumNs = busyNs() - busyBeforeNs;
  expectCount(NAME, "granted", granted, ACQUIRES);
  return busySumNs / ACQUIRES;
}

/**
 * Fills queues of `waiters`, takes callers out of their middle, and drains each in one tick.
 *
 * @param canOverflow Whether a tick may flow over while somebody waits. Then the time of a newcomer
 * behind one who left is found by a walk over the queue, else in one step.
 */
export function sampleQueue(waiters: number, canOverflow: boolean): PureSample {
  // The head asks for one token more than the rest. A tick brings all that is waited for.
  const headTokens = canOverflow ? 2 : 1;
  const tokens = waiters - 1 + headTokens;
  const policy = Policy.of({
    capacity: tokens,
    refillTokens: tokens,
    refillIntervalMs: INTERVAL_MS,
    initialTokens: 0,
    queueLimit: QUEUE_LIMIT,
    maxWaitMs: MAX_WAIT_MS,
  });
  const queues = Array.from({ length: CALLERS / waiters }, () => ({
    limiter: new Limiter<number>(policy),
    waiting: new Array<Waiter<number>>(),
  }));

  const enqueueNs = busyNsOf(() => {
    for (const { limiter, waiting } of queues) {
      waiting.push(joined(limiter, 0, headTokens));
      for (let caller = 1; caller < waiters; caller += 1) waiting.push(joined(limiter, caller, 1));
    }
  });

  const leaving = queues.map(({ limiter, waiting }) => ({ limiter, leavers: middleOf(waiting) }));
  const cancelNs = busyNsOf(() => {
    for (const { limiter, leavers } of leaving) for (const leaver of leavers) left(limiter, leaver);
  });

  const replaced = queues.map(({ limiter, waiting }) => ({
    limiter,
    leavers: waiting.slice(1, 1 + Math.min(REPLACED, waiters / 10)),
  }));
  const replaceNs = busyNsOf(() => {
    for (const { limiter, leavers } of replaced) {
      for (const [index, leaver] of leavers.entries()) {
        left(limiter, leaver);
        joined(limiter, waiters + index, 1);
      }
    }
  });

  const wakeAtMs = STARTED_AT_MS + INTERVAL_MS;
  const turns = new Array<Turn<number>>();
  const drainNs = busyNsOf(() => {
    for (const { limiter } of queues) {
      turns.push(limiter.advance(wakeAtMs));
    }
  });

  for (const [index, { limiter }] of queues.entries()) {
    const gone = [...(leaving[index]?.leavers ?? []), ...(replaced[index]?.leavers ?? [])];
    const stayed = waiters - (leaving[index]?.leavers.length ?? 0);
    const settled = turns[index]?.settled ?? [];
    expectCount(NAME, "granted", settled.length, stayed);
    expectCount(NAME, "cancelled", limiter.inspect(wakeAtMs).cancelled, gone.length);
    expectOrder(settled, new Set(gone.map(({ caller }) => caller)));
  }
  const each = (ns: number, lists: readonly (readonly unknown[])[]) =>
    ns / lists.reduce((sum, list) => sum + list.length, 0);
  return {
    enqueueNs: enqueueNs / CALLERS,
    drainNs:
      each(
        drainNs,
        turns.map(({ settled }) => settled),
      ) * waiters,
    cancelNs: each(
      cancelNs,
      leaving.map(({ leavers }) => leavers),
    ),
    replaceNs: each(
      replaceNs,
      replaced.map(({ leavers }) => leavers),
    ),
  };
}

/**
 * Nanoseconds of the arrival of a newcomer behind `waiters` of two limits, one of whom has just left, so that
 * its time is found by a walk over the queue.
 */
export function sampleForecastOfTwo(waiters: number): number {
  const policy = Policy.of({
    capacity: 100,
    refillTokens: 10,
    refillIntervalMs: 100,
    initialTokens: 0,
    queueLimit: QUEUE_LIMIT,
    maxWaitMs: MAX_WAIT_MS,
    limits: {
      llm: { capacity: 6_000, refillTokens: 6_000, refillIntervalMs: 6_000, initialTokens: 0 },
    },
  });
  const queues = Array.from({ length: CALLERS / waiters }, () => {
    const limiter = new Limiter<number>(policy);
    const waiting: Waiter<number>[] = [];
    for (let caller = 0; caller < waiters; caller += 1) {
      waiting.push(joined(limiter, caller, COST_OF_TWO));
    }
    return { limiter, leavers: waiting.slice(1, 1 + Math.min(REPLACED, waiters / 10)) };
  });
  let ns = 0;
  let arrivals = 0;
  for (let round = 0; round < Math.min(REPLACED, waiters / 10); round += 1) {
    for (const { limiter, leavers } of queues) {
      const leaver = leavers[round];
      if (leaver) left(limiter, leaver);
    }
    ns += busyNsOf(() => {
      for (const { limiter } of queues) joined(limiter, waiters + round, COST_OF_TWO);
    });
    arrivals += queues.length;
  }
  for (const { limiter } of queues) expectCount(NAME, "waiting", limiter.waiters, waiters);
  return ns / arrivals;
}

/** All of a queue is filled in the same instant: nothing is due. */
function joined(limiter: Limiter<number>, caller: number, tokens: Cost): Waiter<number> {
  // `queueLimit` does not count for callers that are put back after a reset.
  const request =
    caller < QUEUE_LIMIT
      ? { caller, tokens, timeoutMs: MAX_WAIT_MS }
      : { caller, tokens, timeoutMs: MAX_WAIT_MS, firstArrivalMs: STARTED_AT_MS };
  const { waiter } = limiter.acquire(request, STARTED_AT_MS);
  if (!waiter) throw new Error(`${NAME}: caller ${caller} does not wait`);
  return waiter;
}

function left(limiter: Limiter<number>, waiter: Waiter<number>): void {
  limiter.cancel(waiter, STARTED_AT_MS);
}

function expectOrder(settled: Turn<number>["settled"], gone: ReadonlySet<number>): void {
  let last = -1;
  for (const { caller, outcome } of settled) {
    if (!outcome.ok || caller <= last || gone.has(caller)) throw new Error(`${NAME}: wrong order`);
    last = caller;
  }
}
