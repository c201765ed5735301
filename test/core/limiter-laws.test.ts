/**
 * Laws of the limiter, over whatever fast-check draws. A failure prints the seed and the smallest
 * history in which it was found; one worth keeping becomes a row in limiter.test.ts.
 */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { Settlement } from "../../src/core/turn.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { FaultyOperation, Operation } from "../../kit/model/arbitraries.ts";
import type { ReferencePolicy, ReferenceSettlement } from "../../kit/model/reference-model.ts";

import { Limiter } from "../../src/core/limiter.ts";
import {
  anyFaultyOperation,
  anyOperation,
  anyPausingOperation,
  anyPlainOperation,
  anyPolicy,
  anyTokens,
  foldTokens,
  historyOf,
} from "../../kit/model/arbitraries.ts";
import { epochMs } from "../../kit/model/limiters.ts";
import { OnDemandLimiter } from "../../kit/model/on-demand.ts";
import { ReferenceModel } from "../../kit/model/reference-model.ts";
import { VirtualOwner, windowsWithTooMuch } from "../../kit/model/virtual-time.ts";
import { runs, timesSeen } from "../../kit/runs.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";

function grantedTokensOf(settled: readonly Settlement<string>[]): number {
  return settled.reduce((sum, { outcome }) => sum + (outcome.ok ? outcome.tokens : 0), 0);
}

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 60_000 });

/** Does the same to a limiter and to the reference, and returns what the reference told. */
function performBoth(
  actual: OnDemandLimiter,
  model: ReferenceModel,
  operation: Operation,
): ReferenceSettlement[] {
  const { policy } = actual.limiter;
  switch (operation.kind) {
    case "acquire":
    case "put back": {
      const tokens = foldTokens(policy, operation.tokens);
      const timeoutMs = Math.min(operation.timeoutMs, policy.maxWaitMs);
      const firstArrivalMs =
        operation.kind === "put back" ? actual.nowMs - operation.agoMs : undefined;
      if (operation.kind === "acquire" && operation.isDaemonFirst) actual.wake();
      const caller = actual.acquire(tokens, timeoutMs, firstArrivalMs);
      const requeued = firstArrivalMs === undefined ? {} : { firstArrivalMs };
      return model.acquire({ caller, tokens, timeoutMs, ...requeued }, actual.nowMs);
    }
    case "oversize": {
      actual.wake();
      const tokens = policy.capacity + 1;
      const caller = actual.acquire(tokens, 0);
      return model.acquire({ caller, tokens, timeoutMs: 0 }, actual.nowMs);
    }
    case "cancel": {
      actual.wake();
      const waiter = actual.cancel(operation.pick);
      return waiter ? model.cancel(waiter.caller, actual.nowMs) : [];
    }
    case "come back": {
      actual.wake();
      const returner = actual.comeBack(operation.pick);
      return returner ? model.comeBack(returner.caller, actual.nowMs) : [];
    }
    case "change":
      actual.setPolicy(operation.policy);
      return model.setPolicy(referencePolicyOf(operation.policy), actual.nowMs);
    case "pause": {
      actual.wake();
      const pause = { untilMs: actual.nowMs + operation.forMs, tokens: operation.tokens };
      actual.pause(pause);
      return model.pause(pause, actual.nowMs);
    }
    case "lift":
      actual.wake();
      actual.resume();
      model.resume();
      break;
    case "pass":
    case "pass to wake":
      actual.passTo(actual.instantOf(operation));
      break;
  }
  return model.tickUntil(actual.nowMs);
}

function referencePolicyOf(policy: Policy): ReferencePolicy {
  const { queueLimit, maxWaitMs } = policy;
  return { ...bucketFieldsOf(policy), queueLimit, maxWaitMs };
}

test("a daemon on demand equals one that ticks for ever, over 10,000 operations", () => {
  let operations = 0;
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyPolicy, historyOf(anyOperation), (policy, history) => {
      const actual = new OnDemandLimiter(new Limiter(policy));
      const model = new ReferenceModel(referencePolicyOf(policy));
      const expected: ReferenceSettlement[] = [];
      const compare = (): void => {
        expect(actual.settled).toEqual(expected);
        const { nowMs, limiter } = actual;
        expect(limiter.inspect(nowMs)).toEqual(model.view(nowMs));
        expect(limiter.nextWakeAtMs).toBe(model.nextGrantAtMs(nowMs));
      };
      for (const operation of history) {
        expected.push(...performBoth(actual, model, operation));
        // A wake-up that falls on this instant may be left to the next operation.
        if (!actual.isDue) compare();
        operations += 1;
      }
      actual.wake();
      actual.finish();
      expected.push(...model.tickUntil(actual.nowMs));
      compare();

      const callers = actual.settled.map(({ caller }) => caller);
      expect(new Set(callers).size, "a caller was settled twice").toBe(callers.length);
      expect(grantedTokensOf(actual.settled)).toBe(model.grantedTokens);
      expect(model.unaccountedTokens).toBe(0);
      for (const { outcome } of actual.settled) {
        seen.add(outcome.ok ? `waited: ${outcome.waitedMs > 0}` : outcome.reason);
      }
    }),
    // Not fewer, whatever the lane: it is promised over so many operations.
    { numRuns: 500 },
  );
  expect(operations).toBeGreaterThanOrEqual(10_000);
  expect(seen).toEqual(
    new Set(["waited: true", "waited: false", "timeout", "queue-full", "exceeds-capacity"]),
  );
});

