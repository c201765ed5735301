import { describe, expect, test } from "vitest";

import type { GrantRow, HoldState } from "../../../src/core/holds/grant-row.ts";

import { OpenGrants, REMEMBERED_MS } from "../../../src/core/holds/open-grants.ts";

/** So many tokens of `rate` until `expiresAtMs`. */
function holdUntil(expiresAtMs: number, reserved = 1): HoldState {
  return { expiresAtMs, limits: { rate: { reserved, spent: 0, start: 0 } } };
}

/** Open grants and the rows that they have written. */
class Book {
  grants = new OpenGrants();
  readonly rows = new Map<number, GrantRow>();
  #ids = 0;

  open(
    grantedAtMs: number,
    {
      hold,
      permitEndAtMs,
      sessionId,
    }: { hold?: HoldState; permitEndAtMs?: number; sessionId?: string },
  ) {
    this.#ids += 1;
    const id = `g${this.#ids}`;
    const permit =
      permitEndAtMs === undefined
        ? undefined
        : { expiresAtMs: permitEndAtMs, ...(sessionId !== undefined && { sessionId }) };
    const opened = this.grants.open({ id, grantedAtMs, hold, permit });
    this.write();
    return opened;
  }

  settle(id: string, settledAtMs: number): void {
    const grant = this.grants.find(id);
    if (!grant?.hold) throw new Error(`There is no hold ${id}`);
    const none = { rate: 0 };
    const settlement = { used: none, returned: none, owed: none, settledAtMs };
    this.grants.change({ ...grant, hold: { ...grant.hold, settlement } });
    this.write();
  }

  release(id: string): void {
    const grant = this.grants.find(id);
    if (!grant) throw new Error(`There is no permit ${id}`);
    const { permit: _, ...others } = grant;
    this.grants.change(others);
    this.write();
  }

  expire(nowMs: number): number {
    const { length } = this.grants.expire(nowMs);
    this.write();
    return length;
  }

  /** The slots that had to be written since the last time. */
  write(): number[] {
    const rows = this.grants.takeChanged() ?? [];
    for (const row of rows) this.rows.set(row.slot, row);
    return rows.map(({ slot }) => slot);
  }

  permitEnds(): unknown[] {
    return [...this.grants.withPermit()].map(({ permit }) => permit?.expiresAtMs);
  }

  restart(): void {
    this.grants = OpenGrants.from(JSON.parse(JSON.stringify([...this.rows.values()])));
  }
}

describe("OpenGrants", () => {
  test("gives each grant a slot, and that of one that is over to a later one", () => {
    const book = new Book();
    for (const atMs of [0, 1, 2]) book.open(atMs, { permitEndAtMs: 1_000 });
    book.release("g2");
    book.open(3, { permitEndAtMs: 1_000 });
    expect([...book.rows].map(([slot, { grant }]) => [slot, grant.id])).toEqual([
      [0, "g1"],
      [1, "g4"],
      [2, "g3"],
    ]);
  });

  test("keeps the slot of a hold that is over for as long as it is remembered", () => {
    const book = new Book();
    book.open(0, { hold: holdUntil(100) });
    book.settle("g1", 50);
    book.expire(50 + REMEMBERED_MS - 1);
    book.open(1, { hold: holdUntil(10_000_000) });
    expect(book.grants.find("g1")?.hold?.settlement).toMatchObject({ settledAtMs: 50 });
    book.expire(50 + REMEMBERED_MS);
    expect(book.grants.find("g1")).toBeUndefined();
    book.open(2, { hold: holdUntil(10_000_000) });
    expect(book.rows.size).toBe(2);
  });

  test("keeps one of which either is left", () => {
    const book = new Book();
    book.open(0, { hold: holdUntil(100), permitEndAtMs: 5_000 });
    expect(book.expire(100)).toBe(1);
    expect(book.grants.find("g1")?.permit).toEqual({ expiresAtMs: 5_000 });
    book.release("g1");
    expect(book.grants.find("g1")?.permit).toBeUndefined();
    expect(book.grants.find("g1")?.hold).toBeDefined();
    book.expire(100 + REMEMBERED_MS);
    expect(book.grants.find("g1")).toBeUndefined();
  });

  test("ends a hold once, whatever was spent of it", () => {
    const book = new Book();
    book.open(0, { hold: holdUntil(100, 5) });
    for (const spent of [1, 2, 3]) {
      const grant = book.grants.find("g1");
      const limits = { rate: { reserved: 5, spent, start: 0 } };
      if (grant) book.grants.change({ ...grant, hold: { ...holdUntil(100), limits } });
    }
    expect(book.grants.heldTokensAt(99).get("rate")).toBe(2);
    expect(book.grants.heldTokensAt(100).get("rate")).toBe(0);
    expect([book.expire(99), book.expire(100), book.expire(100)]).toEqual([0, 1, 0]);
    expect([book.grants.openHoldCount, book.grants.heldTokensAt(100).get("rate")]).toEqual([0, 0]);
  });

  test("writes that a permit is lost, and not that a hold is over, whose end is on the disk", () => {
    const book = new Book();
    book.open(0, { hold: holdUntil(100) });
    book.open(0, { permitEndAtMs: 200 });
    book.grants.expire(100);
    expect(book.write()).toEqual([]);
    book.grants.expire(200);
    expect(book.write()).toEqual([1]);
    expect(book.rows.get(1)?.grant).toEqual({ id: "g2", grantedAtMs: 0, fence: 1 });
  });

  test("gives fences that rise: by the clock, and by one where that stands still or goes back", () => {
    const book = new Book();
    const fenceAt = (atMs: number) => book.open(atMs, { permitEndAtMs: 99_999 }).permit?.fence;
    expect([500, 500, 400, 900].map(fenceAt)).toEqual([500, 501, 502, 900]);
    book.restart();
    expect([10, 2_000].map(fenceAt)).toEqual([901, 2_000]);
  });

  test("gives a higher fence than one that is on the disk no more", () => {
    const book = new Book();
    book.open(500, { permitEndAtMs: 600 });
    book.release("g1");
    book.open(500, { hold: holdUntil(10_000) });
    book.restart();
    expect(book.open(500, { permitEndAtMs: 600 }).permit?.fence).toBe(501);
  });

  test("comes back from its rows with what is open, what is remembered and which slots are free", () => {
    const book = new Book();
    book.open(0, { hold: holdUntil(1_000, 4) });
    book.open(1, { hold: holdUntil(1_000, 2), permitEndAtMs: 5_000 });
    book.open(2, { permitEndAtMs: 5_000 });
    book.open(3, { permitEndAtMs: 4_000 });
    book.settle("g1", 10);
    book.release("g3");
    book.restart();
    const { grants } = book;
    expect([grants.hasRows, grants.openHoldCount, grants.heldTokensAt(10).get("rate")]).toEqual([
      true,
      1,
      2,
    ]);
    expect(book.permitEnds()).toEqual([5_000, 4_000]);
    expect(grants.oldestPermitAtMs(10)).toBe(1);
    expect(grants.oldestPermitAtMs(4_999)).toBe(1);
    expect(grants.oldestPermitAtMs(5_000)).toBeUndefined();
    expect(grants.find("g1")?.hold?.settlement).toMatchObject({ settledAtMs: 10 });
    expect(grants.find("g3")).toBeUndefined();
    expect([grants.firstHoldEndAtMs, grants.nextEndAtMs]).toEqual([1_000, 1_000]);
    book.open(4, { permitEndAtMs: 9_000 });
    expect([...book.rows.keys()]).toEqual([0, 1, 2, 3]);
  });

  test("loses all permits when there are none any more", () => {
    const book = new Book();
    book.open(0, { permitEndAtMs: 5_000 });
    book.open(0, { hold: holdUntil(1_000), permitEndAtMs: 5_000 });
    book.grants.dropPermits();
    expect(book.write()).toEqual([0, 1]);
    expect(book.permitEnds()).toEqual([]);
    book.restart();
    expect([book.grants.find("g1"), book.grants.find("g2")?.permit]).toEqual([
      undefined,
      undefined,
    ]);
    expect(book.grants.openHoldCount).toBe(1);
  });
});

