import { describe, expect, it } from "vitest";

import { ONE_A_SECOND as one } from "../../../kit/edge/deployed.ts";
import {
  PolicyTable,
  includesPattern,
  isBucketPattern,
  matchesPattern,
  readPolicies,
} from "../../../src/worker/config/policy-table.ts";

describe("PolicyTable", () => {
  const table = new PolicyTable({
    "*": one,
    "api:*": { ...one, capacity: 2 },
    "api:v2:*": { ...one, capacity: 3 },
    "api:v2:login": { ...one, capacity: 4 },
  });

  it.each([
    ["api:v2:login", "api:v2:login"],
    ["api:v2:logins", "api:v2:*"],
    ["api:v2:", "api:v2:*"],
    ["api:v2", "api:*"],
    ["api", "*"],
  ])("gives %s the policy %s: the exact name, then the longest prefix", (name, pattern) => {
    expect(table.find(name)?.name).toBe(pattern);
  });

  it("lists its policies, exact names first and then the longest prefix", () => {
    const names = ["api:v2:login", "api:v2:*", "api:*", "*"];
    expect([...table].map(({ name }) => name)).toEqual(names);
  });

  it("finds nothing where no pattern matches", () => {
    expect(new PolicyTable({ "api:*": one }).find("web:1")).toBeUndefined();
    expect(new PolicyTable({}).find("x")).toBeUndefined();
  });

  it("takes the table as JSON text, too", () => {
    expect(new PolicyTable(JSON.stringify({ "*": one })).find("x")).toMatchObject(one);
  });

  it("takes several limits, and calendars of any time zone", () => {
    const daily = { capacity: 9, every: "day", timeZone: "Europe/Berlin" };
    const found = new PolicyTable({ a: daily, b: { ...one, limits: { day: daily } } });
    expect(found.find("a")).toMatchObject(daily);
    expect(found.find("b")).toMatchObject({ ...one, limits: { day: daily } });
  });

  it.each([
    [{ x: { capacity: 1, every: "day", timeZone: "Mars" } }, 'such as Europe/Berlin: got "Mars"'],
    [{ x: { ...one, limits: { Day: one } } }, "A limit's name must be 1 to 32 characters"],
    [undefined, "POLICIES must be a table"],
    ["{", "POLICIES is not JSON"],
    [[], "POLICIES must be a table"],
    [{ "*": 1 }, 'POLICIES."*": must be a table of fields: got 1'],
    [{ "a b": one }, 'POLICIES."a b": a pattern is "*"'],
    [
      { "a*b": one },
      'POLICIES."a*b": a pattern is "*", or a bucket\'s name, or a prefix with "*" at its end',
    ],
    [{ "**": one }, 'POLICIES."**": a pattern is "*"'],
    [{ "": one }, 'POLICIES."": a pattern is "*"'],
    [{ x: { ...one, capacity: 0 } }, 'POLICIES."x": capacity must be an integer from 1 to'],
    [{ x: { ...one, capacity: "1" } }, 'capacity must be an integer from 1 to 1000000000: got "1"'],
    [{ x: { capacity: 1 } }, 'refillTokens is missing; POLICIES."x": refillIntervalMs is missing'],
    [{ x: { ...one, capactiy: 1 } }, '"capactiy" is not one of capacity'],
    [{ x: { ...one, initialTokens: 2 } }, "initialTokens must be at most the capacity, 1: got 2"],
    [{ x: { limit: "100" } }, 'POLICIES."x": limit must be tokens per window, such as "100/1m"'],
    [{ x: { ...one, maxWait: "2h" } }, 'POLICIES."x": maxWait must be from 0ms to 1h: got "2h"'],
    [{ x: { ...one, maxWait: "1s", maxWaitMs: 1 } }, "maxWait is given twice: leave out maxWaitMs"],
    [{ x: { ...one, limit: "5/1s" } }, "leave out capacity, refillTokens, refillIntervalMs"],
    [
      { x: { ...one, limits: { tpm: { limit: "5/1s", burst: 5 } } } },
      'POLICIES."x": limits.tpm.burst must be below the limit, so at most 4 of "5/1s": got 5',
    ],
    [
      { x: { capacity: 1, every: "day", refillInterval: "1s" } },
      "refillInterval: refillIntervalMs does not go with every: a calendar limit fills up at each boundary; refillInterval 1s = refillIntervalMs 1000",
    ],
    [
      { x: { capacity: 1, every: "day", timeZone: "Europe/Atlantis" } },
      'timeZone must be an IANA time zone, such as Europe/Berlin: got "Europe/Atlantis"',
    ],
  ])("refuses %j and says what is wrong", (configured, message) => {
    expect(() => new PolicyTable(configured)).toThrow(message);
  });
});

