/** A policy's holds and permits. What all tables have in common is in policy.test.ts, in the rows of leases. */
import { describe, expect, test } from "vitest";

import type { FieldFault } from "../../src/core/values.ts";

import { policyFrom } from "../../kit/model/limiters.ts";
import { compilePolicy } from "../../src/core/human-units.ts";
import { onlyUtc } from "../../src/core/limits/time-zones.ts";
import { fieldFaults, Policy } from "../../src/core/policy.ts";
import { concurrencyFields, holdFields } from "../../src/core/policy-tables.ts";
import { showValue } from "../../src/core/values.ts";
import { checkWrittenPolicy } from "../../src/core/written-policy.ts";

const perSecond = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const hold = { maxMs: 600_000, debt: "front" } as const;
const concurrency = { max: 5, ttlMs: 30_000, graceMs: 2_000 };
const lease = { maxTokens: 1, ttlMs: 1_000 };

function faultsOf(fields: Record<string, unknown>): readonly FieldFault[] {
  const check = Policy.check(fields);
  return check.ok ? [] : check.faults;
}

describe.each([
  ["hold.maxMs", { ...holdFields.maxMs }, (maxMs: unknown) => ({ hold: { ...hold, maxMs } })],
  [
    "concurrency.max",
    { ...concurrencyFields.max },
    (max: unknown) => ({ concurrency: { ...concurrency, max } }),
  ],
  [
    "concurrency.ttlMs",
    { ...concurrencyFields.ttlMs },
    (ttlMs: unknown) => ({ concurrency: { ...concurrency, ttlMs } }),
  ],
  [
    "concurrency.graceMs",
    { ...concurrencyFields.graceMs },
    (graceMs: unknown) => ({ concurrency: { ...concurrency, graceMs } }),
  ],
])("%s", (field, { min, max }, tableWith) => {
  test.each([min, max])("may be %d", (value) => {
    expect(faultsOf({ ...perSecond, ...tableWith(value) })).toEqual([]);
    expect(fieldFaults(tableWith(value))).toEqual([]);
  });

  test.each([min - 1, max + 1, 1_500.5, "5", null])("may not be %j", (value) => {
    const message = `${field} must be an integer from ${min} to ${max}: got ${showValue(value)}`;
    expect(faultsOf({ ...perSecond, ...tableWith(value) })).toEqual([{ field, message }]);
    expect(fieldFaults(tableWith(value))).toEqual([{ field, message }]);
  });
});

test("have the limits of the contract", () => {
  expect(holdFields.maxMs).toEqual({ min: 1_000, max: 3_600_000 });
  expect(concurrencyFields).toEqual({
    max: { min: 1, max: 10_000 },
    ttlMs: { min: 1_000, max: 3_600_000 },
    graceMs: { min: 0, max: 60_000, default: 0 },
  });
});

test("the debt of a hold joins the queue by default, and is one of two", () => {
  expect(Policy.of({ ...perSecond, hold: { maxMs: 1_000 } }).hold).toEqual({
    maxMs: 1_000,
    debt: "queue",
  });
  expect(Policy.of({ ...perSecond, hold }).hold).toEqual(hold);
  expect(faultsOf({ ...perSecond, hold: { maxMs: 1_000, debt: "later" } })).toEqual([
    { field: "hold.debt", message: 'hold.debt must be one of queue, front: got "later"' },
  ]);
});

test("permits have no grace by default", () => {
  const policy = Policy.of({ ...perSecond, concurrency: { max: 2, ttlMs: 1_000 } });
  expect(policy.concurrency).toEqual({ max: 2, ttlMs: 1_000, graceMs: 0 });
});

test.each([
  ["hold", "maxMs and debt"],
  ["concurrency", "max, ttlMs and graceMs"],
])("%s is a table, and its faults are named", (table, fields) => {
  expect(faultsOf({ ...perSecond, [table]: 7 })).toEqual([
    { field: table, message: `${table} must be a table of ${fields}: got 7` },
  ]);
  expect(faultsOf({ ...perSecond, [table]: { wait: 1 } }).map(({ field }) => field)).toEqual([
    `${table}.wait`,
    ...(table === "hold" ? ["hold.maxMs"] : ["concurrency.max", "concurrency.ttlMs"]),
  ]);
});

