/**
 * Schedules find faults. Each test below puts one into the core, in the place of a method, and asks for a
 * schedule in which a law is broken.
 */
import { afterEach, expect, test, vi } from "vitest";

import type { Cost } from "../../src/core/limits/cost.ts";
import type { LimitState } from "../../src/core/limits/limit.ts";

import { calendar } from "../../src/core/limits/calendar.ts";
import { tokensOf } from "../../src/core/limits/cost.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { TokenBucket } from "../../src/core/limits/token-bucket.ts";
import { WaiterQueue } from "../../src/core/queue/waiter-queue.ts";
import { WriteAhead } from "../../src/core/write-ahead.ts";
import { simulate } from "../../kit/simulation/simulate.ts";

const SEED = 1;
/** By far more than any of them takes. */
const MAX_SCHEDULES = 1_500;

/** A method as it is, to be called where another one is in its place. */
function methodOf<Target extends object, Name extends keyof Target>(target: Target, name: Name) {
  return target[name];
}

const tryTake = methodOf(LimitSet.prototype, "tryTake");
const named = methodOf(LimitSet.prototype, "named");
const advance = methodOf(LimitSet.prototype, "advance");
const reconfigure = methodOf(LimitSet.prototype, "reconfigure");
const availableAt = methodOf(LimitSet.prototype, "availableAt");
const msUntil = methodOf(LimitSet.prototype, "msUntil");
const write = methodOf(WriteAhead.prototype, "write");
const isDue = methodOf(WriteAhead.prototype, "isDue");
const join = methodOf(WaiterQueue.prototype, "join");
const joinBehind = methodOf(WaiterQueue.prototype, "joinBehind");
const resume = methodOf(TokenBucket.prototype, "resume");
const restore = methodOf(calendar, "restore");

afterEach(() => void vi.restoreAllMocks());

/** A cost of which each limit is asked for at least one. */
function atLeastOne(limits: LimitSet, cost: Cost): Cost {
  return limits.specs.map((_, index) => Math.max(1, tokensOf(cost, index)));
}

/** The states, with the second one as `change` makes it. */
function withSecond(
  states: readonly LimitState[] | undefined,
  change: (state: LimitState, index: number) => LimitState,
): readonly LimitState[] | undefined {
  return states?.map((state, index) => (index === 0 ? state : change(state, index)));
}

