import { describe, expect, it } from "vitest";

import { pacingFigures } from "../../bench/service/pacing.ts";

const pace = { callers: 150, intervalMs: 20 };

/** The instants of callers that are let go in order. */
function instantsOf(at: (index: number) => number): number[] {
  return Array.from({ length: pace.callers }, (_, index) => at(index));
}

describe("pacingFigures", () => {
  it("of an even pace are its ideal", () => {
    const figures = pacingFigures(
      instantsOf((i) => 7 + i * 20),
      pace,
    );
    expect(figures).toEqual({
      lastOffMs: 0,
      driftMs: 0,
      p99GapMs: 20,
      fiftyOneInMs: 1_000,
      inversions: 0,
    });
  });

  it("of a slow pace tell what each interval is too long by", () => {
    const figures = pacingFigures(
      instantsOf((i) => i * 20.5),
      pace,
    );
    expect(figures.driftMs).toBeCloseTo(0.5);
    expect(figures.lastOffMs).toBeCloseTo(74.5);
    expect(figures.fiftyOneInMs).toBeCloseTo(1_025);
  });

  it("tell late grants from a drift", () => {
    const figures = pacingFigures(
      instantsOf((i) => i * 20 + (i === 0 || i === 75 ? 9 : 0)),
      pace,
    );
    expect(figures.driftMs).toBe(0);
    expect(figures.lastOffMs).toBe(-9);
    expect(figures.fiftyOneInMs).toBe(991);
  });

  it("count who is let go before the one in front", () => {
    const instants = instantsOf((i) => i * 20);
    instants[10] = 220;
    instants[11] = 200;
    expect(pacingFigures(instants, pace)).toMatchObject({ inversions: 1, lastOffMs: 0 });
  });

  it("of two paces at once see more than fit into a second", () => {
    const figures = pacingFigures(
      instantsOf((i) => Math.floor(i / 2) * 20),
      pace,
    );
    expect(figures.fiftyOneInMs).toBe(500);
  });

  it("are not made where somebody is missing", () => {
    expect(() => pacingFigures([1, 2], pace)).toThrow("Let go 2 of 150");
  });
});
