import { expect, it } from "vitest";

import { backWords, pauseWords, refusedWords } from "../../src/dashboard/refused-words.ts";

it("refusedWords has no more waiters than there were", () => {
  expect(refusedWords({ refused: 3, waiters: 16 }, { refused: 19 })).toBe(
    "; 16 waiting callers were refused",
  );
  expect(refusedWords({ refused: 3, waiters: 1 }, { refused: 9 })).toBe(
    "; 1 waiting caller was refused",
  );
  expect(refusedWords({ refused: 3, waiters: 16 }, { refused: 3 })).toBe("");
  // The bucket was reset meanwhile.
  expect(refusedWords({ refused: 3, waiters: 16 }, { refused: 0 })).toBe("");
});

it("pauseWords says of how many it speaks, and whether that is certain", () => {
  expect(pauseWords(0, 0, false, false)).toBe("Nobody is waiting now.");
  expect(pauseWords(0, 1, false, true)).toBe("None of 1 waiting caller would be refused.");
  expect(pauseWords(14, 16, false, false)).toMatch(/^14 of 16 waiting callers would be refused/);
  expect(pauseWords(3, 16, false, true)).toMatch(/^About 3 of 16 waiting callers/);
  expect(pauseWords(3, 200, true, false)).toMatch(/^About 3 of the first 200 waiting callers/);
});

it("backWords counts those that are refused but not listed", () => {
  const refused = [{ id: "1-1", reason: "timeout" }] as const;
  expect(backWords({ refused: [], moved: 0 })).toBe(
    "nobody would be refused now, and no other grant would move.",
  );
  expect(backWords({ refused, omitted: 13, moved: 3 })).toBe(
    "14 waiting callers would be refused now, and 3 callers would be granted at another time.",
  );
});
