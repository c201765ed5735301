/**
 * What happens to a limiter with holds and permits if anything can, for fast-check to draw: any policy, and any
 * steps of its callers, holders, operators and of the machine (holding-owner.ts takes them).
 */
import * as fc from "fast-check";

import type { HoldCall } from "../../src/core/holds/hold-call.ts";
import type { LimiterPolicy } from "../../src/core/limiter-state.ts";
import type { LimitSpec } from "../../src/core/limits/limit.ts";
import type { Death, HoldingOwner } from "./holding-owner.ts";

import { anyCalendarInZones } from "./calendars.ts";
import { fixedWindow } from "./fixed-window.ts";
import { timeLapse } from "./time-lapse.ts";
import { calendar } from "../../src/core/limits/calendar.ts";
import { limitSpec } from "../../src/core/limits/limit.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";

const names = ["rate", "tpm"] as const;
const lapsedCalendar = timeLapse(calendar);

/** What the histories of one test draw from. */
export interface Scale {
  readonly capacity: fc.Arbitrary<number>;
  readonly refillTokens: fc.Arbitrary<number>;
  /** Of what is used, in parts of what was reserved; 12 is all of it. */
  readonly use: fc.Arbitrary<number>;
  /** How often a limit is a window, whose beginning makes good all that is owed, however much that is. */
  readonly windows: number;
}

/** Each grant is written, and debts are made. */
export const small: Scale = {
  capacity: fc.integer({ min: 1, max: 10 }),
  refillTokens: fc.integer({ min: 1, max: 4 }),
  use: fc.oneof(fc.nat(12), fc.nat(12), fc.nat(36)),
  windows: 0,
};

/** Grants are written ahead, so a crash loses some. */
export const large: Scale = {
  capacity: fc.integer({ min: 80, max: 400 }),
  refillTokens: fc.integer({ min: 1, max: 60 }),
  use: fc.nat(12),
  windows: 2,
};

function anyBucket({ capacity, refillTokens }: Scale) {
  const refillIntervalMs = fc.constantFrom(10, 13, 25);
  return fc
    .record({ capacity, refillTokens, refillIntervalMs, isFull: fc.boolean() })
    .map(({ isFull, ...fields }) =>
      Object.assign(fields, { initialTokens: isFull ? fields.capacity : 0 }),
    );
}

function anyLimitNamed(name: string, scale: Scale): fc.Arbitrary<LimitSpec> {
  const anyWindow = fc.record({ capacity: scale.capacity, windowMs: fc.constantFrom(20, 35, 60) });
  return fc.oneof(
    {
      weight: 6,
      arbitrary: anyBucket(scale).map((fields) => limitSpec(name, tokenBucket, fields)),
    },
    {
      weight: scale.windows,
      arbitrary: anyWindow.map((fields) => limitSpec(name, fixedWindow, fields)),
    },
    {
      weight: 1,
      arbitrary: anyCalendarInZones.map((fields) => limitSpec(name, lapsedCalendar, fields)),
    },
  );
}

const anyConcurrency = fc.option(
  fc.record({
    max: fc.integer({ min: 1, max: 3 }),
    ttlMs: fc.constantFrom(5, 20, 60),
    graceMs: fc.constantFrom(0, 0, 25),
  }),
  { nil: undefined },
);
const anyHoldTerms = fc.option(
  fc.record({
    maxMs: fc.constant(3_600_000),
    debt: fc.constantFrom("queue" as const, "front" as const),
  }),
  { nil: undefined, freq: 6 },
);

/** Policies with one limit or two, of every kind. */
export function anyPolicyOf(scale: Scale): fc.Arbitrary<LimiterPolicy> {
  const queue = {
    queueLimit: fc.constantFrom(2, 1_000, 1_000, 1_000),
    maxWaitMs: fc.constantFrom(60, 400, 3_000),
    hold: anyHoldTerms,
  };
  const [rate, tpm] = names.map((name) => anyLimitNamed(name, scale));
  if (!rate || !tpm) throw new Error("There are two limits");
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        ...queue,
        limits: fc.oneof(fc.tuple(rate), fc.tuple(rate, tpm)),
        lease: fc.constant(undefined),
        concurrency: anyConcurrency,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ...queue,
        limits: fc.tuple(anyBucket(scale).map((fields) => limitSpec("rate", tokenBucket, fields))),
        lease: fc.constant({ maxTokens: 5, ttlMs: 40 }),
        concurrency: fc.constant(undefined),
      }),
    },
  );
}

interface Holding {
  readonly kind: "settle" | "spend" | "drop" | "extend";
  readonly pick: number;
  readonly use: Readonly<Record<string, number>>;
  readonly ms: number;
}

/** What happens to the limiter. */
export type Operation =
  | Holding
  | {
      readonly kind: "acquire";
      readonly ask: Readonly<Record<string, number>>;
      readonly timeoutMs: number;
      readonly holdMs: number | undefined;
      readonly sessionId: string | undefined;
    }
  | { readonly kind: "cancel" | "come back" | "release"; readonly pick: number }
  | {
      readonly kind: "extend permit";
      readonly pick: number;
      readonly sessionId: string | undefined;
    }
  | { readonly kind: "end session"; readonly sessionId: string }
  | { readonly kind: "lend" | "grant from a lease" | "put back"; readonly count: number }
  | {
      readonly kind: "pause";
      readonly ms: number;
      readonly tokens: number;
      readonly names: string[];
    }
  | { readonly kind: "resume"; readonly names: string[] }
  | { readonly kind: "change"; readonly policy: LimiterPolicy }
  | { readonly kind: "pass"; readonly ms: number; readonly lateMs: number }
  | { readonly kind: "jump"; readonly ms: number }
  | { readonly kind: "crash" | "sleep" | "probe" }
  | { readonly kind: "forget"; readonly by: "memory" | "disk"; readonly lateMs: number };

