/** Callers that come back with a ticket: contract part F and rule 10, over HTTP. */
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { EventReader } from "../../kit/http/event-stream.ts";

import {
  ADMIN,
  changePolicy,
  grantOf,
  problemOf,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

const TEN_MINUTES_MS = 600_000;

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

/** A bucket of one a second, with nothing in it. */
async function emptied(policy: object = {}): Promise<string> {
  const name = uniqueName("tickets");
  await changePolicy(name, { capacity: 1, ...policy });
  await request(`/acquire?bucket=${name}`);
  return name;
}

/** A caller that waits on an event stream and has its ticket. */
interface Ticketed {
  readonly ticket: string;
  readonly reader: EventReader;
  /** Breaks its connection, and resolves when its place is free. */
  readonly leave: () => Promise<void>;
}

async function ticketed(name: string, query = "", headers = {}): Promise<Ticketed> {
  const reader = await stream(`/acquire?bucket=${name}${query}`, { headers });
  await reader.until(1);
  const ticket = String(ticketsOf(reader)[0]);
  return {
    ticket,
    reader,
    leave: async () => {
      const { cancelled } = await snapshotOf(name);
      await reader.leave();
      while ((await snapshotOf(name)).cancelled === cancelled) await settle();
    },
  };
}

/** The tickets of a stream's `queued` events. */
function ticketsOf({ events }: EventReader): unknown[] {
  return events.flatMap(({ event, data }) => {
    return event === "queued" ? [(data as { ticket?: unknown }).ticket] : [];
  });
}

/** Comes back with a ticket, for a plain answer. */
function present(name: string, ticket: string, query = "", headers = {}): Promise<Response> {
  const init = { headers: { "Sluice-Ticket": ticket, ...headers } };
  return request(`/acquire?bucket=${name}${query}`, init);
}

/** The order in which all of `answers` are granted, one a second. */
async function orderOf(name: string, answers: readonly Promise<Response>[]): Promise<number[]> {
  const order: number[] = [];
  const done = answers.map(async (answer, index) => {
    await grantOf(answer);
    order.push(index);
  });
  for (let ticks = 0; ticks < answers.length; ticks += 1) {
    await pass(name, 1_000);
    await settle();
  }
  await Promise.all(done);
  return order;
}

describe("a ticket", () => {
  it("comes with each queued event, the same for a place and another for each", async () => {
    const name = await emptied();
    const first = await ticketed(name);
    const second = await ticketed(name);
    const third = await ticketed(name);
    expect(new Set([first.ticket, second.ticket, third.ticket]).size).toBe(3);
    await pass(name, 1_000);
    await third.reader.until(2);
    expect(ticketsOf(third.reader)).toEqual([third.ticket, third.ticket]);
    await pass(name, 2_000);
    await third.reader.done;
    expect(third.reader.last).toMatchObject({ event: "granted" });
  });

  it("gets the old place back, in front of those who came later", async () => {
    const name = await emptied();
    const first = await ticketed(name, "&timeoutMs=9000");
    const second = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 2);
    await first.leave();
    const third = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 2);
    vi.setSystemTime(Date.now() + 700);
    const again = present(name, first.ticket, "&timeoutMs=9000");
    await untilWaiters(name, 3);
    await pass(name, 300);
    expect(await grantOf(again)).toMatchObject({ waitedMs: 1_000 });
    expect(await orderOf(name, [second, third])).toEqual([0, 1]);
    expect(await snapshotOf(name)).toMatchObject({ granted: 4, cancelled: 1, refused: 0 });
  });

  it("gets it back long after a key would have been forgotten", async () => {
    const name = await emptied();
    await changePolicy(name, { maxWaitMs: 3_600_000, refillIntervalMs: 60_000 });
    const first = await ticketed(name, "&timeoutMs=3000000");
    const second = request(`/acquire?bucket=${name}&timeoutMs=3600000`);
    await untilWaiters(name, 2);
    await first.leave();
    vi.setSystemTime(Date.now() + 45_000);
    const again = present(name, first.ticket, "&timeoutMs=3000000");
    await untilWaiters(name, 2);
    await pass(name, 60_000);
    expect(await grantOf(again)).toMatchObject({ tokens: 1 });
    await pass(name, 60_000);
    await grantOf(second);
  });

  it("gets it back after a crash, with the same ticket, in the old order", async () => {
    const name = await emptied();
    const callers = [];
    for (let count = 0; count < 6; count += 1) callers.push(await ticketed(name));
    for (const { leave } of callers) await leave();
    await abortAllDurableObjects();
    const answers: Promise<Response>[] = [];
    for (const [index, { ticket }] of [...callers.entries()].toReversed()) {
      answers[index] = present(name, ticket);
      await settle();
    }
    const newcomer = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 7);
    const [, second] = callers;
    const reader = await stream(`/acquire?bucket=${name}`, {
      headers: { "Sluice-Ticket": String(second?.ticket) },
    });
    await reader.until(1);
    expect(reader.events[0]).toMatchObject({ data: { position: 2, ticket: second?.ticket } });
    expect(await orderOf(name, [...answers, newcomer])).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(reader.last).toMatchObject({ event: "granted" });
  });

  it("comes first of those of one millisecond, if its caller did, when a tick has passed meanwhile", async () => {
    const name = await emptied();
    const callers = [await ticketed(name), await ticketed(name), await ticketed(name)];
    for (const { leave } of callers) await leave();
    await abortAllDurableObjects();
    vi.setSystemTime(Date.now() + 1_000);
    const answers: Promise<Response>[] = [];
    for (const [index, { ticket }] of [...callers.entries()].toReversed()) {
      answers[index] = present(name, ticket);
      await settle();
    }
    // The first that is admitted takes the token of that tick.
    await untilWaiters(name, 2);
    expect(await orderOf(name, answers)).toEqual([0, 1, 2]);
  });

  it("gets it back from the process after one that was shut down", async () => {
    const name = await emptied();
    const first = await ticketed(name);
    const second = await ticketed(name);
    const { reader } = second;
    await stubOf(name).shutDown();
    await reader.done;
    expect(reader.last).toMatchObject({ event: "refused", data: { reason: "unavailable" } });
    await abortAllDurableObjects();
    const answers = [present(name, first.ticket), present(name, second.ticket)];
    await untilWaiters(name, 2);
    expect(await orderOf(name, answers.toReversed())).toEqual([1, 0]);
  });

  it("is that of a stream whose object was reset, and of nobody else", async () => {
    const name = await emptied();
    const first = await ticketed(name);
    const second = await ticketed(name);
    await abortAllDurableObjects();
    const joined = present(name, second.ticket);
    await untilWaiters(name, 2);
    await pass(name, 1_000);
    await second.reader.until(2);
    expect(new Set(ticketsOf(second.reader))).toEqual(new Set([second.ticket]));
    await pass(name, 1_000);
    await Promise.all([first.reader.done, second.reader.done]);
    expect(await grantOf(joined)).toEqual(second.reader.last?.data);
    expect(await snapshotOf(name)).toMatchObject({ granted: 3, waiters: 0 });
  });

  it("counts for more than when its bearer's request reached the Worker, if that is requeued", async () => {
    const name = await emptied();
    const first = await ticketed(name);
    await first.leave();
    const second = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 1);
    const again = present(name, first.ticket);
    await untilWaiters(name, 2);
    await abortAllDurableObjects();
    await untilWaiters(name, 2);
    expect(await orderOf(name, [again, second])).toEqual([0, 1]);
  });

  it("keeps a timeout that the policy would no longer allow", async () => {
    const name = await emptied();
    const { ticket, leave } = await ticketed(name, "&timeoutMs=9000");
    await leave();
    await changePolicy(name, { maxWaitMs: 5_000 });
    const again = present(name, ticket, "&timeoutMs=9000");
    await untilWaiters(name, 1);
    await pass(name, 1_000);
    expect(await grantOf(again)).toMatchObject({ waitedMs: 1_000 });
  });

  it("is refused if the policy has nothing left of what it asks for", async () => {
    const name = await emptied({ hold: { maxMs: 60_000 } });
    const { ticket, leave } = await ticketed(name, "&holdMs=1000");
    await leave();
    await changePolicy(name, { hold: null });
    const problem = await problemOf(present(name, ticket, "&holdMs=1000"), 400, "invalid-request");
    expect(problem).toMatchObject({ errors: [{ field: "holdMs" }] });
  });

  it("fills no place while its bearer is gone, and queue-full does not apply to it", async () => {
    const name = await emptied({ queueLimit: 1 });
    const first = await ticketed(name);
    await first.leave();
    const second = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 1);
    await problemOf(request(`/acquire?bucket=${name}`), 429, "queue-full");
    const again = present(name, first.ticket);
    await untilWaiters(name, 2);
    expect(await orderOf(name, [again, second])).toEqual([0, 1]);
  });

  it("does not make anybody late that was promised a time meanwhile", async () => {
    const name = await emptied();
    const first = await ticketed(name);
    await first.leave();
    const second = request(`/acquire?bucket=${name}&timeoutMs=1000`);
    await untilWaiters(name, 1);
    const third = request(`/acquire?bucket=${name}&timeoutMs=5000`);
    await untilWaiters(name, 2);
    const again = present(name, first.ticket);
    await untilWaiters(name, 3);
    expect(await orderOf(name, [second, again, third])).toEqual([0, 1, 2]);
  });
});

