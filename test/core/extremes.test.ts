/**
 * The limiter at the ends of its numbers, against a model that counts in BigInt and so cannot round: the
 * largest buckets, the slowest refills, waits of millions of years.
 */
import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import type { Range } from "../../src/core/values.ts";

import { Limiter } from "../../src/core/limiter.ts";
import type { Settlement } from "../../src/core/turn.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import { Policy, queueFields } from "../../src/core/policy.ts";
import { runs } from "../../kit/runs.ts";

const MAX_REPORTED_MS = BigInt(Number.MAX_SAFE_INTEGER);
/** Instants that a clock may show: from 2001 to 2096. */
const CLOCK_MS: Range = { min: 978_307_200_000, max: 4_000_000_000_000 };

/** Numbers of a range, mostly at its ends. */
function anyOf({ min, max }: Range): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(min, max, max - 1),
    fc.integer({ min, max }),
    fc.integer({ min, max: Math.min(max, min + 100) }),
    fc.integer({ min: Math.max(min, max - 100), max }),
  );
}

type ExtremeFields = TokenBucketFields & {
  readonly queueLimit: number;
  readonly maxWaitMs: number;
};

const anyFields: fc.Arbitrary<ExtremeFields> = fc
  .record({
    capacity: anyOf(tokenBucketFields.capacity),
    refillTokens: anyOf(tokenBucketFields.refillTokens),
    refillIntervalMs: anyOf(tokenBucketFields.refillIntervalMs),
    initialTokens: anyOf(tokenBucketFields.initialTokens),
    queueLimit: anyOf({ min: 0, max: 5 }),
    maxWaitMs: anyOf(queueFields.maxWaitMs),
  })
  .map((fields) => {
    const { capacity, initialTokens } = fields;
    return Object.assign(fields, { initialTokens: Math.min(capacity, initialTokens) });
  });

interface Step {
  readonly passMs: number;
  /** Folded into 1…capacity. */
  readonly tokens: number;
  /** Folded into 0…maxWaitMs. */
  readonly timeoutMs: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  passMs: anyOf({ min: 0, max: 100_000_000_000 }),
  tokens: anyOf(tokenBucketFields.capacity),
  timeoutMs: fc.oneof(fc.constant(0), anyOf(queueFields.maxWaitMs)),
});

/** A bucket as of the last tick that was added. */
interface Level {
  readonly tick: bigint;
  readonly tokens: bigint;
}

/** What a caller is told at once: nothing where it waits. */
type Expected = { readonly remaining: bigint } | { readonly retryAfterMs: bigint } | undefined;

/** One bucket and its queue, in whole numbers that never round. */
class ExactLimiter {
  readonly #startedAtMs: bigint;
  readonly #capacity: bigint;
  readonly #refillTokens: bigint;
  readonly #intervalMs: bigint;
  readonly #queueLimit: number;
  readonly #queue: bigint[] = [];
  #level: Level;

  constructor(fields: ExtremeFields, startedAtMs: number) {
    this.#startedAtMs = BigInt(startedAtMs);
    this.#capacity = BigInt(fields.capacity);
    this.#refillTokens = BigInt(fields.refillTokens);
    this.#intervalMs = BigInt(fields.refillIntervalMs);
    this.#queueLimit = fields.queueLimit;
    this.#level = { tick: 0n, tokens: BigInt(fields.initialTokens) };
  }

  get level(): Level {
    return this.#level;
  }

  get waiters(): number {
    return this.#queue.length;
  }

  timeOf(tick: bigint): bigint {
    return this.#startedAtMs + tick * this.#intervalMs;
  }

