import * as fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";

import type { Waiter } from "../../../src/core/queue/waiter-queue.ts";

import { WaiterQueue, arrivedBefore } from "../../../src/core/queue/waiter-queue.ts";
import { runs } from "../../../kit/runs.ts";
import { tokensOf } from "../../../src/core/limits/cost.ts";

function place<Caller>(caller: Caller, queuedAtMs = 0, tokens = 1): Waiter<Caller> {
  return { caller, tokens, queuedAtMs, deadlineAtMs: queuedAtMs + 1000 };
}

function queueOf(...callers: string[]): WaiterQueue<string> {
  const queue = new WaiterQueue<string>();
  for (const caller of callers) queue.join(place(caller));
  return queue;
}

/** Who waits, in order; and both ends and both counts say the same. */
function callersOf<Caller>(queue: WaiterQueue<Caller>): Caller[] {
  const waiters: Waiter<Caller>[] = [];
  for (const waiter of queue) {
    if (waiters.push(waiter) > queue.size) throw new Error("The queue goes round in a circle");
  }
  expect(queue.head).toBe(waiters[0]);
  expect(queue.tail).toBe(waiters.at(-1));
  expect(queue.size).toBe(waiters.length);
  expect(queue.tokens).toBe(waiters.reduce((sum, { tokens }) => sum + tokensOf(tokens, 0), 0));
  return waiters.map(({ caller }) => caller);
}

function waiterOf(queue: WaiterQueue<string>, caller: string): Waiter<string> {
  for (const waiter of queue) if (waiter.caller === caller) return waiter;
  throw new Error(`${caller} does not wait`);
}

describe("WaiterQueue", () => {
  test("begins with nobody in it", () => {
    expect(callersOf(new WaiterQueue())).toEqual([]);
  });

  test("counts how many wait and for how many tokens", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 0, 3));
    const bob = queue.join(place("Bob", 0, 5));
    expect([queue.size, queue.tokens]).toEqual([2, 8]);
    queue.leave(bob);
    expect([queue.size, queue.tokens]).toEqual([1, 3]);
  });
});

describe("WaiterQueue.join", () => {
  test("answers with what it was given, as the waiter's handle", () => {
    const queue = new WaiterQueue<string>();
    const given = { caller: "Ann", tokens: 3, queuedAtMs: 7.25, deadlineAtMs: 99 };
    const handle = queue.join(given);
    expect(handle).toMatchObject(given);
    expect(handle).not.toBe(given);
    expect(queue.head).toBe(handle);
    expect(queue.tail).toBe(handle);
  });

  test("puts each behind the one before", () => {
    expect(callersOf(queueOf("Ann", "Bob", "Cat", "Dan"))).toEqual(["Ann", "Bob", "Cat", "Dan"]);
  });

  test("puts one that joins again before all who came later", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 10));
    queue.join(place("Bob", 20));
    queue.join(place("Cat", 30));
    queue.join(place("second", 15));
    queue.join(place("first", 5));
    queue.join(place("third", 25));
    queue.join(place("last", 35));
    expect(callersOf(queue)).toEqual(["first", "Ann", "second", "Bob", "third", "Cat", "last"]);
  });

  test("puts one behind all who came at the same instant", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 10));
    queue.join(place("Bob", 20));
    queue.join(place("Cat", 20));
    queue.join(place("Dan", 20));
    queue.join(place("Eve", 10));
    expect(callersOf(queue)).toEqual(["Ann", "Eve", "Bob", "Cat", "Dan"]);
  });

  test("tells instants apart by fractions of a millisecond", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 10.002));
    queue.join(place("Bob", 10.001));
    expect(callersOf(queue)).toEqual(["Bob", "Ann"]);
  });
});

