/**
 * The limiter over several limits of all kinds, beside single limits that are stepped in lockstep: each of
 * them by itself, and a queue that is served when all of them have their share (kit/model/lockstep-limits.ts).
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { NamedTokens } from "../../kit/model/lockstep-limits.ts";
import type { LimiterPolicy } from "../../src/core/limiter-state.ts";
import type { LimitSpec } from "../../src/core/limits/limit.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";
import type { Turn } from "../../src/core/turn.ts";

import { anyCalendarInZones } from "../../kit/model/calendars.ts";
import { fixedWindow } from "../../kit/model/fixed-window.ts";
import { epochMs } from "../../kit/model/limiters.ts";
import { LockstepLimits } from "../../kit/model/lockstep-limits.ts";
import { timeLapse } from "../../kit/model/time-lapse.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { calendar } from "../../src/core/limits/calendar.ts";
import { costOf, tokensOf } from "../../src/core/limits/cost.ts";
import { limitSpec } from "../../src/core/limits/limit.ts";
import { LimitSet } from "../../src/core/limits/limit-set.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";

/** A minute passes in each millisecond, so hours, days and months do while callers wait. */
const lapsedCalendar = timeLapse(calendar);

const anyBucketFields = fc
  .record({
    capacity: fc.integer({ min: 1, max: 6 }),
    refillTokens: fc.integer({ min: 1, max: 4 }),
    refillIntervalMs: fc.constantFrom(10, 13, 25),
    initialTokens: fc.constantFrom(0, 6),
  })
  .map(({ initialTokens, ...fields }) => {
    return Object.assign(fields, { initialTokens: Math.min(initialTokens, fields.capacity) });
  });

const anyWindowFields = fc.record({
  capacity: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.constantFrom(10, 20, 35, 60),
});

/** A limit of any kind, so that one of a name may become another kind. */
function anyLimitNamed(name: string): fc.Arbitrary<LimitSpec> {
  return fc.oneof(
    { weight: 6, arbitrary: anyBucketFields.map((fields) => limitSpec(name, tokenBucket, fields)) },
    { weight: 2, arbitrary: anyWindowFields.map((fields) => limitSpec(name, fixedWindow, fields)) },
    {
      weight: 3,
      arbitrary: anyCalendarInZones.map((fields) => limitSpec(name, lapsedCalendar, fields)),
    },
  );
}

const names = ["rate", "tpm", "daily", "plan"];

/** One to four limits, in any order. */
const anyLimits = fc
  .shuffledSubarray(names, { minLength: 1 })
  .chain((some) => fc.tuple(...some.map((name) => anyLimitNamed(name))));

const anyPolicy: fc.Arbitrary<LimiterPolicy> = fc.record({
  limits: anyLimits,
  queueLimit: fc.constantFrom(0, 2, 1_000, 1_000),
  maxWaitMs: fc.constantFrom(0, 60, 400, 3_000),
  lease: fc.constant(undefined),
});

/** So many of every limit, or of some of them others: none, often. */
const anyAsk: fc.Arbitrary<NamedTokens> = fc.oneof(
  fc.record({ tokens: fc.constantFrom(1, 1, 1, 1, 2, 2, 3, 7) }),
  fc.record({
    tokens: fc.constantFrom(0, 0, 1, 1, 1, 2, 5),
    limits: fc.dictionary(fc.constantFrom(...names), fc.constantFrom(0, 0, 1, 1, 2, 3, 7)),
  }),
);

const anyNames = fc.option(fc.subarray(names, { minLength: 1 }), { nil: undefined });

type Operation =
  | { readonly kind: "acquire"; readonly ask: NamedTokens; readonly timeoutMs: number }
  | { readonly kind: "cancel" | "come back"; readonly pick: number }
  | { readonly kind: "pass" | "pass late"; readonly ms: number }
  | {
      readonly kind: "pause";
      readonly ms: number;
      readonly tokens: number;
      readonly limits: string[] | undefined;
    }
  | { readonly kind: "resume"; readonly limits: string[] | undefined }
  | { readonly kind: "change"; readonly policy: LimiterPolicy };

const ofKind = <Kind extends Operation["kind"]>(kind: Kind) => fc.constant(kind);
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: ofKind("acquire"),
      ask: anyAsk,
      timeoutMs: fc.constantFrom(0, 20, 100, 3_000, 3_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: ofKind("cancel"), pick: fc.nat(59) }) },
  { weight: 3, arbitrary: fc.record({ kind: ofKind("come back"), pick: fc.nat(59) }) },
  { weight: 8, arbitrary: fc.record({ kind: ofKind("pass"), ms: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: ofKind("pass late"), ms: fc.nat(90) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: ofKind("pause"),
      ms: fc.nat(200),
      tokens: fc.nat(6),
      limits: anyNames,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: ofKind("resume"), limits: anyNames }) },
  { weight: 1, arbitrary: fc.record({ kind: ofKind("change"), policy: anyPolicy }) },
);

