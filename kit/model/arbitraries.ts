/**
 * Policies and operations for fast-check to draw. Numbers are small, so that they collide often.
 */
import * as fc from "fast-check";

import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";

import { Policy } from "../../src/core/policy.ts";
import { bucketFieldsOf } from "./bucket-policy.ts";

/** A refill that depends on the capacity: all of it, or more than fits. */
const ofCapacity = { whole: 0, more: 3 } as const;

/**
 * Legal policies of every kind that behaves differently: ticks of one token or of several, ticks that
 * fill the whole bucket, an empty start, a queue of length 0, no waiting at all.
 */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    capacity: fc.integer({ min: 1, max: 12 }),
    refill: fc.oneof(
      fc.constant(1),
      fc.integer({ min: 2, max: 5 }),
      fc.constantFrom<keyof typeof ofCapacity>("whole", "more"),
    ),
    refillIntervalMs: fc.constantFrom(10, 13, 25),
    initialShare: fc.oneof(fc.constant(undefined), fc.constant(0), fc.integer({ min: 0, max: 12 })),
    queueLimit: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(1000), fc.constant(1000)),
    maxWaitMs: fc.constantFrom(0, 60, 400, 400, 3_600_000, 3_600_000),
  })
  .map(({ capacity, refill, initialShare, ...fields }) =>
    Policy.of({
      ...fields,
      capacity,
      refillTokens: typeof refill === "number" ? refill : capacity + ofCapacity[refill],
      ...(initialShare !== undefined && { initialTokens: Math.min(capacity, initialShare) }),
    }),
  );

/** The token bucket of any such policy. */
export const anyBucket: fc.Arbitrary<TokenBucketFields> = anyPolicy.map(bucketFieldsOf);

/** A number for `foldTokens` to fold into 1…capacity. */
export const anyTokens = fc.integer({ min: 0, max: 59 });

/** Turns a drawn number into a legal one, since a policy is drawn separately from the requests. */
export function foldTokens(policy: Pick<Policy, "capacity">, drawn: number): number {
  return 1 + (drawn % policy.capacity);
}

/** A timeout to be cut to the policy's `maxWaitMs`: often 0, often the longest there is. */
const anyTimeoutMs = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 300 }),
  fc.constant(3_600_000),
);

/** What callers and time do to a limiter whose daemon is punctual. */
export type PlainOperation =
  | {
      readonly kind: "acquire";
      readonly tokens: number;
      readonly timeoutMs: number;
      /** Whether the daemon wakes before the caller asks, if both fall on one instant. */
      readonly isDaemonFirst: boolean;
    }
  /** Asks for more than the bucket can ever hold. */
  | { readonly kind: "oversize" }
  | { readonly kind: "cancel"; readonly pick: number }
  | { readonly kind: "pass"; readonly ms: number }
  /** To the daemon's next wake-up, or a millisecond off. */
  | { readonly kind: "pass to wake"; readonly offsetMs: number };

export const anyPlainOperation: fc.Arbitrary<PlainOperation> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      tokens: anyTokens,
      timeoutMs: anyTimeoutMs,
      isDaemonFirst: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("oversize" as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat(59) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(60) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass to wake" as const),
      offsetMs: fc.constantFrom(0, 0, 0, -1, 1),
    }),
  },
);

/** Often shorter than an interval, or up to exactly a tick; sometimes over already. */
const anyPauseMs = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(10, 13, 25, 50, 100));

/** Delays everybody, and keeps few tokens, or all. */
type PauseOperation =
  | { readonly kind: "pause"; readonly forMs: number; readonly tokens: number }
  | { readonly kind: "lift" };

const anyPauseOperation: fc.Arbitrary<PauseOperation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pause" as const),
      forMs: anyPauseMs,
      tokens: fc.oneof(fc.constant(0), fc.nat(12)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lift" as const) }) },
);

/** Plain operations and pauses. */
export type PausingOperation = PlainOperation | PauseOperation;

export const anyPausingOperation: fc.Arbitrary<PausingOperation> = fc.oneof(
  { weight: 12, arbitrary: anyPlainOperation },
  { weight: 1, arbitrary: anyPauseOperation },
);

/** A caller that left the queue takes its place again. */
export interface ComeBackOperation {
  readonly kind: "come back";
  readonly pick: number;
}

export const anyComeBack: fc.Arbitrary<ComeBackOperation> = fc.record({
  kind: fc.constant("come back" as const),
  pick: fc.nat(59),
});

/** Also what an administrator does, and a caller that lost its place elsewhere. */
export type Operation =
  | PausingOperation
  | ComeBackOperation
  | { readonly kind: "change"; readonly policy: Policy }
  | {
      readonly kind: "put back";
      readonly tokens: number;
      readonly timeoutMs: number;
      readonly agoMs: number;
    };

export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 20, arbitrary: anyPausingOperation },
  { weight: 3, arbitrary: anyComeBack },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("change" as const), policy: anyPolicy }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("put back" as const),
      tokens: anyTokens,
      timeoutMs: anyTimeoutMs,
      agoMs: fc.integer({ min: 0, max: 400 }).map((halves) => halves / 2),
    }),
  },
);

/** What happens to the owner of a limiter if everything may fail. */
export type FaultyOperation =
  | { readonly kind: "acquire"; readonly tokens: number; readonly timeoutMs: number }
  | { readonly kind: "cancel"; readonly pick: number }
  /** The daemon wakes `lateMs` after each instant that it was asked for. */
  | { readonly kind: "pass"; readonly ms: number; readonly lateMs: number }
  /** The clock is set, forward or back. */
  | { readonly kind: "jump"; readonly ms: number }
  /** The process dies, between two turns or in the middle of one, and restarts from the disk. */
  | { readonly kind: "crash"; readonly losesATurn: boolean }
  | { readonly kind: "put back"; readonly count: number }
  | ComeBackOperation
  | PauseOperation;

export const anyFaultyOperation: fc.Arbitrary<FaultyOperation> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      tokens: anyTokens,
      timeoutMs: anyTimeoutMs,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat(59) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.nat(120),
      lateMs: fc.oneof(fc.constant(0), fc.nat(60)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("jump" as const),
      ms: fc.integer({ min: -400, max: 400 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("crash" as const), losesATurn: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("put back" as const), count: fc.nat(9) }),
  },
  { weight: 1, arbitrary: anyComeBack },
  { weight: 1, arbitrary: anyPauseOperation },
);

/** Long enough for queues to build up, empty and build up again. */
export function historyOf<Drawn>(operation: fc.Arbitrary<Drawn>): fc.Arbitrary<Drawn[]> {
  return fc.array(operation, { minLength: 40, maxLength: 80 });
}