describe("PolicyTable in human units", () => {
  it("has numbers alone", () => {
    const table = new PolicyTable({
      "api:*": {
        limit: "100/1m",
        burst: 10,
        maxWait: "30s",
        limits: {
          tpm: { limit: "1200/1m" },
          month: { capacity: 50_000, every: "month", timeZone: "Europe/Berlin" },
        },
      },
      leased: {
        capacity: 9,
        refillTokens: 9,
        refillInterval: "1s",
        lease: { maxTokens: 5, ttl: "5s" },
      },
    });
    expect(table.find("api:ann")).toEqual({
      name: "api:*",
      capacity: 10,
      refillTokens: 1,
      refillIntervalMs: 667,
      initialTokens: 10,
      queueLimit: 1_000,
      maxWaitMs: 30_000,
      limits: {
        tpm: { capacity: 120, refillTokens: 3, refillIntervalMs: 167, initialTokens: 120 },
        month: {
          capacity: 50_000,
          every: "month",
          timeZone: "Europe/Berlin",
          at: "00:00",
          on: 1,
          initialTokens: 50_000,
        },
      },
    });
    expect(table.find("leased")).toMatchObject({
      refillIntervalMs: 1_000,
      lease: { maxTokens: 5, ttlMs: 5_000 },
    });
  });
});

describe("readPolicies", () => {
  it("says what each human form stands for, and has every fault", () => {
    const { policies, faults } = readPolicies({
      "api:*": { limit: "100/1m", maxWait: "30s" },
      one,
      "a b": one,
      late: { ...one, maxWait: "2h", queueLimit: -1 },
    });
    expect(policies.map(({ policy, shown }) => [policy.name, [...shown.values()]])).toEqual([
      [
        "api:*",
        [
          "maxWait 30s = maxWaitMs 30000",
          "limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10",
        ],
      ],
      ["one", []],
    ]);
    expect(faults).toEqual([
      expect.stringMatching(/^POLICIES\."a b": a pattern is/),
      'POLICIES."late": maxWait must be from 0ms to 1h: got "2h"',
      'POLICIES."late": queueLimit must be an integer from 0 to 10000: got -1',
    ]);
    expect(readPolicies("{")).toEqual({ policies: [], faults: ['POLICIES is not JSON: got "{"'] });
  });
});

describe("isBucketPattern", () => {
  it.each(["*", "x", "api:*", "api:ann", `${"x".repeat(100)}*`])("takes %s", (pattern) => {
    expect(isBucketPattern(pattern)).toBe(true);
  });

  it.each(["", "**", "a*b", "a b", "*x", "é", 1, null, ["x"]])("refuses %j", (value) => {
    expect(isBucketPattern(value)).toBe(false);
  });
});

describe("matchesPattern", () => {
  it.each([
    ["*", "x", true],
    ["x", "x", true],
    ["x", "xx", false],
    ["api:*", "api:ann", true],
    ["api:*", "api:", true],
    ["api:*", "api", false],
    ["api:*", "web:api:ann", false],
  ])("%s matches %s: %s", (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });
});

describe("includesPattern", () => {
  it.each([
    ["*", "*", true],
    ["*", "x", true],
    ["*", "x*", true],
    ["x", "*", false],
    ["x", "x", true],
    ["x", "x*", false],
    ["x*", "x", true],
    ["x*", "x*", true],
    ["x*", "xy*", true],
    ["x*", "*", false],
    ["xy*", "x*", false],
    ["xy*", "x", false],
  ])("%s includes %s: %s", (outer, inner, expected) => {
    expect(includesPattern(outer, inner)).toBe(expected);
  });
});
