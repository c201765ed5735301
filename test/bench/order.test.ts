import { expect, test } from "vitest";

import type { Contender } from "../../bench/core/contender.ts";

import { coreOrder, promisedOrder } from "../../bench/core/order.ts";

/** A limiter that grants to all who wait each millisecond, in the order of `next`. */
function toy(next: (waiting: (() => void)[]) => (() => void) | undefined): Contender {
  return {
    name: "toy",
    isOurs: false,
    how: "",
    cannot: {},
    acquires: 0,
    mostWaiters: 0,
    mostCallers: 0,
    settleMs: 0,
    mostTokens: 1,
    operations: 500,
    open() {
      const waiting: (() => void)[] = [];
      const daemon = setInterval(() => {
        for (let grant = next(waiting); grant; grant = next(waiting)) grant();
      }, 1);
      return {
        acquire: () => new Promise<void>((resolve) => waiting.push(resolve)),
        empty: async () => {},
        close: () => clearInterval(daemon),
      };
    },
  };
}

test("promisedOrder finds no inversion where callers are served in order", async () => {
  const order = await promisedOrder(
    toy((waiting) => waiting.shift()),
    1,
  );
  expect(order).toMatchObject({ granted: 500, inversions: 0 });
});

test("promisedOrder counts the inversions where the last is served first", async () => {
  const { granted, inversions } = await promisedOrder(
    toy((waiting) => waiting.pop()),
    1,
  );
  expect(granted).toBe(500);
  expect(inversions).toBeGreaterThan(100);
});

test("coreOrder finds no inversion, and waiters of all kinds", () => {
  const order = coreOrder(2, 20_000);
  expect(order.inversions).toBe(0);
  expect(order.waited).toBeGreaterThan(2_000);
});
