/** How work ends under a hold is in test/local/with-hold.test.ts, and over a network in test/client/holds. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { workUnder } from "../../src/holding/held-work.ts";

const grant = { tokens: 5, grantedAtMs: 0, waitedMs: 0, hold: { id: "h", expiresAtMs: 60_000 } };

/** Settles after `durationMs`. */
function keeping(durationMs: number) {
  return {
    askedAtMs: performance.now(),
    holdMs: 60_000,
    signal: undefined,
    report: (): void => undefined,
    verbs: {
      extendHold: () => ({ ok: true }) as const,
      settleHold: async () => {
        await new Promise((resolve) => {
          setTimeout(resolve, durationMs);
        });
        return { ok: true } as const;
      },
      extendPermit: () => ({ ok: false }) as const,
      releasePermit: (): void => undefined,
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("workUnder", () => {
  it("waits for the settle, so that the next call finds what has come back", async () => {
    let isDone = false;
    const working = workUnder(grant, keeping(1_500), ({ id, fence }) => [id, fence]);
    void working.finally(() => (isDone = true));
    await vi.advanceTimersByTimeAsync(1_499);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await working).toEqual({ ok: true, value: ["h", 0] });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for two seconds at most, and says what goes on", async () => {
    const waitUntil = vi.fn<(ended: Promise<void>) => void>();
    const working = workUnder(grant, keeping(9_000), () => "answer", waitUntil);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await working).toEqual({ ok: true, value: "answer" });
    const ended = vi.fn<() => void>();
    void waitUntil.mock.calls[0]?.[0].then(ended);
    await vi.advanceTimersByTimeAsync(6_999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalledTimes(1);
  });
});