describe("a ticket whose place still stands", () => {
  it("joins it: one grant, and one place", async () => {
    const name = await emptied();
    const { ticket, reader } = await ticketed(name);
    const joined = present(name, ticket);
    await settle();
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1 });
    await pass(name, 1_000);
    await reader.done;
    expect(await grantOf(joined)).toEqual(reader.last?.data);
    expect(await snapshotOf(name)).toMatchObject({ granted: 2 });
  });

  it("keeps it when the first request leaves", async () => {
    const name = await emptied();
    const { ticket, reader } = await ticketed(name);
    const joined = present(name, ticket);
    await settle();
    await reader.leave();
    await settle();
    await pass(name, 1_000);
    await grantOf(joined);
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, cancelled: 0 });
  });

  it("lets eight requests share it", async () => {
    const name = await emptied();
    const { ticket } = await ticketed(name);
    const joined = Array.from({ length: 7 }, () => present(name, ticket));
    await settle();
    const problem = await problemOf(present(name, ticket), 429, "queue-full");
    expect(problem.detail).toBe("Cannot wait with this ticket: 8 requests already do");
    await pass(name, 1_000);
    for (const answer of joined) await grantOf(answer);
  });
});

describe("a ticket that was granted", () => {
  it("is answered with that grant for ten minutes, and is late after that", async () => {
    const name = await emptied();
    const { ticket, reader } = await ticketed(name);
    await pass(name, 1_000);
    await reader.done;
    for (const laterMs of [0, TEN_MINUTES_MS - 1]) {
      await pass(name, laterMs);
      expect(await grantOf(present(name, ticket))).toEqual(reader.last?.data);
    }
    expect(await snapshotOf(name)).toMatchObject({ granted: 2 });
    await pass(name, 2);
    await problemOf(present(name, ticket), 429, "timeout");
  });

  it.each([
    ["alone", {}],
    ["with its key", { "Idempotency-Key": "a" }],
  ])("is no place any more once its permit is over, presented %s", async (_, headers) => {
    const name = await emptied({ capacity: 2, concurrency: { max: 1, ttlMs: 5_000 } });
    const { ticket, reader } = await ticketed(name, "", headers);
    await pass(name, 5_000);
    await reader.done;
    expect(await grantOf(present(name, ticket, "", headers))).toEqual(reader.last?.data);
    const before = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 1);
    await pass(name, 5_000);
    const { permit } = await grantOf(before);
    const again = present(name, ticket, "", headers);
    await untilWaiters(name, 1);
    await request(`/buckets/${name}/permits/${permit?.id}`, { method: "DELETE" });
    expect((await grantOf(again)).permit?.fence).toBeGreaterThan(permit?.fence ?? Infinity);
    await pass(name, 50_001);
    await problemOf(present(name, ticket), 429, "timeout");
  });

  it("is granted again after a crash if it is presented alone, and not with its key", async () => {
    const name = await emptied();
    const keyed = { "Idempotency-Key": "a" };
    const alone = await ticketed(name);
    const withKey = await ticketed(name, "", keyed);
    await pass(name, 2_000);
    await Promise.all([alone.reader.done, withKey.reader.done]);
    await abortAllDurableObjects();
    expect(await grantOf(present(name, withKey.ticket, "", keyed))).toEqual(
      withKey.reader.last?.data,
    );
    const again = present(name, alone.ticket);
    await untilWaiters(name, 1);
    await pass(name, 1_000);
    expect(await grantOf(again)).toMatchObject({ waitedMs: 3_000 });
  });
});

