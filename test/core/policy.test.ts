import { describe, expect, test } from "vitest";

import type { TimeZones } from "../../src/core/limits/time-zones.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { FieldFault } from "../../src/core/values.ts";

import { fieldFaults, keepingFields, Policy, queueFields } from "../../src/core/policy.ts";
import { leaseFields } from "../../src/core/policy-tables.ts";
import { showValue } from "../../src/core/values.ts";
import { policyFrom } from "../../kit/model/limiters.ts";
import { utcOffsets } from "../../src/core/limits/civil-grid.ts";
import { onlyUtc } from "../../src/core/limits/time-zones.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";

const perSecond = { capacity: 1, refillTokens: 1, refillIntervalMs: 1000 };
const allFields = {
  capacity: 10,
  refillTokens: 5,
  refillIntervalMs: 1000,
  initialTokens: 3,
  queueLimit: 20,
  maxWaitMs: 30_000,
};

/** Of the contract: field, lowest, highest. */
const limits = [
  ["capacity", 1, 1_000_000_000],
  ["refillTokens", 1, 1_000_000_000],
  ["refillIntervalMs", 10, 86_400_000],
  ["initialTokens", 0, 1_000_000_000],
  ["queueLimit", 0, 10_000],
  ["maxWaitMs", 0, 3_600_000],
  ["forgetAfterMs", 60_000, 2_592_000_000],
] as const;

/** What is not a number of a policy, and how a message shows it. */
const wrongValues: readonly (readonly [value: unknown, shown: string])[] = [
  ["5", '"5"'],
  ["", '""'],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
  [10.5, "10.5"],
  [null, "null"],
  [true, "true"],
  [false, "false"],
  [[10], "[10]"],
  [{}, "{}"],
];

function faultsOf(fields: Record<string, unknown>): readonly FieldFault[] {
  const check = Policy.check(fields);
  return check.ok ? [] : check.faults;
}

function messagesOf(fields: Record<string, unknown>): string[] {
  return faultsOf(fields).map(({ message }) => message);
}

function fieldsAtFault(fields: Record<string, unknown>): string[] {
  return faultsOf(fields).map(({ field }) => field);
}

describe.each(limits)("Policy.of, %s", (field, min, max) => {
  // The highest capacity, so that it never stands in the way of initialTokens.
  const base = { ...perSecond, capacity: 1_000_000_000 };

  test.each([min, min + 1, max - 1, max])("accepts %d", (value) => {
    expect(policyFrom({ ...base, [field]: value }).toJSON()[field]).toBe(value);
  });

  test.each([min - 1, max + 1, -1, 2 ** 53])("refuses %d and names it and the limits", (value) => {
    const message = `${field} must be an integer from ${min} to ${max}: got ${value}`;
    expect(faultsOf({ ...base, [field]: value })).toEqual([{ field, message }]);
    expect(() => policyFrom({ ...base, [field]: value })).toThrow(
      new RangeError(`Illegal policy: ${message}`),
    );
  });

  test.each(wrongValues)("refuses %j, which is no integer", (value, shown) => {
    expect(messagesOf({ ...base, [field]: value })).toEqual([
      `${field} must be an integer from ${min} to ${max}: got ${shown}`,
    ]);
  });

  test("has the limits of the contract", () => {
    const fields = { ...tokenBucketFields, ...queueFields, ...keepingFields };
    expect(fields[field]).toMatchObject({ min, max });
  });
});

