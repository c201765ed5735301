/** Holds as the limiter grants and settles them: rows of (instant, caller, result). */
import { describe, expect, test } from "vitest";

import type { HoldTerms } from "../../../src/core/policy-tables.ts";

import { epochMs, LimiterScene, policyOf, Scene } from "../../../kit/model/limiters.ts";
import { arrive, brief } from "./brief.ts";
import { Policy } from "../../../src/core/policy.ts";

const hold = { maxMs: 60_000 };
const holdMs = 10_000;

/** Ten tokens, one a second, full at the start. */
function tenWith(terms: Partial<HoldTerms> = {}): Scene {
  return new Scene({ capacity: 10, initialTokens: 10, hold: { ...hold, ...terms } });
}

function settled(id: string, atMs: number, used: number, returned: number, owed = 0) {
  const rates = { used: { rate: used }, returned: { rate: returned }, owed: { rate: owed } };
  return { kind: "settled", settled: { id, ...rates, settledAtMs: epochMs + atMs } };
}

function tokensOf(scene: Scene, atMs: number): number {
  return scene.limiter.inspect(epochMs + atMs).tokens;
}

describe("a hold", () => {
  test("takes its tokens, and gives back what was not used", () => {
    const scene = tenWith();
    const turn = scene.limiter.acquire({ caller: "Ann", tokens: 10, holdMs }, epochMs);
    expect(turn.settled[0]?.outcome).toMatchObject({
      ok: true,
      remaining: 0,
      hold: { id: "g1", expiresAtMs: epochMs + holdMs },
    });
    expect(scene.changeHold(500, "g1", { used: 3 })).toEqual([settled("g1", 500, 3, 7)]);
    expect(tokensOf(scene, 500)).toBe(7);
  });

  test("what comes back serves the head in that very turn", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    expect(arrive(scene, 100, "Bob", { tokens: 5 })).toBe("Bob waits until 5000");
    expect(brief(scene.changeHold(200, "g1", { used: 4 }))).toEqual([
      settled("g1", 200, 4, 6),
      "Bob granted, 1 left",
    ]);
  });

  test("loses to the ticks what they have made good", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs: 60_000 });
    // Four ticks have come in, so at most six of the ten fit.
    expect(scene.changeHold(4_000, "g1", { used: 0 })).toEqual([settled("g1", 4_000, 0, 6)]);
    expect(tokensOf(scene, 4_000)).toBe(10);
  });

  test("what was made good doesn't come back after others have taken it", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs: 60_000 });
    expect(brief(scene.acquire(10_000, "Bob", { tokens: 10 }))).toEqual(["Bob granted, 0 left"]);
    expect(scene.changeHold(10_000, "g1", { used: 0 })).toEqual([settled("g1", 10_000, 0, 0)]);
  });

  test("of two, the older loses first", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 5, holdMs: 60_000 });
    scene.acquire(0, "Bob", { tokens: 5, holdMs: 60_000 });
    scene.advance(3_000);
    expect(scene.changeHold(3_000, "g2", { used: 0 })).toEqual([settled("g2", 3_000, 0, 5)]);
    expect(scene.changeHold(3_000, "g1", { used: 0 })).toEqual([settled("g1", 3_000, 0, 2)]);
  });

  test("that isn't settled by its end is spent, and a late settle returns nothing", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs: 1_000 });
    expect(scene.limiter.inspect(epochMs + 500).heldTokens).toEqual({ rate: 10 });
    expect(scene.limiter.inspect(epochMs + 1_000).heldTokens).toEqual({ rate: 0 });
    expect(scene.changeHold(1_000, "g1", { used: 2 })).toEqual([settled("g1", 1_000, 2, 0)]);
    expect(tokensOf(scene, 1_000)).toBe(1);
  });

  test("takes part in what ticks write off until its end, no matter when anybody asks", () => {
    const returnedBy = (...looksAtMs: number[]) => {
      const scene = tenWith();
      scene.acquire(0, "Ann", { tokens: 5, holdMs: 60_000 });
      scene.acquire(0, "Bob", { tokens: 5, holdMs: 1_500 });
      for (const atMs of looksAtMs) scene.try(atMs, "Cid", 10);
      return scene.changeHold(5_000, "g1", { used: 0 });
    };
    const answer = [settled("g1", 5_000, 0, 4)];
    expect(returnedBy()).toEqual(answer);
    expect(returnedBy(1_400, 1_600, 4_999)).toEqual(answer);
  });

  test("that has ended leaves the rest of an older one alone, after a restart, too", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 5, holdMs: 60_000 });
    scene.acquire(0, "Bob", { tokens: 5, holdMs: 1_500 });
    scene.try(4_200, "Cid", 1);
    scene.restore();
    expect(scene.changeHold(4_200, "g1", { used: 0 })).toEqual([settled("g1", 4_200, 0, 4)]);
  });

  test("of which nothing is left has nothing to do with a later one, however often it restarts", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 5, holdMs: 1_500 });
    scene.acquire(0, "Cid", { tokens: 5 });
    scene.advance(2_000);
    scene.restore();
    scene.acquire(2_000, "Bob", { tokens: 2, holdMs });
    scene.changeHold(2_000, "g1", { atLeast: 5 });
    scene.restore();
    expect(scene.changeHold(2_000, "g2", { used: 0 })).toEqual([settled("g2", 2_000, 0, 2)]);
  });

  test("is remembered for ten minutes", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 1, holdMs });
    scene.changeHold(100, "g1", { used: 1 });
    scene.acquire(0, "Bob", { tokens: 1, holdMs });
    expect(scene.changeHold(600_099, "g1", { used: 1 })).toEqual([settled("g1", 100, 1, 0)]);
    scene.advance(600_100);
    expect(scene.changeHold(600_100, "g1", { used: 1 })).toEqual([{ kind: "unknown-hold" }]);
    expect(scene.changeHold(609_999, "g2", { used: 1 })).toEqual([settled("g2", 609_999, 1, 0)]);
  });

  test("is settled once: the same numbers get the same answer, others are refused", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 4, holdMs });
    const answer = [settled("g1", 100, 1, 3)];
    expect(scene.changeHold(100, "g1", { used: 1 })).toEqual(answer);
    expect(scene.changeHold(900, "g1", { used: { rate: 1 } })).toEqual(answer);
    const refused = [{ kind: "hold-settled", settledAtMs: epochMs + 100 }];
    expect(scene.changeHold(900, "g1", { used: 2 })).toEqual(refused);
    expect(scene.changeHold(900, "g1", { atLeast: 1 })).toEqual(refused);
    expect(scene.changeHold(900, "g1", { extendMs: 1_000 })).toEqual(refused);
    expect(tokensOf(scene, 900)).toBe(9);
  });

  test("spends a part and keeps the rest", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    const open = [{ kind: "open", id: "g1", expiresAtMs: epochMs + holdMs }];
    expect(scene.changeHold(100, "g1", { atLeast: 4 })).toEqual(open);
    expect(scene.limiter.inspect(epochMs + 100).heldTokens).toEqual({ rate: 6 });
    expect(scene.changeHold(100, "g1", { used: 3 })).toMatchObject([
      { kind: "invalid", errors: [{ field: "used.rate" }] },
    ]);
    expect(scene.changeHold(200, "g1", { used: 5 })).toEqual([settled("g1", 200, 5, 5)]);
    expect(scene.changeHold(300, "g1", { used: 3 })).toMatchObject([{ kind: "hold-settled" }]);
  });

  test("moves its end, unless it is over", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 1, holdMs: 1_000 });
    expect(scene.changeHold(900, "g1", { extendMs: 5_000 })).toEqual([
      { kind: "open", id: "g1", expiresAtMs: epochMs + 5_900 },
    ]);
    expect(scene.changeHold(5_900, "g1", { extendMs: 5_000 })).toEqual([
      { kind: "hold-settled", expiredAtMs: epochMs + 5_900 },
    ]);
  });

  test("is dropped as one of which nothing was used", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    expect(scene.dropHold(0, "g1")).toEqual([settled("g1", 0, 0, 10)]);
    expect(scene.dropHold(0, "nobody")).toEqual([{ kind: "unknown-hold" }]);
  });

  test("is lost in a pause, as ticks are", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    scene.pause(0, 2_000);
    expect(scene.changeHold(100, "g1", { used: 0 })).toEqual([settled("g1", 100, 0, 0)]);
    expect(tokensOf(scene, 100)).toBe(0);
  });

  test("comes back after a restart, with what may still come back", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 6, holdMs: 60_000 });
    scene.acquire(0, "Bob", { tokens: 4, holdMs: 60_000 });
    scene.changeHold(100, "g2", { atLeast: 1 });
    scene.advance(2_000);
    scene.restore();
    expect(scene.limiter.inspect(epochMs + 2_000).heldTokens).toEqual({ rate: 9 });
    expect(scene.changeHold(2_000, "g1", { used: 0 })).toEqual([settled("g1", 2_000, 0, 5)]);
    expect(scene.changeHold(2_000, "g2", { used: 1 })).toEqual([settled("g2", 2_000, 1, 3)]);
    scene.restore();
    expect(scene.changeHold(2_500, "g2", { used: 1 })).toEqual([settled("g2", 2_000, 1, 3)]);
  });

  test("is written as it is granted, so nothing is written ahead, and nothing flushed", () => {
    const large = { capacity: 10_000, refillTokens: 10_000 };
    const scene = new Scene({ ...large, hold });
    for (const atMs of [0, 10, 20]) {
      scene.acquire(atMs, "Ann", { tokens: 100, holdMs });
      expect(scene.flushInMs).toBeUndefined();
    }
    const written = scene.checkpoint(20);
    expect(written?.limits).toEqual(scene.limiter.toJSON().limits);
    // Other grants are written ahead as ever.
    for (const atMs of [30, 40]) scene.acquire(atMs, "Bob");
    expect(scene.flushInMs).toBeGreaterThan(0);
  });

  test("of no more than 10,000 at a time", () => {
    const scene = new Scene({ capacity: 20_000, initialTokens: 20_000, hold });
    for (let count = 0; count < 10_000; count += 1) {
      scene.acquire(0, "Ann", { holdMs: 5_000 + count });
    }
    expect(brief(scene.acquire(100, "Bob", { holdMs }))).toEqual(["Bob holds-full, retry in 4900"]);
    expect(brief(scene.acquire(100, "Cid"))).toEqual(["Cid granted, 9999 left"]);
    expect(brief(scene.acquire(5_000, "Bob", { holdMs }))).toEqual(["Bob granted, 10003 left"]);
  });
});

