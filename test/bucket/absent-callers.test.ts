/**
 * Callers whose connection broke while they waited, and who come back with their key: contract rule 10. In
 * issue 11 they went to the end of the queue.
 */
import { describe, expect, it, vi } from "vitest";

import { AbsentCallers } from "../../src/bucket/absent-callers.ts";
import {
  ADMIN,
  grantOf,
  problemOf,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

function ask(name: string, key: string, query = "", signal?: AbortSignal): Promise<Response> {
  const headers = { "Idempotency-Key": `"${key}"` };
  return request(`/acquire?bucket=${name}${query}`, { headers, ...(signal && { signal }) });
}

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

/** A bucket of one a second, with nothing in it. */
async function emptied(policy: object = {}): Promise<string> {
  const name = uniqueName("come-back");
  const body = JSON.stringify({ capacity: 1, ...policy });
  await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
  await request(`/acquire?bucket=${name}`);
  return name;
}

/** A request that waits in the queue, and can leave it. */
async function waiting(
  name: string,
  key: string,
  query = "",
): Promise<{ readonly leave: () => Promise<void> }> {
  const { waiters } = await snapshotOf(name);
  const controller = new AbortController();
  const held = ask(name, key, query, controller.signal).catch(() => "gone");
  await untilWaiters(name, waiters + 1);
  return {
    leave: async () => {
      const before = await snapshotOf(name);
      controller.abort();
      expect(await held).toBe("gone");
      while ((await snapshotOf(name)).cancelled === before.cancelled) await settle();
    },
  };
}

/** Resolves once `held` is one of so many waiters, with it: not with what comes of it. */
async function joins(
  name: string,
  held: Promise<Response>,
  waiters: number,
): Promise<readonly [Promise<Response>]> {
  await untilWaiters(name, waiters);
  return [held];
}

describe("a caller that comes back with its key", () => {
  it("takes its old place, in front of those who came after it", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    const [second] = await joins(name, ask(name, "b"), 2);
    await first.leave();
    const [third] = await joins(name, ask(name, "c"), 2);
    vi.setSystemTime(Date.now() + 700);
    const [again] = await joins(name, ask(name, "a"), 3);
    await pass(name, 300);
    expect(await grantOf(again)).toMatchObject({ waitedMs: 1_000 });
    await pass(name, 1_000);
    expect(await grantOf(second)).toMatchObject({ waitedMs: 2_000 });
    await pass(name, 1_000);
    expect(await grantOf(third)).toMatchObject({ waitedMs: 3_000 });
    expect(await snapshotOf(name)).toMatchObject({ granted: 4, cancelled: 1, refused: 0 });
  });

  it("is told its old place by an event stream", async () => {
    const name = await emptied();
    const first = await stream(`/acquire?bucket=${name}`, {
      headers: { "Idempotency-Key": "a" },
    });
    await untilWaiters(name, 1);
    const [second] = await joins(name, ask(name, "b"), 2);
    await first.leave();
    await untilWaiters(name, 1);
    const again = await stream(`/acquire?bucket=${name}`, {
      headers: { "Idempotency-Key": "a" },
    });
    await again.until(1);
    await pass(name, 1_000);
    await again.done;
    expect(again.events[0]).toMatchObject({ event: "queued", data: { position: 1 } });
    expect(again.last).toMatchObject({ event: "granted" });
    await pass(name, 1_000);
    expect((await second).status).toBe(200);
  });

  it("is granted at once where its turn has come meanwhile", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    await first.leave();
    vi.setSystemTime(Date.now() + 1_400);
    expect(await grantOf(ask(name, "a"))).toMatchObject({ waitedMs: 1_400 });
  });

  it("fills no place while it is away, and queue-full does not apply to it", async () => {
    const name = await emptied({ queueLimit: 1 });
    const first = await waiting(name, "a");
    await problemOf(ask(name, "b"), 429, "queue-full");
    await first.leave();
    expect(await snapshotOf(name)).toMatchObject({ waiters: 0, queuedTokens: 0 });
    const [second] = await joins(name, ask(name, "b"), 1);
    const [again] = await joins(name, ask(name, "a"), 2);
    await pass(name, 1_000);
    expect(await grantOf(again)).toMatchObject({ waitedMs: 1_000 });
    await pass(name, 1_000);
    expect((await second).status).toBe(200);
  });

  it("keeps its deadline, whatever maxWaitMs has become: 429 after it", async () => {
    const name = await emptied();
    const first = await waiting(name, "a", "&timeoutMs=5000");
    await first.leave();
    const body = JSON.stringify({ maxWaitMs: 100 });
    await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    vi.setSystemTime(Date.now() + 5_001);
    await problemOf(ask(name, "a", "&timeoutMs=5000"), 429, "timeout");
    expect(await snapshotOf(name)).toMatchObject({ tokens: 1, refused: 1, granted: 1 });
  });

  it("is granted at the very instant of its deadline", async () => {
    const name = await emptied();
    const first = await waiting(name, "a", "&timeoutMs=5000");
    await first.leave();
    vi.setSystemTime(Date.now() + 5_000);
    expect(await grantOf(ask(name, "a", "&timeoutMs=5000"))).toMatchObject({ waitedMs: 5_000 });
  });

  it("makes nobody late that was promised a time meanwhile", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    await first.leave();
    const [promised] = await joins(name, ask(name, "b", "&timeoutMs=1000"), 1);
    const [last] = await joins(name, ask(name, "c"), 2);
    const [again] = await joins(name, ask(name, "a"), 3);
    await pass(name, 1_000);
    expect(await grantOf(promised)).toMatchObject({ waitedMs: 1_000 });
    await pass(name, 1_000);
    expect(await grantOf(again)).toMatchObject({ waitedMs: 2_000 });
    await pass(name, 1_000);
    expect(await grantOf(last)).toMatchObject({ waitedMs: 3_000 });
  });

  it("with other parameters is refused with 422, and may come back yet", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    const [second] = await joins(name, ask(name, "b"), 2);
    await first.leave();
    await problemOf(ask(name, "a", "&timeoutMs=9000"), 422, "idempotency-key-reused");
    const [again] = await joins(name, ask(name, "a"), 2);
    await pass(name, 1_000);
    expect((await again).status).toBe(200);
    await pass(name, 1_000);
    expect((await second).status).toBe(200);
  });

  it("comes back within 30 s of leaving; later it is a newcomer", async () => {
    const name = await emptied();
    const body = JSON.stringify({ refillIntervalMs: 100_000 });
    await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    for (const [awayMs, isFirst] of [
      [30_000, true],
      [30_001, false],
    ] as const) {
      await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
      await request(`/buckets/${name}`, {
        method: "PUT",
        headers: ADMIN,
        body: JSON.stringify({ capacity: 1, refillIntervalMs: 100_000, maxWaitMs: 3_600_000 }),
      });
      await request(`/acquire?bucket=${name}`);
      const first = await waiting(name, "a");
      const [second] = await joins(name, ask(name, "b"), 2);
      await first.leave();
      vi.setSystemTime(Date.now() + awayMs);
      const [again] = await joins(name, ask(name, "a"), 2);
      await pass(name, 100_000 - awayMs);
      expect((await (isFirst ? again : second)).status).toBe(200);
      expect(await snapshotOf(name)).toMatchObject({ waiters: 1 });
      await pass(name, 100_000);
      expect((await (isFirst ? second : again)).status).toBe(200);
    }
  });

  it("may leave and come back again, and others may join it in its place", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    const [second] = await joins(name, ask(name, "b"), 2);
    await first.leave();
    const back = await waiting(name, "a");
    await back.leave();
    const [third] = await joins(name, ask(name, "a"), 2);
    const fourth = ask(name, "a");
    await settle();
    await pass(name, 1_000);
    expect(await grantOf(fourth)).toEqual(await grantOf(third));
    await pass(name, 1_000);
    expect((await second).status).toBe(200);
  });

  it("is not one that has been refused: that asks anew", async () => {
    const name = await emptied();
    const first = await waiting(name, "a", "&timeoutMs=1000");
    await first.leave();
    vi.setSystemTime(Date.now() + 1_001);
    await problemOf(ask(name, "a", "&timeoutMs=1000"), 429, "timeout");
    expect((await ask(name, "a", "&timeoutMs=1000")).status).toBe(200);
  });

  it("is not one that was cancelled: true while it is away, and 499 when it comes", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    await first.leave();
    const init = { method: "DELETE", headers: { "Idempotency-Key": "a" } };
    const cancelled = await request(`/acquire?bucket=${name}`, init);
    expect(await cancelled.json()).toEqual({ cancelled: true });
    await problemOf(ask(name, "a"), 499, "cancelled");
    expect(await (await request(`/acquire?bucket=${name}`, init)).json()).toEqual({
      cancelled: false,
    });
    vi.setSystemTime(Date.now() + 10_001);
    expect(await grantOf(ask(name, "a"))).toMatchObject({ waitedMs: 0 });
  });

  it("does not wait any more once its deadline is over: a cancel answers false", async () => {
    const name = await emptied();
    const first = await waiting(name, "a", "&timeoutMs=1000");
    await first.leave();
    vi.setSystemTime(Date.now() + 1_001);
    const init = { method: "DELETE", headers: { "Idempotency-Key": "a" } };
    expect(await (await request(`/acquire?bucket=${name}`, init)).json()).toEqual({
      cancelled: false,
    });
  });

  it("is not one whose bucket was reset by an admin", async () => {
    const name = await emptied();
    const first = await waiting(name, "a");
    await first.leave();
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    expect(await grantOf(ask(name, "a"))).toMatchObject({ waitedMs: 0 });
  });
});