/** Does the same to a limiter, whose daemon is nearly always punctual, and to limits that are stepped in lockstep. */
class Both {
  readonly limiter: Limiter<string, LimiterPolicy>;
  readonly model: LockstepLimits;
  readonly settled: Turn<string>["settled"][number][] = [];
  nowMs = epochMs;
  /** What each caller has asked for. */
  readonly #asks = new Map<string, NamedTokens>();
  readonly #waiters = new Map<string, Waiter<string>>();
  readonly #away: string[] = [];
  /** What must never happen, whatever the limits in lockstep do. */
  readonly #faults: string[] = [];

  constructor(policy: LimiterPolicy) {
    this.limiter = new Limiter<string, LimiterPolicy>(policy);
    this.model = new LockstepLimits(policy, epochMs);
  }

  perform(operation: Operation): void {
    switch (operation.kind) {
      case "acquire": {
        const caller = `caller ${this.#asks.size + 1}`;
        const { limits, maxWaitMs } = this.limiter.policy;
        const timeoutMs = Math.min(operation.timeoutMs, maxWaitMs);
        const isForNothing = limits.every(({ name }) => {
          return (operation.ask.limits?.[name] ?? operation.ask.tokens) === 0;
        });
        const ask = isForNothing ? { tokens: 1 } : operation.ask;
        this.#asks.set(caller, ask);
        const request = { caller, tokens: costOf(limits, ask), timeoutMs };
        this.#noteArrival(caller, () => this.limiter.acquire(request, this.nowMs));
        return this.model.acquire(caller, ask, timeoutMs);
      }
      case "cancel": {
        const { callers } = this.model;
        const caller = callers[operation.pick % Math.max(1, callers.length)];
        const waiter = this.#waiters.get(caller ?? "");
        if (caller === undefined || !waiter) return;
        this.#away.push(caller);
        this.#note(() => this.limiter.cancel(waiter, this.nowMs));
        return this.model.cancel(caller);
      }
      case "come back": {
        const [caller] = this.#away.splice(operation.pick % Math.max(1, this.#away.length), 1);
        const waiter = this.#waiters.get(caller ?? "");
        if (caller === undefined || !waiter) return;
        // The limits may be others by now.
        const returner = { ...waiter, tokens: this.#costOf(caller, this.limiter.policy) };
        this.#noteArrival(caller, () => this.limiter.comeBack(returner, this.nowMs));
        return this.model.comeBack(caller);
      }
      case "pause": {
        const { ms, tokens, limits } = operation;
        const pause = { untilMs: this.nowMs + ms, tokens, ...(limits && { limits }) };
        this.#note(() => this.limiter.pause(pause, this.nowMs));
        return this.model.pause(pause.untilMs, tokens, limits);
      }
      case "resume":
        this.#note(() => this.limiter.resume(this.nowMs, operation.limits));
        return this.model.resume(operation.limits);
      case "change": {
        const { policy } = operation;
        const costsOf = (caller: string) => this.#costOf(caller, policy);
        this.#note(() => this.limiter.setPolicy(policy, this.nowMs, costsOf));
        return this.model.setPolicy(policy);
      }
      case "pass":
        return this.passTo(this.nowMs + operation.ms);
      case "pass late":
        this.nowMs += operation.ms;
        this.#note(() => this.limiter.advance(this.nowMs));
        this.model.passLateTo(this.nowMs);
    }
  }

  passTo(atMs: number): void {
    for (;;) {
      const { nextWakeAtMs } = this.limiter;
      if (nextWakeAtMs === undefined || nextWakeAtMs > atMs) break;
      const { settled } = this.#note(() => this.limiter.advance(nextWakeAtMs));
      if (settled.length === 0) throw new Error(`Woken at ${nextWakeAtMs} for nobody`);
    }
    this.#note(() => this.limiter.advance(atMs));
    this.nowMs = atMs;
    this.model.passTo(atMs);
  }

  /** All that can be seen of the limiter. */
  get actual() {
    const places = [...this.limiter.places()];
    return {
      settled: this.settled,
      callers: this.#callers,
      grantsAtMs: places.map(({ grantAtMs }) => grantAtMs),
      lastGrantAtMs: this.limiter.lastPlace?.grantAtMs,
      headLimit: this.limiter.inspect(this.nowMs).headLimit,
      tokens: this.#tokens,
      faults: this.#faults,
    };
  }

  /** The same of the limits in lockstep. */
  get expected() {
    const { settled, callers, grantsAtMs, headLimit, tokens } = this.model;
    const lastGrantAtMs = grantsAtMs.at(-1);
    return { settled, callers, grantsAtMs, lastGrantAtMs, headLimit, tokens, faults: [] };
  }

  get #callers(): string[] {
    return [...this.limiter.places()].map(({ waiter }) => waiter.caller);
  }