test("a permit of a session has no end, which is on the disk, and its grant doesn't say whose it is", () => {
  const book = new Book();
  const { permit } = book.open(1, { permitEndAtMs: 5_000, sessionId: "s1" });
  expect(permit).toEqual({ id: "g1", fence: 1, expiresAtMs: 5_000 });
  for (const restarted of [false, true]) {
    if (restarted) book.restart();
    expect(book.grants.nextEndAtMs).toBe(Infinity);
    book.expire(1e15);
    expect(book.grants.find("g1")?.permit).toEqual({ expiresAtMs: 5_000, sessionId: "s1" });
    expect(book.grants.oldestPermitAtMs(1e15)).toBe(1);
  }
  book.grants.change({ id: "g1", grantedAtMs: 1, fence: 1, permit: { expiresAtMs: 9_000 } });
  expect([book.write(), book.grants.nextEndAtMs]).toEqual([[0], 9_000]);
  book.expire(9_000);
  expect(book.grants.find("g1")).toBeUndefined();
});

test("OpenGrants remembers the last ten thousand holds that are over, however many there are", () => {
  const book = new Book();
  for (let count = 1; count <= 10_002; count += 1) {
    book.open(0, { hold: holdUntil(60_000) });
    book.settle(`g${count}`, count);
  }
  expect(book.grants.find("g2")).toBeUndefined();
  expect(book.grants.find("g3")?.hold?.settlement).toMatchObject({ settledAtMs: 3 });
  expect(book.rows.size).toBe(10_001);
});

test("OpenGrants remember a hold that was not settled, however many others are", () => {
  const book = new Book();
  book.open(0, { hold: holdUntil(1) });
  book.expire(1);
  for (let count = 2; count <= 10_003; count += 1) {
    book.open(1, { hold: holdUntil(60_000) });
    book.settle(`g${count}`, count);
  }
  expect(book.grants.find("g1")?.hold).toBeDefined();
  book.settle("g1", 20_000);
  expect(book.grants.find("g3")).toBeUndefined();
  expect(book.grants.find("g1")?.hold?.settlement).toBeDefined();
});

test("OpenGrants that come back with more than are remembered give each slot once", () => {
  const book = new Book();
  const count = 10_003;
  for (let opened = 0; opened < count; opened += 1) book.open(0, { hold: holdUntil(60_000) });
  for (let settled = 1; settled <= count; settled += 1) book.settle(`g${settled}`, settled);
  book.restart();
  for (let opened = 0; opened < 5; opened += 1) {
    book.open(count, { permitEndAtMs: 60_000 });
  }
  book.restart();
  expect(book.permitEnds()).toHaveLength(5);
});
