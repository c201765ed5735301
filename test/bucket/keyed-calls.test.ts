import { describe, expect, it } from "vitest";

import type { Outcome } from "../../src/core/outcome.ts";
import type { Settlement } from "../../src/core/turn.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { Caller } from "../../src/bucket/caller.ts";
import { entriesOf } from "../../src/bucket/idempotency-store.ts";
import { KeyedCalls } from "../../src/bucket/keyed-calls.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { Policy } from "../../src/core/policy.ts";

const NOW_MS = 1_795_425_904_000;
/** Whose grants are all open. */
const limiter = { isOpen: () => true };
const policy = Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 });
const call: AcquireCall = {
  bucket: "x",
  policy: { name: "*", ...policy.toJSON() },
  tokens: 1,
  idempotencyKey: "a",
};
const grant = { ok: true, tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: NOW_MS } as const;
const granted = [
  { caller: new Caller(call, 60_000, { answered: () => undefined }), outcome: grant },
];
const arrival = { queuedAtMs: NOW_MS, deadlineAtMs: NOW_MS + 60_000 };

function inMemory(): { calls: KeyedCalls; stored: Map<number, string> } {
  const stored = new Map<number, string>();
  const calls = new KeyedCalls({
    list: () => stored,
    put: (slot, row) => void stored.set(slot, row),
    earlier: { list: () => [], delete: () => undefined },
  });
  return { calls, stored };
}

/** A caller that waits in a queue. */
function waiting(): Caller {
  const limiter = new Limiter<Caller>(policy);
  const caller = new Caller(call, 60_000, { answered: () => undefined });
  limiter.acquire({ caller, tokens: 1, timeoutMs: 0 }, NOW_MS);
  caller.waiter = limiter.acquire({ caller, tokens: 1, timeoutMs: 60_000 }, NOW_MS).waiter;
  expect(caller.waiter).toBeDefined();
  return caller;
}