  /** What is left in each limit; none before they have started. */
  get #tokens(): number[] {
    const { limits: states } = this.limiter.toJSON();
    if (!states) return [];
    return LimitSet.restore(this.limiter.policy.limits, states).all.map(({ tokens }) => tokens);
  }

  #costOf(caller: string, { limits }: LimiterPolicy) {
    return costOf(limits, this.#asks.get(caller) ?? { tokens: 1 });
  }

  /** Notes a turn of somebody who arrives: a grant is of what it asks for, and a refusal takes nothing. */
  #noteArrival(caller: string, turnOf: () => Turn<string>): void {
    const before = this.#tokens;
    const { settled } = this.#note(turnOf);
    const own = settled.find((settlement) => settlement.caller === caller)?.outcome;
    const isTaken = before.length > 0 && String(this.#tokens) !== String(before);
    if (own?.ok === false && isTaken) this.#faults.push(`took tokens from ${caller}, refused`);
    if (!own?.ok) return;
    const granted = [own, ...Object.values(own.limits ?? {})];
    const cost = this.#costOf(caller, this.limiter.policy);
    if (granted.every(({ tokens }, index) => tokens === tokensOf(cost, index))) return;
    this.#faults.push(`granted ${caller} something else`);
  }

  /** Notes a turn, which grants nobody while somebody in front still waits. */
  #note(turnOf: () => Turn<string>): Turn<string> {
    const before = this.#callers;
    const turn = turnOf();
    this.settled.push(...turn.settled);
    if (turn.waiter) this.#waiters.set(turn.waiter.caller, turn.waiter);
    const waiting = this.#callers;
    const granted = turn.settled.flatMap(({ caller, outcome }) => (outcome.ok ? [caller] : []));
    const fromQueue = granted.filter((caller) => before.includes(caller));
    const inOrder = before.filter((caller) => granted.includes(caller));
    const inFront = before.slice(0, before.indexOf(inOrder.at(-1) ?? "") + 1);
    const passed = inFront.filter((caller) => waiting.includes(caller));
    if (passed.length > 0 || String(fromQueue) !== String(inOrder)) {
      this.#faults.push(`granted ${String(granted)} past ${String(before)}`);
    }
    return turn;
  }
}

test("Several limits agree with single ones in lockstep, over 100,000 operations", () => {
  let operations = 0;
  const seen = new Map<string, number>();
  const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  const anyHistory = fc.array(anyOperation, { minLength: 40, maxLength: 60, size: "max" });
  fc.assert(
    fc.property(anyPolicy, anyHistory, (policy, history) => {
      const both = new Both(policy);
      for (const operation of history) {
        both.perform(operation);
        expect(both.actual).toEqual(both.expected);
        operations += 1;
      }
      while (both.limiter.waiters > 0) {
        both.passTo(both.limiter.nextWakeAtMs ?? both.nowMs);
        expect(both.actual).toEqual(both.expected);
      }
      for (const { outcome } of both.model.settled) {
        if (outcome.ok) note(outcome.waitedMs > 0 ? "granted later" : "granted at once");
        else note(`${outcome.reason} by ${outcome.violatedLimits?.length ?? "the only limit"}`);
      }
    }),
    { numRuns: runs(2_200) },
  );
  expect(operations).toBeGreaterThanOrEqual(timesSeen(100_000));
  for (const what of ["granted at once", "granted later"]) {
    expect(seen.get(what)).toBeGreaterThanOrEqual(timesSeen(3_000));
  }
  for (const reason of ["timeout", "queue-full", "exceeds-capacity"]) {
    for (const by of ["the only limit", "1"]) {
      expect(seen.get(`${reason} by ${by}`)).toBeGreaterThanOrEqual(timesSeen(100));
    }
  }
  for (const reason of ["timeout", "exceeds-capacity"]) {
    expect(seen.get(`${reason} by 2`)).toBeGreaterThanOrEqual(timesSeen(100));
  }
});