const faults: Readonly<Record<string, () => void>> = {
  "a refusal takes of the first limit": () => {
    vi.spyOn(LimitSet.prototype, "tryTake").mockImplementation(function (this: LimitSet, cost) {
      const isTaken = tryTake.call(this, cost);
      const tokens = tokensOf(cost, 0);
      if (!isTaken && this.further && tokens > 0 && this.first.tokens >= tokens) {
        this.first.take(tokens);
      }
      return isTaken;
    });
  },
  "a grant takes nothing of the last limit": () => {
    vi.spyOn(LimitSet.prototype, "tryTake").mockImplementation(function (this: LimitSet, cost) {
      const last = this.all.length - 1;
      if (!this.has(cost)) return false;
      for (const [index, limit] of this.all.entries()) {
        if (last === 0 || index < last) limit.take(tokensOf(cost, index));
      }
      return true;
    });
  },
  "the batch of further limits isn't written": () => {
    vi.spyOn(WriteAhead.prototype, "write").mockImplementation(function (
      this: WriteAhead,
      limits,
      nowMs,
    ) {
      const states = write.call(this, limits, nowMs);
      return withSecond(states, (state, index) => limits?.all[index]?.toJSON() ?? state);
    });
  },
  "a used-up batch of a further limit isn't written": () => {
    vi.spyOn(WriteAhead.prototype, "isDue").mockImplementation(function (this: WriteAhead, nowMs) {
      const isSeldom = Math.floor(nowMs) % 2 === 0;
      return isDue.call(this, nowMs) && !(isSeldom && Number(this.flushInMs(nowMs)) > 1_000);
    });
  },
  "a boundary that a new table moves brings tokens again": () => {
    vi.spyOn(calendar, "restore").mockImplementation((fields, state) => {
      return restore(fields, Object.assign({ ...state }, { tick: 0 }));
    });
  },
  "a batch of a calendar is larger than what is there": () => {
    vi.spyOn(calendar, "batchFrom", "get").mockReturnValue("ticks");
  },
  "a pause stops the first limit, whatever it names": () => {
    vi.spyOn(LimitSet.prototype, "named").mockImplementation(function (this: LimitSet) {
      return named.call(this);
    });
  },
  "a pause stops all limits": () => {
    vi.spyOn(LimitSet.prototype, "named").mockImplementation(function (this: LimitSet) {
      return [...this.all];
    });
  },
  "a resume forgets the ticks of a further limit": () => {
    vi.spyOn(TokenBucket.prototype, "resume").mockImplementation(function (
      this: TokenBucket,
      nowMs,
    ) {
      const isResumed = resume.call(this, nowMs);
      if (isResumed && this.tokens > 0) this.take(1);
      return isResumed;
    });
  },
  "nobody gets nothing of an empty limit": () => {
    vi.spyOn(LimitSet.prototype, "has").mockImplementation(function (this: LimitSet, cost) {
      return this.all.every((limit, index) => limit.tokens >= Math.max(1, tokensOf(cost, index)));
    });
    vi.spyOn(LimitSet.prototype, "availableAt").mockImplementation(function (this: LimitSet, cost) {
      return availableAt.call(this, this.further ? atLeastOne(this, cost) : cost);
    });
    vi.spyOn(LimitSet.prototype, "msUntil").mockImplementation(function (
      this: LimitSet,
      cost,
      fromMs,
    ) {
      return msUntil.call(this, this.further ? atLeastOne(this, cost) : cost, fromMs);
    });
  },
  "a forecast looks at the first limit alone": () => {
    vi.spyOn(LimitSet.prototype, "msUntil").mockImplementation(function (
      this: LimitSet,
      cost,
      fromMs,
    ) {
      return this.first.msUntil(tokensOf(cost, 0), fromMs);
    });
  },
  "time passes for the first limit alone once it is full": () => {
    vi.spyOn(LimitSet.prototype, "advance").mockImplementation(function (this: LimitSet, nowMs) {
      if (this.first.tokens < this.first.capacity) advance.call(this, nowMs);
      else this.first.advance(nowMs);
    });
  },
  "a change of the policy fills the limits that stay": () => {
    vi.spyOn(LimitSet.prototype, "reconfigure").mockImplementation(function (
      this: LimitSet,
      specs,
      nowMs,
    ) {
      const isSame = reconfigure.call(this, specs, nowMs);
      for (const limit of this.all.slice(1)) limit.take(limit.tokens - limit.capacity);
      return isSame;
    });
  },
  "a change of the policy fills the limits that stay if the clock was set back": () => {
    vi.spyOn(LimitSet.prototype, "reconfigure").mockImplementation(function (
      this: LimitSet,
      specs,
      nowMs,
    ) {
      const wasSetBack = this.instantOf(nowMs) > nowMs + 5_000;
      const isSame = reconfigure.call(this, specs, nowMs);
      for (const limit of wasSetBack ? this.all.slice(1) : []) {
        if (limit.tokens > 0) limit.take(limit.tokens - limit.capacity);
      }
      return isSame;
    });
  },
  "a change of the policy empties the limits that stay": () => {
    vi.spyOn(LimitSet.prototype, "reconfigure").mockImplementation(function (
      this: LimitSet,
      specs,
      nowMs,
    ) {
      const isSame = reconfigure.call(this, specs, nowMs);
      for (const limit of this.all.slice(1)) if (limit.tokens > 0) limit.take(limit.tokens);
      return isSame;
    });
  },
  "a requeued caller goes in front of waiters that it makes late": () => {
    vi.spyOn(WaiterQueue.prototype, "joinBehind").mockImplementation(function (
      this: WaiterQueue<unknown>,
      waiter,
      predecessor,
    ) {
      // One that comes back by its key has a number.
      const isRequeued = waiter.arrivalNumber === undefined;
      return isRequeued ? join.call(this, waiter) : joinBehind.call(this, waiter, predecessor);
    });
  },
  "a waiter goes to the front": () => {
    vi.spyOn(WaiterQueue.prototype, "join").mockImplementation(function (
      this: WaiterQueue<unknown>,
      waiter,
    ) {
      return join.call(this, this.size > 2 ? { ...waiter, queuedAtMs: 0 } : waiter);
    });
  },
};

test.each(Object.entries(faults))(
  "schedules find that %s",
  { timeout: 120_000 },
  async (_, put) => {
    put();
    for (let number = 1; number <= MAX_SCHEDULES; number += 1) {
      const { failure } = await simulate(SEED, number);
      if (failure) return;
    }
    expect.unreachable(`No law was broken in ${MAX_SCHEDULES} schedules`);
  },
);
