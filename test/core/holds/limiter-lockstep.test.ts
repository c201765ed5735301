/**
 * The limiter with holds and permits beside a plain one that is stepped through every millisecond
 * (kit/model/plain-holds.ts), with restarts from what is on the disk whenever nobody waits.
 */
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";

import type { HoldCall } from "../../../src/core/holds/hold-call.ts";
import type { GrantRow } from "../../../src/core/holds/grant-row.ts";
import type { LimiterPolicy, LimiterState } from "../../../src/core/limiter-state.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import type { Waiter } from "../../../src/core/queue/waiter-queue.ts";
import type { Turn } from "../../../src/core/turn.ts";
import type { PlainOutcome, PlainPolicy } from "../../../kit/model/plain-holds.ts";

import { epochMs } from "../../../kit/model/limiters.ts";
import { PlainHolds } from "../../../kit/model/plain-holds.ts";
import { runs, timesSeen } from "../../../kit/runs.ts";
import { Limiter } from "../../../src/core/limiter.ts";
import { limitSpec } from "../../../src/core/limits/limit.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 300_000 });

const names = ["rate", "tpm"] as const;
/** The same in all policies, so that a change of policy keeps the grid. */
const INTERVALS = { rate: 10, tpm: 13 };

type Tokens = Record<string, number>;

function anyLimitNamed(name: (typeof names)[number]) {
  return fc.record({
    name: fc.constant(name),
    capacity: fc.integer({ min: 1, max: 10 }),
    refillTokens: fc.integer({ min: 1, max: 4 }),
    refillIntervalMs: fc.constant(INTERVALS[name]),
    initialTokens: fc.constantFrom(0, 1),
  });
}

const anyPolicy: fc.Arbitrary<PlainPolicy> = fc.record({
  limits: fc.oneof(
    fc.tuple(anyLimitNamed("rate")),
    fc.tuple(anyLimitNamed("rate"), anyLimitNamed("tpm")),
  ),
  queueLimit: fc.constantFrom(0, 2, 1_000, 1_000, 1_000),
  debt: fc.constantFrom("queue", "front"),
  concurrency: fc.option(
    fc.record({
      max: fc.integer({ min: 1, max: 3 }),
      ttlMs: fc.constantFrom(5, 20, 60),
      graceMs: fc.constantFrom(0, 0, 15),
    }),
    { nil: undefined },
  ),
});

const anyTokens = fc.record({ rate: fc.nat(7), tpm: fc.nat(7) });
/** Less than reserved, more, and now and then much more. */
const anyUse = fc.record(
  {
    rate: fc.oneof(fc.nat(4), fc.nat(4), fc.nat(9), fc.nat(20)),
    tpm: fc.oneof(fc.nat(4), fc.nat(4), fc.nat(9), fc.nat(20)),
  },
  { requiredKeys: [] },
);
const anyPick = fc.nat(59);
const sessionIds = ["s1", "s2"] as const;
const anySession = fc.constantFrom(undefined, ...sessionIds);
const anyTimeoutMs = fc.constantFrom(0, 20, 100, 1_000, 1_000);

type Operation =
  | {
      readonly kind: "acquire";
      readonly tokens: Tokens;
      readonly timeoutMs: number;
      readonly holdMs: number | undefined;
      readonly sessionId: string | undefined;
    }
  | { readonly kind: "cancel" | "release"; readonly pick: number }
  | {
      readonly kind: "extend permit";
      readonly pick: number;
      readonly sessionId: string | undefined;
    }
  | { readonly kind: "end session"; readonly sessionId: string }
  | { readonly kind: "settle" | "spend"; readonly pick: number; readonly use: Tokens }
  | { readonly kind: "drop"; readonly pick: number }
  | { readonly kind: "extend"; readonly pick: number; readonly ms: number }
  | {
      readonly kind: "pause";
      readonly ms: number;
      readonly tokens: number;
      readonly names: string[];
    }
  | { readonly kind: "resume"; readonly names: string[] }
  | { readonly kind: "change"; readonly policy: PlainPolicy }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "restart"; readonly live: readonly string[] };

type HolderCall = Operation & { readonly kind: "settle" | "spend" | "drop" | "extend" };

