import { describe, expect, it } from "vitest";

import { checkUsed, type UsedTokens } from "../../src/holding/used-tokens.ts";

const one = { tokens: 5 };
const several = { tokens: 1, limits: { tpm: { tokens: 1_000 } } };

describe("checkUsed", () => {
  it.each<readonly [UsedTokens, object]>([
    [0, one],
    [99, one],
    [{ rate: 3 }, one],
    [{}, several],
    [{ tpm: 2_000 }, several],
    [{ rate: 0, tpm: 0 }, several],
    [4, { tokens: 2, limits: { tpm: { tokens: 2 } } }],
  ])("takes %j", (used, taken) => {
    expect(checkUsed(used, { tokens: 5, ...taken })).toBe(used);
  });

  it.each<readonly [UsedTokens | undefined, object, string]>([
    [undefined, one, "used must be a number of tokens: got undefined"],
    [-1, one, "used must be an integer from 0"],
    [0.5, one, "used must be an integer from 0"],
    [NaN, one, "used must be an integer from 0 to 1000000000: got NaN"],
    [4, several, 'used must name the limits: the hold took {"rate":1,"tpm":1000}, got 4'],
    [{ tmp: 4 }, several, '"tmp" is no limit of this hold: rate, tpm'],
    [{ tpm: -4 }, several, "used.tpm must be an integer from 0"],
  ])("refuses %j", (used, taken, message) => {
    expect(() => checkUsed(used, { tokens: 5, ...taken })).toThrow(message);
  });
});