function historyWithFaults(policy: Policy, history: readonly FaultyOperation[]): VirtualOwner {
  const owner = new VirtualOwner(policy, epochMs);
  for (const operation of history) {
    switch (operation.kind) {
      case "acquire":
        owner.acquire(foldTokens(policy, operation.tokens), operation.timeoutMs);
        break;
      case "cancel":
        owner.cancel(operation.pick);
        break;
      case "pass":
        owner.pass(operation.ms, operation.lateMs);
        break;
      case "jump":
        owner.jump(operation.ms);
        break;
      case "crash":
        owner.crash(operation.losesATurn);
        break;
      case "put back":
        owner.requeue(operation.count);
        break;
      case "come back":
        owner.comeBack(operation.pick);
        break;
      case "pause":
        owner.pause(operation.forMs, operation.tokens);
        break;
      case "lift":
        owner.resume();
        break;
    }
  }
  return owner;
}

describe("with a late daemon, a clock that jumps, and crashes", () => {
  test("no window of any length is granted more than the policy allows", () => {
    let grants = 0;
    fc.assert(
      fc.property(anyPolicy, historyOf(anyFaultyOperation), (policy, history) => {
        const owner = historyWithFaults(policy, history);
        owner.finish();
        expect(windowsWithTooMuch(policy, owner.grants)).toEqual([]);
        grants += owner.grants.length;
      }),
      { numRuns: runs(1_500) },
    );
    expect(grants).toBeGreaterThanOrEqual(timesSeen(10_000));
  });

  test("a pause lets no more through than it keeps, and then one tick at a time", () => {
    let pauses = 0;
    fc.assert(
      fc.property(anyPolicy, historyOf(anyFaultyOperation), (policy, history) => {
        const owner = historyWithFaults(policy, history);
        owner.finish();
        expect(owner.leaks).toEqual([]);
        pauses += owner.pauses;
      }),
      { numRuns: runs(1_000) },
    );
    expect(pauses).toBeGreaterThanOrEqual(timesSeen(500));
  });

  test("nobody is granted past somebody in front", () => {
    fc.assert(
      fc.property(anyPolicy, historyOf(anyFaultyOperation), (policy, history) => {
        const owner = historyWithFaults(policy, history);
        owner.finish();
        expect(owner.overtakings).toEqual([]);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test("everybody is settled exactly once", () => {
    fc.assert(
      fc.property(anyPolicy, historyOf(anyFaultyOperation), (policy, history) => {
        const owner = historyWithFaults(policy, history);
        owner.finish();
        expect([...owner.settlements].filter(([, times]) => times !== 1)).toEqual([]);
      }),
      { numRuns: runs(1_000) },
    );
  });

  test("a retry-after is never too early once the faults are over", () => {
    let promises = 0;
    fc.assert(
      fc.property(anyPolicy, historyOf(anyFaultyOperation), anyTokens, (policy, history, drawn) => {
        const owner = historyWithFaults(policy, history);
        owner.requeueAll();
        const tokens = foldTokens(policy, drawn);
        const refusal = owner.probe(tokens);
        if (refusal.ok) return;
        promises += 1;
        owner.pass(Number(refusal.retryAfterMs) - 1, 0);
        expect(owner.probe(tokens)).toEqual({ ok: false, reason: "timeout", retryAfterMs: 1 });
        owner.pass(1, 0);
        expect(owner.probe(tokens)).toMatchObject({ ok: true });
      }),
      { numRuns: runs(1_500) },
    );
    expect(promises).toBeGreaterThanOrEqual(timesSeen(50));
  });
});

test("a refused request is refused until the promised instant, and granted at it", () => {
  let promises = 0;
  fc.assert(
    fc.property(
      anyPolicy,
      historyOf(anyPausingOperation),
      anyTokens,
      fc.boolean(),
      (policy, history, drawn, mayWait) => {
        const world = new OnDemandLimiter(new Limiter(policy));
        for (const operation of history) world.perform(operation);
        world.wake();
        const tokens = foldTokens(policy, drawn);
        const tryAt = (atMs: number) => {
          world.passTo(atMs);
          world.wake();
          return world.limiter.acquire({ caller: "again", tokens, timeoutMs: 0 }, atMs).settled[0]
            ?.outcome;
        };

        const timeoutMs = mayWait ? policy.maxWaitMs : 0;
        const asked = world.limiter.acquire({ caller: "first", tokens, timeoutMs }, world.nowMs);
        const refusal = asked.settled[0]?.outcome;
        if (!refusal || refusal.ok) return;
        promises += 1;
        const promisedAtMs = world.nowMs + Number(refusal.retryAfterMs);
        for (let atMs = world.nowMs; atMs < promisedAtMs;) {
          const retryAfterMs = promisedAtMs - atMs;
          expect(tryAt(atMs)).toEqual({ ok: false, reason: "timeout", retryAfterMs });
          const { nextTickAtMs } = world.limiter.inspect(atMs);
          expect(nextTickAtMs).toBeGreaterThan(atMs);
          // The last millisecond before a tick and the tick itself: nothing happens in between.
          atMs = nextTickAtMs - 1 > atMs ? nextTickAtMs - 1 : nextTickAtMs;
        }
        expect(tryAt(promisedAtMs)).toMatchObject({ ok: true, grantedAtMs: promisedAtMs });
      },
    ),
    { numRuns: runs(400) },
  );
  expect(promises).toBeGreaterThanOrEqual(timesSeen(50));
});

test("a limiter restored at any point goes on as if nothing had happened", () => {
  let requeuedWaiters = 0;
  fc.assert(
    fc.property(
      anyPolicy,
      historyOf(anyPausingOperation),
      historyOf(anyPausingOperation),
      (policy, before, after) => {
        const world = new OnDemandLimiter(new Limiter(policy));
        for (const operation of before) world.perform(operation);
        world.wake();
        const restored = world.restarted();
        const lookAlike = (): void => {
          const { nowMs } = world;
          expect(restored.limiter.inspect(nowMs)).toEqual(world.limiter.inspect(nowMs));
          expect(restored.limiter.nextWakeAtMs).toBe(world.limiter.nextWakeAtMs);
        };
        expect(restored.settled, "a waiter was settled by being put back").toEqual([]);
        lookAlike();

        requeuedWaiters += world.standing.size;
        const settledBefore = world.settled.length;
        for (const operation of after) {
          world.perform(operation);
          restored.perform(operation);
          lookAlike();
        }
        world.finish();
        restored.finish();
        expect(restored.settled).toEqual(world.settled.slice(settledBefore));
      },
    ),
    { numRuns: runs(300) },
  );
  expect(requeuedWaiters).toBeGreaterThanOrEqual(timesSeen(100));
});

test("a waiter is granted when its arrival foretold, or earlier if somebody in front left", () => {
  let onTime = 0;
  let early = 0;
  fc.assert(
    fc.property(anyPolicy, historyOf(anyPlainOperation), (policy, history) => {
      const world = new OnDemandLimiter(new Limiter(policy));
      const foretoldAtMs = new Map<string, number>();
      const movedForward = new Set<string>();
      for (const operation of history) {
        world.wake();
        if (operation.kind === "cancel") {
          const before = [...world.standing.keys()];
          const leaving = world.cancel(operation.pick);
          const place = leaving ? before.indexOf(leaving.caller) : -1;
          if (place >= 0) for (const caller of before.slice(place + 1)) movedForward.add(caller);
        } else if (operation.kind === "acquire") {
          const tokens = foldTokens(policy, operation.tokens);
          const probe = world.limiter.acquire(
            { caller: "probe", tokens, timeoutMs: 0 },
            world.nowMs,
          );
          const outcome = probe.settled[0]?.outcome;
          // Where the probe itself was granted, nothing is foretold.
          if (!outcome || outcome.ok) continue;
          const caller = world.acquire(tokens, operation.timeoutMs);
          foretoldAtMs.set(caller, world.nowMs + Number(outcome.retryAfterMs));
        } else {
          world.perform(operation);
        }
      }
      world.finish();
      const differences: string[] = [];
      for (const { caller, outcome } of world.settled) {
        if (!outcome.ok) continue;
        const lateMs = outcome.grantedAtMs - Number(foretoldAtMs.get(caller));
        if (lateMs === 0) onTime += 1;
        else if (lateMs < 0 && movedForward.has(caller)) early += 1;
        else differences.push(`${caller}: ${lateMs} ms late`);
      }
      expect(differences).toEqual([]);
    }),
    { numRuns: runs(400) },
  );
  expect(onTime).toBeGreaterThanOrEqual(timesSeen(500));
  expect(early).toBeGreaterThanOrEqual(timesSeen(50));
});
