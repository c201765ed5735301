/** The libraries that a user would pick instead, each used as its own documentation has it. */
import Bottleneck from "bottleneck";
import { RateLimiter } from "limiter";
import pThrottle from "p-throttle";
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible";

import type { Contender, OpenLimiter } from "./contender.ts";

const SECOND_MS = 1_000;
const NO_CANCEL = "has no way to take one caller out";

const limiter: Contender = {
  name: "limiter",
  isOurs: false,
  how: "`RateLimiter.removeTokens`, `tryRemoveTokens`",
  cannot: { cancel: NO_CANCEL },
  acquires: 200_000,
  mostWaiters: Infinity,
  mostCallers: Infinity,
  settleMs: 1,
  mostTokens: 5,
  operations: 20_000,
  open(tokens, intervalMs): OpenLimiter {
    const bucket = new RateLimiter({ tokensPerInterval: tokens, interval: intervalMs });
    return {
      acquire: (count) => bucket.removeTokens(count),
      tryAcquire: () => bucket.tryRemoveTokens(1),
      empty: async () => void (await bucket.removeTokens(tokens)),
    };
  },
};

const bottleneck: Contender = {
  name: "bottleneck",
  isOurs: false,
  how:
    "`schedule` with a reservoir, and `incrementReservoir` for the tick; it hands each job on through " +
    "timers, one after the other",
  cannot: {
    try: "every call is a promise",
    cancel: "can drop all who wait, not one",
  },
  acquires: 200,
  mostWaiters: 1_000,
  mostCallers: 1_000,
  settleMs: 2_000,
  mostTokens: 5,
  operations: 2_000,
  open(tokens): OpenLimiter {
    const queue = new Bottleneck({ reservoir: tokens });
    return {
      acquire: (count) => queue.schedule({ weight: count }, resolved),
      empty: () => queue.schedule({ weight: tokens }, resolved),
      tick: () => void queue.incrementReservoir(tokens),
      close: () => void queue.disconnect(),
    };
  },
};

const throttle: Contender = {
  name: "p-throttle",
  isOurs: false,
  how: "strict, one token a call",
  cannot: {
    try: "every call is a promise",
    drain: "spreads its calls over the interval, a millisecond or more apart",
    cancel: "can drop all who wait, not one",
  },
  acquires: 200_000,
  mostWaiters: Infinity,
  mostCallers: Infinity,
  settleMs: 1,
  mostTokens: 1,
  operations: 5_000,
  open(tokens, intervalMs): OpenLimiter {
    const controller = new AbortController();
    const { signal } = controller;
    const throttle = pThrottle({ limit: tokens, interval: intervalMs, strict: true, signal });
    const throttled = throttle(resolved);
    return {
      acquire: () => throttled(),
      // It counts calls, so all of them have to be made.
      empty: async () =>
        void (await Promise.all(Array.from({ length: tokens }, () => throttled()))),
      close: () => controller.abort(),
    };
  },
};

const memory: Contender = {
  name: "rate-limiter-flexible Memory",
  isOurs: false,
  how: "`RateLimiterMemory.consume`; its callers never wait",
  cannot: {
    try: "every call is a promise",
    enqueue: "does not wait",
    drain: "does not wait",
    cancel: "does not wait",
  },
  acquires: 200_000,
  mostWaiters: 0,
  mostCallers: Infinity,
  settleMs: 1,
  mostTokens: 5,
  operations: 0,
  open(tokens, intervalMs): OpenLimiter {
    const store = new RateLimiterMemory({ points: tokens, duration: intervalMs / SECOND_MS });
    return {
      acquire: (count) => store.consume("bucket", count),
      empty: async () => void (await store.consume("bucket", tokens)),
    };
  },
};

const queue: Contender = {
  name: "rate-limiter-flexible Queue",
  isOurs: false,
  how: "`RateLimiterQueue` over `RateLimiterMemory`",
  cannot: {
    try: "every call is a promise",
    cancel: "can let a caller expire by a clock of whole seconds, not leave",
  },
  acquires: 200_000,
  mostWaiters: Infinity,
  mostCallers: Infinity,
  settleMs: 1,
  mostTokens: 5,
  operations: 20_000,
  open(tokens, intervalMs): OpenLimiter {
    const store = new RateLimiterMemory({ points: tokens, duration: intervalMs / SECOND_MS });
    const waiting = new RateLimiterQueue(store, { maxQueueSize: Infinity });
    return {
      acquire: (count) => waiting.removeTokens(count),
      empty: async () => void (await waiting.removeTokens(tokens)),
    };
  },
};

/** What there is to run once it is one's turn: nothing. */
async function resolved(): Promise<void> {}

/** In the order of the tables. */
export const peers: readonly Contender[] = [limiter, bottleneck, throttle, memory, queue];
