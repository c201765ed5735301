import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { runs } from "../../../kit/runs.ts";
import { EarliestFirst } from "../../../src/core/queue/earliest-first.ts";

/** Deadlines of people, of whom each has one at a time. */
class Deadlines {
  readonly byName = new Map<string, number>();
  /** How often somebody was asked whether it counts. */
  asked = 0;
  readonly items = new EarliestFirst<string>((name, atMs) => {
    this.asked += 1;
    return this.byName.get(name) === atMs;
  });

  set(name: string, atMs: number): void {
    this.byName.set(name, atMs);
    this.items.add(atMs, name);
  }

  takeAllBy(nowMs: number): string[] {
    const taken: string[] = [];
    for (let name = this.items.takeBy(nowMs); name; name = this.items.takeBy(nowMs)) {
      this.byName.delete(name);
      taken.push(name);
    }
    return taken;
  }
}

describe("EarliestFirst", () => {
  test("has nothing at first", () => {
    const { items } = new Deadlines();
    expect(items.nextAtMs).toBe(Infinity);
    expect(items.takeBy(Infinity)).toBeUndefined();
  });

  test("takes what is over by then, earliest first", () => {
    const deadlines = new Deadlines();
    deadlines.set("Cid", 300);
    deadlines.set("Ann", 100);
    deadlines.set("Bob", 200);
    expect(deadlines.items.nextAtMs).toBe(100);
    expect(deadlines.takeAllBy(99)).toEqual([]);
    expect(deadlines.takeAllBy(200)).toEqual(["Ann", "Bob"]);
    expect(deadlines.items.nextAtMs).toBe(300);
  });

  test("takes what is of one instant in the order in which it was added", () => {
    const deadlines = new Deadlines();
    const names = Array.from({ length: 100 }, (_, index) => `caller ${index}`);
    for (const name of names) deadlines.set(name, 100);
    expect(deadlines.takeAllBy(100)).toEqual(names);
  });

  test("leaves out what doesn't count any more, and counts it at its other instant", () => {
    const deadlines = new Deadlines();
    deadlines.set("Ann", 100);
    deadlines.set("Bob", 200);
    deadlines.set("Ann", 300);
    expect(deadlines.items.nextAtMs).toBe(200);
    deadlines.byName.delete("Bob");
    expect(deadlines.items.nextAtMs).toBe(300);
    expect(deadlines.takeAllBy(300)).toEqual(["Ann"]);
  });

  test("asks about each item a few times only, however many don't count any more", () => {
    const deadlines = new Deadlines();
    deadlines.set("first", 0);
    for (let count = 1; count <= 100_000; count += 1) deadlines.set("Ann", count);
    expect(deadlines.asked).toBeLessThan(400_000);
    deadlines.asked = 0;
    expect(deadlines.takeAllBy(100_000)).toEqual(["first", "Ann"]);
    // Those that don't count have been removed on the way.
    expect(deadlines.asked).toBeLessThan(1_000);
  });

  test("does what a sorted list does", () => {
    const anyStep = fc.oneof(
      { weight: 4, arbitrary: fc.record({ name: fc.nat(30), atMs: fc.nat(100) }) },
      { weight: 1, arbitrary: fc.record({ leaves: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.record({ takeByMs: fc.nat(100) }) },
    );
    const anySteps = fc.array(anyStep, { maxLength: 400, size: "max" });
    fc.assert(
      fc.property(anySteps, (steps) => {
        const deadlines = new Deadlines();
        const had = new Set<string>();
        let list: { name: string; atMs: number }[] = [];
        const without = (name: string) => list.filter((entry) => entry.name !== name);
        for (const step of steps) {
          if ("leaves" in step) {
            deadlines.byName.delete(`${step.leaves}`);
            list = without(`${step.leaves}`);
          } else if ("takeByMs" in step) {
            const due = list.filter(({ atMs }) => atMs <= step.takeByMs);
            expect(deadlines.takeAllBy(step.takeByMs)).toEqual(due.map(({ name }) => name));
            list = list.slice(due.length);
          } else {
            const name = `${step.name}`;
            // At an instant that it had before, it is where it was then.
            if (had.has(`${name} ${step.atMs}`)) continue;
            had.add(`${name} ${step.atMs}`);
            deadlines.set(name, step.atMs);
            list = [...without(name), { name, atMs: step.atMs }].toSorted(
              (one, other) => one.atMs - other.atMs,
            );
          }
          expect(deadlines.items.nextAtMs).toBe(list[0]?.atMs ?? Infinity);
        }
      }),
      { numRuns: runs(1_000) },
    );
  });
});
