/** Every kind of limit passes the suite of laws, and the suite notices what is wrong with a kind. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { FixedWindowFields } from "../../../kit/model/fixed-window.ts";
import type { Limit, LimitKind } from "../../../src/core/limits/limit.ts";
import type { TokenBucketFields } from "../../../src/core/limits/token-bucket-fields.ts";

import { anyPolicy } from "../../../kit/model/arbitraries.ts";
import { anyCalendarInUtc, anyCalendarInZones } from "../../../kit/model/calendars.ts";
import { fixedWindow } from "../../../kit/model/fixed-window.ts";
import { limitLaws } from "../../../kit/model/limit-laws.ts";
import { timeLapse } from "../../../kit/model/time-lapse.ts";
import { runs } from "../../../kit/runs.ts";
import { calendar } from "../../../src/core/limits/calendar.ts";
import { permits } from "../../../src/core/limits/permits.ts";
import { tokenBucket } from "../../../src/core/limits/token-bucket.ts";
import { bucketFieldsOf } from "../../../kit/model/bucket-policy.ts";

const anyBucketFields: fc.Arbitrary<TokenBucketFields> = anyPolicy.map(bucketFieldsOf);
const anyWindowFields: fc.Arbitrary<FixedWindowFields> = fc.record({
  capacity: fc.integer({ min: 1, max: 12 }),
  windowMs: fc.constantFrom(10, 25, 60, 100),
});

/** What is different in a variant of the token bucket. */
type Difference = (inner: Limit) => Partial<Limit>;

/** The token bucket with a difference, which copies and restored ones have, too. */
function variantOf(difference: Difference): LimitKind<TokenBucketFields> {
  const wrap = (inner: Limit): Limit => {
    const copy = () => wrap(inner.copy());
    const differences: Partial<Limit> = { copy, ...difference(inner) };
    return new Proxy(inner, {
      get(_, name) {
        if (name in differences) return Reflect.get(differences, name, differences);
        const value: unknown = Reflect.get(inner, name, inner);
        return typeof value === "function" ? value.bind(inner) : value;
      },
    });
  };
  return {
    ...tokenBucket,
    start: (fields, nowMs) => wrap(tokenBucket.start(fields, nowMs)),
    restore: (fields, state) => wrap(tokenBucket.restore(fields, state)),
  };
}

/** Holds come back at their end, which `msUntil` doesn't count on: a legal kind, and another one. */
const returningBucket: LimitKind<TokenBucketFields> = {
  ...variantOf((inner) => {
    const advance = (nowMs: number): void => {
      for (const { untilMs, tokens } of inner.lent?.toJSON() ?? []) {
        if (untilMs > nowMs) break;
        inner.advance(untilMs - 1);
        inner.endLoan(untilMs, 0, tokens);
      }
      inner.advance(nowMs);
    };
    return {
      advance,
      pause(untilMs, tokens, nowMs) {
        advance(nowMs);
        return inner.pause(untilMs, tokens, nowMs);
      },
      resume(nowMs) {
        advance(nowMs);
        return inner.resume(nowMs);
      },
      reconfigure(fields, nowMs) {
        advance(nowMs);
        inner.reconfigure(fields, nowMs);
      },
    };
  }),
  forecast: "estimate",
  atLoanEnd: "returned",
  maxBatch: () => 0,
};

describe.each([
  ["token bucket", limitLaws(tokenBucket, anyBucketFields)],
  ["calendar in UTC", limitLaws(timeLapse(calendar), anyCalendarInUtc)],
  ["calendar whose clock is changed", limitLaws(timeLapse(calendar), anyCalendarInZones)],
  ["fixed window", limitLaws(fixedWindow, anyWindowFields)],
  ["token bucket whose holds come back", limitLaws(returningBucket, anyBucketFields)],
])("A %s", (_, laws) => {
  // `$name` would be cut.
  test.each(laws.map((law) => [law.name, law] as const))("%s", (_, law) => {
    expect(law.counterexample({ numRuns: runs(1_000) })).toBeUndefined();
  });
});

/**
 * What doesn't apply to permits: they have no holds besides themselves, raising their number frees some, no pause
 * stops them, and their ends are in rows of their own.
 */
const notOfPermits = [
  "a loan lowers what is there by just what is lent",
  "a loan that is returned leaves no trace",
  "a loan is ended for no more than is out",
  "all who grant from it give no more than it would by itself",
  "its state comes back from JSON",
  "a pause brings nothing while it lasts",
  "other fields bring no token",
];