describe("a debt", () => {
  test("is taken behind everybody who waits, and makes nobody late", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    scene.acquire(0, "Bob", { tokens: 2 });
    expect(scene.changeHold(0, "g1", { used: 13 })).toEqual([settled("g1", 0, 13, 0, 3)]);
    expect(scene.limiter.inspect(epochMs).owedTokens).toEqual({ rate: 3 });
    // Bob's two, then the three that are owed, then Cid's.
    expect(arrive(scene, 0, "Cid")).toBe("Cid waits until 6000");
    expect(brief(scene.advance(2_000))).toEqual(["Bob granted, 0 left"]);
    expect(scene.limiter.inspect(epochMs + 2_000).owedTokens).toEqual({ rate: 3 });
    expect(scene.limiter.inspect(epochMs + 4_000).owedTokens).toEqual({ rate: 1 });
    expect(scene.advance(5_999)).toEqual([]);
    expect(brief(scene.advance(6_000))).toEqual(["Cid granted, 0 left"]);
  });

  test("moves forward when somebody leaves, and behind those in front of it only", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    scene.acquire(0, "Bob", { tokens: 2 });
    scene.changeHold(0, "g1", { used: 13 });
    scene.acquire(0, "Cid");
    scene.cancel(500, "Bob");
    expect(arrive(scene, 500, "Dan")).toBe("Dan waits until 5000");
    expect(brief(scene.advance(4_000))).toEqual(["Cid granted, 0 left"]);
  });

  test("is taken at once if nobody waits, and by `front` before everybody", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    scene.changeHold(0, "g1", { used: 12 });
    expect(arrive(scene, 0, "Bob")).toBe("Bob waits until 3000");
    const front = tenWith({ debt: "front" });
    front.acquire(0, "Ann", { tokens: 10, holdMs });
    front.acquire(0, "Bob", { timeoutMs: 3_000 });
    front.acquire(0, "Cid", { timeoutMs: 60_000 });
    expect(brief(front.changeHold(0, "g1", { used: 13 }))).toEqual([
      settled("g1", 0, 13, 0, 3),
      "Bob timeout, retry in 5000",
    ]);
    expect(brief(front.advance(4_000))).toEqual(["Cid granted, 0 left"]);
  });

  test("by `front` times nobody anew if nothing is owed", () => {
    const concurrency = { max: 1, ttlMs: 10_000 };
    const scene = new Scene({ hold: { ...hold, debt: "front" }, concurrency });
    scene.acquire(0, "Ann", { holdMs });
    scene.acquire(0, "Bob", { timeoutMs: 1_500 });
    scene.acquire(0, "Cid", { timeoutMs: 1_500 });
    expect(brief(scene.releasePermit(1_000, "g1"))).toEqual(["Bob granted, 0 left"]);
    // By now, the limits alone make Cid late, which has until its deadline all the same.
    expect(scene.changeHold(1_000, "g1", { used: 1 })).toEqual([settled("g1", 1_000, 1, 0)]);
    expect(brief(scene.advance(1_500))).toEqual(["Cid timeout, retry in 500"]);
  });

  test("is on the disk before the holder is told", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs });
    scene.acquire(0, "Bob", { tokens: 2 });
    scene.changeHold(0, "g1", { used: 13 });
    scene.restore();
    expect(scene.limiter.inspect(epochMs).owedTokens).toEqual({ rate: 3 });
    expect(arrive(scene, 0, "Cid")).toBe("Cid waits until 4000");
  });

  test("is booked by a settle that is late, and in parts by one that isn't done", () => {
    const scene = tenWith();
    scene.acquire(0, "Ann", { tokens: 10, holdMs: 1_000 });
    scene.changeHold(0, "g1", { atLeast: 12 });
    expect(scene.limiter.inspect(epochMs).owedTokens).toEqual({ rate: 2 });
    expect(scene.changeHold(1_000, "g1", { used: 13 })).toEqual([settled("g1", 1_000, 13, 0, 3)]);
    expect(scene.limiter.inspect(epochMs + 1_000).owedTokens).toEqual({ rate: 2 });
  });
});