test.each([undefined, null])("are off if they are %j", (none) => {
  const policy = policyFrom({ ...perSecond, hold: none, concurrency: none });
  expect(policy.hold).toBeUndefined();
  expect(policy.concurrency).toBeUndefined();
  expect(policy.toJSON()).toEqual(Policy.of(perSecond).toJSON());
});

describe("a policy with holds and permits", () => {
  const limits = { day: { capacity: 9, every: "day" } } as const;
  const policy = Policy.of({ ...perSecond, limits, hold, concurrency });

  test("is what Policy.of takes, through JSON text", () => {
    expect(policy.toJSON()).toMatchObject({ hold, concurrency });
    expect(policyFrom(JSON.parse(JSON.stringify(policy))).equals(policy)).toBe(true);
  });

  test("cannot be changed, nor by what it was made from", () => {
    const terms = { ...concurrency };
    const made = Policy.of({ ...perSecond, hold: { ...hold }, concurrency: terms });
    terms.max = 9;
    expect(made.concurrency).toEqual(concurrency);
    expect(made.concurrency).toSatisfy(Object.isFrozen);
    expect(made.hold).toSatisfy(Object.isFrozen);
  });

  test("keeps what a change leaves out, replaces a table as a whole, and drops it by null", () => {
    expect(policyFrom(policy.merge({ queueLimit: 1 }))).toMatchObject({ hold, concurrency });
    const replaced = policyFrom(policy.merge({ hold: { maxMs: 2_000 } }));
    expect(replaced.hold).toEqual({ maxMs: 2_000, debt: "queue" });
    const dropped = policyFrom(policy.merge({ hold: null, concurrency: null }));
    expect(dropped.equals(Policy.of({ ...perSecond, limits }))).toBe(true);
    expect(faultsOf(policy.merge({ concurrency: { max: 1 } }))).toEqual([
      { field: "concurrency.ttlMs", message: "concurrency.ttlMs is missing" },
    ]);
  });

  test("is compared", () => {
    const fields = policy.toJSON();
    expect(policy.equals({ ...fields, hold: { ...hold } })).toBe(true);
    for (const changed of [
      { hold: { ...hold, maxMs: 1_000 } },
      { hold: { ...hold, debt: "queue" } },
      { concurrency: { ...concurrency, max: 6 } },
      { concurrency: { ...concurrency, ttlMs: 1_000 } },
      { concurrency: { ...concurrency, graceMs: 0 } },
    ] as const) {
      expect(policy.equals({ ...fields, ...changed }), JSON.stringify(changed)).toBe(false);
    }
    expect(policy.equals(Policy.of({ ...perSecond, limits }))).toBe(false);
  });
});

test("permits don't go with leases, and holds do", () => {
  expect(faultsOf({ ...perSecond, concurrency, lease })).toEqual([
    {
      field: "concurrency",
      message:
        'concurrency cannot be combined with lease: leave out one of them, in a PUT by "lease": null',
    },
  ]);
  expect(faultsOf({ ...perSecond, concurrency, lease: null })).toEqual([]);
  expect(faultsOf({ ...perSecond, concurrency: null, lease })).toEqual([]);
  expect(faultsOf({ ...perSecond, hold, lease })).toEqual([]);
});

test("durations may be written with a unit", () => {
  const written = {
    ...perSecond,
    hold: { max: "10m" },
    concurrency: { max: 5, ttl: "30s", grace: "2s" },
  };
  const check = checkWrittenPolicy(written, onlyUtc);
  expect(check.ok && check.policy.toJSON()).toMatchObject({
    hold: { maxMs: 600_000, debt: "queue" },
    concurrency,
  });
  const { faults } = compilePolicy({ hold: { max: "2h" }, concurrency: { max: 5, ttl: "1x" } });
  expect(faults).toEqual([
    { field: "hold.max", message: 'hold.max must be from 1s to 1h: got "2h"' },
    {
      field: "concurrency.ttl",
      message:
        'concurrency.ttl must be a number with a unit of ms, s, m, h, d, such as "1s": got "1x"',
    },
  ]);
});
