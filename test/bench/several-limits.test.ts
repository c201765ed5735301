import { expect, test } from "vitest";

import type { Contender, OpenLimits } from "../../bench/several-limits/contenders.ts";

import { serve, type Load } from "../../bench/several-limits/load.ts";

const load: Load = {
  limits: { perSecond: 2, perDay: 9 },
  callers: 4,
  everyMs: 1,
  tokensOf: (caller) => 1 + caller,
  isPatient: () => false,
};

function toy(open: OpenLimits): Contender {
  return { name: "toy", how: "", open: () => open };
}

test("serve counts grants, their tokens, and what is taken", async () => {
  const taken = { perSecond: 3, perDay: 10 };
  const isOdd = (tokens: number) => tokens % 2 === 1;
  expect(await serve(toy({ attempt: isOdd, taken: () => taken }), load)).toEqual({
    granted: 2,
    grantedTokens: 4,
    taken,
    outOfOrder: 0,
  });
});

test("serve counts who is granted while an earlier caller waits", async () => {
  const waiting: (() => void)[] = [];
  const contender = toy({
    attempt(tokens) {
      // The third caller overtakes the first, and the fourth one is refused once that is granted.
      if (tokens === 4) for (const grant of waiting.splice(0)) grant();
      return tokens === 3;
    },
    wait: () => new Promise<void>((resolve) => waiting.push(resolve)),
    taken: () => ({ perSecond: 0, perDay: 0 }),
  });
  const mixed = { ...load, isPatient: (caller: number) => caller < 2 };
  expect(await serve(contender, mixed)).toMatchObject({ granted: 3, outOfOrder: 1 });
});

test("serve has nothing of a contender whose callers can't wait", async () => {
  const contender = toy({ attempt: () => true, taken: () => ({ perSecond: 0, perDay: 0 }) });
  expect(await serve(contender, { ...load, isPatient: () => true })).toBeUndefined();
});
