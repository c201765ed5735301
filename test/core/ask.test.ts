import { describe, expect, test } from "vitest";

import { askedTokensFaults, holdFaults } from "../../src/core/ask.ts";

describe("askedTokensFaults", () => {
  test.each([
    {},
    { tokens: 1 },
    { tokens: undefined, limits: undefined },
    { limits: {} },
    { limits: { tpm: 0 } },
    { tokens: 0, limits: { tpm: 1 } },
    { tokens: 2, limits: { rate: 0, "a-b_1": Number.MAX_SAFE_INTEGER } },
  ])("finds nothing wrong with %o", (ask) => {
    expect(askedTokensFaults(ask)).toEqual([]);
  });

  test.each([
    [
      { tokens: 0 },
      ["tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0"],
    ],
    [
      { tokens: 0, limits: { tpm: 0 } },
      ["tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0"],
    ],
    [
      { tokens: -1, limits: { tpm: 1 } },
      ["tokens must be an integer from 0 to 9007199254740991: got -1"],
    ],
    [
      { tokens: "2", limits: { tpm: 1.5, day: undefined } },
      [
        'tokens must be an integer from 0 to 9007199254740991: got "2"',
        "limits.tpm must be an integer from 0 to 9007199254740991: got 1.5",
        "limits.day must be an integer from 0 to 9007199254740991: got undefined",
      ],
    ],
    [
      { limits: { TPM: 1 } },
      [
        'A limit\'s name must be 1 to 32 characters of a-z 0-9 _ -, the first of them a letter: got "TPM"',
      ],
    ],
    [{ limits: 5 }, ["limits must be an object of tokens by the limit's name: got 5"]],
    [{ limits: ["tpm"] }, ['limits must be an object of tokens by the limit\'s name: got ["tpm"]']],
    [{ limits: new Map() }, ["limits must be an object of tokens by the limit's name: got {}"]],
    [{ limits: null }, ["limits must be an object of tokens by the limit's name: got null"]],
  ])("finds everything wrong with %o", (ask, messages) => {
    expect(askedTokensFaults(ask).map(({ message }) => message)).toEqual(messages);
  });
});

describe("holdFaults", () => {
  const hold = { maxMs: 5_000, debt: "queue" } as const;

  test.each([
    [undefined, {}],
    [hold, {}],
    [hold, { holdMs: 5_000 }],
  ])("finds nothing wrong, with %o, in %o", (terms, ask) => {
    expect(holdFaults(terms, ask)).toEqual([]);
  });

  test("names the value and what the policy says", () => {
    expect(holdFaults(undefined, { holdMs: 1_000 })).toEqual([
      {
        field: "holdMs",
        message: 'holdMs needs a policy with hold, such as hold = { max = "10m" }: got 1000',
      },
    ]);
    expect(holdFaults(hold, { holdMs: 5_001 })).toEqual([
      {
        field: "holdMs",
        message: "holdMs must be at most the policy's hold.maxMs, 5000: got 5001",
      },
    ]);
  });
});