describe("Permits", () => {
  const anyFields = fc.record({
    capacity: fc.integer({ min: 1, max: 12 }),
    ttlMs: fc.constantFrom(10, 40, 100),
  });
  const laws = limitLaws(permits, anyFields);

  test("have all laws but a few", () => {
    expect(laws.map(({ name }) => name)).toEqual(expect.arrayContaining(notOfPermits));
  });

  test.each(
    laws.filter(({ name }) => !notOfPermits.includes(name)).map((law) => [law.name, law] as const),
  )("%s", (_, law) => {
    expect(law.counterexample({ numRuns: runs(1_000) })).toBeUndefined();
  });
});

/** Brings tokens that nothing pays for. */
function mint(limit: Limit, tokens: number): void {
  limit.take(-tokens);
}

const faults: readonly (readonly [fault: string, fault: Difference, laws: readonly string[]])[] = [
  [
    "a copy loses a token",
    (inner) => ({
      copy() {
        const copy = inner.copy();
        if (copy.tokens > 0) copy.take(1);
        return copy;
      },
    }),
    ["a copy is apart"],
  ],
  ["a copy is the limit itself", (inner) => ({ copy: () => inner }), ["a copy is apart"]],
  [
    "what is out has no room",
    (inner) => ({ lend: (tokens) => inner.take(tokens) }),
    [
      "a loan lowers what is there by just what is lent",
      "all who grant from it give no more than it would by itself",
    ],
  ],
  [
    "what comes in is one too many",
    (inner) => ({
      advance(nowMs) {
        const { tokens } = inner;
        inner.advance(nowMs);
        if (inner.tokens > tokens) mint(inner, 1);
      },
    }),
    [
      "what is there stays there until somebody takes it",
      "never more than maxGranted in any window",
      "many steps do what one does",
    ],
  ],
  [
    "JSON forgets what is out",
    (inner) => ({ toJSON: () => ({ ...inner.toJSON(), leased: [] }) }),
    [
      "its state comes back from JSON",
      "all who grant from it give no more than it would by itself",
    ],
  ],
  [
    "what is there wears out",
    (inner) => ({
      advance(nowMs) {
        inner.advance(nowMs);
        if (inner.tokens > 2) inner.take(1);
      },
    }),
    [
      "what is there stays there until somebody takes it",
      "an earlier instant changes nothing",
      "many steps do what one does",
    ],
  ],
  [
    "less comes in while it is empty",
    (inner) => ({
      advance(nowMs) {
        const { tokens } = inner;
        inner.advance(nowMs);
        if (tokens <= 0 && inner.tokens > 1) inner.take(1);
      },
    }),
    ["taking earlier is never worse", "msUntil is the first instant at which so many are there"],
  ],
  [
    "msUntil is a millisecond early",
    (inner) => ({ msUntil: (tokens, fromMs) => inner.msUntil(tokens, fromMs) - 1 }),
    ["msUntil is the first instant at which so many are there"],
  ],
  [
    "nextGainAtMs is a millisecond late",
    (inner) => ({
      get nextGainAtMs() {
        return inner.nextGainAtMs + 1;
      },
    }),
    ["nothing comes in before nextGainAtMs"],
  ],
  [
    "a hold that ends comes back",
    (inner) => ({
      advance(nowMs) {
        const heldTokens = inner.lent?.tokens ?? 0;
        inner.advance(nowMs);
        const ended = heldTokens - (inner.lent?.tokens ?? 0);
        const room = inner.capacity - inner.tokens - (inner.lent?.tokens ?? 0);
        mint(inner, Math.max(0, Math.min(ended, room)));
      },
    }),
    ["a loan that ends is spent or returned, as the kind says"],
  ],
  [
    "more comes back than is given",
    (inner) => ({
      giveBack(tokens) {
        inner.giveBack(tokens);
        if (inner.tokens < inner.capacity) mint(inner, 1);
        return tokens;
      },
    }),
    ["what is given back leaves no trace"],
  ],
  [
    "there is room for what is out, too",
    (inner) => ({
      get missing() {
        return inner.missing + (inner.lent?.tokens ?? 0);
      },
    }),
    ["missing is what there is room for", "what is given back leaves no trace"],
  ],
  [
    "what is returned doesn't come back",
    (inner) => ({
      endLoan: (untilMs, spent, returned) => inner.endLoan(untilMs, spent + returned, 0),
    }),
    ["a loan that is returned leaves no trace", "a loan is ended for no more than is out"],
  ],
  [
    "all that is returned comes back, whatever was out",
    (inner) => ({
      endLoan(untilMs, spent, returned) {
        inner.endLoan(untilMs, spent, 0);
        inner.endLoan(untilMs, returned, 0);
        mint(inner, Math.min(returned, Math.max(0, inner.capacity - inner.tokens)));
      },
    }),
    [
      "a loan is ended for no more than is out",
      "all who grant from it give no more than it would by itself",
    ],
  ],
  [
    "a waiter waits longer if there is more",
    (inner) => ({
      msUntil(tokens, fromMs) {
        const ms = inner.msUntil(tokens, fromMs);
        return inner.tokens > 0 && tokens > inner.tokens ? ms + 1_000 : ms;
      },
    }),
    ["a waiter that leaves only helps those behind it"],
  ],
  [
    "any run is served in one step",
    (inner) => ({
      closedForm: { covers: () => true, takeRun: (tokens) => inner.closedForm?.takeRun(tokens) },
    }),
    ["a run is served as its waiters are one by one"],
  ],
  [
    "a pause ends a millisecond early",
    (inner) => ({ pause: (untilMs, tokens, nowMs) => inner.pause(untilMs - 1, tokens, nowMs) }),
    ["a pause brings nothing while it lasts"],
  ],
  [
    "the end of a pause brings a token",
    (inner) => ({
      resume(nowMs) {
        const isOver = inner.resume(nowMs);
        if (isOver && inner.tokens < inner.capacity) mint(inner, 1);
        return isOver;
      },
    }),
    [
      "a pause brings nothing while it lasts",
      "a pause never leaves more than there would be without it",
    ],
  ],
  [
    "other fields fill it",
    (inner) => ({
      reconfigure(fields, nowMs) {
        inner.reconfigure(fields, nowMs);
        mint(inner, inner.capacity - inner.tokens);
      },
    }),
    ["other fields bring no token"],
  ],
  [
    "it counts from another instant than its start",
    (inner) => ({
      get startedAtMs() {
        return inner.startedAtMs + 1;
      },
    }),
    ["starts now, with at most its capacity"],
  ],
];

