import { describe, expect, test, vi } from "vitest";

import { Limiter } from "../../src/core/limiter.ts";
import { TokenBucket } from "../../src/core/limits/token-bucket.ts";
import { epochMs, policyOf, Scene, bucketIn, stateOf } from "../../kit/model/limiters.ts";

/** Five tokens at the start, one a second: room for large and small callers. */
const five = { capacity: 5, initialTokens: 5 };

/** A scene in which `taken` tokens are gone at 0. */
function sceneAfter(taken: number, fields: ConstructorParameters<typeof Scene>[0] = {}): Scene {
  const scene = new Scene(fields);
  expect(scene.acquire(0, "first", { tokens: taken })).toHaveLength(1);
  return scene;
}

describe("Limiter, a bucket's start", () => {
  test("the first caller of a bucket of one passes at once, the next a second later", () => {
    const scene = new Scene();
    expect(scene.acquire(0, "Ann")).toEqual(["Ann granted 1 at 0 after 0, 0 left"]);
    expect(scene.acquire(0, "Bob")).toEqual(["Bob waits"]);
    expect(scene.acquire(1, "Cat")).toEqual(["Cat waits"]);
    expect(scene.runDaemon(10_000)).toEqual([
      "Bob granted 1 at 1000 after 1000, 0 left",
      "Cat granted 1 at 2000 after 1999, 0 left",
    ]);
  });

  test("initialTokens: 0 makes the first caller wait one interval", () => {
    const scene = new Scene({ initialTokens: 0 });
    expect(scene.acquire(250, "Ann")).toEqual(["Ann waits"]);
    expect(scene.nextWakeAtMs).toBe(1250);
    expect(scene.advance(1249)).toEqual([]);
    expect(scene.advance(1250)).toEqual(["Ann granted 1 at 1250 after 1000, 0 left"]);
  });

  test("the grid begins at the first acquire, not when the limiter is made or looked at", () => {
    const scene = new Scene();
    scene.inspect(100);
    scene.advance(200);
    expect(scene.acquire(333, "Ann")).toEqual(["Ann granted 1 at 333 after 0, 0 left"]);
    expect(scene.try(1332, "Bob")).toEqual(["Bob refused: timeout, retry after 1"]);
    expect(scene.try(1333, "Bob")).toEqual(["Bob granted 1 at 1333 after 0, 0 left"]);
  });

  test("a first request that is refused starts the bucket: its retry-after counts from there", () => {
    const scene = new Scene({ initialTokens: 0 });
    expect(scene.try(0, "Ann")).toEqual(["Ann refused: timeout, retry after 1000"]);
    expect(scene.try(999, "Ann")).toEqual(["Ann refused: timeout, retry after 1"]);
    expect(scene.try(1000, "Ann")).toEqual(["Ann granted 1 at 1000 after 0, 0 left"]);
  });

  test("a first request that can never be granted starts nothing", () => {
    const scene = new Scene({ initialTokens: 0 });
    expect(scene.try(0, "Ann", 2)).toEqual(["Ann refused: exceeds-capacity"]);
    expect(scene.try(600, "Bob")).toEqual(["Bob refused: timeout, retry after 1000"]);
  });

  test("an idle bucket fills up to its capacity and no further", () => {
    const scene = sceneAfter(5, five);
    expect(scene.try(3_600_000, "Bob", 5)).toEqual(["Bob granted 5 at 3600000 after 0, 0 left"]);
    expect(scene.try(3_600_000, "Cat")).toEqual(["Cat refused: timeout, retry after 1000"]);
  });
});

describe("Limiter, first come first served", () => {
  test("callers of one instant are granted in the order in which they asked", () => {
    const scene = sceneAfter(1);
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(5, caller);
    expect(scene.runDaemon(5000)).toEqual([
      "Ann granted 1 at 1000 after 995, 0 left",
      "Bob granted 1 at 2000 after 1995, 0 left",
      "Cat granted 1 at 3000 after 2995, 0 left",
    ]);
  });

  test("a small request does not overtake a large one that does not fit yet", () => {
    const scene = sceneAfter(2, five);
    expect(scene.acquire(0, "large", { tokens: 5 })).toEqual(["large waits"]);
    expect(scene.acquire(0, "small", { tokens: 1 })).toEqual(["small waits"]);
    expect(scene.inspect(0)).toMatchObject({ tokens: 3, waiters: 2, queuedTokens: 6 });
    expect(scene.runDaemon(5000)).toEqual([
      "large granted 5 at 2000 after 2000, 0 left",
      "small granted 1 at 3000 after 3000, 0 left",
    ]);
  });

  test("one tick may serve several, each told what it left", () => {
    const scene = sceneAfter(5, { ...five, refillTokens: 4 });
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    scene.acquire(0, "Dan", { tokens: 2 });
    expect(scene.advance(1000)).toEqual([
      "Ann granted 1 at 1000 after 1000, 3 left",
      "Bob granted 1 at 1000 after 1000, 2 left",
      "Cat granted 1 at 1000 after 1000, 1 left",
    ]);
    expect(scene.advance(2000)).toEqual(["Dan granted 2 at 2000 after 2000, 3 left"]);
  });

  test("timeoutMs 0 never overtakes, though its tokens are there", () => {
    const scene = sceneAfter(2, five);
    scene.acquire(0, "large", { tokens: 5 });
    expect(scene.try(0, "Bob")).toEqual(["Bob refused: timeout, retry after 3000"]);
    expect(scene.acquire(0, "Cat", { timeoutMs: 0 })).toEqual([
      "Cat refused: timeout, retry after 3000",
    ]);
    expect(scene.inspect(0)).toMatchObject({ tokens: 3, waiters: 1 });
  });

  test("a newcomer at the instant of a refill does not overtake, even before the daemon wakes", () => {
    const scene = sceneAfter(1);
    scene.acquire(10, "Ann");
    expect(scene.try(1000, "Bob")).toEqual([
      "Ann granted 1 at 1000 after 990, 0 left",
      "Bob refused: timeout, retry after 1000",
    ]);
    scene.acquire(1000, "Cat");
    expect(scene.acquire(2000, "Dan")).toEqual([
      "Cat granted 1 at 2000 after 1000, 0 left",
      "Dan waits",
    ]);
  });

  test("a newcomer that finds tokens and nobody waiting passes at once", () => {
    const scene = sceneAfter(3, five);
    expect(scene.acquire(0, "Bob", { tokens: 2 })).toEqual(["Bob granted 2 at 0 after 0, 0 left"]);
  });

  test("1,000 callers are granted in order, one a tick", () => {
    const scene = sceneAfter(1, { queueLimit: 1000, maxWaitMs: 3_600_000 });
    for (let index = 1; index <= 1000; index += 1) scene.acquire(0, `caller ${index}`);
    const expected = Array.from({ length: 1000 }, (_, index) => {
      const atMs = (index + 1) * 1000;
      return `caller ${index + 1} granted 1 at ${atMs} after ${atMs}, 0 left`;
    });
    expect(scene.runDaemon(2_000_000)).toEqual(expected);
  });
});

