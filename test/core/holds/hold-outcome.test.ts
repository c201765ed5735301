import { describe, expect, test } from "vitest";

import { holdOutcome, permitOutcome, settleOutcome } from "../../../src/core/holds/hold-outcome.ts";

const settled = {
  id: "a",
  used: { rate: 1 },
  returned: { rate: 2 },
  owed: { rate: 0 },
  settledAtMs: 5,
};

describe("the outcome of a call about a hold", () => {
  test("is what was settled, or the hold as it is", () => {
    expect(settleOutcome({ kind: "settled", settled })).toEqual({ ok: true, ...settled });
    const open = { kind: "open", id: "a", expiresAtMs: 7 } as const;
    expect(holdOutcome(open)).toEqual({ ok: true, id: "a", expiresAtMs: 7 });
  });

  test.each([
    [{ kind: "unknown-hold" }, { ok: false, reason: "unknown-hold" }],
    [
      { kind: "hold-settled", settledAtMs: 5 },
      { ok: false, reason: "hold-settled", settledAtMs: 5 },
    ],
    [
      { kind: "hold-settled", expiredAtMs: 6 },
      { ok: false, reason: "hold-settled", expiredAtMs: 6 },
    ],
  ] as const)("is a value if there is nothing to do: %o", (answer, outcome) => {
    expect(settleOutcome(answer)).toEqual(outcome);
    expect(holdOutcome(answer)).toEqual(outcome);
  });

  test("is an error if the call was wrong", () => {
    const errors = [{ field: "used", message: "used must name the limits" }];
    expect(() => settleOutcome({ kind: "invalid", errors })).toThrow(RangeError);
  });
});

describe("the outcome of a call about a permit", () => {
  test("is the permit, or that it is lost", () => {
    const permit = { id: "a", fence: 3, expiresAtMs: 7 };
    expect(permitOutcome({ kind: "extended", permit })).toEqual({ ok: true, ...permit });
    expect(permitOutcome({ kind: "permit-lost" })).toEqual({ ok: false, reason: "permit-lost" });
  });
});
