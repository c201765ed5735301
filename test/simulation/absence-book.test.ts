import { expect, test } from "vitest";

import type { AcquireCall } from "../../src/wire/acquire-call.ts";

import { AbsenceBook, type Absence } from "../../kit/simulation/absence-book.ts";
import { Policy } from "../../src/core/policy.ts";

const policy = {
  name: "*",
  ...Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON(),
};

function ask(tokens: number): AcquireCall {
  return { bucket: "b", policy, tokens, idempotencyKey: "key" };
}

function absence(call: AcquireCall, isSure: boolean, leftAtMs: number): Absence {
  const arrival = {
    firstArrivalMs: undefined,
    deliveredAtMs: 0,
    order: 1,
    calledAtMs: 0,
    deadlineAtMs: 1_000,
  };
  return { arrival, call, leftAtMs, isSure };
}

test("AbsenceBook keeps a place when a request with the same key for something else leaves", () => {
  const book = new AbsenceBook();
  const requeued = absence(ask(1), false, 10);
  const newcomer = absence(ask(2), false, 20);
  book.disconnected("key", requeued);
  book.disconnected("key", newcomer);
  expect(book.away("key", 30)).toBe(newcomer);
  expect(book.comesBack(ask(2), 30)).toBe(newcomer);
  expect(book.comesBack(ask(1), 30_010)).toBe(requeued);
  expect(book.comesBack(ask(1), 30_010)).toBeUndefined();
});

test("AbsenceBook forgets what else left with a key once a place is sure", () => {
  const book = new AbsenceBook();
  const place = absence(ask(2), true, 20);
  book.disconnected("key", absence(ask(1), false, 10));
  book.disconnected("key", place);
  expect(book.comesBack(ask(1), 30)).toBeUndefined();
  expect(book.comesBack(ask(2), 30_020)).toBe(place);
});

test("AbsenceBook keeps an absence for 30 seconds, and none of a cancelled key", () => {
  const book = new AbsenceBook();
  book.disconnected("key", absence(ask(1), false, 10));
  expect(book.comesBack(ask(1), 30_011)).toBeUndefined();
  book.cancel("key", 20);
  expect(book.away("key", 20)).toBeUndefined();
  book.disconnected("key", absence(ask(1), false, 30));
  expect(book.away("key", 30)).toBeUndefined();
});