describe("WaiterQueue.joinBehind", () => {
  test("puts one where it is told to, whenever it came", () => {
    const queue = queueOf("Ann", "Bob", "Cat");
    queue.joinBehind(place("Dan", 5), waiterOf(queue, "Ann"));
    queue.joinBehind(place("Eve", 6), undefined);
    queue.joinBehind(place("Fay", 1), waiterOf(queue, "Cat"));
    expect(callersOf(queue)).toEqual(["Eve", "Ann", "Dan", "Bob", "Cat", "Fay"]);
  });

  test("throws behind one that does not stand in the queue, and changes nothing", () => {
    const queue = queueOf("Ann", "Bob");
    const ann = waiterOf(queue, "Ann");
    queue.leave(ann);
    const stranger = waiterOf(queueOf("Cat"), "Cat");
    for (const predecessor of [ann, stranger, place("Bob")]) {
      expect(() => queue.joinBehind(place("Dan"), predecessor)).toThrow(RangeError);
    }
    expect(callersOf(queue)).toEqual(["Bob"]);
  });

  test("leaves newcomers at the end, and an earlier one before the first that came later", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 10));
    const bob = queue.join(place("Bob", 20));
    queue.joinBehind(place("Cat", 5), bob);
    expect(queue.latestAtMs).toBe(20);
    queue.join(place("Dan", 20));
    queue.join(place("Eve", 15));
    expect(callersOf(queue)).toEqual(["Ann", "Eve", "Bob", "Cat", "Dan"]);
  });
});

describe("arrivedBefore", () => {
  test("goes by the instant, and at one instant by who joined first, also of one that joins again", () => {
    const queue = new WaiterQueue<string>();
    const ann = queue.join(place("Ann", 10));
    const bob = queue.join(place("Bob", 10));
    const cat = queue.join(place("Cat", 5));
    queue.leave(ann);
    const again = queue.joinBehind(ann, bob);
    const order = [cat, again, bob];
    for (const [index, one] of order.entries()) {
      expect(order.map((other) => arrivedBefore(one, other))).toEqual(
        order.map((_, other) => index < other),
      );
    }
  });
});

describe("WaiterQueue.leave", () => {
  test.each([
    ["the head", "Ann", ["Bob", "Cat", "Dan"]],
    ["the second", "Bob", ["Ann", "Cat", "Dan"]],
    ["the last but one", "Cat", ["Ann", "Bob", "Dan"]],
    ["the tail", "Dan", ["Ann", "Bob", "Cat"]],
  ])("takes out %s and closes the gap", (_, caller, expected) => {
    const queue = queueOf("Ann", "Bob", "Cat", "Dan");
    expect(queue.leave(waiterOf(queue, caller))).toBe(true);
    expect(callersOf(queue)).toEqual(expected);
    queue.join(place("Eve"));
    expect(callersOf(queue)).toEqual([...expected, "Eve"]);
  });

  test("takes out the only one, and the queue can be joined again", () => {
    const queue = queueOf("Ann");
    expect(queue.leave(waiterOf(queue, "Ann"))).toBe(true);
    expect(callersOf(queue)).toEqual([]);
    queue.join(place("Bob"));
    expect(callersOf(queue)).toEqual(["Bob"]);
  });

  test("changes nothing the second time", () => {
    const queue = queueOf("Ann", "Bob", "Cat");
    const bob = waiterOf(queue, "Bob");
    queue.leave(bob);
    expect(queue.leave(bob)).toBe(false);
    expect(callersOf(queue)).toEqual(["Ann", "Cat"]);
  });

  test("changes nothing for a waiter of another queue", () => {
    const queue = queueOf("Ann");
    const other = queueOf("Bob");
    expect(queue.leave(waiterOf(other, "Bob"))).toBe(false);
    expect(callersOf(queue)).toEqual(["Ann"]);
    expect(callersOf(other)).toEqual(["Bob"]);
  });

  test("changes nothing for a record that only looks like a waiter", () => {
    const queue = queueOf("Ann");
    expect(queue.leave(place("Ann"))).toBe(false);
    expect(callersOf(queue)).toEqual(["Ann"]);
  });

  test("leaves the handle readable", () => {
    const queue = new WaiterQueue<string>();
    const ann = queue.join(place("Ann", 5, 3));
    queue.leave(ann);
    expect(ann).toMatchObject(place("Ann", 5, 3));
  });

  test("empties a queue of 100,000 from the middle, in any order", () => {
    const queue = new WaiterQueue<number>();
    const handles = Array.from({ length: 100_000 }, (_, index) => queue.join(place(index, index)));
    // Prime to 100,000, so that it goes round all of them, here and there.
    const step = 61_803;
    for (let left = 0, index = 50_000; left < 99_990; left += 1) {
      const handle = handles[index];
      if (handle) queue.leave(handle);
      index = (index + step) % handles.length;
    }
    expect(callersOf(queue)).toHaveLength(10);
  });
});

