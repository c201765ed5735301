/** Where waiters stand, and when each of them will be granted: promises that have to hold. */
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import type { Operation } from "../../kit/model/arbitraries.ts";

import { cpuTimeMs } from "../../kit/cpu-time.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { anyOperation, anyPolicy, foldTokens, historyOf } from "../../kit/model/arbitraries.ts";
import { Scene, epochMs, placesOf, policyOf } from "../../kit/model/limiters.ts";
import { OnDemandLimiter } from "../../kit/model/on-demand.ts";
import { runs, timesSeen } from "../../kit/runs.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 60_000 });

function lastOf({ limiter }: Scene): string | undefined {
  const last = limiter.lastPlace;
  return last && `${last.waiter.caller} ${last.position} at ${last.grantAtMs - epochMs}`;
}

describe("Limiter.headQueuedAtMs", () => {
  test("is when the head joined, and nothing while nobody waits", () => {
    const scene = new Scene();
    scene.acquire(0, "Ann");
    expect(scene.limiter.headQueuedAtMs).toBeUndefined();
    scene.acquire(300, "Bob");
    scene.acquire(400, "Cat");
    expect(scene.limiter.headQueuedAtMs).toBe(epochMs + 300);
    scene.advance(1_000);
    expect(scene.limiter.headQueuedAtMs).toBe(epochMs + 400);
    scene.advance(2_000);
    expect(scene.limiter.headQueuedAtMs).toBeUndefined();
  });
});