const ofKind = <Kind extends Operation["kind"]>(kind: Kind) => fc.constant(kind);
const anyNames = fc.subarray([...names], { minLength: 1 });
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: ofKind("acquire"),
      tokens: anyTokens,
      timeoutMs: anyTimeoutMs,
      holdMs: fc.constantFrom(undefined, 5, 30, 100, 500),
      sessionId: anySession,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: ofKind("cancel"), pick: anyPick }) },
  { weight: 7, arbitrary: fc.record({ kind: ofKind("settle"), pick: anyPick, use: anyUse }) },
  { weight: 3, arbitrary: fc.record({ kind: ofKind("spend"), pick: anyPick, use: anyUse }) },
  { weight: 1, arbitrary: fc.record({ kind: ofKind("drop"), pick: anyPick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: ofKind("extend"),
      pick: anyPick,
      ms: fc.integer({ min: 1, max: 80 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: ofKind("extend permit"),
      pick: anyPick,
      sessionId: anySession,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: ofKind("end session"),
      sessionId: fc.constantFrom(...sessionIds),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: ofKind("release"), pick: anyPick }) },
  { weight: 9, arbitrary: fc.record({ kind: ofKind("pass"), ms: fc.nat(40) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: ofKind("pause"),
      ms: fc.nat(60),
      tokens: fc.nat(6),
      names: anyNames,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: ofKind("resume"), names: anyNames }) },
  { weight: 1, arbitrary: fc.record({ kind: ofKind("change"), policy: anyPolicy }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: ofKind("restart"), live: fc.subarray([...sessionIds]) }),
  },
);

function limiterPolicyOf({ limits, queueLimit, debt, concurrency }: PlainPolicy): LimiterPolicy {
  return {
    limits: limits.map(({ name, ...fields }) => limitSpec(name, tokenBucket, fields)),
    queueLimit,
    maxWaitMs: 3_600_000,
    lease: undefined,
    hold: { maxMs: 3_600_000, debt },
    concurrency,
  };
}

/** Does the same to a limiter with a punctual daemon, and to the plain one. */
class Both {
  limiter: Limiter<string, LimiterPolicy>;
  readonly model: PlainHolds;
  readonly settled: { readonly caller: string; readonly outcome: PlainOutcome }[] = [];
  nowMs = epochMs;
  #policy: PlainPolicy;
  readonly #asks = new Map<string, Tokens>();
  readonly #sessions = new Map<string, string | undefined>();
  readonly #waiters = new Map<string, Waiter<string>>();
  #ids = 0;
  #disk = "";
  /** Whether it has been written while nothing was owed that hadn't been taken: what was is taken there already. */
  #isDiskExact = true;
  readonly #rows = new Map<number, string>();
  readonly #answers: unknown[] = [];
  readonly #expectedAnswers: unknown[] = [];
  /** What must never happen, whatever the plain one does. */
  readonly faults: string[] = [];

  constructor(policy: PlainPolicy) {
    this.#policy = policy;
    this.model = new PlainHolds(policy, epochMs);
    this.limiter = new Limiter<string, LimiterPolicy>(limiterPolicyOf(policy), this.#options);
  }

  get #options() {
    return {
      newId: () => {
        this.#ids += 1;
        return `g${this.#ids}`;
      },
      sessionOf: (caller: string) => this.#sessions.get(caller),
    };
  }