describe("Limiter, the deadline at arrival", () => {
  test("one that is granted exactly at its deadline is let in and granted", () => {
    const scene = sceneAfter(1);
    expect(scene.acquire(300, "Ann", { timeoutMs: 700 })).toEqual(["Ann waits"]);
    expect(scene.advance(1000)).toEqual(["Ann granted 1 at 1000 after 700, 0 left"]);
  });

  test("one that would be granted a millisecond late is refused at once and changes nothing", () => {
    const scene = sceneAfter(1);
    const before = scene.inspect(300);
    scene.checkpoint(300);
    expect(scene.acquire(300, "Ann", { timeoutMs: 699 })).toEqual([
      "Ann refused: timeout, retry after 700",
    ]);
    expect(scene.inspect(300)).toEqual({ ...before, refused: 1 });
    expect(scene.checkpoint(300)).toBeUndefined();
    expect(scene.nextWakeAtMs).toBeUndefined();
    expect(scene.try(1000, "Bob")).toEqual(["Bob granted 1 at 1000 after 0, 0 left"]);
  });

  test("counts everybody who stands in front", () => {
    const scene = sceneAfter(5, five);
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.acquire(0, "Bob", { tokens: 4 });
    expect(scene.acquire(0, "Cat", { tokens: 3, timeoutMs: 8999 })).toEqual([
      "Cat refused: timeout, retry after 9000",
    ]);
    expect(scene.acquire(0, "Cat", { tokens: 3, timeoutMs: 9000 })).toEqual(["Cat waits"]);
    expect(scene.runDaemon(20_000).at(-1)).toBe("Cat granted 3 at 9000 after 9000, 0 left");
  });

  test("counts the tokens that flow over while a large request is served", () => {
    const scene = sceneAfter(5, { ...five, refillTokens: 3 });
    // Ticks bring 3 and then 2 of 3: a token flows over before the large one takes all five.
    scene.acquire(0, "large", { tokens: 5 });
    expect(scene.acquire(0, "Bob", { tokens: 1, timeoutMs: 2999 })).toEqual([
      "Bob refused: timeout, retry after 3000",
    ]);
    expect(scene.acquire(0, "Bob", { tokens: 1, timeoutMs: 3000 })).toEqual(["Bob waits"]);
    expect(scene.runDaemon(9000)).toEqual([
      "large granted 5 at 2000 after 2000, 0 left",
      "Bob granted 1 at 3000 after 3000, 2 left",
    ]);
  });

  test("a wait without a timeout is the policy's maxWaitMs", () => {
    const scene = sceneAfter(1, { maxWaitMs: 1500 });
    expect(scene.acquire(500, "Ann")).toEqual(["Ann waits"]);
    expect(scene.acquire(500, "Bob")).toEqual(["Bob waits"]);
    expect(scene.acquire(500, "Cat")).toEqual(["Cat refused: timeout, retry after 2500"]);
    expect(scene.waiter("Bob").deadlineAtMs).toBe(epochMs + 2000);
  });
});

