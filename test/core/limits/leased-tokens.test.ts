import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { LeasedTokens } from "../../../src/core/limits/leased-tokens.ts";
import { runs } from "../../../kit/runs.ts";

describe("LeasedTokens", () => {
  test("has nothing at first, and no end", () => {
    const leased = new LeasedTokens();
    expect([leased.tokens, leased.nextEndAtMs]).toEqual([0, Infinity]);
    expect(leased.toJSON()).toEqual([]);
  });

  test("keeps one sum for each instant, soonest first, whatever order they come in", () => {
    const leased = new LeasedTokens();
    leased.add(5, 300);
    leased.add(1, 100);
    leased.add(2, 200);
    leased.add(4, 100);
    expect(leased.toJSON()).toEqual([
      { untilMs: 100, tokens: 5 },
      { untilMs: 200, tokens: 2 },
      { untilMs: 300, tokens: 5 },
    ]);
    expect([leased.tokens, leased.nextEndAtMs]).toEqual([12, 100]);
  });

  test("removes what is there until that instant and no more", () => {
    const leased = new LeasedTokens([
      { untilMs: 100, tokens: 5 },
      { untilMs: 200, tokens: 2 },
    ]);
    expect(leased.remove(3, 100)).toBe(3);
    expect(leased.remove(3, 100)).toBe(2);
    expect(leased.remove(3, 100)).toBe(0);
    expect(leased.remove(1, 150)).toBe(0);
    expect(leased.remove(0, 200)).toBe(0);
    expect([leased.tokens, leased.nextEndAtMs]).toEqual([2, 200]);
  });

  test("ends at its instant and not a millisecond before", () => {
    const leased = new LeasedTokens([
      { untilMs: 100, tokens: 5 },
      { untilMs: 200, tokens: 2 },
    ]);
    leased.endBy(99);
    expect(leased.tokens).toBe(7);
    leased.endBy(100);
    expect(leased.tokens).toBe(2);
    leased.endBy(99);
    expect(leased.tokens).toBe(2);
    leased.endBy(1_000);
    expect([leased.tokens, leased.nextEndAtMs]).toEqual([0, Infinity]);
  });

  test("is not changed by what it was made from, nor by what it has told", () => {
    const sums = [{ untilMs: 100, tokens: 5 }];
    const leased = new LeasedTokens(sums);
    const kept = leased.toJSON();
    sums[0] = { untilMs: 100, tokens: 6 };
    leased.add(1, 100);
    expect(leased.tokens).toBe(6);
    expect(kept).toEqual([{ untilMs: 100, tokens: 5 }]);
  });

  test("is as good as a list of single tokens", () => {
    const anyStep = fc.record({
      kind: fc.constantFrom("add", "remove", "end"),
      tokens: fc.integer({ min: 1, max: 6 }),
      atMs: fc.integer({ min: 1, max: 9 }),
    });
    const property = fc.property(fc.array(anyStep), (steps) => {
      const leased = new LeasedTokens();
      let ends: number[] = [];
      for (const { kind, tokens, atMs } of steps) {
        if (kind === "add") {
          leased.add(tokens, atMs);
          for (let token = 0; token < tokens; token += 1) ends.push(atMs);
        } else if (kind === "remove") {
          const before = ends.length;
          for (let token = 0; token < tokens; token += 1) {
            const index = ends.indexOf(atMs);
            if (index >= 0) ends.splice(index, 1);
          }
          expect(leased.remove(tokens, atMs)).toBe(before - ends.length);
        } else {
          leased.endBy(atMs);
          ends = ends.filter((endAtMs) => endAtMs > atMs);
        }
        expect(leased.tokens).toBe(ends.length);
        expect(leased.nextEndAtMs).toBe(Math.min(...ends));
        expect(new LeasedTokens(leased.toJSON()).toJSON()).toEqual(leased.toJSON());
        expect(leased.toJSON()).toHaveLength(new Set(ends).size);
      }
    });
    fc.assert(property, { numRuns: runs(500) });
  });
});
