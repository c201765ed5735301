import { describe, expect, test } from "vitest";

import type { GrantRow } from "../../../src/core/holds/grant-row.ts";

import { Holds } from "../../../src/core/holds/holds.ts";
import { limitSpec } from "../../../src/core/limits/limit.ts";
import { LimitSet } from "../../../src/core/limits/limit-set.ts";
import { permits, PERMITS_LIMIT } from "../../../src/core/limits/permits.ts";
import { Policy } from "../../../src/core/policy.ts";

const plenty = { capacity: 10, refillTokens: 10, refillIntervalMs: 1_000, initialTokens: 10 };
const { limits: specs } = Policy.of({ ...plenty, limits: { tpm: plenty } });
const permitSpec = limitSpec(PERMITS_LIMIT, permits, { capacity: 2, ttlMs: 5_000 });

/** Two limits with permits behind them, and the books of what is open. */
function opened() {
  const limits = LimitSet.start([...specs, permitSpec], 0);
  let ids = 0;
  const holds = new Holds(() => `g${(ids += 1)}`);
  const open = (cost: readonly number[], holdMs?: number, sessionId?: string) => {
    limits.take(cost);
    return holds.open(limits, { cost, grantedAtMs: 0, holdMs, sessionId });
  };
  return { limits, holds, open };
}

describe("Holds.open", () => {
  test("gives a hold and a permit of one grant the same id, and writes one row", () => {
    const { holds, open } = opened();
    const { hold, permit } = open([2, 3, 1], 8_000);
    expect(hold).toEqual({ id: "g1", expiresAtMs: 8_000 });
    expect(permit).toMatchObject({ id: "g1", expiresAtMs: 5_000 });
    expect(holds.takeChanged()).toMatchObject([{ slot: 0, grant: { id: "g1" } }]);
    expect(holds.takeChanged()).toBeUndefined();
    expect(holds.hasRows).toBe(true);
    expect(holds.heldTokens(["rate", "tpm"], 0)).toEqual({ rate: 2, tpm: 3 });
    expect(holds.heldTokens(["rate", "tpm"], 8_000)).toEqual({ rate: 0, tpm: 0 });
    expect(holds.firstHoldEndAtMs).toBe(8_000);
  });
});

describe("Holds.change", () => {
  test("puts back what wasn't used, and says what is owed", () => {
    const { limits, holds, open } = opened();
    open([2, 3, 1], 8_000);
    const { answer, owed } = holds.change(limits, "g1", { used: { rate: 1, tpm: 7 } }, 100);
    expect(answer).toMatchObject({
      kind: "settled",
      settled: { returned: { rate: 1, tpm: 0 }, owed: { rate: 0, tpm: 4 }, settledAtMs: 100 },
    });
    expect(owed).toEqual({ tpm: 4 });
    expect(limits.all.map(({ tokens }) => tokens)).toEqual([9, 7, 1]);
    const again = holds.change(limits, "g1", { used: { rate: 1, tpm: 7 } }, 200);
    expect(again.answer).toEqual(answer);
    expect(again.owed).toBeUndefined();
  });

  test("knows no hold of a grant that has only a permit", () => {
    const { limits, holds, open } = opened();
    open([1, 1, 1]);
    expect(holds.change(limits, "g1", { used: 1 }, 0).answer).toEqual({ kind: "unknown-hold" });
    expect(holds.drop(limits, "nobody", 0).answer).toEqual({ kind: "unknown-hold" });
  });
});

describe("Holds.extendPermit and Holds.releasePermit", () => {
  test("keep a permit, and give it back once", () => {
    const { limits, holds, open } = opened();
    open([1, 1, 1]);
    limits.advance(4_000);
    expect(holds.extendPermit(limits, "g1")).toMatchObject({ permit: { expiresAtMs: 9_000 } });
    expect(limits.permits?.tokens).toBe(1);
    expect(holds.oldestPermitAtMs(4_000)).toBe(0);
    expect(holds.releasePermit(limits, "g1", 4_500)).toBe(true);
    expect(holds.releasePermit(limits, "g1", 4_500)).toBe(false);
    expect(limits.permits?.tokens).toBe(2);
    expect(holds.extendPermit(limits, "g1")).toEqual({ kind: "permit-lost" });
  });
});