describe("Limiter, retry-after", () => {
  test("is refused until the promised instant, and granted at it", () => {
    const scene = sceneAfter(4, five);
    scene.acquire(0, "Ann", { tokens: 3 });
    scene.acquire(0, "Bob", { tokens: 2 });
    const promisedAtMs = 7000;
    for (const atMs of [0, 1, 999, 1000, 1001, 1999, 2000, 3999, 4000, 5000, 6000, 6999]) {
      scene.runDaemon(atMs);
      expect(scene.try(atMs, "Cat", 3)).toEqual([
        `Cat refused: timeout, retry after ${promisedAtMs - atMs}`,
      ]);
    }
    expect(scene.try(promisedAtMs, "Cat", 3)).toEqual(["Cat granted 3 at 7000 after 0, 0 left"]);
  });

  test("of a full queue is when the request would be granted on the spot", () => {
    const scene = sceneAfter(1, { queueLimit: 2 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    expect(scene.acquire(0, "Cat")).toEqual(["Cat refused: queue-full, retry after 3000"]);
    expect(scene.inspect(0)).toMatchObject({ waiters: 2, refused: 1 });
    scene.runDaemon(2999);
    expect(scene.try(2999, "Cat")).toEqual(["Cat refused: timeout, retry after 1"]);
    expect(scene.try(3000, "Cat")).toEqual(["Cat granted 1 at 3000 after 0, 0 left"]);
  });

  test("of a queue for nobody counts the bucket alone", () => {
    const scene = sceneAfter(1, { queueLimit: 0 });
    expect(scene.acquire(400, "Ann")).toEqual(["Ann refused: queue-full, retry after 600"]);
    expect(scene.acquire(1000, "Ann")).toEqual(["Ann granted 1 at 1000 after 0, 0 left"]);
  });

  test("says timeout where the queue is full and the deadline too early", () => {
    const scene = sceneAfter(1, { queueLimit: 0 });
    expect(scene.acquire(0, "Ann", { timeoutMs: 999 })).toEqual([
      "Ann refused: timeout, retry after 1000",
    ]);
  });

  test("becomes shorter when somebody in front leaves", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    expect(scene.try(0, "Cat")).toEqual(["Cat refused: timeout, retry after 3000"]);
    scene.cancel(0, "Ann");
    expect(scene.try(0, "Cat")).toEqual(["Cat refused: timeout, retry after 2000"]);
  });

  test("after a large caller left is worked out from what flows over", () => {
    const scene = sceneAfter(5, { ...five, refillTokens: 3 });
    scene.acquire(0, "Ann", { tokens: 4 });
    scene.acquire(0, "Bob", { tokens: 5 });
    scene.acquire(0, "Cat", { tokens: 2 });
    // Ann: tick 2, 1 left of 5. Bob: tick 4. Cat: tick 5, 1 left.
    expect(scene.try(0, "Dan", 2)).toEqual(["Dan refused: timeout, retry after 6000"]);
    scene.cancel(0, "Ann");
    // Bob: tick 2, nothing left of 5. Cat: tick 3, 1 left. Dan: tick 4.
    expect(scene.try(0, "Dan", 2)).toEqual(["Dan refused: timeout, retry after 4000"]);
    expect(scene.runDaemon(9000)).toEqual([
      "Bob granted 5 at 2000 after 2000, 0 left",
      "Cat granted 2 at 3000 after 3000, 1 left",
    ]);
  });

  test("is not told to one that asks for more than the bucket can ever hold", () => {
    const scene = sceneAfter(1, five);
    expect(scene.acquire(0, "Ann", { tokens: 6 })).toEqual(["Ann refused: exceeds-capacity"]);
    expect(scene.try(0, "Ann", Number.MAX_SAFE_INTEGER)).toEqual(["Ann refused: exceeds-capacity"]);
    expect(scene.inspect(0)).toMatchObject({ tokens: 4, waiters: 0, refused: 2 });
  });

  test("lets no time pass for a request that exceeds the capacity, if the clock goes back then", () => {
    const scene = sceneAfter(1, five);
    const before = scene.limiter.toJSON().limits;
    expect(scene.try(60_000, "Ann", 6)).toEqual(["Ann refused: exceeds-capacity"]);
    expect(scene.limiter.toJSON().limits).toEqual(before);
    expect(scene.inspect(0)).toMatchObject({ nextTickAtMs: 1_000 });
  });
});

function threeWaiting(): Scene {
  const scene = sceneAfter(1);
  for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
  return scene;
}

describe("Limiter.cancel", () => {
  test.each([
    ["the head", "Ann", ["Bob", "Cat"]],
    ["the middle", "Bob", ["Ann", "Cat"]],
    ["the tail", "Cat", ["Ann", "Bob"]],
  ])("of %s moves those behind it forward", (_, leaving, [next, last]) => {
    const scene = threeWaiting();
    expect(scene.cancel(10, leaving)).toEqual([]);
    expect(scene.inspect(10)).toMatchObject({ waiters: 2, queuedTokens: 2, cancelled: 1 });
    expect(scene.runDaemon(9000)).toEqual([
      `${next} granted 1 at 1000 after 1000, 0 left`,
      `${last} granted 1 at 2000 after 2000, 0 left`,
    ]);
  });

  test("of a large head grants at once the small ones that it held back", () => {
    const scene = sceneAfter(2, five);
    scene.acquire(0, "large", { tokens: 5 });
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.acquire(0, "Bob");
    scene.acquire(0, "Cat");
    expect(scene.cancel(500, "large")).toEqual([
      "Ann granted 2 at 500 after 500, 1 left",
      "Bob granted 1 at 500 after 500, 0 left",
    ]);
    expect(scene.nextWakeAtMs).toBe(1000);
    expect(scene.advance(1000)).toEqual(["Cat granted 1 at 1000 after 1000, 0 left"]);
  });

  test("of a small head grants nobody whose turn is not yet", () => {
    const scene = sceneAfter(5, five);
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.acquire(0, "Bob", { tokens: 3 });
    expect(scene.cancel(1500, "Ann")).toEqual([]);
    expect(scene.nextWakeAtMs).toBe(3000);
  });

  test("takes no token", () => {
    const scene = threeWaiting();
    for (const caller of ["Bob", "Ann", "Cat"]) scene.cancel(500, caller);
    expect(scene.nextWakeAtMs).toBeUndefined();
    expect(scene.inspect(1000)).toMatchObject({ tokens: 1, waiters: 0, granted: 1, cancelled: 3 });
  });

  test("frees a place in a full queue", () => {
    const scene = sceneAfter(1, { queueLimit: 1 });
    scene.acquire(0, "Ann");
    expect(scene.acquire(0, "Bob")).toEqual(["Bob refused: queue-full, retry after 2000"]);
    scene.cancel(0, "Ann");
    expect(scene.acquire(0, "Bob")).toEqual(["Bob waits"]);
  });

  test.each([
    ["granted", (scene: Scene) => scene.advance(1000)],
    ["cancelled", (scene: Scene) => scene.cancel(1000, "Ann")],
    ["drained", (scene: Scene) => scene.reset()],
    ["refused by a change", (scene: Scene) => scene.setPolicy(0, { refillIntervalMs: 80_000_000 })],
  ])("does nothing for one that was %s already", (_, settle) => {
    const scene = threeWaiting();
    settle(scene);
    const before = scene.inspect(1000);
    scene.checkpoint(1000);
    expect(scene.cancel(1000, "Ann")).toEqual([]);
    expect(scene.inspect(1000)).toEqual(before);
    expect(scene.checkpoint(1000)).toBeUndefined();
  });

  test("does nothing for a waiter of another limiter", () => {
    const scene = threeWaiting();
    const other = threeWaiting();
    scene.limiter.cancel(other.waiter("Ann"), epochMs);
    expect(scene.inspect(0)).toMatchObject({ waiters: 3, cancelled: 0 });
    expect(other.inspect(0)).toMatchObject({ waiters: 3, cancelled: 0 });
  });

  test("of any of 1,000 moves exactly those behind it forward by one", () => {
    const scene = sceneAfter(1, { queueLimit: 1000, maxWaitMs: 3_600_000 });
    for (let index = 0; index < 1000; index += 1) scene.acquire(0, `caller ${index}`);
    const staying = Array.from({ length: 1000 }, (_, index) => index).filter(
      (index) => index % 3 !== 0 && index !== 500,
    );
    const leaving = Array.from({ length: 1000 }, (_, index) => (index * 389) % 1000).filter(
      (index) => !staying.includes(index),
    );
    for (const index of leaving) expect(scene.cancel(1, `caller ${index}`)).toEqual([]);
    expect(scene.inspect(1)).toMatchObject({
      waiters: staying.length,
      queuedTokens: staying.length,
      cancelled: leaving.length,
    });
    expect(scene.runDaemon(2_000_000)).toEqual(
      staying.map((index, place) => {
        const atMs = (place + 1) * 1000;
        return `caller ${index} granted 1 at ${atMs} after ${atMs}, 0 left`;
      }),
    );
  });
});

describe("Limiter, a daemon that comes late", () => {
  test("serves at once all whose tokens were kept", () => {
    const scene = sceneAfter(5, five);
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    expect(scene.advance(2999)).toEqual([
      "Ann granted 1 at 2999 after 2999, 1 left",
      "Bob granted 1 at 2999 after 2999, 0 left",
    ]);
    expect(scene.advance(3000)).toEqual(["Cat granted 1 at 3000 after 3000, 0 left"]);
  });

  test("loses what flowed over, and makes up for it with no burst", () => {
    const scene = sceneAfter(1);
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    expect(scene.advance(3500)).toEqual(["Ann granted 1 at 3500 after 3500, 0 left"]);
    expect(scene.runDaemon(9000)).toEqual([
      "Bob granted 1 at 4000 after 4000, 0 left",
      "Cat granted 1 at 5000 after 5000, 0 left",
    ]);
  });

  test("refuses those who cannot be granted by their deadline any more, and spares the others", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob", { timeoutMs: 3999 });
    scene.acquire(0, "Cat", { timeoutMs: 4000 });
    expect(scene.advance(3500)).toEqual([
      "Ann granted 1 at 3500 after 3500, 0 left",
      // Behind Cat, who comes first from now on.
      "Bob refused: timeout, retry after 1500",
    ]);
    expect(scene.advance(4000)).toEqual(["Cat granted 1 at 4000 after 4000, 0 left"]);
  });

  test("refuses a large one past its deadline and grants the small one behind it in one turn", () => {
    const scene = sceneAfter(2, { capacity: 2, initialTokens: 2 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "large", { tokens: 2, timeoutMs: 3000 });
    scene.acquire(0, "Bob");
    expect(scene.advance(3500)).toEqual([
      "Ann granted 1 at 3500 after 3500, 1 left",
      "large refused: timeout, retry after 1500",
      "Bob granted 1 at 3500 after 3500, 0 left",
    ]);
  });

  test("tells one that it refuses when it would really be granted", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob", { timeoutMs: 2000 });
    scene.acquire(0, "Cat");
    scene.acquire(0, "Dan");
    const [, refusal] = scene.advance(2500);
    expect(refusal).toBe("Bob refused: timeout, retry after 2500");
    scene.runDaemon(4999);
    expect(scene.try(4999, "Bob")).toEqual(["Bob refused: timeout, retry after 1"]);
    expect(scene.try(5000, "Bob")).toEqual(["Bob granted 1 at 5000 after 0, 0 left"]);
  });

  test("grants one whose tokens are there though its deadline has passed", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann", { timeoutMs: 1000 });
    expect(scene.advance(1001)).toEqual(["Ann granted 1 at 1001 after 1001, 0 left"]);
  });

  test("grants one behind a refused one likewise", () => {
    const scene = sceneAfter(2, { capacity: 2, initialTokens: 2 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "large", { tokens: 2, timeoutMs: 3000 });
    scene.acquire(0, "Bob", { timeoutMs: 4000 });
    expect(scene.advance(9500)).toEqual([
      "Ann granted 1 at 9500 after 9500, 1 left",
      "large refused: timeout, retry after 1500",
      "Bob granted 1 at 9500 after 9500, 0 left",
    ]);
  });

  test("is caught up by any verb: an acquire", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob", { timeoutMs: 2000 });
    expect(scene.acquire(2500, "Cat")).toEqual([
      "Ann granted 1 at 2500 after 2500, 0 left",
      "Bob refused: timeout, retry after 500",
      "Cat waits",
    ]);
    expect(scene.nextWakeAtMs).toBe(3000);
  });

  test("is caught up by any verb: a cancel of somebody else", () => {
    const scene = sceneAfter(1);
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller);
    expect(scene.cancel(2500, "Bob")).toEqual(["Ann granted 1 at 2500 after 2500, 0 left"]);
    expect(scene.nextWakeAtMs).toBe(3000);
  });

  test("that comes too early changes nothing", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    const before = JSON.stringify(scene.limiter);
    expect(scene.advance(999)).toEqual([]);
    expect(JSON.stringify(scene.limiter)).toBe(before);
    expect(scene.nextWakeAtMs).toBe(1000);
  });
});