  perform(operation: Operation): void {
    const { limiter, model, nowMs } = this;
    switch (operation.kind) {
      case "acquire":
        return this.#acquire(operation);
      case "cancel": {
        const caller = pickOf(model.callers, operation.pick);
        const waiter = this.#waiters.get(caller ?? "");
        if (caller === undefined || !waiter) return;
        this.#note(limiter.cancel(waiter, nowMs));
        return model.cancel(caller);
      }
      case "settle":
      case "spend":
      case "drop":
      case "extend":
        return this.#callHolder(operation);
      case "extend permit": {
        const id = pickOf(model.ids, operation.pick) ?? "g0";
        const { turn, answer } = limiter.extendPermit(id, nowMs, operation.sessionId);
        this.#note(turn);
        this.#answers.push(answer);
        this.#expectedAnswers.push(model.extendPermit(id, operation.sessionId));
        return;
      }
      case "end session":
        return this.#endSessions((sessionId) => sessionId === operation.sessionId);
      case "release": {
        const id = pickOf(model.ids, operation.pick) ?? "g0";
        this.#note(limiter.releasePermit(id, nowMs));
        return model.releasePermit(id);
      }
      case "pause": {
        const { ms, tokens, names: limits } = operation;
        this.#note(limiter.pause({ untilMs: nowMs + ms, tokens, limits }, nowMs));
        return model.pause(nowMs + ms, tokens, limits);
      }
      case "resume":
        this.#note(limiter.resume(nowMs, operation.names));
        return model.resume(operation.names);
      case "change":
        this.#policy = operation.policy;
        this.#note(
          limiter.setPolicy(limiterPolicyOf(operation.policy), nowMs, (caller) => {
            return this.#costOf(this.#asks.get(caller) ?? {});
          }),
        );
        return model.setPolicy(operation.policy);
      case "pass":
        return this.passTo(nowMs + operation.ms);
      case "restart":
        return this.#restart(operation.live);
    }
  }

  passTo(atMs: number): void {
    for (;;) {
      const { nextWakeAtMs } = this.limiter;
      if (nextWakeAtMs === undefined || nextWakeAtMs > atMs) break;
      const { settled } = this.#note(this.limiter.advance(nextWakeAtMs));
      if (settled.length === 0) throw new Error(`Woken at ${nextWakeAtMs} for nobody`);
    }
    this.nowMs = atMs;
    this.model.passTo(atMs);
  }

  /** All that can be seen of the limiter. */
  get actual() {
    const { settled, limiter, nowMs } = this;
    const { tokens: rate, limits = {}, heldTokens, owedTokens, permits } = limiter.inspect(nowMs);
    const further = Object.entries(limits).map(([name, { tokens }]) => [name, tokens] as const);
    const places = [...limiter.places()];
    const grantsAtMs = places.map(({ grantAtMs }) => grantAtMs);
    const isStarted = limiter.toJSON().limits !== undefined;
    return {
      settled,
      answers: this.#answers,
      callers: places.map(({ waiter }) => waiter.caller),
      grantsAtMs: this.#policy.concurrency ? undefined : grantsAtMs,
      ...(isStarted && {
        view: {
          tokens: { rate, ...Object.fromEntries(further) },
          heldTokens,
          owedTokens,
          permits,
        },
      }),
      faults: this.faults,
    };
  }

  /** The same of the plain one. */
  get expected() {
    const { settled, callers, grantsAtMs, view } = this.model;
    const isStarted = Object.keys(view.tokens).length > 0;
    const answers = this.#expectedAnswers;
    return { settled, answers, callers, grantsAtMs, ...(isStarted && { view }), faults: [] };
  }

  #acquire(operation: Operation & { kind: "acquire" }): void {
    const { tokens: drawn, timeoutMs, holdMs, sessionId } = operation;
    const caller = `caller ${this.#asks.size + 1}`;
    const isForNothing = this.#policy.limits.every(({ name }) => drawn[name] === 0);
    const tokens = isForNothing ? { rate: 1, tpm: 1 } : drawn;
    this.#asks.set(caller, tokens);
    this.#sessions.set(caller, sessionId);
    const request = { caller, tokens: this.#costOf(tokens), timeoutMs, holdMs };
    this.#note(this.limiter.acquire(request, this.nowMs));
    this.model.acquire({ caller, tokens, timeoutMs, holdMs, sessionId });
  }

  #costOf(tokens: Tokens): number[] {
    return this.#policy.limits.map(({ name }) => tokens[name] ?? 0);
  }

  #callHolder(operation: HolderCall): void {
    const { limiter, model } = this;
    const id = pickOf(model.ids, operation.pick) ?? "g0";
    const before = [...limiter.places()];
    const { turn, answer } = this.#askHolder(operation, id);
    this.#note(turn);
    const { kind } = answer;
    this.#answers.push(kind === "invalid" ? { kind } : answer);
    this.#expectedAnswers.push(expectedOf(model, operation, id));
    if (this.#policy.debt === "front" || this.#policy.concurrency) return;
    const after = new Map(
      [...limiter.places()].map(({ waiter, grantAtMs }) => [waiter.caller, grantAtMs]),
    );
    for (const { waiter, grantAtMs } of before) {
      const laterAtMs = after.get(waiter.caller) ?? -Infinity;
      if (laterAtMs > grantAtMs) this.faults.push(`${waiter.caller} is later by a settle`);
    }
  }

  #askHolder(operation: HolderCall, id: string) {
    const { limiter, nowMs } = this;
    if (operation.kind === "drop") return limiter.dropHold(id, nowMs);
    return limiter.changeHold(id, callOf(operation), nowMs);
  }

  /** From the disk, and only while nobody waits: places aren't on the disk. */
  #restart(live: readonly string[]): void {
    if (this.limiter.waiters > 0 || this.#disk === "") return;
    const disk = this.#isDiskExact ? this.#disk : JSON.stringify(this.limiter);
    const state: LimiterState = JSON.parse(disk);
    const rows = [...this.#rows].map(([slot, grant]): GrantRow => {
      return { slot, grant: JSON.parse(grant) };
    });
    this.limiter = Limiter.from(limiterPolicyOf(this.#policy), state, rows, this.#options);
    this.#endSessions((sessionId) => !live.includes(sessionId));
  }

  #endSessions(isOver: (sessionId: string) => boolean): void {
    this.#note(this.limiter.endSessions(isOver, this.nowMs));
    this.model.endSessions(isOver);
  }

  #note(turn: Turn<string>): Turn<string> {
    if (turn.write) {
      this.#disk = JSON.stringify(turn.write);
      this.#isDiskExact = ![...this.limiter.places()].some(({ waiter }) => waiter.owed);
    }
    if (turn.rows && !turn.write) this.faults.push("rows without a write");
    for (const { slot, grant } of turn.rows ?? []) this.#rows.set(slot, JSON.stringify(grant));
    if (turn.waiter) this.#waiters.set(turn.waiter.caller, turn.waiter);
    for (const { caller, outcome } of turn.settled) {
      this.settled.push({ caller, outcome: this.#plainOf(outcome) });
    }
    return turn;
  }

  #plainOf(outcome: Outcome): PlainOutcome {
    if (!outcome.ok) {
      const { reason, retryAfterMs, estimate } = outcome;
      const isEstimate = this.#policy.concurrency !== undefined;
      if (retryAfterMs === undefined) return { ok: false, reason };
      if (isEstimate !== (estimate === true)) this.faults.push(`estimate: ${estimate}`);
      return { ok: false, reason, ...(!isEstimate && { retryAfterMs }) };
    }
    const { grantedAtMs, remaining, limits = {}, hold, permit } = outcome;
    const further = Object.values(limits).map((limit) => limit.remaining);
    return {
      ok: true,
      grantedAtMs,
      remaining: [remaining, ...further],
      ...(hold && { hold }),
      ...(permit && { permit }),
    };
  }
}

