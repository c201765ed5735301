import { describe, expect, it } from "vitest";

import type { RemovedCaller } from "../../src/bucket/removed-callers.ts";

import { RemovedCallers } from "../../src/bucket/removed-callers.ts";

/** A row on a disk that counts what is done to it. */
class Row {
  text: string | undefined = undefined;
  reads = 0;
  writes = 0;
  isBroken = false;

  read(): readonly RemovedCaller[] | undefined {
    this.reads += 1;
    return this.text === undefined ? undefined : JSON.parse(this.text);
  }

  write(callers: readonly RemovedCaller[]): void {
    if (this.isBroken) throw new Error("The disk is full");
    this.writes += 1;
    this.text = JSON.stringify(callers);
  }
}

describe("RemovedCallers", () => {
  it("has whom it noted, by key and by place, up to and including its deadline", () => {
    const removed = new RemovedCallers(new Row());
    removed.note({ key: "k", placeId: "p", untilMs: 1_000 }, 0);
    expect(removed.has("k", undefined, 1_000)).toBe(true);
    expect(removed.has(undefined, "p", 1_000)).toBe(true);
    expect(removed.has("other", "p", 0)).toBe(true);
    expect(removed.has("k", "other", 0)).toBe(true);
    expect(removed.has("k", "p", 1_001)).toBe(false);
    // A key is no place.
    expect(removed.has("p", "k", 0)).toBe(false);
    expect(removed.has(undefined, undefined, 0)).toBe(false);
  });

  it("has them after a crash, and nobody once the disk was erased", () => {
    const row = new Row();
    const before = new RemovedCallers(row);
    before.note({ key: "k", untilMs: 1_000 }, 0);
    before.note({ placeId: "p", untilMs: 2_000 }, 0);
    const after = new RemovedCallers(row);
    expect(after.has("k", undefined, 0)).toBe(true);
    expect(after.has(undefined, "p", 2_000)).toBe(true);
    row.text = undefined;
    after.forgetAll();
    expect(after.has("k", "p", 0)).toBe(false);
  });

  it("reads its row once, when it is first asked, and writes it with each caller", () => {
    const row = new Row();
    const removed = new RemovedCallers(row);
    expect(row.reads).toBe(0);
    for (let times = 0; times < 3; times += 1) removed.has("k", "p", 0);
    removed.note({ key: "k", untilMs: 1_000 }, 0);
    removed.note({ key: "l", untilMs: 1_000 }, 0);
    expect(row).toMatchObject({ reads: 1, writes: 2 });
  });

  it("writes nothing for a caller that has nothing to come back with", () => {
    const row = new Row();
    new RemovedCallers(row).note({ untilMs: 1_000 }, 0);
    expect(row).toMatchObject({ reads: 0, writes: 0 });
  });

  it("has nobody whom it couldn't write", () => {
    const row = new Row();
    const removed = new RemovedCallers(row);
    row.isBroken = true;
    expect(() => removed.note({ key: "k", untilMs: 1_000 }, 0)).toThrow("The disk is full");
    expect(removed.has("k", undefined, 0)).toBe(false);
  });

  it("goes by the latest deadline of a key", () => {
    const removed = new RemovedCallers(new Row());
    removed.note({ key: "k", untilMs: 2_000 }, 0);
    removed.note({ key: "k", untilMs: 1_000 }, 0);
    expect(removed.has("k", undefined, 2_000)).toBe(true);
  });

  it("leaves out whose deadline is over when it next writes", () => {
    const row = new Row();
    const removed = new RemovedCallers(row);
    removed.note({ key: "a", untilMs: 1_000 }, 0);
    removed.note({ key: "b", untilMs: 3_000 }, 0);
    removed.note({ key: "c", untilMs: 4_000 }, 1_001);
    expect(row.read()?.map(({ key }) => key)).toEqual(["b", "c"]);
  });

  it("keeps a thousand, those with the latest deadlines", () => {
    const row = new Row();
    const removed = new RemovedCallers(row);
    for (let number = 0; number < 1_001; number += 1) {
      removed.note({ key: `k${number}`, untilMs: 10_000 - number }, 0);
    }
    expect(row.read()).toHaveLength(1_000);
    expect(removed.has("k1000", undefined, 0)).toBe(false);
    expect(removed.has("k999", undefined, 0)).toBe(true);
    expect(removed.has("k0", undefined, 0)).toBe(true);
  });
});