describe("Limiter.nextWakeAtMs", () => {
  test("is undefined while nobody waits", () => {
    const scene = new Scene();
    expect(scene.nextWakeAtMs).toBeUndefined();
    scene.acquire(0, "Ann");
    expect(scene.nextWakeAtMs).toBeUndefined();
  });

  test("is when the head can be granted, whoever stands behind it", () => {
    const scene = sceneAfter(4, five);
    scene.acquire(0, "Ann", { tokens: 4 });
    expect(scene.nextWakeAtMs).toBe(3000);
    scene.acquire(10, "Bob");
    expect(scene.nextWakeAtMs).toBe(3000);
    scene.advance(3000);
    expect(scene.nextWakeAtMs).toBe(4000);
  });
});

describe("Limiter, what a forecast costs", () => {
  test("is one step for a queue of any length once nobody in it is large", () => {
    const oneStep = vi.spyOn(TokenBucket.prototype, "takeRun");
    const scene = sceneAfter(5, { ...five, refillTokens: 3 });
    scene.acquire(0, "large", { tokens: 5 });
    for (const caller of ["Ann", "Bob", "Cat"]) scene.acquire(0, caller, { tokens: 2 });
    scene.cancel(0, "Cat");
    expect(scene.try(0, "Dan")).toEqual(["Dan refused: timeout, retry after 4000"]);
    expect(oneStep).not.toHaveBeenCalled();
    scene.cancel(0, "large");
    expect(scene.try(0, "Dan")).toEqual(["Dan refused: timeout, retry after 2000"]);
    expect(oneStep).toHaveBeenCalledOnce();
    oneStep.mockRestore();
  });

  test("is one step again where another policy made a large caller small", () => {
    const oneStep = vi.spyOn(TokenBucket.prototype, "takeRun");
    const scene = sceneAfter(5, { ...five, refillTokens: 3 });
    for (const caller of ["Ann", "Bob"]) scene.acquire(0, caller, { tokens: 5 });
    scene.setPolicy(0, { refillTokens: 1 });
    scene.cancel(0, "Ann");
    expect(scene.try(0, "Dan")).toEqual(["Dan refused: timeout, retry after 6000"]);
    expect(oneStep).toHaveBeenCalledOnce();
    oneStep.mockRestore();
  });
});

