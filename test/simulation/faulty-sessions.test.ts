/**
 * Schedules of sessions find faults. Each test below puts one into the bucket, in the place of a method, and asks for
 * a schedule in which a law is broken.
 */
import { afterEach, expect, test, vi } from "vitest";

import { KeyedCalls } from "../../src/bucket/keyed-calls.ts";
import { PlaceSaver, type SavingSession } from "../../src/bucket/sessions/place-saver.ts";
import { Sessions } from "../../src/bucket/sessions/sessions.ts";
import { TicketBook } from "../../src/bucket/tickets/ticket-book.ts";
import { TicketSigner, type TicketClaim } from "../../src/bucket/tickets/ticket.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { WaiterQueue } from "../../src/core/queue/waiter-queue.ts";
import { GatedInstance } from "../../kit/simulation/gated-instance.ts";
import { simulateSessions } from "../../kit/simulation/session-simulation.ts";

const SEED = 1;
/** By far more than any of them takes. */
const MAX_SCHEDULES = 400;

afterEach(() => void vi.restoreAllMocks());

/** A method as it is, to be called where another one is in its place. */
function methodOf<Target extends object, Name extends keyof Target>(target: Target, name: Name) {
  return target[name];
}

const changed = methodOf(PlaceSaver.prototype, "changed");
const find = methodOf(KeyedCalls.prototype, "find");
const restore = methodOf(Limiter.prototype, "restore");
const open = methodOf(TicketSigner.prototype, "open");

const faults: Readonly<Record<string, () => void>> = {
  "an attachment still lists places that have been granted": () => {
    const listed = new WeakMap<SavingSession, number>();
    vi.spyOn(PlaceSaver.prototype, "changed").mockImplementation(function (
      this: PlaceSaver,
      session,
    ) {
      const places = [...session.places()].length;
      if (places > (listed.get(session) ?? 0)) changed.call(this, session);
      listed.set(session, places);
    });
  },
  "places aren't saved": () => {
    vi.spyOn(PlaceSaver.prototype, "changed").mockReturnValue(undefined);
  },
  "a request over HTTP doesn't wait for what has arrived on sessions": () => {
    vi.spyOn(GatedInstance.prototype, "call").mockImplementation(function (
      this: GatedInstance,
      run,
    ) {
      this.turn(run);
    });
  },
  "a key that comes twice in a frame is granted twice": () => {
    vi.spyOn(KeyedCalls.prototype, "find").mockImplementation(function (
      this: KeyedCalls,
      key,
      call,
      limiter,
      nowMs,
    ) {
      const known = find.call(this, key, call, limiter, nowMs);
      return known?.kind === "waiting" ? undefined : known;
    });
  },
  "the last waiter isn't put back": () => {
    vi.spyOn(Limiter.prototype, "restore").mockImplementation(function (
      this: Limiter<unknown>,
      waiters,
      nowMs,
    ) {
      return restore.call(this, waiters.slice(0, -1), nowMs);
    });
  },
  "waiters are put back in the order of their sessions": () => {
    vi.spyOn(WaiterQueue.prototype, "restore").mockImplementation(function (
      this: WaiterQueue<unknown>,
      waiters,
    ) {
      return waiters.map((waiter) => this.joinBehind(waiter, this.tail));
    });
  },
  "a returner makes others late": () => {
    const join = methodOf(WaiterQueue.prototype, "join");
    vi.spyOn(WaiterQueue.prototype, "joinBehind").mockImplementation(function (
      this: WaiterQueue<unknown>,
      waiter,
    ) {
      return join.call(this, waiter);
    });
  },
  "a ticket is granted twice": () => {
    vi.spyOn(TicketBook.prototype, "granted").mockReturnValue(undefined);
  },
  "a ticket's signature isn't looked at": () => {
    let last: TicketClaim | undefined;
    vi.spyOn(TicketSigner.prototype, "open").mockImplementation(function (
      this: TicketSigner,
      ticket,
    ) {
      const claim = open.call(this, ticket);
      last = claim ?? last;
      return last;
    });
  },
  "a session that is over keeps its places": () => {
    vi.spyOn(Sessions.prototype, "closed").mockReturnValue(undefined);
  },
};

test.each(Object.entries(faults))("schedules find that %s", { timeout: 120_000 }, (_, put) => {
  put();
  for (let number = 1; number <= MAX_SCHEDULES; number += 1) {
    if (simulateSessions(SEED, number).faults.length > 0) return;
  }
  expect.unreachable(`No law was broken in ${MAX_SCHEDULES} schedules`);
});
