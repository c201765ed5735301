import { describe, expect, it } from "vitest";

import type { QueuedWaiter } from "../../src/protocol/queued-waiter.ts";

import { nextRows, servedInMs, type WaiterRow } from "../../src/dashboard/waiter-rows.ts";

function queueOf(...ids: string[]): QueuedWaiter[] {
  return ids.map((id, index) => {
    return { id, position: index + 1, etaMs: 1, tokens: 1, queuedAtMs: 0, deadlineAtMs: 9 };
  });
}

function shown(rows: readonly WaiterRow[]): string[] {
  return rows.map(({ waiter, isGone }) => `${waiter.id}${isGone ? " gone" : ""}`);
}

const three = nextRows([], queueOf("a", "b", "c"), false);

describe("nextRows", () => {
  it("is the queue, as long as rows may move", () => {
    expect(shown(nextRows(three, queueOf("c", "d"), false))).toEqual(["c", "d"]);
  });

  it("leaves every row where it is while they must not, and puts who comes at the end", () => {
    const rows = nextRows(three, queueOf("b", "d"), true);
    expect(shown(rows)).toEqual(["a gone", "b", "c gone", "d"]);
    // With the place that it has now.
    expect(rows[1]?.waiter.position).toBe(1);
    expect(shown(nextRows(rows, queueOf("b", "d"), false))).toEqual(["b", "d"]);
  });

  it("keeps the last hundred that are gone, however long rows must not move", () => {
    let rows: readonly WaiterRow[] = [];
    for (let next = 0; next < 500; next++) rows = nextRows(rows, queueOf(String(next)), true);
    expect(rows).toHaveLength(101);
    expect(rows.at(-1)).toMatchObject({ isGone: false, waiter: { id: "499" } });
    expect(rows[0]).toMatchObject({ isGone: true, waiter: { id: "399" } });
  });
});

describe("servedInMs", () => {
  const waiters = queueOf("a", "b", "c").map((waiter, index) =>
    Object.assign(waiter, { etaMs: 500 + index * 50 }),
  );

  it("is when the last one is granted", () => {
    expect(servedInMs({ waiters, omitted: 0 })).toBe(600);
    expect(servedInMs({ waiters: [], omitted: 0 })).toBe(0);
  });

  it("takes those that aren't listed for as far apart as the listed ones", () => {
    expect(servedInMs({ waiters, omitted: 300 })).toBe(15_600);
    expect(servedInMs({ waiters: waiters.slice(0, 1), omitted: 300 })).toBe(500);
  });
});