describe("Limiter.rejectAll", () => {
  test("refuses everybody, in order; nobody is granted, and no token moves", () => {
    const scene = sceneAfter(2, five);
    scene.acquire(0, "large", { tokens: 5 });
    scene.acquire(0, "Ann");
    const before = scene.inspect(0);
    const outcome = { ok: false, reason: "unavailable" };
    expect(scene.limiter.rejectAll(epochMs).settled).toEqual([
      { caller: "large", outcome },
      { caller: "Ann", outcome },
    ]);
    expect(scene.inspect(0)).toEqual({ ...before, waiters: 0, queuedTokens: 0, refused: 2 });
    expect(scene.limiter.stats().refused).toEqual({ unavailable: 2 });
    expect(scene.nextWakeAtMs).toBeUndefined();
    expect(scene.cancel(0, "Ann")).toEqual([]);
  });

  test("leaves a bucket that goes on, with the tokens that were held back", () => {
    const scene = threeWaiting();
    scene.limiter.rejectAll(epochMs);
    expect(scene.acquire(10, "Dan")).toEqual(["Dan waits"]);
    expect(scene.runDaemon(9000)).toEqual(["Dan granted 1 at 1000 after 990, 0 left"]);
  });

  test("of a bucket that never started finds nobody", () => {
    expect(new Scene().limiter.rejectAll(epochMs).settled).toEqual([]);
  });
});

describe("Limiter.reset", () => {
  test("refuses everybody with bucket-reset, in order, and forgets the bucket", () => {
    const scene = sceneAfter(4, five);
    scene.acquire(0, "Ann", { tokens: 5 });
    scene.acquire(0, "Bob");
    expect(scene.reset()).toEqual(["Ann refused: bucket-reset", "Bob refused: bucket-reset"]);
    expect(scene.limiter.toJSON()).toEqual({ granted: 0, refused: 0, cancelled: 0 });
    expect(scene.nextWakeAtMs).toBeUndefined();
    expect(scene.inspect(700)).toEqual({
      tokens: 5,
      waiters: 0,
      queuedTokens: 0,
      nextTickAtMs: 1700,
      granted: 0,
      refused: 0,
      cancelled: 0,
    });
  });

  test("lets the next acquire start the bucket anew", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.reset();
    expect(scene.acquire(400, "Bob")).toEqual(["Bob granted 1 at 400 after 0, 0 left"]);
    expect(scene.acquire(400, "Cat")).toEqual(["Cat waits"]);
    expect(scene.nextWakeAtMs).toBe(1400);
  });

  test("of a bucket that never started refuses nobody", () => {
    expect(new Scene().reset()).toEqual([]);
  });
});

describe("Limiter.setPolicy", () => {
  test("keeps the order and times everybody anew", () => {
    const scene = sceneAfter(5, five);
    scene.acquire(0, "Ann", { tokens: 3 });
    scene.acquire(0, "Bob", { tokens: 2 });
    expect(scene.setPolicy(500, { refillTokens: 3 })).toEqual([]);
    expect(scene.try(500, "Cat")).toEqual(["Cat refused: timeout, retry after 1500"]);
    expect(scene.runDaemon(9000)).toEqual([
      "Ann granted 3 at 1000 after 1000, 0 left",
      "Bob granted 2 at 2000 after 2000, 1 left",
    ]);
  });

  test("grants first, by the old policy, all that was due", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    expect(scene.setPolicy(1000, { refillIntervalMs: 50_000 })).toEqual([
      "Ann granted 1 at 1000 after 1000, 0 left",
    ]);
  });

  test("refuses with exceeds-capacity one that asks for more than the new capacity", () => {
    const scene = sceneAfter(5, five);
    scene.acquire(0, "Ann", { tokens: 3 });
    scene.acquire(0, "large", { tokens: 4 });
    scene.acquire(0, "Bob", { tokens: 1 });
    expect(scene.setPolicy(0, { capacity: 3 })).toEqual(["large refused: exceeds-capacity"]);
    expect(scene.runDaemon(9000)).toEqual([
      "Ann granted 3 at 3000 after 3000, 0 left",
      "Bob granted 1 at 4000 after 4000, 0 left",
    ]);
  });

  test("grants at once those who stood behind one that it refuses", () => {
    const scene = sceneAfter(2, five);
    scene.acquire(0, "large", { tokens: 5 });
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.acquire(0, "Bob", { tokens: 2 });
    expect(scene.setPolicy(0, { capacity: 4 })).toEqual([
      "large refused: exceeds-capacity",
      "Ann granted 2 at 0 after 0, 1 left",
    ]);
    expect(scene.nextWakeAtMs).toBe(1000);
  });

  test("refuses with timeout one that would now come too late, and spares one that is just in time", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann", { timeoutMs: 4999 });
    scene.acquire(0, "Bob", { timeoutMs: 5000 });
    expect(scene.setPolicy(0, { refillIntervalMs: 5000 })).toEqual([
      "Ann refused: timeout, retry after 10000",
    ]);
    expect(scene.advance(5000)).toEqual(["Bob granted 1 at 5000 after 5000, 0 left"]);
  });

  test("tells one that it refuses when it would really be granted, behind all who stay", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann", { timeoutMs: 1000 });
    scene.acquire(0, "Bob");
    expect(scene.setPolicy(0, { refillIntervalMs: 5000 })).toEqual([
      "Ann refused: timeout, retry after 10000",
    ]);
    scene.runDaemon(5000);
    expect(scene.try(5000, "Ann")).toEqual(["Ann refused: timeout, retry after 5000"]);
    expect(scene.try(10_000, "Ann")).toEqual(["Ann granted 1 at 10000 after 0, 0 left"]);
  });

  test("cuts the tokens to the new capacity", () => {
    const scene = sceneAfter(1, five);
    scene.setPolicy(0, { capacity: 2 });
    expect(scene.inspect(0).tokens).toBe(2);
    scene.setPolicy(0, { capacity: 5 });
    expect(scene.inspect(0).tokens).toBe(2);
  });

  test("keeps the grid's origin under another interval", () => {
    const scene = sceneAfter(1);
    scene.setPolicy(1500, { refillIntervalMs: 400 });
    expect(scene.inspect(1500)).toMatchObject({ tokens: 1, nextTickAtMs: 1600 });
  });

  test("gives a bucket that has not started the new initialTokens", () => {
    const scene = new Scene(five);
    scene.setPolicy(0, { initialTokens: 2 });
    expect(scene.inspect(0).tokens).toBe(2);
    expect(scene.try(0, "Ann", 3)).toEqual(["Ann refused: timeout, retry after 1000"]);
  });

  test("leaves a bucket that has started without the new initialTokens", () => {
    const scene = sceneAfter(5, five);
    scene.setPolicy(0, { initialTokens: 4 });
    expect(scene.inspect(0).tokens).toBe(0);
  });

  test("has its queueLimit and maxWaitMs hold for newcomers, and nobody else", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    expect(scene.setPolicy(0, { queueLimit: 1, maxWaitMs: 10_000 })).toEqual([]);
    expect(scene.acquire(0, "Cat")).toEqual(["Cat refused: queue-full, retry after 3000"]);
    expect(() => scene.acquire(0, "Cat", { timeoutMs: 10_001 })).toThrow(RangeError);
    expect(scene.runDaemon(9000)).toHaveLength(2);
  });

  test("counts anew which waiters a tick may flow over for", () => {
    const scene = sceneAfter(5, five);
    scene.acquire(0, "Ann", { tokens: 3 });
    scene.acquire(0, "Bob", { tokens: 4 });
    scene.setPolicy(0, { refillTokens: 3 });
    scene.acquire(0, "Cat");
    scene.cancel(0, "Cat");
    // Ann: tick 1, nothing left. Bob: tick 3 with 5 of 6, 1 left. Cat: with that one, at tick 3.
    expect(scene.try(0, "Dan", 2)).toEqual(["Dan refused: timeout, retry after 4000"]);
    scene.setPolicy(0, { refillTokens: 1 });
    scene.cancel(0, "Bob");
    expect(scene.try(0, "Dan", 2)).toEqual(["Dan refused: timeout, retry after 5000"]);
  });

  test("to the same policy changes nothing", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    const before = scene.inspect(700);
    for (let change = 0; change < 100; change += 1) expect(scene.setPolicy(700, {})).toEqual([]);
    expect(scene.inspect(700)).toEqual(before);
    expect(scene.nextWakeAtMs).toBe(1000);
  });
});

