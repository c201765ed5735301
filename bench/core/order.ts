/**
 * Counts inversions: grants to a caller while somebody who is in front of it still waits. The order is
 * kept here anew, by no code of those that are looked at.
 */
import { setTimeout as pause } from "node:timers/promises";

import type { AcquireRequest, Turn } from "../../src/core/turn.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";
import type { Contender } from "./contender.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";
import { Random } from "../../kit/random.ts";

/** What a random run came to. */
export interface OrderResult {
  readonly operations: number;
  readonly granted: number;
  /** How many of those granted had to wait. */
  readonly waited: number;
  readonly inversions: number;
}

const STARTED_AT_MS = 1_795_425_904_731;
/** Tokens. Small, so that heads that do not fit hold back others all the time. */
const MAX_CAPACITY = 20;
const MAX_REFILL = 10;
/** Most milliseconds that pass between two operations. */
const MAX_STEP_MS = 40;
const MAX_WAIT_MS = 20_000;

interface Expected {
  readonly caller: number;
  readonly queuedAtMs: number;
}

/**
 * Drives the core through `operations` in virtual time: acquires of all sizes and patience, tries, callers
 * that leave, callers put back in front, time that jumps by many ticks or back, other policies.
 *
 * @throws {Error} Where a caller is settled twice, or never.
 */
export function coreOrder(seed: number, operations: number): OrderResult {
  const random = new Random(seed);
  const limiter = new Limiter<number>(randomPolicy(random));
  const waiters = new Map<number, Waiter<number>>();
  /** As they have to be granted. */
  const expected: Expected[] = [];
  let nowMs = STARTED_AT_MS;
  let granted = 0;
  let waited = 0;
  let inversions = 0;

  const remove = (caller: number): number => {
    const place = expected.findIndex((one) => one.caller === caller);
    if (place === -1) throw new Error(`Caller ${caller} is settled twice`);
    expected.splice(place, 1);
    return place;
  };
  const note = ({ settled }: Turn<number>): void => {
    for (const { caller, outcome } of settled) {
      const place = remove(caller);
      if (waiters.delete(caller) && outcome.ok) waited += 1;
      if (!outcome.ok) continue;
      granted += 1;
      if (place > 0) inversions += 1;
    }
  };
  const acquire = (request: AcquireRequest<number>): void => {
    const { caller, firstArrivalMs = Infinity } = request;
    const later = expected.findIndex(({ queuedAtMs }) => queuedAtMs > firstArrivalMs);
    let place = later < 0 ? expected.length : later;
    const turn = limiter.acquire(request, nowMs);
    const { waiter } = turn;
    if (waiter && later >= 0) {
      // It may be further back, if it would make somebody late: the reference model checks that.
      const actual = [...limiter.places()].findIndex((one) => one.waiter === waiter);
      if (actual < place) inversions += 1;
      place = actual;
    }
    // A newcomer is behind all who wait, whatever its clock says; its instant is for those put back.
    expected.splice(place, 0, { caller, queuedAtMs: waiter?.queuedAtMs ?? nowMs });
    if (waiter) waiters.set(caller, waiter);
    note(turn);
  };

  for (let caller = 0; caller < operations; caller += 1) {
    if (random.chance(0.5)) nowMs += random.integer(0, MAX_STEP_MS);
    const tokens = random.integer(1, random.chance(0.1) ? MAX_CAPACITY + 1 : 5);
    const timeoutMs = random.integer(0, MAX_WAIT_MS);
    const kind = random.fraction();
    if (kind < 0.5) {
      acquire({ caller, tokens, timeoutMs });
    } else if (kind < 0.55) {
      acquire({ caller, tokens, timeoutMs: 0 });
    } else if (kind < 0.6) {
      // Those who are due go before it, though its place is in front of them.
      note(limiter.advance(nowMs));
      const firstArrivalMs = nowMs - random.integer(0, MAX_WAIT_MS) - 0.5;
      acquire({ caller, tokens, timeoutMs, firstArrivalMs });
    } else if (kind < 0.75) {
      const waiter = expected.length > 0 && waiters.get(random.pick(expected).caller);
      if (!waiter) continue;
      remove(waiter.caller);
      waiters.delete(waiter.caller);
      note(limiter.cancel(waiter, nowMs));
    } else if (kind < 0.98) {
      note(limiter.advance(nowMs));
    } else if (kind < 0.99) {
      // As for a daemon that comes late, or a clock that is set.
      nowMs += random.integer(-1_000, 2_000);
      note(limiter.advance(nowMs));
    } else {
      note(limiter.setPolicy(randomPolicy(random), nowMs));
    }
  }
  for (let wake = limiter.nextWakeAtMs; wake !== undefined; wake = limiter.nextWakeAtMs) {
    nowMs = Math.max(wake, nowMs);
    note(limiter.advance(nowMs));
  }
  if (expected.length > 0) throw new Error(`${expected.length} callers are never settled`);
  return { operations, granted, waited, inversions };
}

