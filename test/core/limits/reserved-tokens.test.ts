import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { runs } from "../../../kit/runs.ts";
import { ReservedTokens } from "../../../src/core/limits/reserved-tokens.ts";

describe("ReservedTokens", () => {
  test("has nothing at first", () => {
    const reserved = new ReservedTokens();
    expect([reserved.tokens, reserved.writtenOff, reserved.nextNumber]).toEqual([0, 0, 0]);
  });

  test("numbers tokens in the order in which they are reserved", () => {
    const reserved = new ReservedTokens();
    expect([reserved.add(5), reserved.add(2), reserved.add(1)]).toEqual([0, 5, 7]);
    expect([reserved.tokens, reserved.nextNumber]).toEqual([8, 8]);
  });

  test("has no number for no tokens", () => {
    const reserved = new ReservedTokens();
    expect([reserved.add(0), reserved.add(3)]).toEqual([-1, 0]);
    expect([reserved.remove(-1), reserved.tokens]).toEqual([0, 3]);
    reserved.spend(-1, 0);
    expect(reserved.tokens).toBe(3);
  });

  test("gives each hold back what is left of it, once", () => {
    const reserved = new ReservedTokens();
    const [one, two] = [reserved.add(5), reserved.add(2)];
    expect([reserved.remove(one), reserved.remove(one), reserved.tokens]).toEqual([5, 0, 2]);
    expect([reserved.remove(two), reserved.tokens]).toEqual([2, 0]);
  });

  test("writes off the oldest first", () => {
    const reserved = new ReservedTokens();
    const holds = [reserved.add(3), reserved.add(3), reserved.add(3)];
    reserved.writeOff(5);
    expect([reserved.tokens, reserved.writtenOff]).toEqual([5, 4]);
    expect(holds.map((start) => reserved.remove(start))).toEqual([0, 2, 3]);
  });

  test("writes nothing off while there is room", () => {
    const reserved = new ReservedTokens();
    reserved.add(3);
    reserved.writeOff(3);
    reserved.writeOff(Infinity);
    expect([reserved.tokens, reserved.writtenOff]).toEqual([3, 0]);
  });

  test("leaves no more than what isn't spent, and writes that off last", () => {
    const reserved = new ReservedTokens();
    const hold = reserved.add(10);
    reserved.spend(hold, 6);
    expect(reserved.tokens).toBe(6);
    reserved.writeOff(4);
    reserved.spend(hold, 5);
    expect(reserved.tokens).toBe(4);
    reserved.spend(hold, 3);
    expect([reserved.tokens, reserved.remove(hold)]).toEqual([3, 3]);
  });

  test("goes on from its mark after a restart, and gives no number a second time", () => {
    const before = new ReservedTokens();
    before.add(3);
    const [two, three] = [before.add(3), before.add(3)];
    before.writeOff(5);
    before.remove(three);
    const reserved = new ReservedTokens(before.writtenOff);
    reserved.restore(two, 3, 3);
    // It is over and remembered.
    reserved.restore(three, 3, 0);
    expect([reserved.tokens, reserved.add(1), reserved.remove(two)]).toEqual([2, 9, 2]);
  });

  test("takes no longer for a tick after ten thousand holds have nothing left", () => {
    const reserved = new ReservedTokens();
    const starts = Array.from({ length: 10_000 }, () => reserved.add(1));
    reserved.writeOff(100);
    expect(reserved.tokens).toBe(100);
    expect(starts.filter((start) => reserved.remove(start) > 0)).toHaveLength(100);
  });
});

/** What may still come back of one hold, and what of it isn't spent. */
interface PlainHold {
  readonly start: number;
  readonly tokens: number;
  unspent: number;
  rest: number;
  isOpen: boolean;
}

type Step =
  | { readonly add: number }
  | { readonly writeOff: number }
  | { readonly spend: number; readonly pick: number }
  | { readonly remove: number }
  | { readonly restart: true };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.nat(12) }) },
  { weight: 3, arbitrary: fc.record({ writeOff: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ spend: fc.nat(12), pick: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ remove: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.constant(true as const) }) },
);

test("ReservedTokens does what a plain list does", () => {
  const play = (steps: readonly Step[]): void => {
    let reserved = new ReservedTokens();
    const holds: PlainHold[] = [];
    const open = () => holds.filter(({ isOpen, tokens }) => isOpen && tokens > 0);
    for (const step of steps) {
      if ("add" in step) {
        const { add: tokens } = step;
        const start = reserved.add(tokens);
        holds.push({ start, tokens, unspent: tokens, rest: tokens, isOpen: true });
      } else if ("writeOff" in step) {
        reserved.writeOff(step.writeOff);
        let over = open().reduce((sum, { rest }) => sum + rest, 0) - step.writeOff;
        for (const hold of open()) {
          const lost = Math.max(0, Math.min(over, hold.rest));
          hold.rest -= lost;
          over -= lost;
        }
      } else if ("spend" in step) {
        const hold = holds[step.pick % Math.max(1, holds.length)];
        if (!hold?.isOpen) continue;
        reserved.spend(hold.start, step.spend);
        hold.unspent = Math.min(hold.unspent, step.spend);
        hold.rest = Math.min(hold.rest, hold.unspent);
      } else if ("remove" in step) {
        const hold = holds[step.remove % Math.max(1, holds.length)];
        if (!hold) continue;
        expect(reserved.remove(hold.start)).toBe(hold.isOpen ? hold.rest : 0);
        hold.isOpen = false;
        hold.rest = 0;
      } else {
        reserved = new ReservedTokens(reserved.writtenOff);
        for (const { start, tokens, unspent, isOpen } of holds) {
          reserved.restore(start, tokens, isOpen ? unspent : 0);
        }
      }
      expect(reserved.tokens).toBe(open().reduce((sum, { rest }) => sum + rest, 0));
    }
  };
  fc.assert(fc.property(fc.array(anyStep, { maxLength: 60, size: "max" }), play), {
    numRuns: runs(3_000),
  });
});