describe("Limiter.acquire, firstArrivalMs", () => {
  test("puts callers back before all who joined later, whatever order they come in", () => {
    const scene = sceneAfter(1);
    scene.restore();
    scene.acquire(500, "newcomer");
    scene.acquire(510, "third", { firstArrivalMs: 30 });
    scene.acquire(520, "first", { firstArrivalMs: 10 });
    scene.acquire(530, "second", { firstArrivalMs: 20 });
    expect(scene.runDaemon(9000)).toEqual([
      "first granted 1 at 1000 after 990, 0 left",
      "second granted 1 at 2000 after 1980, 0 left",
      "third granted 1 at 3000 after 2970, 0 left",
      "newcomer granted 1 at 4000 after 3500, 0 left",
    ]);
  });

  test("puts equal ones one behind the other, and tells fractions apart", () => {
    const scene = sceneAfter(1);
    scene.acquire(500, "newcomer");
    scene.acquire(500, "Ann", { firstArrivalMs: 10 });
    scene.acquire(500, "Bob", { firstArrivalMs: 10 });
    scene.acquire(500, "Zoe", { firstArrivalMs: 9.5 });
    expect(scene.runDaemon(9000).map((line) => line.split(" ")[0])).toEqual([
      "Zoe",
      "Ann",
      "Bob",
      "newcomer",
    ]);
  });

  test("is not counted by queueLimit, and newcomers are", () => {
    const scene = sceneAfter(1, { queueLimit: 1 });
    expect(scene.acquire(500, "Cat")).toEqual(["Cat waits"]);
    expect(scene.acquire(500, "Ann", { firstArrivalMs: 10 })).toEqual(["Ann waits"]);
    expect(scene.acquire(500, "Bob", { firstArrivalMs: 20 })).toEqual(["Bob waits"]);
    expect(scene.acquire(500, "late", { firstArrivalMs: 500 })).toEqual(["late waits"]);
    expect(scene.acquire(500, "Dan")).toEqual(["Dan refused: queue-full, retry after 4500"]);
  });

  test("grants at once one that finds nobody and its tokens, and counts its whole wait", () => {
    const scene = sceneAfter(1);
    scene.restore();
    expect(scene.acquire(2500, "Ann", { firstArrivalMs: 100 })).toEqual([
      "Ann granted 1 at 2500 after 2400, 0 left",
    ]);
  });

  test("grants in the same turn one that goes before a head that does not fit", () => {
    const scene = sceneAfter(3, five);
    scene.acquire(100, "large", { tokens: 5 });
    expect(scene.acquire(200, "Ann", { firstArrivalMs: 50 })).toEqual([
      "Ann granted 1 at 200 after 150, 1 left",
    ]);
    expect(scene.nextWakeAtMs).toBe(4000);
  });

  test("makes nobody late: it stands behind one that was promised a time meanwhile", () => {
    const scene = sceneAfter(1);
    scene.acquire(100, "Bob", { timeoutMs: 1899 });
    scene.acquire(100, "Cat", { timeoutMs: 2900 });
    expect(scene.acquire(200, "Ann", { firstArrivalMs: 50 })).toEqual(["Ann waits"]);
    expect(scene.runDaemon(9000)).toEqual([
      "Bob granted 1 at 1000 after 900, 0 left",
      "Ann granted 1 at 2000 after 1950, 0 left",
      "Cat granted 1 at 3000 after 2900, 0 left",
    ]);
  });

  test("refuses it like anybody where it cannot be granted in time, and moves nobody", () => {
    const scene = sceneAfter(1);
    scene.acquire(100, "Bob", { timeoutMs: 900 });
    expect(scene.acquire(200, "Ann", { firstArrivalMs: 50, timeoutMs: 799 })).toEqual([
      "Ann refused: timeout, retry after 1800",
    ]);
    expect(scene.acquire(200, "Zoe", { firstArrivalMs: 150, timeoutMs: 1799 })).toEqual([
      "Zoe refused: timeout, retry after 1800",
    ]);
    expect(scene.runDaemon(9000)).toEqual(["Bob granted 1 at 1000 after 900, 0 left"]);
  });

  test("keeps newcomers behind one whose instant lies ahead of the clock", () => {
    const scene = sceneAfter(1);
    scene.acquire(100, "Ann", { firstArrivalMs: 700 });
    scene.acquire(200, "Bob");
    expect(scene.runDaemon(9000)).toEqual([
      "Ann granted 1 at 1000 after 300, 0 left",
      "Bob granted 1 at 2000 after 1300, 0 left",
    ]);
  });
});

