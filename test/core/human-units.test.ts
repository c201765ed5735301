import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { showDuration } from "../../src/core/duration.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import { keepingFields, Policy, queueFields } from "../../src/core/policy.ts";
import { compilePolicy, faultsAsWritten } from "../../src/core/human-units.ts";
import { runs } from "../../kit/runs.ts";

const policyTable = { ...tokenBucketFields, ...queueFields, ...keepingFields };

const messagesOf = (faults: readonly { message: string }[]) => faults.map(({ message }) => message);
const pairsOf = (faults: readonly { field: string; message: string }[]) =>
  faults.map(({ field, message }) => [field, message]);

/** What somebody hears whose policy is compiled and then checked. */
function checkedFaults(given: Record<string, unknown>): [field: string, message: string][] {
  const compiled = compilePolicy(given);
  const check = Policy.check(compiled.fields);
  const faults = faultsAsWritten(compiled, check.ok ? [] : check.faults);
  return faults.map(({ field, message }) => [field, message]);
}

const perSecond = { capacity: 10, refillTokens: 5, refillInterval: "1s" };

describe("compilePolicy", () => {
  test("leaves numbers, unknown fields and wrong values as they are", () => {
    for (const given of [
      {
        capacity: 10,
        refillTokens: 5,
        refillIntervalMs: 1_000,
        lease: { maxTokens: 5, ttlMs: 500 },
      },
      { capacity: "x", refillIntervalMs: -1, lease: null },
      { lease: "long", wait: "5s", refillintervalms: "1s" },
      { lease: [1], every: "day", at: "00:00", limits: ["5/1s"] },
      JSON.parse('{"__proto__": 1, "constructor": 2}'),
      {},
    ]) {
      const compiled = compilePolicy(given);
      expect(compiled.fields).toStrictEqual(given);
      expect(Object.keys(compiled.fields)).toEqual(Object.keys(given));
      expect(compiled.faults).toEqual([]);
      expect(compiled.shown.size).toBe(0);
    }
  });

  test("turns durations into milliseconds, in a nested table too", () => {
    const { fields, faults } = compilePolicy({
      ...perSecond,
      maxWait: "0.5h",
      lease: { maxTokens: 5, ttl: "500ms" },
    });
    expect(faults).toEqual([]);
    expect(fields).toEqual({
      capacity: 10,
      refillTokens: 5,
      refillIntervalMs: 1_000,
      maxWaitMs: 1_800_000,
      lease: { maxTokens: 5, ttlMs: 500 },
    });
    expect(compilePolicy({ maxWait: "0ms" }).fields).toEqual({ maxWaitMs: 0 });
  });

  test("compiles each further limit, and leaves those that are no tables", () => {
    const { fields, faults, shown } = compilePolicy({
      limits: {
        tpm: { limit: "1200/1m", burst: 100 },
        slow: { capacity: 1, refillTokens: 1, refillInterval: "1d" },
        day: { capacity: 1_000, every: "day" },
        gone: null,
        odd: "5/1s",
      },
    });
    expect(faults).toEqual([]);
    expect(fields).toEqual({
      limits: {
        tpm: { capacity: 100, refillTokens: 5, refillIntervalMs: 273, initialTokens: 100 },
        slow: { capacity: 1, refillTokens: 1, refillIntervalMs: 86_400_000 },
        day: { capacity: 1_000, every: "day" },
        gone: null,
        odd: "5/1s",
      },
    });
    expect([...shown]).toEqual([
      [
        "limits.tpm.limit",
        "limit 1200/1m, burst 100 = capacity 100, refillTokens 5, refillIntervalMs 273, initialTokens 100",
      ],
      ["limits.slow.refillInterval", "refillInterval 1d = refillIntervalMs 86400000"],
    ]);
    expect(compilePolicy({ limits: null }).fields).toEqual({ limits: null });
    expect(Object.keys(compilePolicy(JSON.parse('{"limits":{"__proto__":{}}}')).fields)).toEqual([
      "limits",
    ]);
  });

  test("changes nothing that was given", () => {
    const given = { limit: "5/1s", maxWait: "1s", lease: { ttl: "1s" } };
    const before = structuredClone(given);
    compilePolicy(given);
    expect(given).toEqual(before);
  });

  test("counts undefined as left out", () => {
    const { fields, faults } = compilePolicy({
      limit: undefined,
      burst: undefined,
      maxWait: undefined,
      maxWaitMs: 5,
      lease: { ttl: undefined, ttlMs: 500 },
    });
    expect(faults).toEqual([]);
    expect(fields).toMatchObject({ maxWaitMs: 5, lease: { ttlMs: 500 } });
  });

  test.each([30, 1_000, 0, "30", "", "soon", "1w", "1 s", null, true, ["1s"], Number.NaN])(
    "refuses %j as a duration, with an example",
    (maxWait) => {
      const { fields, faults } = compilePolicy({ maxWait, lease: { ttl: maxWait } });
      const shown = Number.isNaN(maxWait) ? "NaN" : JSON.stringify(maxWait);
      const rule = 'must be a number with a unit of ms, s, m, h, d, such as "1s"';
      expect(pairsOf(faults)).toEqual([
        ["maxWait", `maxWait ${rule}: got ${shown}`],
        ["lease.ttl", `lease.ttl ${rule}: got ${shown}`],
      ]);
      expect(fields).toEqual({ lease: {} });
    },
  );

  test("refuses what is no whole number of milliseconds, or outside the range", () => {
    expect(
      pairsOf(
        compilePolicy({ maxWait: "1.5ms", refillInterval: "9ms", lease: { ttl: "21s" } }).faults,
      ),
    ).toEqual([
      ["refillInterval", 'refillInterval must be from 10ms to 1d: got "9ms"'],
      ["maxWait", 'maxWait must come to whole milliseconds: got "1.5ms"'],
      ["lease.ttl", 'lease.ttl must be from 100ms to 20s: got "21s"'],
    ]);
    expect(messagesOf(compilePolicy({ maxWait: "61m" }).faults)).toEqual([
      'maxWait must be from 0ms to 1h: got "61m"',
    ]);
  });

  test("takes exactly the durations within the field's range", () => {
    const { min, max } = policyTable.refillIntervalMs;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * max }), (ms) => {
        const { fields, faults } = compilePolicy({ refillInterval: showDuration(ms) });
        expect(faults.length === 0).toBe(ms >= min && ms <= max);
        expect(fields).toEqual(faults.length === 0 ? { refillIntervalMs: ms } : {});
      }),
      { numRuns: runs(1_000) },
    );
  });

  test("refuses a field that is given with and without Ms", () => {
    const { fields, faults } = compilePolicy({
      maxWait: "1s",
      maxWaitMs: 1_000,
      lease: { maxTokens: 1, ttl: "x", ttlMs: "y" },
    });
    expect(pairsOf(faults)).toEqual([
      ["maxWait", "maxWait is given twice: leave out maxWaitMs"],
      ["lease.ttl", "lease.ttl is given twice: leave out lease.ttlMs"],
    ]);
    expect(fields).toEqual({ lease: { maxTokens: 1 } });
  });

  test.each(["5s", "30", ""])(
    "names the field that takes text, where %j was given to Ms",
    (text) => {
      const { fields, faults } = compilePolicy({ maxWaitMs: text, lease: { ttlMs: text } });
      expect(pairsOf(faults)).toEqual([
        [
          "maxWaitMs",
          `maxWaitMs must be an integer from 0 to 3600000: got "${text}" (to give a unit, write maxWait = "1s")`,
        ],
        [
          "lease.ttlMs",
          `lease.ttlMs must be an integer from 100 to 20000: got "${text}" (to give a unit, write lease.ttl = "1s")`,
        ],
      ]);
      expect(fields).toEqual({ lease: {} });
    },
  );
});

