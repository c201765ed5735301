import { describe, expect, test } from "vitest";

import type { Standing } from "../../../src/core/queue/arrival-order.ts";
import type { Waiter } from "../../../src/core/queue/waiter-queue.ts";

import {
  arrivedBefore,
  compareStandings,
  laterThan,
  latestUpTo,
} from "../../../src/core/queue/arrival-order.ts";
import { WaiterQueue } from "../../../src/core/queue/waiter-queue.ts";

function place<Caller>(caller: Caller, queuedAtMs: number): Waiter<Caller> {
  return { caller, tokens: 1, queuedAtMs, deadlineAtMs: queuedAtMs + 1000 };
}

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

/** Standings of a queue of arrivals 5, 9, 4, 2, 3. */
function standings(): readonly Standing[] {
  const nine = { queuedAtMs: 9 };
  const four = { queuedAtMs: 4, behindLater: nine };
  return [
    { queuedAtMs: 5 },
    nine,
    four,
    { queuedAtMs: 2, behindLater: four },
    { queuedAtMs: 3, behindLater: four },
  ];
}

describe("compareStandings", () => {
  test("puts each behind those behind which it stood, in whatever order they are given", () => {
    const queue = standings();
    for (let first = 0; first < queue.length; first += 1) {
      const turned = [...queue.slice(first), ...queue.slice(0, first)].toReversed();
      expect(turned.toSorted(compareStandings)).toEqual(queue);
    }
  });

  test("does so without those that have left", () => {
    const [five, , four, two] = standings();
    expect([two, four, five].flatMap((one) => one ?? []).toSorted(compareStandings)).toEqual([
      five,
      four,
      two,
    ]);
  });
});

describe("laterThan", () => {
  test("is the nearest in front that arrived later", () => {
    const three = standings().at(-1);
    const later = [2, 3, 3.5, 6, 10].map(
      (queuedAtMs) => laterThan(three, { queuedAtMs })?.queuedAtMs,
    );
    expect(later).toEqual([3, 3, 4, 9, undefined]);
    expect(laterThan(undefined, { queuedAtMs: 0 })).toBeUndefined();
  });
});

describe("latestUpTo", () => {
  test("is its own arrival, or the latest of those in front", () => {
    expect(standings().map((one) => latestUpTo(one).queuedAtMs)).toEqual([5, 9, 9, 9, 9]);
  });
});