test("Limiter.acquire, firstArrivalMs: keeps its time though maxWaitMs has been lowered", () => {
  const scene = sceneAfter(1);
  scene.setPolicy(100, { maxWaitMs: 500 });
  expect(scene.acquire(200, "Ann", { firstArrivalMs: 50, timeoutMs: 800 })).toEqual(["Ann waits"]);
});

describe("Limiter, a clock that goes back", () => {
  test("adds nothing, removes nothing, grants nobody", () => {
    const scene = sceneAfter(5, five);
    scene.advance(3000);
    const before = scene.inspect(3000);
    for (const atMs of [2999, 0, -100_000]) {
      expect(scene.advance(atMs)).toEqual([]);
      expect(scene.inspect(atMs)).toEqual(before);
    }
    expect(before).toMatchObject({ tokens: 3, nextTickAtMs: 4000 });
  });

  test("still gives the tokens that are there, at no instant before the tick that brought them", () => {
    const scene = sceneAfter(5, five);
    expect(scene.try(3000, "Ann", 2)).toEqual(["Ann granted 2 at 3000 after 0, 1 left"]);
    expect(scene.try(1000, "Bob")).toEqual(["Bob granted 1 at 3000 after 0, 0 left"]);
  });

  test("grants waiters when it has caught up, in their order", () => {
    const scene = sceneAfter(1);
    scene.acquire(900, "Ann");
    expect(scene.acquire(100, "Bob")).toEqual(["Bob waits"]);
    expect(scene.advance(200)).toEqual([]);
    expect(scene.nextWakeAtMs).toBe(1000);
    expect(scene.runDaemon(9000)).toEqual([
      "Ann granted 1 at 1000 after 100, 0 left",
      "Bob granted 1 at 2000 after 1100, 0 left",
    ]);
  });

  test("does not promise a retry too early", () => {
    const scene = sceneAfter(1);
    scene.try(10_000, "Ann");
    const promise = scene.try(4000, "Bob");
    expect(promise).toEqual(["Bob refused: timeout, retry after 7000"]);
    expect(scene.try(10_999, "Bob")).toEqual(["Bob refused: timeout, retry after 1"]);
    expect(scene.try(11_000, "Bob")).toEqual(["Bob granted 1 at 11000 after 0, 0 left"]);
  });

  test("refuses at once one that cannot be granted in time by that clock", () => {
    const scene = sceneAfter(1);
    scene.try(10_000, "Ann");
    expect(scene.acquire(4000, "Bob", { timeoutMs: 6999 })).toEqual([
      "Bob refused: timeout, retry after 7000",
    ]);
    expect(scene.acquire(4000, "Bob", { timeoutMs: 7000 })).toEqual(["Bob waits"]);
  });

  test("does not refuse one that is put back in front of everybody and finds its tokens", () => {
    const scene = sceneAfter(5, five);
    scene.advance(3000);
    scene.acquire(3000, "large", { tokens: 5 });
    expect(scene.acquire(1000, "Ann", { firstArrivalMs: 900, timeoutMs: 500 })).toEqual([
      "Ann granted 1 at 3000 after 2100, 2 left",
    ]);
  });

  test("across a restart grants no window more than the policy allows", () => {
    const scene = sceneAfter(5, five);
    expect(scene.try(100_000, "Ann")).toEqual(["Ann granted 1 at 100000 after 0, 4 left"]);
    scene.restore();
    // Told as granted at 0, these four and the first five would be nine within one millisecond.
    expect(scene.try(0, "Bob", 4)).toEqual(["Bob granted 4 at 100000 after 0, 0 left"]);
    expect(scene.try(100_999, "Cat")).toEqual(["Cat refused: timeout, retry after 1"]);
  });
});

describe("Limiter.acquire, a caller's fault", () => {
  const ofTokens = "tokens must be an integer from 1 to 9007199254740991";
  const ofTimeoutMs = "timeoutMs must be an integer from 0 to 60000";

  test.each([
    [{ tokens: 0 }, `${ofTokens}: got 0`],
    [{ tokens: -1 }, `${ofTokens}: got -1`],
    [{ tokens: 1.5 }, `${ofTokens}: got 1.5`],
    [{ tokens: Number.NaN }, `${ofTokens}: got NaN`],
    [{ tokens: 2 ** 53 }, `${ofTokens}: got 9007199254740992`],
    [{ tokens: "1" }, `${ofTokens}: got "1"`],
    [{ tokens: null }, `${ofTokens}: got null`],
    [{ timeoutMs: -1 }, `${ofTimeoutMs}: got -1`],
    [{ timeoutMs: 60_001 }, `${ofTimeoutMs}: got 60001`],
    [{ timeoutMs: 0.5 }, `${ofTimeoutMs}: got 0.5`],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, `${ofTimeoutMs}: got Infinity`],
    [{ timeoutMs: "0" }, `${ofTimeoutMs}: got "0"`],
  ])("throws for %j and changes nothing", (fault, message) => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    const before = scene.inspect(500);
    scene.checkpoint(500);
    // At 1500 Ann is due: a turn that began would grant her.
    const request: object = fault;
    expect(() => scene.acquire(1500, "Bob", request)).toThrow(new RangeError(message));
    expect(scene.inspect(500)).toEqual(before);
    expect(scene.checkpoint(500)).toBeUndefined();
    // Nor was the failed turn's instant seen.
    expect(scene.advance(1000)).toEqual(["Ann granted 1 at 1000 after 1000, 0 left"]);
  });

  test("does not start a bucket", () => {
    const scene = new Scene();
    expect(() => scene.try(0, "Ann", 0)).toThrow(RangeError);
    expect(scene.limiter.toJSON()).toEqual({ granted: 0, refused: 0, cancelled: 0 });
  });

  test("timeoutMs may be all of maxWaitMs", () => {
    expect(sceneAfter(1).acquire(0, "Ann", { timeoutMs: 60_000 })).toEqual(["Ann waits"]);
  });
});