describe("compilePolicy, limit", () => {
  test("stands for the numbers of a token bucket", () => {
    const { fields, faults, shown } = compilePolicy({ limit: "100/1m", maxWait: "30s" });
    expect(faults).toEqual([]);
    expect(fields).toEqual({
      capacity: 10,
      refillTokens: 1,
      refillIntervalMs: 667,
      initialTokens: 10,
      maxWaitMs: 30_000,
    });
    expect([...shown]).toEqual([
      ["maxWait", "maxWait 30s = maxWaitMs 30000"],
      [
        "limit",
        "limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10",
      ],
    ]);
    expect(compilePolicy({ limit: "100/1m", burst: 40 }).fields).toMatchObject({
      capacity: 40,
      refillTokens: 1,
      refillIntervalMs: 1_001,
    });
  });

  test("has the faults of its check, and leaves its numbers out", () => {
    for (const given of [{ limit: "100" }, { limit: "100/1m", burst: 0 }, { limit: null }]) {
      const { fields, faults, shown } = compilePolicy({ ...given, queueLimit: 5 });
      expect(faults).toHaveLength(1);
      expect(fields).toEqual({ queueLimit: 5 });
      expect(shown.size).toBe(0);
    }
  });

  test.each([
    ["capacity", 5],
    ["refillTokens", 5],
    ["refillIntervalMs", 1_000],
    ["refillInterval", "1s"],
    ["initialTokens", 0],
    ["every", "day"],
  ])("is not given beside %s", (name, value) => {
    const { faults, shown } = compilePolicy({ limit: "100/1m", [name]: value });
    expect(pairsOf(faults)).toEqual([
      [
        "limit",
        `limit stands for capacity, refillTokens, refillIntervalMs, initialTokens: leave out ${name}`,
      ],
    ]);
    expect([...shown.keys()]).not.toContain("limit");
  });

  test("names all that it is not given beside, and its own fault", () => {
    const given = { limit: "100", capacity: 5, every: "day", refillInterval: "1s" };
    expect(messagesOf(compilePolicy(given).faults)).toEqual([
      'limit must be tokens per window, such as "100/1m", with a unit of ms, s, m, h, d: got "100"',
      "limit stands for capacity, refillTokens, refillIntervalMs, initialTokens: leave out capacity, refillInterval, every",
    ]);
  });

  test("is needed for a burst", () => {
    const { fields, faults } = compilePolicy({ ...perSecond, burst: 5 });
    expect(pairsOf(faults)).toEqual([
      ["burst", 'burst needs a limit, such as limit = "100/1m": got burst 5 alone'],
    ]);
    expect(fields).toEqual({ capacity: 10, refillTokens: 5, refillIntervalMs: 1_000 });
  });

  test("puts the prefix in front of every name", () => {
    const compiled = compilePolicy({
      limits: { tpm: { limit: "5/1s", refillInterval: 5, refillIntervalMs: undefined } },
    });
    expect(pairsOf(compiled.faults)).toEqual([
      [
        "limits.tpm.refillInterval",
        'limits.tpm.refillInterval must be a number with a unit of ms, s, m, h, d, such as "1s": got 5',
      ],
      [
        "limits.tpm.limit",
        "limits.tpm.limit stands for capacity, refillTokens, refillIntervalMs, initialTokens: leave out refillInterval",
      ],
    ]);
    const alone = compilePolicy({ limits: { tpm: { burst: 1 } } });
    expect(alone.faults).toMatchObject([{ field: "limits.tpm.burst" }]);
  });
});