describe("Policy.of", () => {
  test.each(["capacity", "refillTokens", "refillIntervalMs"])("names a missing %s", (field) => {
    expect(faultsOf({ ...perSecond, [field]: undefined })).toEqual([
      { field, message: `${field} is missing` },
    ]);
    const { [field]: _, ...rest } = perSecond as Record<string, unknown>;
    expect(() => policyFrom(rest)).toThrow(new RangeError(`Illegal policy: ${field} is missing`));
  });

  test.each(["initialTokens", "queueLimit", "maxWaitMs"])(
    "takes the default for no %s",
    (field) => {
      expect(policyFrom({ ...perSecond, [field]: undefined }).toJSON()).toEqual({
        ...perSecond,
        initialTokens: 1,
        queueLimit: 1000,
        maxWaitMs: 60_000,
      });
    },
  );

  test.each([
    [10, 3, 3],
    [3, 10, 3],
    [5, 5, 5],
    [1_000_000_000, 1, 1],
  ])("starts a bucket of %d with a refill of %d at %d", (capacity, refillTokens, expected) => {
    expect(Policy.of({ ...perSecond, capacity, refillTokens }).initialTokens).toBe(expected);
  });

  test("accepts initialTokens from none to the capacity", () => {
    expect(Policy.of({ ...allFields, initialTokens: 0 }).initialTokens).toBe(0);
    expect(Policy.of({ ...allFields, initialTokens: 10 }).initialTokens).toBe(10);
  });

  test("refuses initialTokens over the capacity and names both", () => {
    expect(faultsOf({ ...allFields, initialTokens: 11 })).toEqual([
      {
        field: "initialTokens",
        message: "initialTokens must be at most the capacity, 10: got 11",
      },
    ]);
  });

  test("names every fault in one message", () => {
    expect(() => policyFrom({ capacity: 0, refillTokens: "1", bursts: 5 })).toThrow(
      new RangeError(
        "Illegal policy: capacity must be an integer from 1 to 1000000000: got 0; " +
          'refillTokens must be an integer from 1 to 1000000000: got "1"; ' +
          '"bursts" is not one of capacity, refillTokens, refillIntervalMs, initialTokens, ' +
          "refillInterval, limit, burst, queueLimit, maxWaitMs, forgetAfterMs, maxWait, forgetAfter, " +
          "lease, hold, concurrency, limits; " +
          "refillIntervalMs is missing",
      ),
    );
  });

  test("names initialTokens over the capacity beside a fault elsewhere", () => {
    const fields = fieldsAtFault({ ...allFields, initialTokens: 11, maxWaitMs: -1 });
    expect(fields.toSorted()).toEqual(["initialTokens", "maxWaitMs"]);
  });

  test("does not compare initialTokens with a capacity that is no capacity", () => {
    expect(fieldsAtFault({ ...allFields, capacity: 0 })).toEqual(["capacity"]);
    expect(fieldsAtFault({ ...allFields, capacity: "2" })).toEqual(["capacity"]);
  });

  test.each(["burst", "Capacity", "toString", "constructor", "__proto__", ""])(
    "refuses the unknown field %j",
    (field) => {
      // Parsed, because an object literal would take __proto__ for its prototype.
      const unknown: Record<string, unknown> = JSON.parse(`{${JSON.stringify(field)}: 1}`);
      const [fault, ...rest] = faultsOf(Object.assign(unknown, perSecond));
      expect(rest).toEqual([]);
      expect(fault?.field).toBe(field);
      expect(fault?.message).toMatch(`${JSON.stringify(field)} is not one of capacity, `);
    },
  );

  test("does not take a number from the prototype for a field", () => {
    expect(() => policyFrom(Object.create(perSecond))).toThrow(RangeError);
  });

  test("shortens a long value and a long field in its messages", () => {
    const [long] = messagesOf({ ...perSecond, capacity: "7".repeat(10_000) });
    expect(long).toBe(`capacity must be an integer from 1 to 1000000000: got "${"7".repeat(39)}…`);
    const [longField] = messagesOf({ ...perSecond, ["b".repeat(10_000)]: 1 });
    expect(longField).toMatch(new RegExp(`^"b{39}… is not one of `));
  });

  test("names a value that has no JSON form as a fault", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const value of [10n, circular]) {
      expect(() => policyFrom({ ...perSecond, capacity: value })).toThrow(RangeError);
    }
  });

  test("is not changed by its fields changing later", () => {
    const fields = { ...allFields };
    const policy = Policy.of(fields);
    fields.capacity = 99;
    expect(policy.capacity).toBe(10);
  });

  test("cannot be changed", () => {
    const policy = Policy.of(allFields);
    expect(() => Object.assign(policy, { capacity: 0 })).toThrow(TypeError);
    expect(policy.toJSON()).toEqual(allFields);
  });
});