describe("Limiter.checkpoint", () => {
  test("has something to write after a start, a grant, a drain and another policy", () => {
    const scene = new Scene({ initialTokens: 0 });
    const written = (atMs: number): number | undefined => {
      const state = scene.checkpoint(atMs);
      return state && bucketIn(state)?.tokens;
    };
    expect(scene.checkpoint(0)).toBeUndefined();
    scene.try(0, "Ann");
    expect(written(0)).toBe(0);
    scene.acquire(0, "Bob");
    scene.advance(1000);
    expect(written(1000)).toBe(0);
    scene.try(3000, "Dan");
    expect(written(3000)).toBe(0);
    scene.setPolicy(4000, {});
    expect(written(4000)).toBe(1);
    scene.reset();
    expect(scene.checkpoint(4000)).toEqual({ granted: 0, refused: 0, cancelled: 0 });
    scene.setPolicy(4000, {});
    expect(scene.checkpoint(4000)).toEqual({ granted: 0, refused: 0, cancelled: 0 });
    expect(scene.checkpoint(4000)).toBeUndefined();
  });

  test("has something to write when a cancel grants somebody else", () => {
    const scene = sceneAfter(3, five);
    scene.acquire(0, "large", { tokens: 5 });
    scene.acquire(0, "Ann");
    scene.checkpoint(0);
    scene.cancel(0, "large");
    expect(scene.checkpoint(0)).toMatchObject({ limits: [{ tokens: 1 }], granted: 2 });
  });

  test("has nothing to write after refusals, joining, leaving, looking or time passing", () => {
    const scene = sceneAfter(1, { queueLimit: 2 });
    scene.checkpoint(0);
    scene.try(0, "Ann");
    scene.acquire(0, "Ann", { tokens: 2 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    scene.acquire(0, "Cat");
    scene.acquire(0, "Dan", { firstArrivalMs: -5 });
    scene.cancel(0, "Ann");
    scene.cancel(0, "Ann");
    scene.advance(999);
    scene.inspect(5000);
    JSON.stringify(scene.limiter);
    expect(scene.checkpoint(999)).toBeUndefined();
    expect(scene.limiter.advance(epochMs + 999).flushInMs).toBeUndefined();
  });
});

describe("Limiter.inspect", () => {
  test("of a bucket that has not started reads as it would start, and starts nothing", () => {
    const scene = new Scene({ capacity: 5, refillTokens: 2 });
    const view = {
      tokens: 2,
      waiters: 0,
      queuedTokens: 0,
      granted: 0,
      refused: 0,
      cancelled: 0,
    };
    expect(scene.inspect(100)).toEqual({ ...view, nextTickAtMs: 1100 });
    expect(scene.inspect(900)).toEqual({ ...view, nextTickAtMs: 1900 });
    expect(scene.limiter.toJSON()).toEqual({ granted: 0, refused: 0, cancelled: 0 });
  });

  test("counts the ticks up to now, takes nothing and adds nothing", () => {
    const scene = sceneAfter(5, five);
    expect(scene.inspect(2500)).toMatchObject({ tokens: 2, nextTickAtMs: 3000 });
    expect(scene.inspect(2000)).toMatchObject({ tokens: 2, nextTickAtMs: 3000 });
    expect(scene.inspect(1999)).toMatchObject({ tokens: 1, nextTickAtMs: 2000 });
    expect(scene.inspect(90_000)).toMatchObject({ tokens: 5, nextTickAtMs: 91_000 });
  });

  test("counts who was granted, refused and gone", () => {
    const scene = sceneAfter(1, { queueLimit: 2 });
    scene.acquire(0, "Ann");
    scene.acquire(0, "Bob");
    scene.acquire(0, "Cat");
    scene.try(0, "Cat");
    scene.cancel(0, "Ann");
    scene.advance(1000);
    expect(scene.inspect(1000)).toMatchObject({ granted: 2, refused: 2, cancelled: 1, waiters: 0 });
  });
});

describe("Limiter.from", () => {
  test("goes on where toJSON left off, through JSON text", () => {
    const scene = sceneAfter(4, { ...five, refillTokens: 2 });
    scene.try(0, "Ann", 5);
    scene.acquire(0, "Bob", { tokens: 2 });
    scene.cancel(0, "Bob");
    const before = scene.inspect(700);
    scene.restore();
    expect(scene.inspect(700)).toEqual(before);
    expect(before).toMatchObject({ tokens: 1, granted: 1, refused: 1, cancelled: 1 });
    expect(scene.try(999, "Ann", 3)).toEqual(["Ann refused: timeout, retry after 1"]);
    expect(scene.try(1000, "Ann", 3)).toEqual(["Ann granted 3 at 1000 after 0, 0 left"]);
  });

  test("has nobody waiting", () => {
    const scene = sceneAfter(1);
    scene.acquire(0, "Ann");
    scene.restore();
    expect(scene.inspect(0)).toMatchObject({ waiters: 0, queuedTokens: 0 });
    expect(scene.nextWakeAtMs).toBeUndefined();
    expect(scene.limiter.nextWakeAtMs).toBeUndefined();
  });

  test("restores a bucket that had not started", () => {
    const scene = new Scene();
    scene.restore();
    expect(scene.acquire(500, "Ann")).toEqual(["Ann granted 1 at 500 after 0, 0 left"]);
    expect(scene.nextWakeAtMs).toBeUndefined();
  });

  test("catches up with the ticks of the time in which nobody ran", () => {
    const scene = sceneAfter(5, five);
    scene.restore();
    expect(scene.inspect(3999)).toMatchObject({ tokens: 3, nextTickAtMs: 4000 });
  });

  test("refuses a state that its policy cannot be in", () => {
    const state = stateOf({ startedAtMs: 0, tick: 0, tokens: 6 });
    expect(() => Limiter.from(policyOf({ capacity: 5 }), state)).toThrow(RangeError);
  });

  test("shares no state with the limiter it came from", () => {
    const limiter = new Limiter<string>(policyOf(five));
    limiter.acquire({ caller: "Ann", timeoutMs: 0 }, epochMs);
    const restored = Limiter.from<string>(limiter.policy, limiter.toJSON());
    restored.acquire({ caller: "Bob", tokens: 4, timeoutMs: 0 }, epochMs);
    expect(limiter.inspect(epochMs).tokens).toBe(4);
  });
});
