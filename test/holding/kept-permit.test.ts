import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { PermitLostError } from "../../src/holding/permit-lost-error.ts";

import { KeptPermit } from "../../src/holding/kept-permit.ts";

const TTL_MS = 9_000;

/** A limiter with one permit, whose clock is `aheadMs` of this machine's. */
class Limiter {
  aheadMs = 3_600_000;
  ttlMs = TTL_MS;
  isLost = false;
  readonly extendedAtMs: number[] = [];
  releases = 0;
  readonly #startedAtMs = performance.now();

  get nowMs(): number {
    return Date.now() + this.aheadMs;
  }

  extendPermit(): { ok: true; expiresAtMs: number } | { ok: false } {
    this.extendedAtMs.push(performance.now() - this.#startedAtMs);
    return this.isLost ? { ok: false } : { ok: true, expiresAtMs: this.nowMs + this.ttlMs };
  }

  releasePermit(): void {
    this.releases += 1;
  }
}

function keep(limiter: Limiter, grant = {}) {
  const lost: PermitLostError[] = [];
  const grantedAtMs = limiter.nowMs;
  const permit = { id: "p", fence: 7, expiresAtMs: grantedAtMs + limiter.ttlMs };
  const given = { permit, grantedAtMs, waitedMs: 0, ...grant };
  const kept = new KeptPermit(given, limiter, performance.now(), (error) => lost.push(error));
  return { kept, lost };
}

async function passMs(durationMs: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("KeptPermit", () => {
  it("is extended at a third of its time, whatever the two clocks say", async () => {
    for (const aheadMs of [-3_600_000, 0, 3_600_000]) {
      const limiter = new Limiter();
      limiter.aheadMs = aheadMs;
      const { kept, lost } = keep(limiter);
      await passMs(10_000);
      await kept.release();
      await passMs(60_000);
      expect(limiter.extendedAtMs).toEqual([3_000, 6_000, 9_000]);
      expect([lost, limiter.releases]).toEqual([[], 1]);
    }
  });

  it("is extended more often if the policy's time has become shorter", async () => {
    const limiter = new Limiter();
    keep(limiter);
    limiter.ttlMs = 3_000;
    await passMs(6_500);
    expect(limiter.extendedAtMs).toEqual([3_000, 4_000, 5_000, 6_000]);
  });

  it("is extended as before if the limiter's clock is set ahead, or the time has become longer", async () => {
    const limiter = new Limiter();
    keep(limiter);
    limiter.aheadMs += 86_400_000;
    limiter.ttlMs = 60_000;
    await passMs(9_500);
    expect(limiter.extendedAtMs).toEqual([3_000, 6_000, 9_000]);
  });

  it("is lost once, when the limiter says so, and released all the same", async () => {
    const limiter = new Limiter();
    const { kept, lost } = keep(limiter);
    limiter.isLost = true;
    await passMs(60_000);
    expect(lost).toMatchObject([{ fence: 7 }]);
    expect(limiter.extendedAtMs).toEqual([3_000]);
    await kept.release();
    await kept.release();
    expect(limiter.releases).toBe(1);
  });

  it("is not lost any more once it is released", async () => {
    const limiter = new Limiter();
    limiter.extendPermit = (): never => {
      throw new Error("no route");
    };
    const { kept, lost } = keep(limiter);
    await passMs(8_999);
    await kept.release();
    await passMs(60_000);
    expect(lost).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