describe("AbsentCallers", () => {
  const place = (number: number) => ({
    asked: { tokens: 1 },
    timeoutMs: 1_000,
    arrival: { queuedAtMs: number, deadlineAtMs: number + 1_000 },
  });

  it("keeps the last 10,000 of each kind", () => {
    const absent = new AbsentCallers();
    for (let index = 0; index <= 10_000; index += 1) {
      absent.leave(`away ${index}`, place(0), index);
      absent.cancel(`cancelled ${index}`, index);
    }
    expect(absent.find("away 0", 10_000)).toBeUndefined();
    expect(absent.find("away 1", 10_000)).toEqual(place(0));
    expect(absent.isCancelled("cancelled 0", 10_000)).toBe(false);
    expect(absent.isCancelled("cancelled 1", 10_000)).toBe(true);
  });

  it("does not keep the place of one that is cancelled and leaves then", () => {
    const absent = new AbsentCallers();
    absent.cancel("a", 0);
    absent.leave("a", place(0), 1);
    expect(absent.find("a", 1)).toBeUndefined();
  });

  it("forgets what it noted under a clock that has been set back since by more than that", () => {
    const absent = new AbsentCallers();
    absent.cancel("a", 3_600_000);
    expect(absent.isCancelled("a", 3_599_000)).toBe(true);
    expect(absent.isCancelled("a", 0)).toBe(false);
  });

  it("counts from the last time that one left", () => {
    const absent = new AbsentCallers();
    absent.leave("a", place(0), 0);
    absent.leave("b", place(1), 10_000);
    absent.leave("a", place(2), 20_000);
    expect(absent.find("a", 50_000)).toEqual(place(2));
    expect(absent.find("b", 40_001)).toBeUndefined();
    absent.arrive("a");
    expect(absent.find("a", 20_000)).toBeUndefined();
  });
});
