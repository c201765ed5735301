import { describe, expect, it } from "vitest";

import { pacingFigures, type LetGo } from "../../bench/service/pacing.ts";

const pace = { callers: 150, intervalMs: 20 };

/** The instants of callers that are let go in order. */
function instantsOf(at: (index: number) => number): LetGo {
  return { seenAtMs: Array.from({ length: pace.callers }, (_, index) => at(index)) };
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
    const swapped = new Map([
      [10, 11],
      [11, 10],
    ]);
    const instants = instantsOf((i) => (swapped.get(i) ?? i) * 20);
    expect(pacingFigures(instants, pace)).toMatchObject({ inversions: 1, lastOffMs: 0 });
  });

  it("of two paces at once see more than fit into a second", () => {
    const figures = pacingFigures(
      instantsOf((i) => Math.floor(i / 2) * 20),
      pace,
    );
    expect(figures.fiftyOneInMs).toBe(500);
  });

  it("know the instants that a limiter says from those that callers see", () => {
    const { seenAtMs } = instantsOf((i) => i * 20 + (i === 0 ? 15 : 0));
    const { seenAtMs: grantedAtMs } = instantsOf((i) => i * 20);
    const figures = pacingFigures({ seenAtMs, grantedAtMs }, pace);
    expect(figures).toMatchObject({ fiftyOneInMs: 985, fiftyOneGrantedInMs: 1_000 });
  });

  it("are not made where somebody is missing", () => {
    expect(() => pacingFigures({ seenAtMs: [1, 2] }, pace)).toThrow("Let go 2 of 150");
  });
});