describe("faultsAsWritten", () => {
  test("is empty for a legal policy", () => {
    expect(checkedFaults(perSecond)).toEqual([]);
    expect(
      checkedFaults({ limit: "100/1m", burst: 5, lease: { maxTokens: 2, ttl: "1s" } }),
    ).toEqual([]);
  });

  test("does not miss a number whose human form is at fault", () => {
    for (const [given, field] of [
      [{ ...perSecond, refillInterval: "1w" }, "refillInterval"],
      [{ limit: "100" }, "limit"],
      [{ limit: "100/1m", burst: 100 }, "burst"],
      [{ limit: "100/1m", every: "day" }, "limit"],
      [{ limit: "100/1m", lease: { maxTokens: 1, ttl: 5 } }, "lease.ttl"],
      [{ capacity: 10, refillTokens: 5, refillIntervalMs: "1s" }, "refillIntervalMs"],
    ] as const) {
      const others = checkedFaults(given).filter(([name]) => name !== "every");
      expect(others.map(([name]) => name)).toEqual([field]);
    }
  });

  test("has the faults of what was given as a number, too", () => {
    expect(checkedFaults({ capacity: 0, refillInterval: 5, queueLimit: -1 })).toEqual([
      [
        "refillInterval",
        'refillInterval must be a number with a unit of ms, s, m, h, d, such as "1s": got 5',
      ],
      ["capacity", "capacity must be an integer from 1 to 1000000000: got 0"],
      ["queueLimit", "queueLimit must be an integer from 0 to 10000: got -1"],
      ["refillTokens", "refillTokens is missing"],
    ]);
  });

  test("names a fault of a compiled number by what was written", () => {
    const compiled = compilePolicy({ limit: "100/1m", maxWait: "5s" });
    const found = [
      { field: "capacity", message: "capacity doesn't go with lease" },
      { field: "maxWaitMs", message: "maxWaitMs is odd" },
      { field: "queueLimit", message: "queueLimit is odd" },
    ];
    expect(pairsOf(faultsAsWritten(compiled, found))).toEqual([
      [
        "limit",
        "limit: capacity doesn't go with lease; limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10",
      ],
      ["maxWait", "maxWait: maxWaitMs is odd; maxWait 5s = maxWaitMs 5000"],
      ["queueLimit", "queueLimit is odd"],
    ]);
  });
});
