import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { KeptHold, type HoldVerbs } from "../../src/holding/kept-hold.ts";

type Answer = Awaited<ReturnType<HoldVerbs["extendHold"]>>;

const hold = { id: "h", expiresAtMs: 0 };

function verbs(answer: Answer = { ok: true }) {
  return {
    extendHold: vi.fn<HoldVerbs["extendHold"]>(() => answer),
    settleHold: vi.fn<HoldVerbs["settleHold"]>(() => answer),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("KeptHold", () => {
  it("is extended at half of its time until it is settled, once", async () => {
    const limiter = verbs();
    const kept = new KeptHold(hold, limiter, 10_000);
    await vi.advanceTimersByTimeAsync(14_000);
    kept.use(3);
    kept.use({ rate: 4 });
    await Promise.all([kept.settle(), kept.settle()]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(limiter.extendHold.mock.calls).toEqual([
      ["h", 10_000],
      ["h", 10_000],
    ]);
    expect(limiter.settleHold.mock.calls).toEqual([["h", { rate: 4 }]]);
  });

  it("is not extended once it is over, and settled all the same", async () => {
    const limiter = verbs({ ok: false, reason: "hold-settled" });
    const kept = new KeptHold(hold, limiter, 10_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(limiter.extendHold).toHaveBeenCalledTimes(1);
    kept.use(3);
    await expect(kept.settle()).rejects.toThrow("Cannot settle a hold with 3: hold-settled");
  });

  it("is settled as reserved if nothing is known, which may have been done already", async () => {
    const limiter = verbs({ ok: false, reason: "hold-settled" });
    await new KeptHold(hold, limiter, 10_000).settle();
    expect(limiter.settleHold.mock.calls).toEqual([["h", {}]]);
  });

  it("is not settled again if the numbers are wrong", async () => {
    const limiter = verbs();
    limiter.settleHold.mockImplementation(() => {
      throw new RangeError("used must be at least 5");
    });
    await expect(new KeptHold(hold, limiter, 10_000).settle()).rejects.toThrow(RangeError);
    expect(limiter.settleHold).toHaveBeenCalledTimes(1);
  });
});
