/**
 * `Limiter.copy` under random histories: copies and the original do the same from there on, turn by turn, and none of
 * them notices the others.
 */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { HolderTurn, Turn } from "../../src/core/turn.ts";
import type { LimiterPolicy } from "../../src/core/limiter-state.ts";
import type { Cost } from "../../src/core/limits/cost.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";
import type { Operation, Scale } from "../../kit/model/holding-steps.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { anyPolicyOf, anyStepOf, callOf, large, small } from "../../kit/model/holding-steps.ts";
import { epochMs, placesOf, policyOf, Scene, sceneOf } from "../../kit/model/limiters.ts";
import { runs, timesSeen } from "../../kit/runs.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 300_000 });

type AnyLimiter = Limiter<string, LimiterPolicy>;

/** Ids of holds and permits in order. What a copy opens has the ids that the original would have given. */
class Ids {
  next = 0;

  readonly make = (): string => {
    this.next += 1;
    return `g${this.next}`;
  };
}

/** Lets things happen to a limiter, and shows all that there is to see of it. */
class Player {
  readonly limiter: AnyLimiter;
  readonly #ids: Ids;
  #nextId: number;
  #nowMs: number;
  #callers: number;
  #isBatch: boolean;
  /** Everybody who has waited, and its place, as long as it may come back. */
  readonly #away: Waiter<string>[];
  /** What holds have reserved, by id. */
  readonly #holds: Map<string, Readonly<Record<string, number>>>;

  constructor(limiter: AnyLimiter, ids: Ids, from?: Player) {
    this.limiter = limiter;
    this.#ids = ids;
    this.#nextId = from ? from.#nextId : 0;
    this.#nowMs = from ? from.#nowMs : epochMs;
    this.#callers = from ? from.#callers : 0;
    this.#isBatch = from ? from.#isBatch : false;
    this.#away = from ? [...from.#away] : [];
    this.#holds = from ? new Map(from.#holds) : new Map();
  }