/** What the process dies of, if it dies in that very turn. */
export type Step = Operation & { readonly death?: Death | undefined };

const ofKind = <Kind extends Operation["kind"]>(...kinds: readonly Kind[]) => {
  return fc.constantFrom(...kinds);
};

/** A step, and now and then what the process dies of in it. */
export function anyStepOf(scale: Scale): fc.Arbitrary<Step> {
  const anyNames = fc.subarray([...names], { minLength: 1 });
  const pick = fc.nat(59);
  const anySession = fc.constantFrom(undefined, "s1", "s2");
  const anyTokens = fc.oneof(fc.nat(4), fc.nat(4), scale.capacity);
  const anyAsk = fc.record({ rate: anyTokens, tpm: anyTokens });
  const anyLateMs = fc.constantFrom(0, 0, 0, 7, 40);
  const weighted: [number, fc.Arbitrary<Operation>][] = [
    [
      16,
      fc.record({
        kind: ofKind("acquire"),
        ask: anyAsk,
        timeoutMs: fc.constantFrom(0, 20, 100, 3_000, 3_000),
        holdMs: fc.constantFrom(undefined, 5, 30, 100, 500),
        sessionId: anySession,
      }),
    ],
    [
      13,
      fc.record({
        kind: ofKind("settle", "settle", "settle", "spend", "extend", "drop"),
        pick,
        use: fc.record({ rate: scale.use, tpm: scale.use }, { requiredKeys: [] }),
        ms: fc.integer({ min: 1, max: 100 }),
      }),
    ],
    [
      7,
      fc.record({
        kind: ofKind("cancel", "come back", "release", "release"),
        pick,
      }),
    ],
    [3, fc.record({ kind: ofKind("extend permit"), pick, sessionId: anySession })],
    [1, fc.record({ kind: ofKind("end session"), sessionId: fc.constantFrom("s1", "s2") })],
    [4, fc.record({ kind: ofKind("lend", "grant from a lease", "put back"), count: fc.nat(6) })],
    [9, fc.record({ kind: ofKind("pass"), ms: fc.nat(40), lateMs: anyLateMs })],
    [1, fc.record({ kind: ofKind("jump"), ms: fc.integer({ min: -120, max: 120 }) })],
    [1, fc.record({ kind: ofKind("pause"), ms: fc.nat(60), tokens: fc.nat(6), names: anyNames })],
    [1, fc.record({ kind: ofKind("resume"), names: anyNames })],
    [1, fc.record({ kind: ofKind("change"), policy: anyPolicyOf(scale) })],
    [4, fc.record({ kind: ofKind("crash", "sleep", "probe", "probe") })],
    [
      1,
      fc.record({
        kind: ofKind("forget"),
        by: fc.constantFrom("memory" as const, "disk" as const),
        lateMs: fc.constantFrom(0, 0, 1, 7, 40),
      }),
    ],
  ];
  const anyDeath = fc.option(fc.constantFrom("unwritten" as const, "untold" as const), {
    nil: undefined,
    freq: 25,
  });
  const anyLife = fc.oneof(
    { weight: 15, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: anyDeath },
  );
  const anyOperation = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc
    .tuple(anyOperation, anyLife)
    .map(([operation, death]) => Object.assign({ death }, operation));
}

/** What a holder asks for that has reserved so much. */
export function callOf(
  { kind, use, ms }: Holding,
  reserved: Readonly<Record<string, number>>,
): HoldCall {
  if (kind === "extend") return { extendMs: ms };
  const parts = Object.entries(reserved).flatMap(([name, tokens]) => {
    const share = kind === "drop" ? 0 : use[name];
    return share === undefined ? [] : [[name, Math.round((tokens * share) / 12)] as const];
  });
  const tokens = Object.fromEntries(parts);
  return kind === "spend" ? { atLeast: tokens } : { used: tokens };
}

/** Lets it happen. */
export function play(holding: HoldingOwner, operation: Operation): void {
  switch (operation.kind) {
    case "acquire": {
      const { ask, timeoutMs, holdMs, sessionId } = operation;
      return holding.acquire(ask, { timeoutMs, holdMs }, sessionId);
    }
    case "settle":
    case "spend":
    case "drop":
    case "extend":
      return holding.callHold(operation.pick, (reserved) => callOf(operation, reserved));
    case "cancel":
      return holding.cancel(operation.pick);
    case "come back":
      return holding.comeBack(operation.pick);
    case "extend permit":
      return holding.extendPermit(operation.pick, operation.sessionId);
    case "end session":
      return holding.endSession(operation.sessionId);
    case "release":
      return holding.releasePermit(operation.pick);
    case "lend":
      return holding.lend(operation.count);
    case "grant from a lease":
      return holding.grantFromLease();
    case "put back":
      return holding.requeue(operation.count);
    case "pause":
      return holding.pause(operation.ms, operation.tokens, operation.names);
    case "resume":
      return holding.resume(operation.names);
    case "change":
      return holding.setPolicy(operation.policy);
    case "pass":
      return holding.pass(operation.ms, operation.lateMs);
    case "jump":
      return holding.jump(operation.ms);
    case "crash":
      return holding.crash();
    case "sleep":
      return holding.sleep();
    case "probe":
      return holding.probe();
    case "forget":
      return holding.forget(operation.by, operation.lateMs);
  }
}
