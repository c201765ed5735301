import { describe, expect, expectTypeOf, test } from "vitest";

import {
  checkWrittenPolicy,
  compileChanges,
  type Duration,
  type WrittenChanges,
  type WrittenPolicy,
} from "../../src/core/written-policy.ts";
import { timeZones } from "../../src/time-zones.ts";

describe("WrittenPolicy", () => {
  test("takes numbers or human units, not both", () => {
    expectTypeOf<{ limit: "100/1m"; burst: 10; maxWait: "30s" }>().toExtend<WrittenPolicy>();
    expectTypeOf<{
      capacity: 1;
      refillTokens: 1;
      refillInterval: "1.5s";
    }>().toExtend<WrittenPolicy>();
    expectTypeOf<{ capacity: 1; every: "day"; maxWaitMs: 5 }>().toExtend<WrittenPolicy>();
    expectTypeOf<{
      limit: "5/1s";
      limits: { tpm: { limit: "9/1m" }; day: { capacity: 5; every: "day" } };
    }>().toExtend<WrittenPolicy>();
    expectTypeOf<{ limit: "5/1s"; capacity: 1 }>().not.toExtend<WrittenPolicy>();
    expectTypeOf<{ limit: "5/1s"; every: "day" }>().not.toExtend<WrittenPolicy>();
    expectTypeOf<{ limit: "5" }>().not.toExtend<WrittenPolicy>();
    expectTypeOf<{ burst: 5 }>().not.toExtend<WrittenPolicy>();
    expectTypeOf<"30">().not.toExtend<Duration>();
    expectTypeOf<"5w">().not.toExtend<Duration>();
  });

  test("has changes that name some of it", () => {
    expectTypeOf<{ maxWait: "10s" }>().toExtend<WrittenChanges>();
    expectTypeOf<{ refillInterval: "10s" }>().toExtend<WrittenChanges>();
    expectTypeOf<{ limit: "5/1s"; lease: null }>().toExtend<WrittenChanges>();
    expectTypeOf<{ limits: { tpm: null; day: { limit: "5/1d" } } }>().toExtend<WrittenChanges>();
    expectTypeOf<{ limit: "5/1s"; capacity: 1 }>().not.toExtend<WrittenChanges>();
    expectTypeOf<{ maxWait: 10 }>().not.toExtend<WrittenChanges>();
  });
});

describe("checkWrittenPolicy", () => {
  test("has the policy in numbers, and what was compiled", () => {
    const check = checkWrittenPolicy({ limit: "100/1m" }, timeZones);
    expect(check.ok && check.policy.toJSON()).toMatchObject({
      capacity: 10,
      refillTokens: 1,
      refillIntervalMs: 667,
      initialTokens: 10,
    });
    expect(check.ok && [...check.shown.keys()]).toEqual(["limit"]);
  });

  test("is no policy if only the human form is at fault", () => {
    const given = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
    const check = checkWrittenPolicy({ ...given, maxWait: "2h" }, timeZones);
    expect(check).toEqual({
      ok: false,
      faults: [{ field: "maxWait", message: 'maxWait must be from 0ms to 1h: got "2h"' }],
    });
  });

  test("fills in defaults of a token bucket, and of nothing else", () => {
    const defaults = { refillTokens: 1, refillIntervalMs: 1_000 };
    const rate = (given: object) => {
      const check = checkWrittenPolicy({ ...given }, timeZones, defaults);
      return check.ok ? check.policy.toJSON().refillIntervalMs : check.faults;
    };
    expect(rate({ capacity: 1 })).toBe(1_000);
    expect(rate({ capacity: 1, refillInterval: "2s" })).toBe(2_000);
    expect(rate({ limit: "100/1m" })).toBe(667);
    expect(rate({ capacity: 1, every: "day" })).toBeUndefined();
  });
});

describe("compileChanges", () => {
  test("takes a part of a policy, and has all that is wrong with it", () => {
    expect(compileChanges({ maxWait: "10s" })).toMatchObject({
      compiled: { fields: { maxWaitMs: 10_000 } },
      faults: [],
    });
    const { faults } = compileChanges({ maxWait: "2h", capacity: 0, burst: 1 });
    expect(faults.map(({ field }) => field)).toEqual(["maxWait", "burst", "capacity"]);
  });
});
