import * as fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";

import type { Waiter } from "../../../src/core/queue/waiter-queue.ts";

import { arrivedBefore } from "../../../src/core/queue/arrival-order.ts";
import { WaiterQueue } from "../../../src/core/queue/waiter-queue.ts";
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

describe("Waiter.arrivalNumber", () => {
  test("counts on from the highest that has joined", () => {
    const queue = new WaiterQueue<string>();
    queue.join({ ...place("Ann"), arrivalNumber: 7 });
    queue.join({ ...place("Bob"), arrivalNumber: 3 });
    expect([...queue].map(({ arrivalNumber }) => arrivalNumber)).toEqual([7, 3]);
    expect(queue.join(place("Cat")).arrivalNumber).toBe(8);
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

describe("WaiterQueue.isLatest", () => {
  test("is whether one arrived after everybody who waits", () => {
    const queue = new WaiterQueue<string>();
    expect(queue.isLatest(place("Zoe"))).toBe(true);
    const ann = queue.join(place("Ann", 10));
    const bob = queue.join(place("Bob", 10));
    queue.leave(bob);
    expect(queue.isLatest(bob)).toBe(true);
    queue.joinBehind(bob, ann);
    queue.leave(ann);
    expect([queue.isLatest(ann), queue.isLatest(place("Zoe", 10))]).toEqual([false, true]);
  });

  test("counts those in front of a tail that was moved back", () => {
    const queue = new WaiterQueue<string>();
    const ann = queue.join(place("Ann", 10));
    const bob = queue.joinBehind(place("Bob", 1), ann);
    const cat = queue.joinBehind(place("Cat", 2), bob);
    const later = [ann, bob, cat].map(({ behindLater }) => behindLater?.queuedAtMs);
    expect(later).toEqual([undefined, 10, 10]);
    expect([queue.isLatest(place("Zoe", 9)), queue.isLatest(place("Zoe", 11))]).toEqual([
      false,
      true,
    ]);
    // What was in front of one when it joined says where it stands, also when that has left.
    queue.leave(ann);
    expect(queue.isLatest(place("Zoe", 9))).toBe(false);
    expect(queue.join(place("Dan", 11)).behindLater).toBeUndefined();
  });
});

type Move =
  | { readonly kind: "arrive" | "restore" }
  | { readonly kind: "leave"; readonly pick: number }
  /** Number `pick` of those that have left, in front of number `at` of those that arrived later. */
  | { readonly kind: "return"; readonly pick: number; readonly at: number };

const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "arrive" as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("leave" as const), pick: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("return" as const),
      pick: fc.nat(20),
      at: fc.nat(20),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restore" as const }) },
);

/** Waiters that come and go, and whose queue is kept as text from time to time. */
class MovedQueue {
  queue = new WaiterQueue<number>();
  readonly #gone: Waiter<number>[] = [];
  #arrivals = 0;

  perform(move: Move): void {
    const waiting = [...this.queue];
    switch (move.kind) {
      case "arrive":
        // Three of one instant.
        this.queue.join(place(this.#arrivals, Math.floor(this.#arrivals / 3)));
        this.#arrivals += 1;
        break;
      case "leave": {
        const leaver = waiting[move.pick % Math.max(1, waiting.length)];
        if (leaver && this.queue.leave(leaver)) this.#gone.push(leaver);
        break;
      }
      case "return": {
        const [returner] = this.#gone.splice(move.pick % Math.max(1, this.#gone.length), 1);
        if (returner) this.queue.joinBehind(returner, predecessorAt(waiting, returner, move.at));
        break;
      }
      case "restore":
        this.restore();
        break;
      default:
        move satisfies never;
    }
  }

  /** Puts the queue, as text and in another order, into a new one. */
  restore(): void {
    const kept = [...this.queue].map((waiter) => {
      const { caller, tokens, queuedAtMs, deadlineAtMs, arrivalNumber, behindLater } = waiter;
      return { caller, tokens, queuedAtMs, deadlineAtMs, arrivalNumber, behindLater };
    });
    const shuffled: Waiter<number>[] = JSON.parse(JSON.stringify(kept.toReversed()));
    this.queue = new WaiterQueue();
    this.queue.restore(shuffled);
  }
}

/** A returner may go in front of anybody who arrived later, or to the end. */
function predecessorAt(
  waiting: readonly Waiter<number>[],
  returner: Waiter<number>,
  at: number,
): Waiter<number> | undefined {
  const later = waiting.flatMap((one, index) => (arrivedBefore(returner, one) ? [index] : []));
  const index = [...later, waiting.length][at % (later.length + 1)] ?? waiting.length;
  return waiting[index - 1];
}

describe("WaiterQueue.restore", () => {
  test("has everybody where they stood, whoever has come back behind whom", () => {
    let deepest = 0;
    fc.assert(
      fc.property(fc.array(anyMove, { maxLength: 60, size: "max" }), (moves) => {
        const moved = new MovedQueue();
        for (const move of moves) {
          const before = callersOf(moved.queue);
          moved.perform(move);
          if (move.kind === "restore") expect(callersOf(moved.queue)).toEqual(before);
          for (const { behindLater } of moved.queue) {
            let depth = 0;
            for (let step = behindLater; step; step = step.behindLater) depth += 1;
            deepest = Math.max(deepest, depth);
          }
        }
      }),
      { numRuns: runs(500) },
    );
    expect(deepest).toBeGreaterThan(1);
  });

  test("returns the handles in the order in which waiters were given", () => {
    const queue = new WaiterQueue<string>();
    const handles = queue.restore([place("Bob", 20), place("Ann", 10)]);
    expect(handles.map(({ caller }) => caller)).toEqual(["Bob", "Ann"]);
    expect(callersOf(queue)).toEqual(["Ann", "Bob"]);
    expect([queue.latestAtMs, handles.map((handle) => queue.has(handle))]).toEqual([
      20,
      [true, true],
    ]);
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