describe("KeyedCalls", () => {
  it("knows nothing of a grant whose permit is over, or hold settled", () => {
    const { calls } = inMemory();
    calls.settled(granted, NOW_MS);
    const over = { isOpen: () => false };
    expect(calls.find("a", call, over, NOW_MS)).toBeUndefined();
    expect(calls.find("a", { ...call, tokens: 2 }, over, NOW_MS)).toBeUndefined();
    expect(calls.isGranted("a", over, NOW_MS)).toBe(false);
  });

  it("knows nothing of a new key", () => {
    const { calls } = inMemory();
    expect(calls.find("a", call, limiter, NOW_MS)).toBeUndefined();
    expect(calls.isGranted("a", limiter, NOW_MS)).toBe(false);
  });

  it("finds a grant, for ten minutes", () => {
    const { calls, stored } = inMemory();
    calls.settled(granted, NOW_MS);
    expect([...stored].map(([slot, row]) => [slot, entriesOf(row)])).toEqual([
      [0, [["a", { asked: { tokens: 1 }, grant }]]],
    ]);
    expect(calls.find("a", call, limiter, NOW_MS + 599_999)).toEqual({ kind: "granted", grant });
    expect(calls.find("a", call, limiter, NOW_MS + 600_000)).toBeUndefined();
  });

  it("writes down the grants of a turn that have a key, in one row, and nothing else", () => {
    const { calls, stored } = inMemory();
    const { idempotencyKey: _, ...keyless } = call;
    const settlementOf = (asked: AcquireCall, outcome: Outcome): Settlement<Caller> => {
      return { caller: new Caller(asked, 60_000, { answered: () => undefined }), outcome };
    };
    const timeout = { ok: false, reason: "timeout" } as const;
    calls.settled([settlementOf(keyless, grant), settlementOf(call, timeout)], NOW_MS);
    expect(stored.size).toBe(0);
    const b = { ...call, idempotencyKey: "b" };
    calls.settled(
      [settlementOf(call, grant), settlementOf(keyless, grant), settlementOf(b, grant)],
      NOW_MS,
    );
    expect([...stored.values()].map((row) => entriesOf(row).map(([key]) => key))).toEqual([
      ["a", "b"],
    ]);
  });

  it("finds a caller that waits, until it no longer does", () => {
    const { calls } = inMemory();
    const caller = waiting();
    calls.arrived("a", caller);
    expect(calls.find("a", call, limiter, NOW_MS)).toEqual({ kind: "waiting", caller });
    calls.forget(caller);
    expect(calls.find("a", call, limiter, NOW_MS)).toBeUndefined();
  });

  it("keeps the newer of two callers with one key when the older is forgotten", () => {
    const { calls } = inMemory();
    const [older, newer] = [waiting(), waiting()];
    calls.arrived("a", older);
    calls.arrived("a", newer);
    calls.forget(older);
    expect(calls.waiting("a")).toBe(newer);
  });

  it("finds the place of a caller that left, for 30 seconds, but not for a requeued call", () => {
    const { calls } = inMemory();
    calls.disconnected(call, { timeoutMs: 60_000, arrival }, NOW_MS);
    const place = { asked: { tokens: 1 }, timeoutMs: 60_000, arrival };
    expect(calls.find("a", call, limiter, NOW_MS + 30_000)).toEqual({ kind: "absent", place });
    expect(calls.find("a", call, limiter, NOW_MS + 30_001)).toBeUndefined();
    const requeued = { ...call, requeued: { arrivedAtMs: NOW_MS, elapsedMs: 0 } };
    expect(calls.find("a", requeued, limiter, NOW_MS)).toBeUndefined();
  });

  it("gives up the place of a caller that has arrived again", () => {
    const { calls } = inMemory();
    calls.disconnected(call, { timeoutMs: 60_000, arrival }, NOW_MS);
    const returned = new Caller(call, 60_000, { answered: () => undefined });
    calls.arrived("a", returned);
    calls.forget(returned);
    expect(calls.find("a", call, limiter, NOW_MS)).toBeUndefined();
  });

  it("remembers nothing of a call without a key", () => {
    const { calls } = inMemory();
    const { idempotencyKey: _, ...keyless } = call;
    calls.disconnected(keyless, { timeoutMs: 60_000, arrival }, NOW_MS);
    expect(calls.find("undefined", call, limiter, NOW_MS)).toBeUndefined();
  });

  it.each([{ tokens: 2 }, { timeoutMs: 5 }])("refuses the key for another request: %j", (other) => {
    const { calls } = inMemory();
    calls.settled(granted, NOW_MS);
    expect(calls.find("a", { ...call, ...other }, limiter, NOW_MS)).toEqual({ kind: "reused" });
  });

  it("cancels a key for 10 seconds, before everything else that is known of it", () => {
    const { calls } = inMemory();
    calls.disconnected(call, { timeoutMs: 60_000, arrival }, NOW_MS);
    expect(calls.cancel("a", NOW_MS)).toMatchObject({ arrival });
    expect(calls.cancel("b", NOW_MS)).toBeUndefined();
    calls.settled(granted, NOW_MS);
    expect(calls.find("a", call, limiter, NOW_MS + 10_000)).toEqual({ kind: "cancelled" });
    expect(calls.find("a", call, limiter, NOW_MS + 10_001)).toEqual({ kind: "granted", grant });
  });

  it("forgets absent and cancelled calls, and with all storage the grants", () => {
    const { calls, stored } = inMemory();
    calls.settled(granted, NOW_MS);
    calls.cancel("a", NOW_MS);
    calls.forgetAbsent();
    expect(calls.find("a", call, limiter, NOW_MS)).toEqual({ kind: "granted", grant });
    stored.clear();
    calls.forgetAll();
    expect(calls.find("a", call, limiter, NOW_MS)).toBeUndefined();
  });
});