describe("Policy.check", () => {
  test("answers with the policy that Policy.of would build", () => {
    const check = Policy.check(allFields);
    expect(check.ok && check.policy.toJSON()).toEqual(allFields);
  });

  test("answers with every fault at once, and no policy", () => {
    const check = Policy.check({ capacity: 0, initialTokens: 1.5, burst: 5 });
    expect(check.ok).toBe(false);
    expect(check).not.toHaveProperty("policy");
    expect(fieldsAtFault({ capacity: 0, initialTokens: 1.5, burst: 5 }).toSorted()).toEqual([
      "burst",
      "capacity",
      "initialTokens",
      "refillIntervalMs",
      "refillTokens",
    ]);
  });
});

describe("Policy.merge", () => {
  const chosen = Policy.of(allFields);
  const byDefault = Policy.of({ capacity: 10, refillTokens: 5, refillIntervalMs: 1000 });

  test("changes the numbers it is given and keeps the others", () => {
    expect(chosen.merge({ queueLimit: 7, maxWaitMs: 0 })).toEqual({
      ...allFields,
      queueLimit: 7,
      maxWaitMs: 0,
    });
    expect(chosen.merge({})).toEqual(allFields);
  });

  test.each([
    ["a larger refill", { refillTokens: 8 }, 8],
    ["a refill over the capacity", { refillTokens: 50 }, 10],
    ["a smaller capacity", { capacity: 2 }, 2],
    ["nothing of it", { queueLimit: 1 }, 5],
    ["a number of its own", { initialTokens: 0 }, 0],
  ])("lets default initialTokens follow %s", (_, changes, initialTokens) => {
    expect(policyFrom(byDefault.merge(changes)).initialTokens).toBe(initialTokens);
  });

  test.each([
    ["a larger refill", { refillTokens: 8 }, 3],
    ["a capacity that still holds them", { capacity: 3 }, 3],
    ["a capacity that does not", { capacity: 2 }, 2],
    ["a number of its own", { initialTokens: 9 }, 9],
  ])("keeps chosen initialTokens, cut to the capacity, under %s", (_, changes, initialTokens) => {
    expect(policyFrom(chosen.merge(changes)).initialTokens).toBe(initialTokens);
  });

  test("does not correct initialTokens that the change itself names", () => {
    expect(messagesOf(chosen.merge({ capacity: 2, initialTokens: 3 }))).toEqual([
      "initialTokens must be at most the capacity, 2: got 3",
    ]);
  });

  test("leaves a fault where the change made it, for Policy.check to find", () => {
    expect(fieldsAtFault(chosen.merge({ refillTokens: 0, burst: 1 }))).toEqual([
      "refillTokens",
      "burst",
    ]);
  });

  test.each([null, -1, 0, "2", 2.5])("blames a capacity of %j on nothing else", (capacity) => {
    expect(fieldsAtFault(chosen.merge({ capacity }))).toEqual(["capacity"]);
    expect(fieldsAtFault(byDefault.merge({ capacity }))).toEqual(["capacity"]);
  });

  test("changes neither policy nor changes", () => {
    const changes = { capacity: 2 };
    chosen.merge(changes);
    expect(chosen.toJSON()).toEqual(allFields);
    expect(changes).toEqual({ capacity: 2 });
  });
});

