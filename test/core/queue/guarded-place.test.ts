import { describe, expect, test } from "vitest";

import type { TokenBucketFields } from "../../../src/core/limits/token-bucket-fields.ts";
import type { PolicyOptions } from "../../../src/core/policy.ts";
import type { Waiter } from "../../../src/core/queue/waiter-queue.ts";

import { LimitSet } from "../../../src/core/limits/limit-set.ts";
import { guardedPlace } from "../../../src/core/queue/guarded-place.ts";
import { WaiterQueue } from "../../../src/core/queue/waiter-queue.ts";
import { policyOf } from "../../../kit/model/limiters.ts";

interface Row {
  readonly caller: string;
  readonly arrivedAtMs: number;
  /** Default: 1. */
  readonly tokens?: number;
  /** Default: never. */
  readonly deadlineAtMs?: number;
}

function waiterOf({ caller, arrivedAtMs, tokens = 1, deadlineAtMs = 1e9 }: Row): Waiter<string> {
  return { caller, tokens, queuedAtMs: arrivedAtMs, deadlineAtMs };
}

/** Where a returner goes among the waiters, as `behind Ann, at 2000`; one token a second, none now. */
function placeOf(
  returner: Row,
  waiting: readonly Row[],
  fields: Partial<TokenBucketFields> & PolicyOptions = {},
): string {
  const queue = new WaiterQueue<string>();
  for (const row of waiting) queue.join(waiterOf(row));
  const limits = LimitSet.start(policyOf({ initialTokens: 0, ...fields }).limits, 0);
  const { predecessor, grantAtMs } = guardedPlace(queue, limits, waiterOf(returner));
  expect([...queue].map(({ caller }) => caller)).toEqual(waiting.map(({ caller }) => caller));
  return predecessor ? `behind ${predecessor.caller}, at ${grantAtMs}` : `at ${grantAtMs}`;
}

describe("guardedPlace", () => {
  test("is the head of an empty queue", () => {
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5 }, [])).toBe("at 1000");
  });

  test("is behind everybody who arrived earlier, before everybody who arrived later", () => {
    const waiting = [
      { caller: "Ann", arrivedAtMs: 1 },
      { caller: "Bob", arrivedAtMs: 9 },
    ];
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 0 }, waiting)).toBe("at 1000");
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5 }, waiting)).toBe("behind Ann, at 2000");
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 10 }, waiting)).toBe("behind Bob, at 3000");
  });

  test.each([
    [1_999, "behind Ann, at 2000"],
    [2_000, "at 1000"],
  ])("is not in front of one that would be late: deadline %d", (deadlineAtMs, place) => {
    const waiting = [{ caller: "Ann", arrivedAtMs: 9, deadlineAtMs }];
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5 }, waiting)).toBe(place);
  });

  test("is behind the last that would be late, and those in between", () => {
    const waiting = [
      { caller: "Ann", arrivedAtMs: 7 },
      { caller: "Bob", arrivedAtMs: 8, deadlineAtMs: 2_000 },
      { caller: "Cat", arrivedAtMs: 9 },
    ];
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5 }, waiting)).toBe("behind Bob, at 3000");
  });

  test("counts what a large request takes from those behind", () => {
    const waiting = [{ caller: "Ann", arrivedAtMs: 9, deadlineAtMs: 3_000 }];
    const fields = { capacity: 5 };
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5, tokens: 2 }, waiting, fields)).toBe("at 2000");
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5, tokens: 3 }, waiting, fields)).toBe(
      "behind Ann, at 4000",
    );
  });

  // In front, Zoe makes only Ann late. Behind Ann, one token of the second tick overflows, and Bob is late.
  test("is looked for again if what overflows makes others late", () => {
    const fields = { capacity: 2, refillTokens: 2 };
    const waiting = [
      { caller: "Ann", arrivedAtMs: 8, deadlineAtMs: 1_000 },
      { caller: "Bob", arrivedAtMs: 9, deadlineAtMs: 2_000 },
    ];
    expect(placeOf({ caller: "Zoe", arrivedAtMs: 5, tokens: 2 }, waiting, fields)).toBe(
      "behind Bob, at 2000",
    );
  });
});
