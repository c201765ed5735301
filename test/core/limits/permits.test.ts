import { describe, expect, test } from "vitest";

import { Permits, permits, type PermitFields } from "../../../src/core/limits/permits.ts";

/** So many permits for a second each, from 0 on. */
function permitsOf(capacity: number, fields: Partial<PermitFields> = {}): Permits {
  return Permits.start({ capacity, ttlMs: 1_000, ...fields }, 0);
}

describe("Permits", () => {
  test("are all free at first", () => {
    const limit = permitsOf(3);
    expect([limit.tokens, limit.missing, limit.nextGainAtMs]).toEqual([3, 0, Infinity]);
    expect(limit.msUntil(3, 0)).toBe(0);
    expect(limit.msUntil(4, 0)).toBe(Infinity);
  });

  test("come back when their time is up", () => {
    const limit = permitsOf(2);
    limit.take(1);
    limit.advance(300);
    limit.take(1);
    expect([limit.tokens, limit.nextGainAtMs]).toEqual([0, 1_000]);
    expect([limit.msUntil(1, 300), limit.msUntil(2, 300)]).toEqual([700, 1_000]);
    limit.advance(999);
    expect(limit.tokens).toBe(0);
    limit.advance(1_000);
    expect(limit.tokens).toBe(1);
    limit.advance(1_300);
    expect(limit.tokens).toBe(2);
  });

  test("come back early when they are released, and last longer when they are extended", () => {
    const limit = permitsOf(2);
    limit.take(2);
    limit.advance(400);
    limit.endLoan(1_000, 0, 1);
    expect(limit.tokens).toBe(1);
    limit.endLoan(1_000, 0, 1);
    limit.lend(1, limit.endAtMs);
    limit.advance(1_399);
    expect(limit.tokens).toBe(1);
    limit.advance(1_400);
    expect(limit.tokens).toBe(2);
  });

  test("don't come back twice", () => {
    const limit = permitsOf(2);
    limit.take(1);
    limit.advance(1_000);
    limit.endLoan(1_000, 0, 1);
    expect(limit.tokens).toBe(2);
  });

  test("stay lost if the clock goes back", () => {
    const limit = permitsOf(1);
    limit.take(1);
    limit.advance(1_000);
    limit.advance(500);
    expect([limit.tokens, limit.reachedAtMs, limit.endAtMs]).toEqual([1, 1_000, 2_000]);
  });

  test("have no end while they are bound", () => {
    const limit = permitsOf(2);
    limit.take(1);
    limit.bind(1_000);
    limit.advance(1_000);
    expect([limit.tokens, limit.missing, limit.nextGainAtMs]).toEqual([1, 1, Infinity]);
    expect([limit.msUntil(1, 1_000), limit.msUntil(2, 1_000)]).toEqual([0, Infinity]);
    expect(limit.copy().tokens).toBe(1);
    limit.endBound(1_000);
    limit.endBound(1_000);
    expect(limit.tokens).toBe(2);
  });

  test("are fewer than none after a lower max, of which none is taken away", () => {
    const limit = permitsOf(3);
    limit.take(3);
    limit.reconfigure({ capacity: 1, ttlMs: 5_000 }, 500);
    expect([limit.tokens, limit.missing]).toEqual([-2, 3]);
    expect(limit.msUntil(1, 0)).toBe(1_000);
    limit.advance(1_000);
    expect([limit.tokens, limit.endAtMs]).toEqual([1, 6_000]);
  });

  test("are in no state, so those that are out are restored one by one", () => {
    const limit = permitsOf(2);
    limit.advance(700);
    limit.take(2);
    const fields = { capacity: 2, ttlMs: 1_000 };
    const restored = Permits.from(fields, JSON.parse(JSON.stringify(limit)));
    expect([restored.tokens, restored.reachedAtMs]).toEqual([2, 700]);
    restored.lend(1, 1_700);
    expect([restored.tokens, restored.msUntil(2, 700)]).toEqual([1, 1_000]);
  });

  test.each([
    [{ kind: "bucket" }],
    [{ kind: "permits" }],
    [{ kind: "permits", startedAtMs: 0, reachedAtMs: 0.5 }],
    [{ kind: "permits", startedAtMs: "0", reachedAtMs: 0 }],
  ])("can't be restored from %j", (state) => {
    expect(() => Permits.from({ capacity: 1, ttlMs: 1_000 }, state)).toThrow(
      new RangeError(`Cannot restore permits from ${JSON.stringify(state)}`),
    );
  });

  test("pauses stop what comes in by time alone", () => {
    const limit = permitsOf(1);
    limit.take(1);
    expect([limit.pause(), limit.resume()]).toEqual([false, false]);
    limit.advance(1_000);
    expect(limit.tokens).toBe(1);
  });
});

describe("Permits.estimate", () => {
  test("is by their full time as long as none has come back early", () => {
    const limit = permitsOf(1);
    limit.take(1);
    expect(limit.estimate().msUntil(1, 0)).toBe(1_000);
  });

  test("is by how long they were held, of late more than before", () => {
    const limit = permitsOf(1);
    limit.noteHeld(100);
    limit.take(1);
    expect(limit.estimate().msUntil(1, 0)).toBe(100);
    limit.noteHeld(900);
    expect(limit.estimate().msUntil(1, 0)).toBe(200);
  });

  test("is soon for one that is held longer than others were, and never over", () => {
    const limit = permitsOf(1);
    limit.noteHeld(100);
    limit.take(1);
    limit.advance(600);
    expect(limit.estimate().msUntil(1, 600)).toBe(1);
  });

  test("is as long again for one that is bound and was held longer than others were", () => {
    const limit = permitsOf(1);
    limit.noteHeld(100);
    limit.take(1);
    limit.bind(1_000);
    expect(limit.estimate().msUntil(1, 0)).toBe(100);
    limit.advance(60_000);
    expect(limit.estimate().msUntil(1, 60_000)).toBe(100);
  });

  test("leaves the permits themselves alone", () => {
    const limit = permitsOf(1);
    limit.noteHeld(100);
    const estimate = limit.estimate();
    estimate.take(1);
    estimate.advance(100);
    expect([estimate.tokens, limit.tokens, limit.reachedAtMs]).toEqual([1, 1, 0]);
  });
});

test("permits are never written ahead: what an instance that is gone had would come back", () => {
  expect(permits.maxBatch({ capacity: 10_000, ttlMs: 1_000 })).toBe(0);
  expect(permits).toMatchObject({ name: "permits", forecast: "estimate", atLoanEnd: "returned" });
});