  /** Another one, at the same point of its history, with a copy of the limiter. */
  fork(): Player {
    return new Player(this.limiter.copy(), this.#ids, this);
  }

  /** What happens, step by step, and everything that is seen after each. */
  playAll(history: readonly Operation[]): string[] {
    return history.map((operation) => `${this.#play(operation)} ${this.seen}`);
  }

  get seen(): string {
    const { limiter } = this;
    const { nextWakeAtMs, isOwing, lastFence, passedAtMs, hasGrantRows } = limiter;
    return textOf({
      places: [...limiter.places()].map(({ waiter, position, grantAtMs, estimate }) => {
        return [shownWaiter(waiter), position, grantAtMs, estimate];
      }),
      last: limiter.lastPlace?.grantAtMs,
      view: limiter.inspect(this.#nowMs),
      state: limiter.toJSON(),
      stats: limiter.stats(),
      others: { nextWakeAtMs, isOwing, lastFence, passedAtMs, hasGrantRows },
    });
  }

  #play(operation: Operation): string {
    this.#ids.next = this.#nextId;
    const done = this.#perform(operation);
    this.#nextId = this.#ids.next;
    if (!done) return operation.kind;
    const { turn, answer } = "turn" in done ? done : { turn: done, answer: undefined };
    const { waiter, cancelled, settled } = turn;
    for (const { caller, outcome } of settled) {
      if (outcome.ok && outcome.hold) this.#holds.set(outcome.hold.id, reservedBy(caller));
    }
    const [joined, left] = [waiter && shownWaiter(waiter), cancelled && shownWaiter(cancelled)];
    return textOf({ kind: operation.kind, ...turn, waiter: joined, cancelled: left, answer });
  }

  #perform(operation: Operation): Turn<string> | HolderTurn<string, unknown> | undefined {
    const { limiter } = this;
    const nowMs = this.#nowMs;
    switch (operation.kind) {
      case "acquire": {
        this.#callers += 1;
        const { ask, sessionId } = operation;
        const timeoutMs = Math.min(operation.timeoutMs, limiter.policy.maxWaitMs);
        const caller = JSON.stringify({ ask, sessionId, number: this.#callers });
        const { holdMs } = operation;
        return limiter.acquire({ caller, tokens: this.#costOf(caller), timeoutMs, holdMs }, nowMs);
      }
      case "cancel": {
        const waiter = pickOf([...limiter.places()], operation.pick)?.waiter;
        if (!waiter) return undefined;
        this.#away.push(waiter);
        return limiter.cancel(waiter, nowMs);
      }
      case "come back": {
        const [waiter] = this.#away.splice(operation.pick % Math.max(1, this.#away.length), 1);
        if (!waiter) return undefined;
        return limiter.comeBack({ ...waiter, tokens: this.#costOf(waiter.caller) }, nowMs);
      }
      case "settle":
      case "spend":
      case "drop":
      case "extend": {
        const [id, reserved] = pickOf([...this.#holds], operation.pick) ?? [];
        if (id === undefined || !reserved) return undefined;
        if (operation.kind === "drop") return limiter.dropHold(id, nowMs);
        return limiter.changeHold(id, callOf(operation, reserved), nowMs);
      }
      case "release":
        return limiter.releasePermit(`g${1 + (operation.pick % (this.#nextId + 1))}`, nowMs);
      case "extend permit": {
        const id = `g${1 + (operation.pick % (this.#nextId + 1))}`;
        return limiter.extendPermit(id, nowMs, operation.sessionId);
      }
      case "end session":
        return limiter.endSessions((id) => id === operation.sessionId, nowMs);
      case "lend": {
        const ask = { wanted: operation.count, uses: [], granted: 0 };
        return limiter.lend(ask, nowMs);
      }
      case "pause": {
        const { tokens, names: limits } = operation;
        return limiter.pause({ untilMs: nowMs + operation.ms, tokens, limits }, nowMs);
      }
      case "resume":
        return limiter.resume(nowMs, operation.names);
      case "change":
        return limiter.setPolicy(operation.policy, nowMs, (caller) => this.#costOf(caller));
      case "pass":
        this.#nowMs += operation.ms;
        return limiter.advance(this.#nowMs);
      case "jump":
        this.#nowMs += operation.ms;
        break;
      case "probe":
        this.#isBatch = !this.#isBatch;
        if (!this.#isBatch) return limiter.endBatch(nowMs);
        limiter.beginBatch();
        break;
      // What happens to the machine, and what needs the time of a lease.
      case "crash":
      case "sleep":
      case "forget":
      case "put back":
      case "grant from a lease":
        break;
    }
    return undefined;
  }

  #costOf(caller: string): Cost {
    const ask = reservedBy(caller);
    const cost = this.limiter.policy.limits.map(({ name }) => ask[name] ?? 0);
    return cost.some((tokens) => tokens > 0) ? cost : cost.map(() => 1);
  }
}

function reservedBy(caller: string): Readonly<Record<string, number>> {
  const { ask }: { ask: Record<string, number> } = JSON.parse(caller);
  return ask;
}

/** A waiter without its neighbours. */
function shownWaiter(waiter: Waiter<string>): object {
  const { caller, tokens, queuedAtMs, deadlineAtMs, holdMs, arrivalNumber } = waiter;
  const { owed, behindLater } = waiter;
  const times = { queuedAtMs, deadlineAtMs, holdMs, arrivalNumber };
  return { caller, tokens, ...times, owed, behindLater };
}

/** As JSON, but with instants that never come. */
function textOf(value: object): string {
  return JSON.stringify(value, (_, member: unknown) => {
    return member === Infinity ? "never" : member;
  });
}

function pickOf<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % Math.max(1, items.length)];
}

const scales: readonly (readonly [string, Scale])[] = [
  ["small numbers, and debts", small],
  ["large numbers, and batches", large],
];

test.each(scales)("Limiter.copy does as the original does: %s", (_, scale) => {
  const seen = new Map<string, number>();
  const note = (what: string, isThere: boolean): void => {
    if (isThere) seen.set(what, (seen.get(what) ?? 0) + 1);
  };
  const anyHistory = fc.array(anyStepOf(scale), { minLength: 10, maxLength: 50, size: "max" });
  fc.assert(
    fc.property(anyPolicyOf(scale), anyHistory, anyHistory, (policy, before, after) => {
      const ids = new Ids();
      const options = {
        newId: ids.make,
        sessionOf: (caller: string): string | undefined => JSON.parse(caller).sessionId,
      };
      const original = new Player(new Limiter<string, LimiterPolicy>(policy, options), ids);
      original.playAll(before);
      const [early, late] = [original.fork(), original.fork()];
      const state = original.seen;
      expect(early.seen).toEqual(state);

      const ofCopy = early.playAll(after);
      expect(original.seen).toEqual(state);
      const ofOriginal = original.playAll(after);
      expect(ofCopy).toEqual(ofOriginal);
      // What the others did has touched it as little, and a copy of a copy is one.
      expect(late.seen).toEqual(state);
      expect(late.fork().playAll(after)).toEqual(ofOriginal);

      const { waiters, policy: now } = late.limiter;
      note("waiting", waiters > 1);
      note("permits", now.concurrency !== undefined && waiters > 0);
      note("grant rows", late.limiter.hasGrantRows);
      note("paused", state.includes('"pausedUntilMs"'));
      note("lent", state.includes('"leased"'));
    }),
    { numRuns: runs(1_000) },
  );
  for (const what of ["waiting", "permits", "grant rows", "paused", "lent"]) {
    expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(5));
  }
});

describe("Limiter.copy", () => {
  test("has the same callers in places of its own", () => {
    const scene = sceneOf("Ann", "Bob");
    const copy = scene.limiter.copy();
    expect([...copy.places()].map(({ waiter }) => waiter.caller)).toEqual(["Ann", "Bob"]);
    expect(copy.isWaiting(scene.waiter("Ann"))).toBe(false);
    expect(copy.cancel(scene.waiter("Ann"), epochMs + 3).cancelled).toBeUndefined();
    const [head] = copy.places();
    expect(head && copy.cancel(head.waiter, epochMs + 3).cancelled?.caller).toBe("Ann");
    expect(placesOf(scene)).toEqual(["Ann 1 at 1000", "Bob 2 at 2000"]);
  });

  test("takes what is owed behind its own waiters", () => {
    const scene = new Scene({ capacity: 5, hold: { maxMs: 60_000 } });
    scene.acquire(0, "Ann", { holdMs: 60_000 });
    scene.acquire(0, "Bob");
    scene.changeHold(10, "g1", { used: 3 });
    expect(scene.limiter.isOwing).toBe(true);
    const copy = scene.limiter.copy();
    expect(copy.isOwing).toBe(true);
    copy.advance(epochMs + 1_000);
    expect(copy.isOwing).toBe(false);
    expect(copy.inspect(epochMs + 1_000).owedTokens).toEqual({ rate: 2 });
    expect(scene.limiter.isOwing).toBe(true);
    expect(scene.advance(1_000)).toEqual(["Bob granted 1 at 1000 after 1000, 0 left"]);
    expect(scene.inspect(1_000).owedTokens).toEqual({ rate: 2 });
  });

  test("shows what a change would do, and the original goes on as before", () => {
    const scene = new Scene({ capacity: 5, maxWaitMs: 60_000 });
    scene.acquire(0, "Ann", { tokens: 1 });
    scene.acquire(0, "Bob", { tokens: 4 });
    scene.acquire(0, "Cid", { tokens: 1 });
    const copy = scene.limiter.copy();
    const changed = policyOf({ capacity: 3, refillIntervalMs: 2_000 });
    const { settled } = copy.setPolicy(changed, epochMs + 10);
    expect(settled).toMatchObject([
      { caller: "Bob", outcome: { ok: false, reason: "exceeds-capacity" } },
    ]);
    const places = [...copy.places()].map(({ waiter, grantAtMs }) => [waiter.caller, grantAtMs]);
    expect(places).toEqual([["Cid", epochMs + 2_000]]);
    expect(placesOf(scene)).toEqual(["Bob 1 at 4000", "Cid 2 at 5000"]);
    expect(scene.inspect(10)).toMatchObject({ waiters: 2, refused: 0 });
  });
});