/** Which of these laws a kind breaks: always the same ones, since the seed is fixed. */
function brokenOf(names: readonly string[], kind: LimitKind<TokenBucketFields>): string[] {
  const parameters = { numRuns: 200, seed: 20_261_129, endOnFailure: true };
  return limitLaws(kind, anyBucketFields)
    .filter(({ name }) => names.includes(name))
    .filter((law) => law.counterexample(parameters) !== undefined)
    .map(({ name }) => name);
}

const allLaws = limitLaws(tokenBucket, anyBucketFields).map(({ name }) => name);

describe("limitLaws", () => {
  test.each(faults)("reports it if %s", (_, fault, laws) => {
    expect(brokenOf(laws, variantOf(fault)).toSorted()).toEqual(laws.toSorted());
  });

  test("says which expectation isn't met, and where it is", () => {
    const late = variantOf((inner) => ({
      msUntil: (tokens, fromMs) => inner.msUntil(tokens, fromMs) + 1,
    }));
    const name = "msUntil is the first instant at which so many are there";
    const law = limitLaws(late, anyBucketFields).find((law) => law.name === name);
    const report = law?.counterexample({ numRuns: 200, seed: 20_261_129 });
    expect(report).toMatch(/Got AssertionError: expected .*\n.*limit-laws\.ts:\d+/);
  });

  test("has no law that none of these faults breaks", () => {
    const broken = new Set(faults.flatMap(([, , laws]) => laws));
    expect(allLaws.filter((name) => !broken.has(name))).toEqual([]);
  });

  test("reports it if a kind whose holds come back has a batch", () => {
    const law = "a loan that ends is spent or returned, as the kind says";
    expect(brokenOf([law], { ...returningBucket, maxBatch: () => 1 })).toEqual([law]);
  });

  test("reports nothing of a token bucket without a fault", () => {
    expect(
      brokenOf(
        allLaws,
        variantOf(() => ({})),
      ),
    ).toEqual([]);
  });
});
