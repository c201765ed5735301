import { describe, expect, it } from "vitest";

import type { AcquireCall } from "../../../src/wire/acquire-call.ts";

import { Caller } from "../../../src/bucket/caller.ts";
import {
  TicketBook,
  isSameAcquire,
  type TicketSecretStore,
} from "../../../src/bucket/tickets/ticket-book.ts";
import { Limiter } from "../../../src/core/limiter.ts";
import { Policy } from "../../../src/core/policy.ts";

const NOW_MS = 1_795_425_904_000;
const HOUR_MS = 3_600_000;
const policy = Policy.of({
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 10,
  queueLimit: 10_000,
  maxWaitMs: HOUR_MS,
});
const call: AcquireCall = {
  bucket: "x",
  policy: { name: "*", ...policy.toJSON() },
  tokens: 1,
  timeoutMs: HOUR_MS,
};
const grant = { ok: true, tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: NOW_MS } as const;

/** A bucket's disk. */
class Disk implements TicketSecretStore {
  secret: Uint8Array | undefined = undefined;
  writes = 0;

  read(): Uint8Array | undefined {
    return this.secret;
  }

  write(secret: Uint8Array): void {
    this.secret = secret;
    this.writes += 1;
  }
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

function bookOn(disk: Disk): TicketBook {
  return new TicketBook(disk, randomBytes);
}

/** Callers that wait in one queue. */
function waiting(calls: readonly AcquireCall[]): Caller[] {
  const limiter = new Limiter<Caller>(policy);
  const first = new Caller(call, 0, { answered: () => undefined });
  limiter.acquire({ caller: first, timeoutMs: 0 }, NOW_MS);
  return calls.map((one) => {
    const caller = new Caller(one, one.timeoutMs ?? HOUR_MS, { answered: () => undefined });
    const { tokens, timeoutMs = HOUR_MS } = one;
    caller.waiter = limiter.acquire({ caller, tokens, timeoutMs }, NOW_MS).waiter;
    if (!caller.waiter) throw new Error("The caller does not wait");
    return caller;
  });
}

function placeOf({ placeId }: Caller): string {
  if (placeId === undefined) throw new Error("The caller has no ticket");
  return placeId;
}

/** One caller that waits, with its ticket. */
function ticketed(book: TicketBook, asked: Partial<AcquireCall> = {}) {
  const [caller] = waiting([{ ...call, ...asked }]);
  if (!caller) throw new Error("There is no caller");
  const ticket = book.ticketOf(caller);
  const claim = book.open(ticket);
  if (!claim) throw new Error("The book does not know its ticket");
  return { caller, ticket, claim };
}

describe("TicketBook", () => {
  it("writes the secret with the first ticket, and never again", () => {
    const disk = new Disk();
    const book = bookOn(disk);
    expect(book.open("v1.abc.def")).toBeUndefined();
    expect(disk.writes).toBe(0);
    const { caller, ticket } = ticketed(book);
    expect(disk.secret).toHaveLength(32);
    expect(book.ticketOf(caller)).toBe(ticket);
    ticketed(book);
    expect(bookOn(disk).open(ticket)).toBeDefined();
    ticketed(bookOn(disk));
    expect(disk.writes).toBe(1);
  });

  it("states the arrival, what was asked, and the timeout in force", () => {
    const book = bookOn(new Disk());
    const { caller, claim } = ticketed(book, { tokens: 1, timeoutMs: 5_000 });
    expect(claim).toMatchObject({
      arrival: {
        queuedAtMs: NOW_MS,
        deadlineAtMs: NOW_MS + 5_000,
        arrivalNumber: caller.waiter?.arrivalNumber,
      },
      timeoutMs: 5_000,
      asked: { tokens: 1, timeoutMs: 5_000 },
    });
  });

  it("gives each of a thousand waiters a ticket of its own, before and after a crash", () => {
    const disk = new Disk();
    const books = [bookOn(disk), bookOn(disk)];
    const tickets = books.flatMap((book) => {
      return waiting(Array.from({ length: 500 }, () => call)).map((one) => book.ticketOf(one));
    });
    expect(new Set(tickets).size).toBe(1_000);
  });

  it("knows no ticket of another bucket, or from before a reset", () => {
    const disk = new Disk();
    const book = bookOn(disk);
    const { ticket } = ticketed(book);
    const other = bookOn(new Disk());
    ticketed(other);
    expect(other.open(ticket)).toBeUndefined();
    disk.secret = undefined;
    book.forgetAll();
    expect(book.open(ticket)).toBeUndefined();
    ticketed(book);
    expect(book.open(ticket)).toBeUndefined();
  });

  it("finds the caller that waits, until it no longer does", () => {
    const book = bookOn(new Disk());
    const { caller, claim } = ticketed(book);
    expect(book.find(claim.placeId, NOW_MS)).toEqual({ kind: "waiting", caller });
    book.forget(placeOf(caller));
    expect(book.find(claim.placeId, NOW_MS)).toEqual({ kind: "absent" });
  });

  it("finds a caller that has come back, and gives it the same ticket", () => {
    const disk = new Disk();
    const { ticket, claim } = ticketed(bookOn(disk));
    const next = bookOn(disk);
    const [returner] = waiting([call]);
    if (!returner) throw new Error("There is no caller");
    returner.placeId = claim.placeId;
    next.arrived(returner);
    expect(next.find(claim.placeId, NOW_MS)).toEqual({ kind: "waiting", caller: returner });
    expect(next.ticketOf(returner)).toBe(ticket);
  });

  it("makes no ticket for a caller that does not wait", () => {
    const settled = new Caller(call, HOUR_MS, { answered: () => undefined });
    expect(() => bookOn(new Disk()).ticketOf(settled)).toThrow(RangeError);
  });

  it.each([
    [600_000, "granted"],
    [600_001, "absent"],
  ])("%i ms after a grant, its ticket is %s", (laterMs, kind) => {
    const book = bookOn(new Disk());
    const { caller, claim } = ticketed(book);
    book.granted(placeOf(caller), grant, NOW_MS);
    book.forget(placeOf(caller));
    expect(book.find(claim.placeId, NOW_MS + laterMs)).toEqual({
      kind,
      ...(kind === "granted" && { grant }),
    });
  });

  it("remembers a cancelled place until the last possible deadline", () => {
    const book = bookOn(new Disk());
    const { caller, claim } = ticketed(book);
    book.cancelled(placeOf(caller), NOW_MS);
    book.forget(placeOf(caller));
    const { deadlineAtMs } = claim.arrival;
    expect(book.find(claim.placeId, deadlineAtMs)).toEqual({ kind: "cancelled" });
    expect(book.find(claim.placeId, deadlineAtMs + 1)).toEqual({ kind: "absent" });
  });

  it("keeps nothing of callers that never had a ticket", () => {
    const disk = new Disk();
    const book = bookOn(disk);
    const [caller] = waiting([call]);
    if (!caller) throw new Error("There is no caller");
    book.arrived(caller);
    expect(disk.writes).toBe(0);
    expect(caller.placeId).toBeUndefined();
  });

  it("remembers the last 10,000 grants and the last 10,000 cancelled places", () => {
    const book = bookOn(new Disk());
    const callers = waiting(Array.from({ length: 10_000 }, () => call));
    const claims = callers.map((caller) => book.open(book.ticketOf(caller)));
    const settled = [ticketed(book), ticketed(book)] as const;
    const [one, two] = settled;
    book.granted(placeOf(one.caller), grant, NOW_MS);
    book.cancelled(placeOf(two.caller), NOW_MS);
    for (const { caller } of settled) book.forget(placeOf(caller));
    const kinds = () => settled.map(({ claim }) => book.find(claim.placeId, NOW_MS).kind);
    for (const caller of callers.slice(1)) {
      book.granted(placeOf(caller), grant, NOW_MS);
      book.cancelled(placeOf(caller), NOW_MS);
      book.forget(placeOf(caller));
    }
    expect(kinds()).toEqual(["granted", "cancelled"]);
    const [first] = callers;
    if (!first) throw new Error("There is no caller");
    book.granted(placeOf(first), grant, NOW_MS);
    book.cancelled(placeOf(first), NOW_MS);
    expect(kinds()).toEqual(["absent", "absent"]);
    expect(claims[1] && book.find(claims[1].placeId, NOW_MS).kind).toBe("granted");
  });
});

describe("isSameAcquire", () => {
  it.each<[string, Partial<AcquireCall>, Partial<AcquireCall>, boolean]>([
    ["the same", {}, {}, true],
    ["other tokens", {}, { tokens: 2 }, false],
    ["another timeout", {}, { timeoutMs: 7 }, false],
    ["a hold", {}, { holdMs: 1_000 }, false],
    ["tokens of a limit", {}, { limits: { tpm: 1 } }, false],
    ["the same key", { idempotencyKey: "a" }, { idempotencyKey: "a" }, true],
    ["no key", { idempotencyKey: "a" }, {}, true],
    ["another key", { idempotencyKey: "a" }, { idempotencyKey: "b" }, false],
    ["a key that it never had", {}, { idempotencyKey: "b" }, false],
  ])("%s", (_, first, then, expected) => {
    const { claim } = ticketed(bookOn(new Disk()), first);
    expect(isSameAcquire(claim, { ...call, ...then })).toBe(expected);
  });
});