function callOf(operation: Exclude<HolderCall, { readonly kind: "drop" }>): HoldCall {
  if (operation.kind === "extend") return { extendMs: operation.ms };
  return operation.kind === "settle" ? { used: operation.use } : { atLeast: operation.use };
}

function expectedOf(model: PlainHolds, operation: HolderCall, id: string): unknown {
  if (operation.kind === "drop") return model.drop(id);
  if (operation.kind === "extend") return model.extend(id, operation.ms);
  const { kind, use } = operation;
  return kind === "settle" ? model.settle(id, use) : model.spend(id, use);
}

function pickOf(items: readonly string[], pick: number): string | undefined {
  return items[pick % Math.max(1, items.length)];
}

test("Holds and permits agree with plain ones", () => {
  let operations = 0;
  let writtenOff = 0;
  let outlived = 0;
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
      writtenOff += both.model.writtenOff;
      outlived += both.model.outlived;
      for (const { outcome } of both.model.settled) note(outcome.ok ? "granted" : outcome.reason);
    }),
    { numRuns: runs(2_000) },
  );
  expect(operations).toBeGreaterThanOrEqual(timesSeen(80_000));
  expect(writtenOff).toBeGreaterThanOrEqual(timesSeen(1_000));
  expect(outlived).toBeGreaterThanOrEqual(timesSeen(100));
  for (const what of ["granted", "timeout", "queue-full", "exceeds-capacity"]) {
    expect(seen.get(what)).toBeGreaterThanOrEqual(timesSeen(300));
  }
});