describe("Limiter.places", () => {
  test("is empty before the first acquire and where nobody waits", () => {
    const scene = new Scene();
    expect([placesOf(scene), lastOf(scene)]).toEqual([[], undefined]);
    scene.acquire(0, "Ann");
    expect([placesOf(scene), lastOf(scene)]).toEqual([[], undefined]);
  });

  test("counts from the head, and down with each grant", () => {
    const scene = new Scene();
    for (const caller of ["Ann", "Bob", "Cat", "Dan"]) scene.acquire(300, caller);
    expect(placesOf(scene)).toEqual(["Bob 1 at 1300", "Cat 2 at 2300", "Dan 3 at 3300"]);
    scene.advance(1_300);
    expect(placesOf(scene)).toEqual(["Cat 1 at 2300", "Dan 2 at 3300"]);
    expect(lastOf(scene)).toBe("Dan 2 at 3300");
  });

  test("gives waiters whom one tick serves the same instant", () => {
    const scene = new Scene({ capacity: 5, refillTokens: 2, initialTokens: 1 });
    for (const caller of ["Ann", "Bob", "Cat", "Dan"]) scene.acquire(0, caller);
    expect(placesOf(scene)).toEqual(["Bob 1 at 1000", "Cat 2 at 1000", "Dan 3 at 2000"]);
  });

  test("counts what flows over behind a large request", () => {
    const scene = new Scene({ capacity: 3, refillTokens: 2, initialTokens: 1 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob", { tokens: 3 });
    scene.acquire(0, "Cat", { tokens: 2 });
    // The second tick would bring a fourth token; there is no room for it.
    expect(placesOf(scene)).toEqual(["Bob 1 at 2000", "Cat 2 at 3000"]);
  });

  test("moves up at once when somebody leaves, and is timed anew by another policy", () => {
    const scene = new Scene();
    for (const caller of ["Ann", "Bob", "Cat", "Dan"]) scene.acquire(0, caller);
    scene.cancel(400, "Bob");
    expect(placesOf(scene)).toEqual(["Cat 1 at 1000", "Dan 2 at 2000"]);
    expect(lastOf(scene)).toBe("Dan 2 at 2000");
    scene.setPolicy(500, { refillIntervalMs: 300 });
    expect(placesOf(scene)).toEqual(["Cat 1 at 600", "Dan 2 at 900"]);
  });

  test("puts one who is put back where it stood", () => {
    const scene = new Scene();
    scene.acquire(0, "Ann");
    scene.acquire(500, "Cat");
    scene.acquire(600, "Bob", { firstArrivalMs: 100 });
    expect(placesOf(scene)).toEqual(["Bob 1 at 1000", "Cat 2 at 2000"]);
  });

  test("is timed anew by a pause and by its end", () => {
    const scene = new Scene();
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    scene.pause(100, 5_000);
    expect(placesOf(scene)).toEqual(["Bob 1 at 6000", "Cat 2 at 7000"]);
    expect(lastOf(scene)).toBe("Cat 2 at 7000");
    scene.resume(2_500);
    expect(placesOf(scene)).toEqual(["Bob 1 at 3000", "Cat 2 at 4000"]);
  });

  test("may be given up before its end", () => {
    const scene = new Scene();
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    for (const { position } of scene.limiter.places()) if (position === 1) break;
    expect(placesOf(scene)).toEqual(["Bob 1 at 1000", "Cat 2 at 2000"]);
  });

  test("counts tokens on lease as spent when the lease ends; what comes back only helps", () => {
    const lease = { maxTokens: 1_000, ttlMs: 1_000 };
    const fields = { capacity: 100, refillTokens: 10, refillIntervalMs: 1_000, initialTokens: 60 };
    const scene = new Scene({ ...fields, lease });
    scene.acquire(0, "Ann");
    const { lease: given } = scene.limiter.lend({ uses: [], granted: 0, wanted: 25 }, epochMs);
    expect(given?.tokens).toBe(25);
    scene.acquire(0, "Bob", { tokens: 100 });
    scene.acquire(0, "Cat", { tokens: 5 });
    const promised = placesOf(scene);
    expect(promised).toEqual(["Bob 1 at 7000", "Cat 2 at 8000"]);
    const { startedAtMs, untilMs } = given ?? { startedAtMs: 0, untilMs: 0 };
    const uses = [{ startedAtMs, untilMs, used: 0, returned: 25 }];
    scene.limiter.lend({ uses, granted: 0, wanted: 0 }, epochMs + 500);
    expect(placesOf(scene)).toEqual(["Bob 1 at 5000", "Cat 2 at 6000"]);
  });
});

/** Does what was drawn; a time to come is a daemon that is never late. */
function perform(world: OnDemandLimiter, operation: Operation): void {
  if (operation.kind === "change") {
    world.wake();
    world.setPolicy(operation.policy);
  } else if (operation.kind === "put back") {
    world.wake();
    const tokens = foldTokens(world.limiter.policy, operation.tokens);
    world.acquire(tokens, operation.timeoutMs, world.nowMs - operation.agoMs);
  } else if (operation.kind === "come back") {
    world.wake();
    world.comeBack(operation.pick);
  } else {
    world.perform(operation);
  }
}

test("each place is granted just when it was said, if nothing intervenes", () => {
  let promises = 0;
  fc.assert(
    fc.property(anyPolicy, historyOf(anyOperation), (policy, history) => {
      const world = new OnDemandLimiter(new Limiter(policy));
      for (const operation of history) perform(world, operation);
      world.wake();
      const promised = [...world.limiter.places()];
      expect(promised.map(({ position }) => position)).toEqual(promised.map((_, i) => i + 1));
      const before = world.settled.length;
      world.finish();
      const granted = world.settled.slice(before).map(({ caller, outcome }) => {
        return { caller, grantedAtMs: outcome.ok && outcome.grantedAtMs };
      });
      expect(granted).toEqual(
        promised.map(({ waiter, grantAtMs }) => {
          return { caller: waiter.caller, grantedAtMs: grantAtMs };
        }),
      );
      promises += promised.length;
    }),
    { numRuns: runs(1_000) },
  );
  expect(promises).toBeGreaterThanOrEqual(timesSeen(1_000));
});

test("the last place is the last of all places, after every operation; to look changes nothing", () => {
  let seen = 0;
  fc.assert(
    fc.property(anyPolicy, historyOf(anyOperation), (policy, history) => {
      const looked = new OnDemandLimiter(new Limiter(policy));
      const unseen = new OnDemandLimiter(new Limiter(policy));
      for (const operation of history) {
        perform(looked, operation);
        perform(unseen, operation);
        const places = [...looked.limiter.places()];
        expect(looked.limiter.lastPlace).toEqual(places.at(-1));
        expect(places).toHaveLength(looked.standing.size);
        seen += places.length;
      }
      looked.finish();
      unseen.finish();
      expect(looked.settled).toEqual(unseen.settled);
    }),
    { numRuns: runs(300) },
  );
  expect(seen).toBeGreaterThanOrEqual(timesSeen(1_000));
});

test("nobody's place gets worse by what callers do: joining, leaving, and time", () => {
  fc.assert(
    fc.property(anyPolicy, historyOf(anyOperation), (policy, history) => {
      const world = new OnDemandLimiter(new Limiter(policy));
      let before = new Map<string, { position: number; grantAtMs: number }>();
      for (const operation of history) {
        perform(world, operation);
        const isForeign = ["change", "put back", "come back", "pause"].includes(operation.kind);
        const now = new Map<string, { position: number; grantAtMs: number }>();
        for (const { waiter, position, grantAtMs } of world.limiter.places()) {
          now.set(waiter.caller, { position, grantAtMs });
          const was = before.get(waiter.caller);
          if (isForeign || !was) continue;
          expect(position).toBeLessThanOrEqual(was.position);
          expect(grantAtMs).toBeLessThanOrEqual(was.grantAtMs);
        }
        before = now;
      }
    }),
    { numRuns: runs(300) },
  );
});

test("a queue of 10,000 is walked over in milliseconds", () => {
  const policy = policyOf({ queueLimit: 10_000, maxWaitMs: 3_600_000, refillIntervalMs: 100 });
  const limiter = new Limiter<number>(policy);
  for (let caller = 0; caller <= 10_000; caller += 1) limiter.acquire({ caller }, epochMs);
  const startedAtMs = cpuTimeMs();
  const places = [...limiter.places()];
  const tookMs = cpuTimeMs() - startedAtMs;
  expect(places.at(-1)).toMatchObject({ position: 10_000, grantAtMs: epochMs + 1_000_000 });
  // About 1 ms.
  expect(tookMs).toBeLessThan(200);
});
