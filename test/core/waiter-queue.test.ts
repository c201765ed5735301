import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";

import type { Waiter } from "../../src/core/waiter-queue.ts";

import { WaiterQueue } from "../../src/core/waiter-queue.ts";

function place<Caller>(caller: Caller, queuedAtMs = 0, tokens = 1): Waiter<Caller> {
  return { caller, tokens, queuedAtMs, deadlineAtMs: queuedAtMs + 1000 };
}

function queueOf(...callers: string[]): WaiterQueue<string> {
  const queue = new WaiterQueue<string>();
  for (const caller of callers) queue.join(place(caller));
  return queue;
}

function callersOf<Caller>(queue: WaiterQueue<Caller>): Caller[] {
  return Array.from(queue, ({ caller }) => caller);
}

function waiterOf(queue: WaiterQueue<string>, caller: string): Waiter<string> {
  for (const waiter of queue) if (waiter.caller === caller) return waiter;
  throw new Error(`${caller} does not wait`);
}

/** Order, both ends and both counts, which are kept apart from each other. */
function expectQueue(queue: WaiterQueue<string>, expected: readonly string[]): void {
  expect(callersOf(queue)).toEqual(expected);
  expect(queue.head?.caller).toBe(expected[0]);
  expect(queue.tail?.caller).toBe(expected.at(-1));
  expect(queue.size).toBe(expected.length);
  expect(queue.tokens).toBe(Array.from(queue).reduce((sum, { tokens }) => sum + tokens, 0));
}

describe("WaiterQueue", () => {
  test("begins with nobody in it", () => {
    expectQueue(new WaiterQueue(), []);
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
    expectQueue(queueOf("Ann", "Bob", "Cat", "Dan"), ["Ann", "Bob", "Cat", "Dan"]);
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
    expectQueue(queue, ["first", "Ann", "second", "Bob", "third", "Cat", "last"]);
  });

  test("puts one behind all who came at the same instant", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 10));
    queue.join(place("Bob", 20));
    queue.join(place("Cat", 20));
    queue.join(place("Dan", 20));
    queue.join(place("Eve", 10));
    expectQueue(queue, ["Ann", "Eve", "Bob", "Cat", "Dan"]);
  });

  test("tells instants apart by fractions of a millisecond", () => {
    const queue = new WaiterQueue<string>();
    queue.join(place("Ann", 10.002));
    queue.join(place("Bob", 10.001));
    expectQueue(queue, ["Bob", "Ann"]);
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
    expectQueue(queue, expected);
    queue.join(place("Eve"));
    expectQueue(queue, [...expected, "Eve"]);
  });

  test("takes out the only one, and the queue can be joined again", () => {
    const queue = queueOf("Ann");
    expect(queue.leave(waiterOf(queue, "Ann"))).toBe(true);
    expectQueue(queue, []);
    queue.join(place("Bob"));
    expectQueue(queue, ["Bob"]);
  });

  test("changes nothing the second time", () => {
    const queue = queueOf("Ann", "Bob", "Cat");
    const bob = waiterOf(queue, "Bob");
    queue.leave(bob);
    expect(queue.leave(bob)).toBe(false);
    expectQueue(queue, ["Ann", "Cat"]);
  });

  test("changes nothing for a waiter of another queue", () => {
    const queue = queueOf("Ann");
    const other = queueOf("Bob");
    expect(queue.leave(waiterOf(other, "Bob"))).toBe(false);
    expectQueue(queue, ["Ann"]);
    expectQueue(other, ["Bob"]);
  });

  test("changes nothing for a record that only looks like a waiter", () => {
    const queue = queueOf("Ann");
    expect(queue.leave(place("Ann"))).toBe(false);
    expectQueue(queue, ["Ann"]);
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
    let drawn = 12_345;
    for (let index = handles.length - 1; index > 0; index -= 1) {
      drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 31;
      const other = drawn % (index + 1);
      [handles[index], handles[other]] = [handles[other]!, handles[index]!];
    }
    const leaving = handles.slice(0, 99_990);
    for (const handle of leaving) queue.leave(handle);
    const staying = handles.slice(99_990).map(({ caller }) => caller);
    expect(callersOf(queue)).toEqual(staying.sort((left, right) => left - right));
    expect([queue.size, queue.tokens]).toEqual([10, 10]);
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
    expectQueue(queue, ["Bob"]);
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
      steps.forEach(({ joins, at, tokens }, index) => {
        if (joins) {
          const handle = queue.join(place(`caller ${index}`, at, tokens));
          handles.push(handle);
          model.push(handle);
          model.sort((left, right) => left.queuedAtMs - right.queuedAtMs);
        } else {
          const handle = handles[at % Math.max(1, handles.length)];
          if (!handle) return;
          const position = model.indexOf(handle);
          expect(queue.leave(handle)).toBe(position >= 0);
          if (position >= 0) model.splice(position, 1);
        }
        expectQueue(
          queue,
          model.map(({ caller }) => caller),
        );
      });
    }),
    { numRuns: 200 },
  );
});

test("WaiterQueue frees those who have left, though a handle of one of them is kept", async () => {
  const queue = new WaiterQueue<object>();
  /** In a function of its own, so that no local variable holds a waiter while memory is swept. */
  function comeAndGo(): { kept: Waiter<object>; gone: WeakRef<object>[] } {
    const stays = queue.join(place({}));
    const handles = Array.from({ length: 1000 }, (_, index) => queue.join(place({ index })));
    const kept = handles[500]!;
    // From the tail on: each has both its neighbours' links when the next one goes.
    for (const handle of handles.reverse()) queue.leave(handle);
    expect(queue.head).toBe(stays);
    const others = handles.filter((handle) => handle !== kept);
    return {
      kept,
      gone: others.flatMap((handle) => [new WeakRef(handle), new WeakRef(handle.caller)]),
    };
  }
  const { kept, gone } = comeAndGo();
  // A WeakRef holds what it was made of until the current job has ended.
  await setImmediate();
  globalThis.gc!();
  expect(gone.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  expect(kept.caller).toEqual({ index: 500 });
  expect(queue.size).toBe(1);
});