describe("Policy, forgetAfterMs", () => {
  const forgotten = { ...allFields, forgetAfterMs: 60_000 };

  test("is absent unless it is given", () => {
    expect(Policy.of(allFields).forgetAfterMs).toBeUndefined();
    expect(Policy.of(allFields).toJSON()).not.toHaveProperty("forgetAfterMs");
    expect(Policy.of(forgotten).forgetAfterMs).toBe(60_000);
    expect(Policy.of(forgotten).toJSON()).toEqual(forgotten);
  });

  test("stays as it is in a change that doesn't name it", () => {
    expect(Policy.of(forgotten).merge({ queueLimit: 7 })).toEqual({ ...forgotten, queueLimit: 7 });
    expect(Policy.of(allFields).merge({ forgetAfterMs: 60_000 })).toEqual(forgotten);
  });

  test("tells two policies apart", () => {
    expect(Policy.of(forgotten).equals(Policy.of(forgotten))).toBe(true);
    expect(Policy.of(forgotten).equals(Policy.of(allFields))).toBe(false);
    expect(Policy.of(allFields).equals(Policy.of(forgotten))).toBe(false);
    expect(Policy.of(forgotten).equals({ ...forgotten, forgetAfterMs: 60_001 })).toBe(false);
  });

  test("may be changed by itself", () => {
    expect(fieldFaults({ forgetAfterMs: 60_000 })).toEqual([]);
    expect(fieldFaults({ forgetAfterMs: 59_999 })).toEqual([
      {
        field: "forgetAfterMs",
        message: "forgetAfterMs must be an integer from 60000 to 2592000000: got 59999",
      },
    ]);
  });
});

describe("Policy, lease", () => {
  const lease = { maxTokens: 50, ttlMs: 1_000 };
  const lending = Policy.of({ ...allFields, lease });

  test.each([
    ["maxTokens", 1, 1_000_000_000],
    ["ttlMs", 100, 20_000],
  ] as const)("has limits for %s", (member, min, max) => {
    expect(leaseFields[member]).toMatchObject({ min, max });
    for (const value of [min, max]) {
      expect(faultsOf({ ...perSecond, lease: { ...lease, [member]: value } })).toEqual([]);
    }
    for (const value of [min - 1, max + 1, 1.5, "5", null]) {
      const field = `lease.${member}`;
      const message = `${field} must be an integer from ${min} to ${max}: got ${showValue(value)}`;
      expect(faultsOf({ ...perSecond, lease: { ...lease, [member]: value } })).toEqual([
        { field, message },
      ]);
    }
  });

  test("names the field, the limits and the value", () => {
    expect(messagesOf({ ...perSecond, lease: { maxTokens: 1, ttlMs: 5 } })).toEqual([
      "lease.ttlMs must be an integer from 100 to 20000: got 5",
    ]);
  });

  test.each([undefined, null])("is none where it is %j", (none) => {
    const policy = policyFrom({ ...allFields, lease: none });
    expect(policy.lease).toBeUndefined();
    expect(policy.toJSON()).toEqual(allFields);
  });

  test.each([
    [7, "7"],
    ["long", '"long"'],
    [true, "true"],
    [[1, 2], "[1,2]"],
  ])("is a table, not %j", (value, shown) => {
    expect(faultsOf({ ...perSecond, lease: value })).toEqual([
      { field: "lease", message: `lease must be a table of maxTokens and ttlMs: got ${shown}` },
    ]);
  });

  test.each(["maxTokens", "ttlMs"])("names a missing %s", (member) => {
    const field = `lease.${member}`;
    const expected = [{ field, message: `${field} is missing` }];
    expect(faultsOf({ ...perSecond, lease: { ...lease, [member]: undefined } })).toEqual(expected);
    const { [member]: _, ...rest } = lease as Record<string, unknown>;
    expect(faultsOf({ ...perSecond, lease: rest })).toEqual(expected);
  });

  test("names an unknown member", () => {
    expect(faultsOf({ ...perSecond, lease: { ...lease, burst: 1 } })).toEqual([
      {
        field: "lease.burst",
        message: '"lease.burst" is not one of lease.maxTokens, lease.ttlMs, lease.ttl',
      },
    ]);
  });

  test("names its faults beside those of the numbers", () => {
    expect(fieldsAtFault({ ...perSecond, capacity: 0, lease: { ttlMs: 1, x: 1 } })).toEqual([
      "capacity",
      "lease.ttlMs",
      "lease.x",
      "lease.maxTokens",
    ]);
  });

  test("is what Policy.of takes, through JSON text", () => {
    expect(lending.toJSON()).toEqual({ ...allFields, lease });
    expect(Policy.of(JSON.parse(JSON.stringify(lending))).toJSON()).toEqual(lending.toJSON());
  });

  test("cannot be changed, nor by what it was made from", () => {
    const terms = { ...lease };
    const policy = Policy.of({ ...allFields, lease: terms });
    terms.ttlMs = 5;
    expect(policy.lease).toEqual(lease);
    expect(policy.lease).toSatisfy(Object.isFrozen);
  });

  test("is kept by a change of something else, taken away by null and replaced as a whole", () => {
    expect(policyFrom(lending.merge({ queueLimit: 1 })).lease).toEqual(lease);
    expect(policyFrom(lending.merge({ lease: null })).lease).toBeUndefined();
    expect(policyFrom(Policy.of(allFields).merge({ lease })).lease).toEqual(lease);
    expect(messagesOf(lending.merge({ lease: { ttlMs: 500 } }))).toEqual([
      "lease.maxTokens is missing",
    ]);
  });

  test("is compared", () => {
    expect(lending.equals(Policy.of({ ...allFields, lease: { ...lease } }))).toBe(true);
    expect(lending.equals({ ...allFields, lease })).toBe(true);
    expect(lending.equals(Policy.of(allFields))).toBe(false);
    expect(Policy.of(allFields).equals(lending)).toBe(false);
    for (const changes of [{ maxTokens: 51 }, { ttlMs: 1_001 }]) {
      expect(lending.equals({ ...allFields, lease: { ...lease, ...changes } })).toBe(false);
    }
  });
});