describe("a ticket that was cancelled", () => {
  it.each([
    ["while it waits", false],
    ["while its caller is gone", true],
  ])("by its key %s does not come back, with the key or without", async (_, isGone) => {
    const name = await emptied();
    const keyed = { "Idempotency-Key": "a" };
    const { ticket, leave } = await ticketed(name, "", keyed);
    if (isGone) await leave();
    const cancel = { method: "DELETE", headers: keyed };
    const cancelled = await request(`/acquire?bucket=${name}`, cancel);
    expect(await cancelled.json()).toEqual({ cancelled: true });
    await problemOf(present(name, ticket, "", keyed), 499, "cancelled");
    await problemOf(present(name, ticket), 499, "cancelled");
    vi.setSystemTime(Date.now() + 11_000);
    await problemOf(present(name, ticket, "", keyed), 499, "cancelled");
    expect(await snapshotOf(name)).toMatchObject({ waiters: 0, granted: 1 });
  });

  it("while a new instance collects callers does not come back", async () => {
    const name = await emptied();
    const keyed = { "Idempotency-Key": "a" };
    const { ticket, leave } = await ticketed(name, "", keyed);
    await leave();
    await abortAllDurableObjects();
    const held = present(name, ticket, "", keyed);
    await settle();
    await request(`/acquire?bucket=${name}`, { method: "DELETE", headers: keyed });
    await problemOf(held, 499, "cancelled");
    vi.setSystemTime(Date.now() + 11_000);
    await problemOf(present(name, ticket), 499, "cancelled");
  });
});

