import { describe, expect, test } from "vitest";

import { checkPause, pauseFaults } from "../../src/core/pause.ts";
import { epochMs } from "../../kit/model/limiters.ts";

const lastMs = epochMs + 86_400_000;

describe("checkPause", () => {
  test.each([
    [{ untilMs: epochMs + 1 }, { untilMs: epochMs + 1, tokens: 0 }],
    [
      { untilMs: lastMs, tokens: 7 },
      { untilMs: lastMs, tokens: 7 },
    ],
    [
      { untilMs: 0, tokens: 1_000_000_000 },
      { untilMs: 0, tokens: 1_000_000_000 },
    ],
    [
      { untilMs: 5, tokens: undefined },
      { untilMs: 5, tokens: 0 },
    ],
  ])("reads %j", (fields, pause) => {
    expect(checkPause(fields, epochMs)).toEqual({ ok: true, pause });
  });

  const untilRule = `untilMs must be an integer from 0 to ${lastMs}: got`;
  test.each([
    [{}, ["untilMs is missing"]],
    [{ tokens: 3 }, ["untilMs is missing"]],
    [{ untilMs: "soon" }, [`${untilRule} "soon"`]],
    [{ untilMs: null }, [`${untilRule} null`]],
    [{ untilMs: 1.5 }, [`${untilRule} 1.5`]],
    [{ untilMs: -1 }, [`${untilRule} -1`]],
    [{ untilMs: Infinity }, [`${untilRule} Infinity`]],
    [
      { untilMs: lastMs + 1 },
      [`untilMs must be at most 86400000 ms ahead, ${lastMs}: got ${lastMs + 1}`],
    ],
    [{ untilMs: 5, tokens: -1 }, ["tokens must be an integer from 0 to 1000000000: got -1"]],
    [{ untilMs: 5, tokens: null }, ["tokens must be an integer from 0 to 1000000000: got null"]],
    [
      { untilMs: [], tokens: 1e9 + 1, until: 5 },
      [
        `${untilRule} []`,
        "tokens must be an integer from 0 to 1000000000: got 1000000001",
        '"until" is not one of untilMs, tokens, limits',
      ],
    ],
  ])("names every fault of %j", (fields, messages) => {
    const check = checkPause(fields, epochMs);
    expect(check.ok ? [] : check.faults.map(({ message }) => message)).toEqual(messages);
  });
});

describe("pauseFaults without the bucket's time", () => {
  test.each([[{ untilMs: 0 }], [{ untilMs: Number.MAX_SAFE_INTEGER, tokens: 3 }]])(
    "finds nothing wrong with %j",
    (fields) => {
      expect(pauseFaults(fields)).toEqual([]);
    },
  );

  test.each([
    [{}, "untilMs is missing"],
    [
      { untilMs: 2 ** 53 },
      "untilMs must be an integer from 0 to 9007199254740991: got 9007199254740992",
    ],
    [{ untilMs: 0, tokens: -1 }, "tokens must be an integer from 0 to 1000000000: got -1"],
  ])("finds the fault of %j", (fields, message) => {
    expect(pauseFaults(fields).map((fault) => fault.message)).toEqual([message]);
  });
});
