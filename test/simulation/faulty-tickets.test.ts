/**
 * Schedules of tickets find faults. Each test below puts one into a bucket, in the place of a method, and asks for a
 * schedule in which a law is broken.
 */
import { afterEach, expect, test, vi } from "vitest";

import { simulateTickets } from "../../kit/simulation/ticket-simulation.ts";
import { RemovedCallers } from "../../src/bucket/removed-callers.ts";
import { TicketBook } from "../../src/bucket/tickets/ticket-book.ts";
import { TicketSigner, type TicketClaim } from "../../src/bucket/tickets/ticket.ts";
import { ServedQueue } from "../../src/core/served-queue.ts";
import { WaiterQueue } from "../../src/core/queue/waiter-queue.ts";

const SEED = 1;
/** By far more than any of them takes. */
const MAX_SCHEDULES = 1_000;

/** A method as it is, to be called where another one is in its place. */
function methodOf<Target extends object, Name extends keyof Target>(target: Target, name: Name) {
  return target[name];
}

const open = methodOf(TicketSigner.prototype, "open");
const joinEnd = methodOf(ServedQueue.prototype, "joinEnd");

afterEach(() => void vi.restoreAllMocks());

const faults: Readonly<Record<string, () => void>> = {
  "a granted place is forgotten": () => {
    vi.spyOn(TicketBook.prototype, "granted").mockImplementation(() => undefined);
  },
  "a cancelled place is forgotten": () => {
    vi.spyOn(TicketBook.prototype, "cancelled").mockImplementation(() => undefined);
  },
  "a removed caller is forgotten": () => {
    vi.spyOn(RemovedCallers.prototype, "has").mockReturnValue(false);
  },
  "a place that still stands is not joined": () => {
    vi.spyOn(TicketBook.prototype, "arrived").mockImplementation(() => undefined);
  },
  "a forged ticket passes for the last genuine one": () => {
    let last: TicketClaim | undefined;
    vi.spyOn(TicketSigner.prototype, "open").mockImplementation(function (
      this: TicketSigner,
      ticket,
    ) {
      last = open.call(this, ticket) ?? last;
      return last;
    });
  },
  "the deadline is that of the return": () => {
    vi.spyOn(TicketSigner.prototype, "open").mockImplementation(function (
      this: TicketSigner,
      ticket,
    ) {
      const claim = open.call(this, ticket);
      return (
        claim && { ...claim, arrival: { ...claim.arrival, deadlineAtMs: Number.MAX_SAFE_INTEGER } }
      );
    });
  },
  "a returner goes to the end": () => {
    vi.spyOn(ServedQueue.prototype, "joinGuarded").mockImplementation(function (
      this: ServedQueue<unknown>,
      limits,
      returner,
      nowMs,
    ) {
      return joinEnd.call(this, limits, returner, Infinity, nowMs);
    });
  },
  "queueLimit counts for those who come back": () => {
    vi.spyOn(WaiterQueue.prototype, "isLatest").mockReturnValue(false);
    vi.spyOn(ServedQueue.prototype, "joinGuarded").mockImplementation(function (
      this: ServedQueue<unknown>,
      limits,
      returner,
      nowMs,
    ) {
      return joinEnd.call(this, limits, returner, 2, nowMs);
    });
  },
};

test.each(Object.entries(faults))("%s", (_, inject) => {
  inject();
  let number = 1;
  const isFound = (): boolean => {
    try {
      return simulateTickets(SEED, number).faults.length > 0;
    } catch {
      return true;
    }
  };
  while (number <= MAX_SCHEDULES && !isFound()) number += 1;
  expect(number).toBeLessThanOrEqual(MAX_SCHEDULES);
});