function randomPolicy(random: Random): Policy {
  return Policy.of({
    capacity: random.integer(1, MAX_CAPACITY),
    refillTokens: random.integer(1, MAX_REFILL),
    refillIntervalMs: random.integer(10, 100),
    queueLimit: 1_000,
    maxWaitMs: MAX_WAIT_MS,
  });
}

const INTERVAL_MS = 10;
/** Tokens of an interval for each that a call may ask for: about what the calls below come to. */
const TOKENS_OF_AN_INTERVAL = 80;
/** The chance that a call is followed by a pause, and its longest time in milliseconds. */
const PAUSE_CHANCE = 0.02;
const MAX_PAUSE_MS = 5;

/**
 * Drives a limiter of promises in real time: bursts of calls for as much as it can give, with pauses;
 * where callers may leave, some do.
 */
export async function promisedOrder(
  { open, operations, mostTokens }: Contender,
  seed: number,
): Promise<OrderResult> {
  const random = new Random(seed);
  const tokens = TOKENS_OF_AN_INTERVAL * mostTokens;
  const limiter = open(tokens, INTERVAL_MS);
  const { isGrant = () => true } = limiter;
  const daemon = limiter.tick && setInterval(() => limiter.tick?.(), INTERVAL_MS);
  const isSettled: boolean[] = [];
  const exits: { readonly call: number; readonly leave: () => void }[] = [];
  const reason = new Error("left");
  let first = 0;
  let granted = 0;
  let waited = 0;
  let inversions = 0;
  let pauses = 0;

  const settle = (call: number): void => {
    isSettled[call] = true;
    while (isSettled[first]) first += 1;
  };
  const grant = (call: number, calledAt: number): void => {
    granted += 1;
    if (pauses > calledAt) waited += 1;
    if (call > first) inversions += 1;
    settle(call);
  };
  const calls: Promise<void>[] = [];
  for (let call = 0; call < operations; call += 1) {
    isSettled.push(false);
    const calledAt = pauses;
    const withExit = random.chance(0.1) ? limiter.acquireWithExit?.(reason) : undefined;
    if (withExit) exits.push({ call, leave: withExit[1] });
    const asked = withExit?.[0] ?? limiter.acquire(random.integer(1, mostTokens));
    calls.push(
      asked.then(
        (outcome) => {
          if (!isGrant(outcome)) throw new Error(`Refused: ${JSON.stringify(outcome)}`);
          grant(call, calledAt);
        },
        (error: unknown) => {
          if (error !== reason) throw error;
        },
      ),
    );
    if (!random.chance(PAUSE_CHANCE)) continue;
    await pause(random.integer(0, MAX_PAUSE_MS));
    pauses += 1;
    for (const { call, leave } of exits.splice(0)) {
      if (isSettled[call] || random.chance(0.5)) continue;
      // Before it leaves: those behind it move up at once.
      settle(call);
      leave();
    }
  }
  pauses += 1;
  await Promise.all(calls);
  clearInterval(daemon);
  limiter.close?.();
  return { operations, granted, waited, inversions };
}