describe("a ticket and its deadline", () => {
  it.each([
    [5_000, 200],
    [5_001, 429],
  ])("%i ms after an arrival with 5,000 ms: %i", async (laterMs, status) => {
    const name = await emptied();
    const { ticket, leave } = await ticketed(name, "&timeoutMs=5000");
    await leave();
    vi.setSystemTime(Date.now() + laterMs);
    const answer = await present(name, ticket, "&timeoutMs=5000");
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject(
      status === 200 ? { waitedMs: laterMs } : { reason: "timeout" },
    );
  });

  it("is refused late where permits decide, even if one is free", async () => {
    const name = await emptied({ concurrency: { max: 2, ttlMs: 60_000 } });
    const { ticket, leave } = await ticketed(name, "&timeoutMs=5000");
    await leave();
    vi.setSystemTime(Date.now() + 5_001);
    await problemOf(present(name, ticket, "&timeoutMs=5000"), 429, "timeout");
    expect(await snapshotOf(name)).toMatchObject({ granted: 1 });
  });
});

describe("a ticket for something else", () => {
  const keyed = { "Idempotency-Key": "a" };

  it.each([
    ["other tokens", "&timeoutMs=5000&tokens=2", keyed],
    ["another timeout", "&timeoutMs=5001", keyed],
    ["no timeout", "", keyed],
    ["another key", "&timeoutMs=5000", { "Idempotency-Key": "b" }],
  ])("%s: 422, and nothing changes", async (_, query, headers) => {
    const name = await emptied({ capacity: 2, initialTokens: 2 });
    await grantOf(request(`/acquire?bucket=${name}`, { headers: { "Idempotency-Key": "b" } }));
    const { ticket, leave } = await ticketed(name, "&timeoutMs=5000&tokens=1", keyed);
    const before = await snapshotOf(name);
    await problemOf(present(name, ticket, query, headers), 422, "ticket-mismatch");
    expect(await snapshotOf(name)).toEqual(before);
    await leave();
    await problemOf(present(name, ticket, query, headers), 422, "ticket-mismatch");
    const again = present(name, ticket, "&timeoutMs=5000", keyed);
    await untilWaiters(name, 1);
    await pass(name, 1_000);
    await grantOf(again);
  });

  it("a key that its request did not have: 422", async () => {
    const name = await emptied();
    const { ticket } = await ticketed(name);
    await problemOf(present(name, ticket, "", keyed), 422, "ticket-mismatch");
  });
});

describe("a ticket that this bucket has not made", () => {
  async function expectForged(answer: Promise<Response>): Promise<void> {
    const problem = await problemOf(answer, 400, "invalid-request");
    expect(problem).toMatchObject({ errors: [{ field: "Sluice-Ticket" }] });
  }

  it("is refused, whether it is no ticket or an altered one", async () => {
    const name = await emptied();
    const { ticket } = await ticketed(name);
    const altered = ticket.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    for (const forged of ["x", "v1..", `${ticket}A`, ticket.slice(1), altered]) {
      await expectForged(present(name, forged));
    }
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1 });
  });

  it("is refused if it is another bucket's, or from before a reset", async () => {
    const name = await emptied();
    const { ticket, reader } = await ticketed(name);
    const other = await emptied();
    await ticketed(other);
    await expectForged(present(other, ticket));
    await expectForged(present(uniqueName("unused"), ticket));
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await reader.done;
    expect(reader.last).toMatchObject({ event: "refused", data: { reason: "bucket-reset" } });
    await expectForged(present(name, ticket));
    await request(`/acquire?bucket=${name}`);
    await ticketed(name);
    await expectForged(present(name, ticket));
  });
});