  /** Grants everybody whose tick has come, each at its tick, and adds the ticks since. */
  advance(nowMs: bigint): void {
    const nowTick = (nowMs - this.#startedAtMs) / this.#intervalMs;
    for (let [head] = this.#queue; head !== undefined; [head] = this.#queue) {
      const due = this.#take(this.#level, head);
      if (due.tick > nowTick) break;
      this.#level = due;
      this.#queue.shift();
    }
    this.#level = this.#filled(this.#level, nowTick);
  }

  acquire(tokens: bigint, timeoutMs: bigint, nowMs: bigint): Expected {
    this.advance(nowMs);
    if (this.#queue.length === 0 && tokens <= this.#level.tokens) {
      this.#level = { ...this.#level, tokens: this.#level.tokens - tokens };
      return { remaining: this.#level.tokens };
    }
    const behind = this.#queue.reduce((level, waiting) => this.#take(level, waiting), this.#level);
    const waitMs = this.timeOf(this.#take(behind, tokens).tick) - nowMs;
    if (waitMs > timeoutMs || this.#queue.length >= this.#queueLimit) {
      return { retryAfterMs: waitMs < MAX_REPORTED_MS ? waitMs : MAX_REPORTED_MS };
    }
    this.#queue.push(tokens);
    return undefined;
  }

  /** After `tokens` were taken at the first tick that has them. */
  #take(level: Level, tokens: bigint): Level {
    const missing = tokens - level.tokens;
    const ticks = missing <= 0n ? 0n : (missing + this.#refillTokens - 1n) / this.#refillTokens;
    const { tick, tokens: filled } = this.#filled(level, level.tick + ticks);
    return { tick, tokens: filled - tokens };
  }

  #filled(level: Level, tick: bigint): Level {
    const filled = level.tokens + (tick - level.tick) * this.#refillTokens;
    return { tick, tokens: filled < this.#capacity ? filled : this.#capacity };
  }
}

/** What the limiter tells a caller, who is the last to be settled if at all. */
function outcomeOf(caller: number, settled: readonly Settlement<number>[]): Expected {
  const outcome = settled.find((settlement) => settlement.caller === caller)?.outcome;
  if (!outcome) return undefined;
  for (const value of Object.values(outcome)) {
    if (typeof value === "number") expect(value).toSatisfy(Number.isSafeInteger);
  }
  if (outcome.ok) return { remaining: BigInt(outcome.remaining) };
  return { retryAfterMs: BigInt(outcome.retryAfterMs ?? -1) };
}

it("no number is off by one or beyond what JSON can tell, whatever the policy and the wait", () => {
  const property = fc.property(
    anyFields,
    anyOf(CLOCK_MS),
    fc.array(anyStep, { minLength: 1, maxLength: 12 }),
    (fields, startedAtMs, steps) => {
      const limiter = new Limiter<number>(Policy.of(fields));
      const exact = new ExactLimiter(fields, startedAtMs);
      let nowMs = startedAtMs;
      for (const [caller, step] of steps.entries()) {
        // It starts with the first.
        if (caller > 0) nowMs += step.passMs;
        for (let wakeAtMs = limiter.nextWakeAtMs; wakeAtMs !== undefined && wakeAtMs <= nowMs;) {
          limiter.advance(wakeAtMs);
          wakeAtMs = limiter.nextWakeAtMs;
        }
        const tokens = 1 + ((step.tokens - 1) % fields.capacity);
        const timeoutMs = step.timeoutMs % (fields.maxWaitMs + 1);
        const { settled } = limiter.acquire({ caller, tokens, timeoutMs }, nowMs);
        const expected = exact.acquire(BigInt(tokens), BigInt(timeoutMs), BigInt(nowMs));
        expect(outcomeOf(caller, settled)).toEqual(expected);
        const view = limiter.inspect(nowMs);
        expect(view).toMatchObject({ waiters: exact.waiters, tokens: Number(exact.level.tokens) });
        expect(BigInt(view.nextTickAtMs)).toBe(exact.timeOf(exact.level.tick + 1n));
      }
    },
  );
  fc.assert(property, { numRuns: runs(3_000) });
});

it.each([
  // A billion tokens at one a day: the last of them in 2.7 million years.
  [86_400_000, 1_000_000_000, Number.MAX_SAFE_INTEGER],
  // The last wait that can be told, and the first that cannot: 104,249,991 days and a bit.
  [86_400_000, 104_249_991, 104_249_991 * 86_400_000],
  [86_400_000, 104_249_992, Number.MAX_SAFE_INTEGER],
  // An odd product, just below 2^53.
  [9_007_199, 999_999_999, 999_999_999 * 9_007_199],
])("one token each %d ms, %d tokens: told %d ms", (refillIntervalMs, tokens, retryAfterMs) => {
  const policy = { capacity: 1_000_000_000, refillTokens: 1, refillIntervalMs, initialTokens: 0 };
  const limiter = new Limiter<string>(Policy.of(policy));
  const startedAtMs = 1_795_476_634_334;
  const refusal = { ok: false, reason: "timeout", retryAfterMs };
  const turn = limiter.acquire({ caller: "a", tokens, timeoutMs: 0 }, startedAtMs);
  expect(turn.settled).toEqual([{ caller: "a", outcome: refusal }]);
  // The wait grows shorter by what has passed, to the millisecond.
  const [later] = limiter.acquire({ caller: "b", tokens, timeoutMs: 0 }, startedAtMs + 1).settled;
  const isExact = retryAfterMs < Number.MAX_SAFE_INTEGER;
  expect(later?.outcome).toEqual({ ...refusal, retryAfterMs: retryAfterMs - (isExact ? 1 : 0) });
});