describe("Policy.equals", () => {
  test("compares all six numbers", () => {
    const policy = Policy.of(allFields);
    expect(policy.equals(Policy.of({ ...allFields }))).toBe(true);
    for (const [field, value] of Object.entries(allFields)) {
      expect(policy.equals(Policy.of({ ...allFields, [field]: value + 1 })), field).toBe(false);
    }
  });

  test("does not tell a default from the same number written out", () => {
    const { initialTokens, queueLimit, maxWaitMs } = Policy.of(perSecond);
    const written = Policy.of({ ...perSecond, initialTokens, queueLimit, maxWaitMs });
    expect(Policy.of(perSecond).equals(written)).toBe(true);
  });
});

describe("Policy.toJSON", () => {
  test("is what Policy.of takes, through JSON text", () => {
    const policy = Policy.of(allFields);
    expect(policy.toJSON()).toEqual(allFields);
    expect(policyFrom(JSON.parse(JSON.stringify(policy))).equals(policy)).toBe(true);
  });
});

describe("Policy, several limits", () => {
  const tpm = { capacity: 60_000, refillTokens: 60_000, refillIntervalMs: 60_000 };
  const daily = { capacity: 1_000, every: "day" } as const;
  const ofTwo = { ...perSecond, limits: { tpm } };
  const lease = { maxTokens: 50, ttlMs: 1_000 };
  /** Knows one zone besides UTC. */
  const zones: TimeZones = {
    zoneOf: (name) => (name === "Europe/Berlin" ? utcOffsets : onlyUtc.zoneOf(name)),
  };
  const manyLimits = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`limit-${index}`, daily]));

  test("are the first, called rate, and the others in their order", () => {
    const { limits } = Policy.of({ ...perSecond, limits: { tpm, daily } });
    expect(limits.map(({ name, kind }) => [name, kind.name])).toEqual([
      ["rate", "bucket"],
      ["tpm", "bucket"],
      ["daily", "calendar"],
    ]);
    expect(Policy.of(perSecond).limits.map(({ name }) => name)).toEqual(["rate"]);
    expect(Policy.of(daily).limits.map(({ kind }) => kind.name)).toEqual(["calendar"]);
  });

  test("are complete, each with the defaults of its kind, and what Policy.of takes again", () => {
    const fields = Policy.of({ ...perSecond, limits: { tpm, daily } }).toJSON();
    expect(fields.limits).toEqual({
      tpm: { ...tpm, initialTokens: 60_000 },
      daily: { ...daily, timeZone: "UTC", at: "00:00", initialTokens: 1_000 },
    });
    expect(Policy.of(JSON.parse(JSON.stringify(fields)) as PolicyFields).toJSON()).toEqual(fields);
    expect(Object.isFrozen(fields.limits) && Object.isFrozen(fields.limits?.["tpm"])).toBe(true);
  });

  test.each([{}, undefined, null])("are none if they are %j", (limits) => {
    expect(policyFrom({ ...perSecond, limits }).toJSON()).toEqual(Policy.of(perSecond).toJSON());
  });

  test.each(["tpm", "a", "a-b_c9", "x".repeat(32)])("may be called %s", (name) => {
    expect(faultsOf({ ...perSecond, limits: { [name]: daily } })).toEqual([]);
  });

  test.each(["", "TPM", "9x", "-x", "_x", "a b", "a.b", "x".repeat(33), "zähler", "constructor "])(
    "may not be called %j",
    (name) => {
      const rule = "1 to 32 characters of a-z 0-9 _ -, the first of them a letter";
      expect(faultsOf({ ...perSecond, limits: { [name]: daily } })).toEqual([
        {
          field: `limits.${name}`,
          message: `A limit's name must be ${rule}: got ${showValue(name)}`,
        },
      ]);
    },
  );

  test("may be called as a member that every object has, and are told apart then", () => {
    const policy = Policy.of({ ...perSecond, limits: { constructor: daily } });
    expect(policy.limits.map(({ name }) => name)).toEqual(["rate", "constructor"]);
    expect(policy.equals(Policy.of({ ...perSecond, limits: { other: daily } }))).toBe(false);
    expect(Policy.of({ ...perSecond, limits: { other: daily } }).equals(policy)).toBe(false);
  });

  test("don't call one of them rate: that is the first", () => {
    expect(messagesOf({ ...perSecond, limits: { rate: daily } })).toEqual([
      "limits.rate is the policy's first limit: give its fields without limits.rate",
    ]);
  });

  test("are 8 together at most", () => {
    expect(Policy.of({ ...perSecond, limits: manyLimits(7) }).limits).toHaveLength(8);
    expect(messagesOf({ ...perSecond, limits: manyLimits(8) })).toEqual([
      "limits must be at most 7: got 8",
    ]);
  });

  test.each([7, "tpm", [], [daily]])("aren't %j", (limits) => {
    expect(fieldsAtFault({ ...perSecond, limits })).toEqual(["limits"]);
  });

  test.each([null, 7, [], "tpm"])("have tables of fields each, and not %j", (limit) => {
    expect(fieldsAtFault({ ...perSecond, limits: { tpm: limit } })).toEqual(["limits.tpm"]);
  });

  test("have each fault of each of them named in full", () => {
    const faults = fieldsAtFault({
      ...perSecond,
      limits: {
        tpm: { ...tpm, refillTokens: 0, initialTokens: -1, at: "06:00" },
        daily: { every: "day", on: 3, refillTokens: 1 },
        weekly: { ...daily, timeZone: "Mars/Base", initialTokens: 1_001 },
      },
    });
    expect(faults.toSorted()).toEqual([
      "limits.daily.capacity",
      "limits.daily.on",
      "limits.daily.refillTokens",
      "limits.tpm.at",
      "limits.tpm.initialTokens",
      "limits.tpm.refillTokens",
      "limits.weekly.initialTokens",
      "limits.weekly.timeZone",
    ]);
  });

  test("take time zones from whoever knows them", () => {
    const fields = { ...daily, timeZone: "Europe/Berlin" };
    const message = "timeZone must be an IANA time zone, such as Europe/Berlin";
    expect(messagesOf(fields)).toEqual([`${message}: got "Europe/Berlin"`]);
    expect(messagesOf({ ...perSecond, limits: { daily: fields } })).toEqual([
      `limits.daily.${message}: got "Europe/Berlin"`,
    ]);
    expect(Policy.of({ ...fields, limits: { daily: fields } }, zones).limits).toHaveLength(2);
  });

  test.each([
    ["limits", { ...ofTwo, lease }],
    ["every", { ...daily, lease }],
    ["every", { ...daily, limits: { tpm }, lease }],
  ])("aren't lent from: lease with %s", (other, fields) => {
    expect(faultsOf(fields)).toEqual([
      {
        field: "lease",
        message: `lease cannot be combined with ${other}: leave out one of them, in a PUT by "lease": null`,
      },
    ]);
  });

  test.each([
    { ...ofTwo, lease: null },
    { ...perSecond, limits: {}, lease },
    { ...perSecond, limits: null, lease },
  ])("leave leases alone in %j", (fields) => {
    expect(faultsOf(fields)).toEqual([]);
  });

  test("are compared, but for their order", () => {
    const policy = Policy.of({ ...perSecond, limits: { tpm, daily } });
    expect(policy.equals(Policy.of({ ...perSecond, limits: { daily, tpm } }))).toBe(true);
    for (const limits of [
      { tpm },
      { tpm, weekly: daily },
      { tpm, daily: { ...daily, at: "06:00" } },
      { tpm, daily: tpm },
      { tpm, daily, more: daily },
    ]) {
      const other = Policy.of({ ...perSecond, limits });
      expect([policy.equals(other), other.equals(policy)]).toEqual([false, false]);
    }
    expect(Policy.of(daily).equals(Policy.of({ ...perSecond, capacity: 1_000 }))).toBe(false);
  });
});

