import { describe, expect, test } from "vitest";

import { checkHoldCall, type HoldCall } from "../../../src/core/holds/hold-call.ts";
import { MAX_FURTHER_LIMITS } from "../../../src/core/policy.ts";

/** So many limits with a token each. */
function namesOf(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, 1]));
}

describe("checkHoldCall", () => {
  test.each<HoldCall>([
    { used: 0 },
    { used: 1_000_000_000 },
    { used: {} },
    { used: { rate: 0, "t-p_m2": 1_000_000_000 } },
    { used: namesOf(MAX_FURTHER_LIMITS + 1) },
    { atLeast: 0 },
    { atLeast: { tpm: 7 } },
    { extendMs: 1_000 },
    { extendMs: 3_600_000 },
  ])("takes %o", (call) => {
    expect(checkHoldCall({ ...call })).toEqual({ ok: true, call });
  });

  test("leaves out what is undefined", () => {
    const given = { used: undefined, atLeast: 5, extendMs: undefined };
    const check = checkHoldCall(given);
    expect(check).toStrictEqual({ ok: true, call: { atLeast: 5 } });
  });

  const [used, atLeast] = ["used", "atLeast"].map((field) => {
    return `${field} must be an integer, or an object of integers by the limit's name: got`;
  });
  const count = "must be an integer from 0 to 1000000000: got";
  const name =
    "A limit's name must be 1 to 32 characters of a-z 0-9 _ -, the first of them a letter: got";
  test.each<[Record<string, unknown>, [field: string, message: string][]]>([
    [{}, [["used", "One of used, atLeast, extendMs must be given"]]],
    [{ used: null }, [["used", `${used} null`]]],
    [{ used: "5" }, [["used", `${used} "5"`]]],
    [{ atLeast: [5] }, [["atLeast", `${atLeast} [5]`]]],
    [{ atLeast: new Map() }, [["atLeast", `${atLeast} {}`]]],
    [{ used: -1 }, [["used", `used ${count} -1`]]],
    [{ used: 1.5 }, [["used", `used ${count} 1.5`]]],
    [{ used: Number.NaN }, [["used", `used ${count} NaN`]]],
    [{ atLeast: 1_000_000_001 }, [["atLeast", `atLeast ${count} 1000000001`]]],
    [
      { used: { rate: -1, tpm: "5", TPM: 1, day: undefined } },
      [
        ["used.rate", `used.rate ${count} -1`],
        ["used.tpm", `used.tpm ${count} "5"`],
        ["used.TPM", `${name} "TPM"`],
        ["used.day", `used.day ${count} undefined`],
      ],
    ],
    [
      { used: JSON.parse('{"__proto__": 1}') as object },
      [["used.__proto__", `${name} "__proto__"`]],
    ],
    [
      { used: namesOf(MAX_FURTHER_LIMITS + 2) },
      [["used", "used may name at most 8 limits: got 9"]],
    ],
    [
      { extendMs: 999 },
      [["extendMs", "extendMs must be an integer from 1000 to 3600000: got 999"]],
    ],
    [
      { extendMs: 3_600_001 },
      [["extendMs", "extendMs must be an integer from 1000 to 3600000: got 3600001"]],
    ],
    [
      { extendMs: "5s" },
      [["extendMs", 'extendMs must be an integer from 1000 to 3600000: got "5s"']],
    ],
    [
      { used: 5, extendMs: 1_000 },
      [["extendMs", "used and extendMs exclude each other: give one of them"]],
    ],
    [{ used: 5, tokens: 5 }, [["tokens", '"tokens" is not one of used, atLeast, extendMs']]],
    [
      { atLeast: -1, used: 5, spent: 1 },
      [
        ["spent", '"spent" is not one of used, atLeast, extendMs'],
        ["atLeast", "used and atLeast exclude each other: give one of them"],
        ["atLeast", `atLeast ${count} -1`],
      ],
    ],
  ])("finds everything wrong with %o", (fields, faults) => {
    const check = checkHoldCall(fields);
    const found = check.ok ? [] : check.faults.map(({ field, message }) => [field, message]);
    expect(found).toEqual(faults);
  });
});
