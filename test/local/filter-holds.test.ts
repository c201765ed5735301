import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Grant, Outcome } from "../../src/core/outcome.ts";

import { createTokenBucketFilter } from "../../src/local/token-bucket-filter.ts";

const tokensAMinute = {
  capacity: 100,
  refillTokens: 100,
  refillInterval: "1m",
  hold: { max: "10m" },
} as const;
const twoAtOnce = {
  capacity: 100,
  refillTokens: 100,
  refillInterval: "1s",
  concurrency: { max: 2, ttl: "10s" },
} as const;

function granted(outcome: Outcome): Grant {
  if (!outcome.ok) throw new Error(`refused: ${outcome.reason}`);
  return outcome;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a filter with holds", () => {
  it("gives back what was reserved and not used, which serves who waits", async () => {
    const filter = createTokenBucketFilter(tokensAMinute);
    const { hold } = granted(await filter.getToken({ tokens: 90, holdMs: 30_000 }));
    const waiting = filter.getToken({ tokens: 50, timeoutMs: 60_000 });
    expect(filter.settleHold(hold?.id ?? "", 40)).toMatchObject({
      ok: true,
      used: { rate: 40 },
      returned: { rate: 50 },
      owed: { rate: 0 },
    });
    expect(granted(await waiting)).toMatchObject({ tokens: 50, waitedMs: 0, remaining: 10 });
  });

  it("settles twice with the same numbers, and not with others", async () => {
    const filter = createTokenBucketFilter(tokensAMinute);
    const { hold } = granted(filter.tryGetToken({ tokens: 90, holdMs: 30_000 }));
    const id = hold?.id ?? "";
    const first = filter.settleHold(id, 40);
    expect(filter.settleHold(id, 40)).toEqual(first);
    const settledAtMs = first.ok ? first.settledAtMs : 0;
    const refused = { ok: false, reason: "hold-settled", settledAtMs };
    expect(filter.settleHold(id, 41)).toEqual(refused);
    expect(filter.spendHold(id, 41)).toEqual(refused);
    expect(filter.extendHold(id, 1_000)).toEqual(refused);
    expect(filter.dropHold(id)).toEqual(refused);
  });

  it("spends a hold at its end, unless it was extended", async () => {
    const filter = createTokenBucketFilter(tokensAMinute);
    const { hold } = granted(filter.tryGetToken({ tokens: 90, holdMs: 30_000 }));
    const id = hold?.id ?? "";
    await vi.advanceTimersByTimeAsync(20_000);
    const extended = filter.extendHold(id, 30_000);
    expect(extended).toEqual({ ok: true, id, expiresAtMs: (hold?.expiresAtMs ?? 0) + 20_000 });
    expect(filter.inspect().heldTokens).toEqual({ rate: 90 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(filter.inspect()).toMatchObject({ tokens: 10, heldTokens: { rate: 0 } });
    expect(filter.extendHold(id, 30_000)).toMatchObject({ ok: false, reason: "hold-settled" });
    expect(filter.settleHold(id, 120)).toMatchObject({ returned: { rate: 0 }, owed: { rate: 30 } });
  });

  it("keeps of a hold what is not spent yet", () => {
    const filter = createTokenBucketFilter(tokensAMinute);
    const { hold } = granted(filter.tryGetToken({ tokens: 90, holdMs: 30_000 }));
    const id = hold?.id ?? "";
    expect(filter.spendHold(id, 30)).toEqual({ ok: true, ...hold });
    expect(filter.inspect().heldTokens).toEqual({ rate: 60 });
    expect(() => filter.settleHold(id, 20)).toThrow(
      new RangeError("used.rate must be at least the 30 that were spent: got 20"),
    );
    expect(filter.dropHold("nobody's")).toEqual({ ok: false, reason: "unknown-hold" });
  });

  it("drops a hold of which nothing was used", () => {
    const filter = createTokenBucketFilter(tokensAMinute);
    const { hold } = granted(filter.tryGetToken({ tokens: 90, holdMs: 30_000 }));
    expect(filter.dropHold(hold?.id ?? "")).toMatchObject({ ok: true, returned: { rate: 90 } });
    expect(filter.inspect().tokens).toBe(100);
  });

  it("says what is wrong with a hold", async () => {
    const filter = createTokenBucketFilter(tokensAMinute);
    await expect(filter.getToken({ holdMs: 999 })).rejects.toThrow(
      "holdMs must be an integer from 1000 to 3600000: got 999",
    );
    await expect(filter.getToken({ holdMs: 600_001 })).rejects.toThrow(
      "holdMs must be at most the policy's hold.maxMs, 600000: got 600001",
    );
    await expect(createTokenBucketFilter(1).getToken({ holdMs: 1_000 })).rejects.toThrow(
      'holdMs needs a policy with hold, such as hold = { max = "10m" }: got 1000',
    );
    const { hold } = granted(filter.tryGetToken({ tokens: 90, holdMs: 30_000 }));
    const id = hold?.id ?? "";
    expect(() => filter.extendHold(id, 600_001)).toThrow(
      "extendMs must be an integer from 1000 to 600000: got 600001",
    );
    expect(() => filter.settleHold(id, -1)).toThrow("used must be an integer from 0");
    expect(() => filter.settleHold(id, { tpm: 1 })).toThrow('"tpm" is no limit of this hold: rate');
    expect(filter.inspect()).toMatchObject({ tokens: 10, heldTokens: { rate: 90 } });
  });
});

describe("a filter with permits", () => {
  it("lets at most so many be out, in order, with rising fences", async () => {
    const filter = createTokenBucketFilter(twoAtOnce);
    const [first, second] = [granted(await filter.getToken()), granted(await filter.getToken())];
    const third = filter.getToken();
    const fourth = filter.getToken();
    expect(filter.inspect()).toMatchObject({ waiters: 2, permits: { max: 2, held: 2 } });
    filter.releasePermit(second.permit?.id ?? "");
    filter.releasePermit(second.permit?.id ?? "");
    const fences = [first, second, granted(await third)].map(({ permit }) => permit?.fence ?? 0);
    expect(fences).toEqual(fences.toSorted((one, other) => one - other));
    expect(new Set(fences).size).toBe(3);
    expect(filter.inspect().waiters).toBe(1);
    filter.releasePermit(first.permit?.id ?? "");
    expect(granted(await fourth).permit?.fence).toBeGreaterThan(fences[2] ?? 0);
  });

  it("gets a permit back when its time is up, and serves who waits", async () => {
    const filter = createTokenBucketFilter(twoAtOnce);
    const lost = granted(filter.tryGetToken());
    const kept = granted(filter.tryGetToken());
    const waiting = filter.getToken();
    await vi.advanceTimersByTimeAsync(8_000);
    const extended = filter.extendPermit(kept.permit?.id ?? "");
    expect(extended).toEqual({
      ok: true,
      ...kept.permit,
      expiresAtMs: (kept.permit?.expiresAtMs ?? 0) + 8_000,
    });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(granted(await waiting).waitedMs).toBe(10_000);
    expect(filter.extendPermit(lost.permit?.id ?? "")).toEqual({
      ok: false,
      reason: "permit-lost",
    });
  });

  it("refuses a waiter at its deadline, with an estimate", async () => {
    const filter = createTokenBucketFilter(twoAtOnce);
    filter.tryGetToken();
    filter.tryGetToken();
    const waiting = filter.getToken({ timeoutMs: 3_000 });
    await vi.advanceTimersByTimeAsync(2_999);
    expect(filter.inspect().waiters).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toMatchObject({ ok: false, reason: "timeout", estimate: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("loses all of it when it is closed", () => {
    const filter = createTokenBucketFilter(twoAtOnce);
    const { permit } = granted(filter.tryGetToken());
    filter.close();
    expect(filter.extendPermit(permit?.id ?? "")).toMatchObject({ ok: false });
    expect(() => filter.releasePermit(permit?.id ?? "")).not.toThrow();
  });
});
