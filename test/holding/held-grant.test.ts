import { describe, expect, it, vi } from "vitest";

import { HeldGrant } from "../../src/holding/held-grant.ts";

const expiresAtMs = 30_000;
const grant = { tokens: 5, grantedAtMs: 0, waitedMs: 0 };
const hold = { id: "h", expiresAtMs };
const permit = { id: "h", fence: 7, expiresAtMs };

function keeping(signal?: AbortSignal) {
  const calls: string[] = [];
  const reported: unknown[] = [];
  const verbs = {
    extendHold: () => ({ ok: true }) as const,
    settleHold: (id: string, used: unknown) => {
      calls.push(`settle ${id} ${JSON.stringify(used)}`);
      return { ok: true } as const;
    },
    extendPermit: () => ({ ok: true, expiresAtMs }) as const,
    releasePermit: (id: string): void => void calls.push(`release ${id}`),
  };
  const report = (error: unknown): void => void reported.push(error);
  return { calls, reported, verbs, report, askedAtMs: 0, holdMs: 60_000, signal };
}

describe("HeldGrant", () => {
  it("settles its hold and gives its permit back, once", async () => {
    const kept = keeping();
    const held = new HeldGrant({ ...grant, hold, permit }, kept);
    held.used(4);
    held.end();
    held.end();
    await held.ended;
    expect(kept.calls).toEqual(["settle h 4", "release h"]);
  });

  it("has nothing to end if nothing was left open", async () => {
    const kept = keeping();
    const held = new HeldGrant(grant, kept);
    expect(() => held.used(4)).toThrow(new TypeError("used needs a hold: ask for one with holdMs"));
    held.end();
    await held.ended;
    expect(kept.calls).toEqual([]);
  });

  it("takes any number if there was no bucket", () => {
    const held = new HeldGrant({ ...grant, isUnmetered: true }, keeping());
    expect(() => held.used(4)).not.toThrow();
  });

  it("aborts when its caller's signal does, also before", () => {
    const caller = new AbortController();
    const held = new HeldGrant(grant, keeping(caller.signal));
    expect(held.signal.aborted).toBe(false);
    caller.abort("left");
    expect(held.signal.reason).toBe("left");
    expect(new HeldGrant(grant, keeping(caller.signal)).signal.reason).toBe("left");
    held.end();
  });

  it("reports what can't be ended, and ends", async () => {
    const kept = keeping();
    kept.verbs.releasePermit = vi.fn<(id: string) => never>(() => {
      throw new Error("no route");
    });
    const held = new HeldGrant({ ...grant, hold, permit }, kept);
    held.end();
    await held.ended;
    expect(kept.calls).toEqual(["settle h {}"]);
    expect(kept.reported).toMatchObject([{ message: "no route" }]);
  });
});
