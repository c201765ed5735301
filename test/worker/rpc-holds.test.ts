import { exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import { HOLDING, ONE_AT_A_TIME, openBucket } from "../../kit/edge/open-grants.ts";
import { useVirtualTimeThroughout } from "../../kit/edge/virtual-time.ts";

useVirtualTimeThroughout();

const sluice = exports.Sluice;

/** The reason or message of what a call rejects with. */
async function errorOf(call: PromiseLike<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { reason, message } = error as { readonly reason?: string; readonly message: string };
    return reason ?? message;
  }
  throw new Error("expected an error: got none");
}

/** A hold of `tokens` of each limit. */
async function hold(name: string, tokens: number): Promise<string> {
  const outcome = await sluice.acquire(name, { tokens, holdMs: 30_000 });
  return (outcome.ok && outcome.hold?.id) || "none";
}

describe("holds by RPC", () => {
  it("are settled, and settled again with the same numbers", async () => {
    const name = await openBucket(HOLDING);
    const id = await hold(name, 5);
    const settled = await sluice.settleHold(name, id, { tpm: 2 });
    expect(settled).toEqual({
      ok: true,
      id,
      used: { rate: 5, tpm: 2 },
      returned: { rate: 0, tpm: 3 },
      owed: { rate: 0, tpm: 0 },
      settledAtMs: Date.now(),
    });
    expect(await sluice.settleHold(name, id, { tpm: 2 })).toEqual(settled);
    expect(await sluice.settleHold(name, id, 1)).toEqual({
      ok: false,
      reason: "hold-settled",
      settledAtMs: Date.now(),
    });
  });

  it("are spent in parts, extended and dropped", async () => {
    const name = await openBucket(HOLDING);
    const id = await hold(name, 5);
    const expiresAtMs = Date.now() + 30_000;
    expect(await sluice.spendHold(name, id, 2)).toEqual({ ok: true, id, expiresAtMs });
    expect(await errorOf(sluice.settleHold(name, id, 1))).toBe("invalid-request");
    const later = { ok: true, id, expiresAtMs: Date.now() + 45_000 };
    expect(await sluice.extendHold(name, id, 45_000)).toEqual(later);
    expect(await errorOf(sluice.extendHold(name, id, 60_001))).toBe("invalid-request");
    const other = await hold(name, 3);
    expect(await sluice.dropHold(name, other)).toMatchObject({ ok: true, returned: { rate: 3 } });
    expect(await sluice.dropHold(name, "nobody")).toEqual({ ok: false, reason: "unknown-hold" });
  });

  it("are checked before anybody is asked", async () => {
    const name = await openBucket(HOLDING);
    expect(await errorOf(sluice.settleHold(name, "a", -1))).toContain("used must be");
    expect(await errorOf(sluice.extendHold(name, "a", 1))).toContain("extendMs must be");
    expect(await errorOf(sluice.dropHold(name, "a/b"))).toContain("id must be");
    expect(await errorOf(sluice.dropHold("..", "a"))).toContain("bucket must not be");
  });
});

describe("permits by RPC", () => {
  it("are extended and released", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    const first = await sluice.acquire(name);
    const permit = (first.ok && first.permit) || { id: "none", fence: 0 };
    vi.setSystemTime(Date.now() + 4_000);
    const extended = await sluice.extendPermit(name, permit.id);
    expect(extended).toEqual({ ok: true, ...permit, expiresAtMs: Date.now() + 5_000 });
    expect(await sluice.tryAcquire(name)).toMatchObject({ reason: "timeout", estimate: true });
    expect(await sluice.releasePermit(name, permit.id)).toBeUndefined();
    expect(await sluice.releasePermit(name, permit.id)).toBeUndefined();
    const lost = { ok: false, reason: "permit-lost" };
    expect(await sluice.extendPermit(name, permit.id)).toEqual(lost);
    expect(await sluice.tryAcquire(name)).toMatchObject({ ok: true });
  });
});