test("nothing is left of a limit that is below zero, for a caller that takes none of it", () => {
  const five = { capacity: 5, refillTokens: 1, refillIntervalMs: 1_000, initialTokens: 5 };
  const limits = { second: five, third: five };
  const scene = new LimiterScene(Policy.of({ ...five, limits, hold }));
  scene.acquire(0, "Ann", { holdMs });
  scene.changeHold(0, "g1", { used: { rate: 7, second: 6 } });
  const turn = scene.limiter.acquire({ caller: "Bob", tokens: [0, 0, 1] }, epochMs);
  expect(turn.settled[0]?.outcome).toMatchObject({
    remaining: 0,
    limits: { second: { remaining: 0 }, third: { remaining: 3 } },
  });
});

describe("a hold of several limits", () => {
  function two(): LimiterScene<Policy> {
    const tpm = { capacity: 1_000, refillTokens: 1_000, refillIntervalMs: 50_000 };
    const policy = Policy.of({
      ...policyOf({ capacity: 5, initialTokens: 5 }).toJSON(),
      limits: { tpm },
      hold,
    });
    return new LimiterScene(policy);
  }

  test("is settled limit by limit; one that isn't named is used up as reserved", () => {
    const scene = two();
    scene.acquire(0, "Ann", { tokens: [1, 400], holdMs });
    expect(scene.changeHold(0, "g1", { used: { tpm: 150 } })).toEqual([
      {
        kind: "settled",
        settled: {
          id: "g1",
          used: { rate: 1, tpm: 150 },
          returned: { rate: 0, tpm: 250 },
          owed: { rate: 0, tpm: 0 },
          settledAtMs: epochMs,
        },
      },
    ]);
  });

  test("needs names, unless it took the same of each", () => {
    const scene = two();
    scene.acquire(0, "Ann", { tokens: [1, 400], holdMs });
    scene.acquire(0, "Bob", { tokens: 2, holdMs });
    expect(scene.changeHold(0, "g1", { used: 1 })).toMatchObject([{ kind: "invalid" }]);
    expect(scene.changeHold(0, "g1", { used: { rpm: 1 } })).toEqual([
      {
        kind: "invalid",
        errors: [{ field: "used.rpm", message: `"rpm" is no limit of this hold: rate, tpm` }],
      },
    ]);
    expect(scene.changeHold(0, "g2", { used: 1 })).toMatchObject([
      { settled: { returned: { rate: 1, tpm: 1 } } },
    ]);
  });

  test("has nothing to give back to a later limit of the same name", () => {
    const scene = two();
    const { limits, ...flat } = scene.limiter.policy.toJSON();
    scene.acquire(0, "Ann", { tokens: 2, holdMs });
    scene.switchTo(0, Policy.of(flat));
    scene.switchTo(0, Policy.of({ ...flat, ...(limits && { limits }) }));
    scene.acquire(0, "Bob", { tokens: 2, holdMs });
    scene.restore();
    expect(scene.changeHold(0, "g1", { used: 0 })).toMatchObject([
      { settled: { returned: { rate: 2, tpm: 0 } } },
    ]);
    expect(scene.changeHold(0, "g2", { used: 0 })).toMatchObject([
      { settled: { returned: { rate: 2, tpm: 2 } } },
    ]);
  });

  test("owes what is there when the debt is due, not what was there before", () => {
    const scene = two();
    scene.acquire(0, "Ann", { tokens: [1, 500], holdMs });
    scene.acquire(0, "Bob", { tokens: [5, 0] });
    scene.pause(0, 50_000);
    scene.changeHold(0, "g1", { used: { tpm: 900 } });
    // The tick that fills `tpm` finds nothing owed, so what is too much of it is lost.
    scene.cancel(50_500, "Bob");
    expect(scene.limiter.inspect(epochMs + 50_500).limits).toMatchObject({ tpm: { tokens: 600 } });
  });

  test("has nothing to give back to a limit that is gone", () => {
    const scene = two();
    scene.acquire(0, "Ann", { tokens: 2, holdMs });
    const { limits: _, ...flat } = scene.limiter.policy.toJSON();
    scene.switchTo(0, Policy.of(flat));
    expect(scene.changeHold(0, "g1", { used: 0 })).toMatchObject([
      { settled: { returned: { rate: 2, tpm: 0 } } },
    ]);
  });
});