describe("Policy.merge, several limits", () => {
  const tpm = { capacity: 60_000, refillTokens: 60_000, refillIntervalMs: 60_000 };
  const daily = { capacity: 1_000, every: "day" } as const;
  const policy = Policy.of({ ...perSecond, queueLimit: 5, limits: { tpm, daily } });
  const namesAfter = (changes: Record<string, unknown>) =>
    policyFrom(policy.merge(changes)).limits.map(({ name, kind }) => `${name}: ${kind.name}`);

  test.each([
    ["nothing", {}, ["rate: bucket", "tpm: bucket", "daily: calendar"]],
    ["a flat field", { queueLimit: 7 }, ["rate: bucket", "tpm: bucket", "daily: calendar"]],
    ["no limit", { limits: {} }, ["rate: bucket", "tpm: bucket", "daily: calendar"]],
    ["one that is removed", { limits: { tpm: null } }, ["rate: bucket", "daily: calendar"]],
    [
      "one that isn't there",
      { limits: { other: null } },
      ["rate: bucket", "tpm: bucket", "daily: calendar"],
    ],
    [
      "another kind",
      { limits: { tpm: daily } },
      ["rate: bucket", "tpm: calendar", "daily: calendar"],
    ],
    [
      "one more",
      { limits: { weekly: { ...daily, every: "week" } } },
      ["rate: bucket", "tpm: bucket", "daily: calendar", "weekly: calendar"],
    ],
    ["none any more", { limits: null }, ["rate: bucket"]],
    ["none, one by one", { limits: { tpm: null, daily: null } }, ["rate: bucket"]],
  ])("names %s", (_, changes, names) => {
    expect(namesAfter(changes)).toEqual(names);
  });

  test("replaces a named limit as a whole", () => {
    const filled = Policy.of({ ...perSecond, limits: { tpm: { ...tpm, initialTokens: 9 } } });
    const { limits } = policyFrom(
      filled.merge({ limits: { tpm: { ...tpm, capacity: 70_000 } } }),
    ).toJSON();
    expect(limits?.["tpm"]).toEqual({ ...tpm, capacity: 70_000, initialTokens: 60_000 });
    expect(fieldsAtFault(filled.merge({ limits: { tpm: { capacity: 7 } } }))).toEqual([
      "limits.tpm.refillTokens",
      "limits.tpm.refillIntervalMs",
    ]);
  });

  test.each([
    [
      "every makes the first limit a calendar",
      { every: "month" },
      { capacity: 1, every: "month", timeZone: "UTC", at: "00:00", on: 1, initialTokens: 1 },
    ],
    [
      "with a capacity of its own",
      { every: "hour", capacity: 9, initialTokens: 2 },
      { capacity: 9, every: "hour", timeZone: "UTC", at: "00:00", initialTokens: 2 },
    ],
  ])("%s", (_, changes, first) => {
    const { queueLimit, maxWaitMs, limits, ...flat } = policyFrom(policy.merge(changes)).toJSON();
    expect(flat).toEqual(first);
    expect([queueLimit, maxWaitMs, Object.keys(limits ?? {})]).toEqual([
      5,
      60_000,
      ["tpm", "daily"],
    ]);
  });

  test("refill fields make it a token bucket again, both of them", () => {
    const monthly = Policy.of({
      capacity: 40,
      every: "month",
      on: 28,
      at: "06:00",
      timeZone: "UTC",
    });
    const {
      queueLimit: _,
      maxWaitMs: __,
      ...flat
    } = policyFrom(monthly.merge({ refillTokens: 3, refillIntervalMs: 100 })).toJSON();
    expect(flat).toEqual({
      capacity: 40,
      refillTokens: 3,
      refillIntervalMs: 100,
      initialTokens: 3,
    });
    expect(fieldsAtFault(monthly.merge({ refillTokens: 3 }))).toEqual(["refillIntervalMs"]);
  });

  test("fields of both kinds in one change are a fault", () => {
    expect(fieldsAtFault(policy.merge({ every: "day", refillTokens: 3 }))).toEqual([
      "refillTokens",
    ]);
    expect(fieldsAtFault(policy.merge({ at: "06:00" }))).toEqual(["at"]);
  });

  test("another period takes its default day, and drops one that it can't have", () => {
    const weekly = Policy.of({ capacity: 40, every: "week", on: "friday" });
    const dayAfter = (every: string) => policyFrom(weekly.merge({ every })).toJSON().on;
    expect(["week", "month", "day"].map(dayAfter)).toEqual(["friday", 1, undefined]);
  });

  test("leaves limits that are no table for Policy.check to find", () => {
    expect(fieldsAtFault(policy.merge({ limits: 7 }))).toEqual(["limits"]);
  });
});

describe("fieldFaults", () => {
  const daily = { capacity: 1_000, every: "day" };

  test.each([
    {},
    { capacity: 7 },
    { every: "day" },
    { at: "06:00" },
    { on: 28 },
    { on: "friday" },
    { lease: null, limits: null },
    { limits: { tpm: null, daily } },
  ])("has nothing against a change of %j", (changes) => {
    expect(fieldFaults(changes)).toEqual([]);
  });

  test.each([
    [{ capacity: 0 }, ["capacity"]],
    [{ on: 29 }, ["on"]],
    [{ at: "06:00", refillTokens: 1 }, ["at"]],
    [{ every: "day", refillTokens: 1 }, ["refillTokens"]],
    [
      { limits: { tpm: { capacity: 7 } } },
      ["limits.tpm.refillTokens", "limits.tpm.refillIntervalMs"],
    ],
    [{ limits: 7, more: 1 }, ["more", "limits"]],
  ])("of %j are of %j", (changes, fields) => {
    expect(fieldFaults(changes).map(({ field }) => field)).toEqual(fields);
  });
});
