import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { LentTokens } from "../../../src/core/limits/lent-tokens.ts";
import { runs } from "../../../kit/runs.ts";

describe("LentTokens", () => {
  test("has nothing at first, and no end", () => {
    const held = new LentTokens();
    expect([held.tokens, held.nextEndAtMs]).toEqual([0, Infinity]);
    expect(held.toJSON()).toEqual([]);
  });

  test("keeps one sum for each instant, soonest first, whatever order they come in", () => {
    const held = new LentTokens();
    held.add(5, 300);
    held.add(1, 100);
    held.add(2, 200);
    held.add(4, 100);
    expect(held.toJSON()).toEqual([
      { untilMs: 100, tokens: 5 },
      { untilMs: 200, tokens: 2 },
      { untilMs: 300, tokens: 5 },
    ]);
    expect([held.tokens, held.nextEndAtMs]).toEqual([12, 100]);
  });

  test("removes what is there until that instant and no more", () => {
    const held = new LentTokens([
      { untilMs: 100, tokens: 5 },
      { untilMs: 200, tokens: 2 },
    ]);
    expect(held.remove(3, 100)).toBe(3);
    expect(held.remove(3, 100)).toBe(2);
    expect(held.remove(3, 100)).toBe(0);
    expect(held.remove(1, 150)).toBe(0);
    expect(held.remove(0, 200)).toBe(0);
    expect([held.tokens, held.nextEndAtMs]).toEqual([2, 200]);
  });

  test("ends at its instant and not a millisecond before", () => {
    const held = new LentTokens([
      { untilMs: 100, tokens: 5 },
      { untilMs: 200, tokens: 2 },
    ]);
    held.endBy(99);
    expect(held.tokens).toBe(7);
    held.endBy(100);
    expect(held.tokens).toBe(2);
    held.endBy(99);
    expect(held.tokens).toBe(2);
    held.endBy(1_000);
    expect([held.tokens, held.nextEndAtMs]).toEqual([0, Infinity]);
  });

  test("is not changed by what it was made from, nor by what it has told", () => {
    const sums = [{ untilMs: 100, tokens: 5 }];
    const held = new LentTokens(sums);
    const kept = held.toJSON();
    sums[0] = { untilMs: 100, tokens: 6 };
    held.add(1, 100);
    expect(held.tokens).toBe(6);
    expect(kept).toEqual([{ untilMs: 100, tokens: 5 }]);
  });

  test("is as good as a list of single tokens", () => {
    const anyStep = fc.record({
      kind: fc.constantFrom("add", "remove", "end"),
      tokens: fc.integer({ min: 1, max: 6 }),
      atMs: fc.integer({ min: 1, max: 9 }),
    });
    const property = fc.property(fc.array(anyStep), (steps) => {
      const held = new LentTokens();
      let ends: number[] = [];
      for (const { kind, tokens, atMs } of steps) {
        if (kind === "add") {
          held.add(tokens, atMs);
          for (let token = 0; token < tokens; token += 1) ends.push(atMs);
        } else if (kind === "remove") {
          const before = ends.length;
          for (let token = 0; token < tokens; token += 1) {
            const index = ends.indexOf(atMs);
            if (index >= 0) ends.splice(index, 1);
          }
          expect(held.remove(tokens, atMs)).toBe(before - ends.length);
        } else {
          held.endBy(atMs);
          ends = ends.filter((endAtMs) => endAtMs > atMs);
        }
        expect(held.tokens).toBe(ends.length);
        expect(held.nextEndAtMs).toBe(Math.min(...ends));
        expect(new LentTokens(held.toJSON()).toJSON()).toEqual(held.toJSON());
        expect(held.toJSON()).toHaveLength(new Set(ends).size);
      }
    });
    fc.assert(property, { numRuns: runs(500) });
  });
});