describe("WaiterQueue iterator", () => {
  test("goes on when the waiter just visited leaves", () => {
    const queue = queueOf("Ann", "Bob", "Cat", "Dan");
    const visited: string[] = [];
    for (const waiter of queue) {
      visited.push(waiter.caller);
      if (waiter.caller !== "Bob") queue.leave(waiter);
    }
    expect(visited).toEqual(["Ann", "Bob", "Cat", "Dan"]);
    expect(callersOf(queue)).toEqual(["Bob"]);
  });
});

test("WaiterQueue agrees with a sorted array after any joining and leaving", () => {
  const anyStep = fc.oneof(
    fc.record({ joins: fc.constant(true), at: fc.nat(20), tokens: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ joins: fc.constant(false), at: fc.nat(60), tokens: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const queue = new WaiterQueue<string>();
      const model: Waiter<string>[] = [];
      const handles: Waiter<string>[] = [];
      const answers: boolean[] = [];
      steps.forEach(({ joins, at, tokens }, index) => {
        if (joins) {
          const handle = queue.join(place(`caller ${index}`, at, tokens));
          handles.push(handle);
          const later = model.findIndex(({ queuedAtMs }) => queuedAtMs > at);
          model.splice(later < 0 ? model.length : later, 0, handle);
        } else {
          const handle = handles[at % Math.max(1, handles.length)];
          const hasLeft = handle ? queue.leave(handle) : false;
          const position = handle ? model.indexOf(handle) : -1;
          answers.push(hasLeft === position >= 0);
          if (position >= 0) model.splice(position, 1);
        }
        expect(callersOf(queue)).toEqual(model.map(({ caller }) => caller));
      });
      expect(answers, "leave answered otherwise").not.toContain(false);
    }),
    { numRuns: runs(200) },
  );
});

test("WaiterQueue frees those who have left, though a handle of one of them is kept", async () => {
  const queue = new WaiterQueue<object>();
  /** In a function of its own, so that no local variable holds a waiter while memory is swept. */
  function comeAndGo(): { kept: Waiter<object> | undefined; gone: WeakRef<object>[] } {
    queue.join(place({ name: "stays" }));
    const handles = Array.from({ length: 1000 }, (_, index) => queue.join(place({ index })));
    const [kept] = handles.splice(500, 1);
    // The kept one leaves first, from between two others: it had most to hold on to.
    if (kept) queue.leave(kept);
    for (const handle of handles) queue.leave(handle);
    return { kept, gone: handles.flatMap((left) => [new WeakRef(left), new WeakRef(left.caller)]) };
  }
  const { kept, gone } = comeAndGo();
  // A WeakRef holds what it was made of until the current job has ended.
  await setImmediate();
  const { gc } = globalThis;
  if (!gc) throw new Error("Run with --expose-gc: see vitest.config.ts");
  gc();
  expect(gone.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  expect(kept?.caller).toEqual({ index: 500 });
  expect(queue.size).toBe(1);
});