describe("Permits of sessions", () => {
  test("belong to the session that extended them last, or to none", () => {
    const { limits, holds, open } = opened();
    open([1, 1, 1], undefined, "s1");
    holds.takeChanged();
    const permitOf = () => holds.takeChanged()?.map(({ grant }) => grant.permit);
    limits.advance(4_000);
    const extended = { permit: { expiresAtMs: 9_000 } };
    expect(holds.extendPermit(limits, "g1", "s1")).toMatchObject(extended);
    expect(permitOf()).toBeUndefined();
    expect(holds.extendPermit(limits, "g1", "s2")).toMatchObject(extended);
    expect(permitOf()).toEqual([{ expiresAtMs: 9_000, sessionId: "s2" }]);
    limits.advance(20_000);
    expect(limits.permits?.tokens).toBe(1);
    expect(holds.extendPermit(limits, "g1")).toMatchObject({ permit: { expiresAtMs: 25_000 } });
    expect(permitOf()).toEqual([{ expiresAtMs: 25_000 }]);
    limits.advance(25_000);
    expect(limits.permits?.tokens).toBe(2);
    expect(holds.extendPermit(limits, "g1", "s2")).toEqual({ kind: "permit-lost" });
  });

  test("come back when the session ends, or a while after", () => {
    const { limits, holds, open } = opened();
    open([1, 1, 1], undefined, "s1");
    open([1, 1, 1], undefined, "s2");
    limits.advance(8_000);
    const now = { endAtMs: 8_000, nowMs: 8_000 };
    expect(holds.endSessions(limits, (id) => id === "nobody", now)).toBe(false);
    expect(holds.endSessions(limits, (id) => id === "s1", now)).toBe(true);
    expect(limits.permits?.tokens).toBe(1);
    const later = { endAtMs: 9_000, nowMs: 8_000 };
    expect(holds.endSessions(limits, (id) => id === "s2", later)).toBe(true);
    expect(limits.permits?.tokens).toBe(1);
    expect(holds.takeChanged()?.map(({ grant }) => grant.permit)).toEqual([
      undefined,
      { expiresAtMs: 9_000 },
    ]);
    limits.advance(9_000);
    expect(limits.permits?.tokens).toBe(2);
  });

  test("are released as any other", () => {
    const { limits, holds, open } = opened();
    open([1, 1, 1], undefined, "s1");
    expect(holds.releasePermit(limits, "g1", 100)).toBe(true);
    expect(limits.permits?.tokens).toBe(2);
  });

  test("still have no end after a restart", () => {
    const { limits, holds, open } = opened();
    open([1, 1, 1], undefined, "s1");
    limits.advance(60_000);
    const rows: GrantRow[] = JSON.parse(JSON.stringify(holds.takeChanged()));
    const restored = LimitSet.restore([...specs, permitSpec], limits.toJSON());
    const others = new Holds(() => "other");
    others.restore(rows, restored, {});
    restored.advance(120_000);
    expect(restored.permits?.tokens).toBe(1);
    expect(others.releasePermit(restored, "g1", 120_000)).toBe(true);
    expect(restored.permits?.tokens).toBe(2);
  });
});

describe("Holds.restore", () => {
  test("goes on with what rows describe", () => {
    const { limits, holds, open } = opened();
    open([2, 3, 1], 8_000);
    const rows: GrantRow[] = JSON.parse(JSON.stringify(holds.takeChanged()));
    const restored = LimitSet.restore([...specs, permitSpec], limits.toJSON());
    const others = new Holds(() => "other");
    others.restore(rows, restored, {});
    expect(others.heldTokens(["rate"], 0)).toEqual({ rate: 2 });
    expect(restored.permits?.tokens).toBe(1);
    expect(others.drop(restored, "g1", 100).answer).toMatchObject({
      settled: { returned: { rate: 2, tpm: 3 } },
    });
  });
});
