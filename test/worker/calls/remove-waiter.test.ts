/** Callers that an admin takes out of the queue: contract part G, and rule 10 for those that try to come back. */
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { QueuedWaiters } from "../../../src/protocol/queued-waiter.ts";

import { bearer, CLOSED, deployed } from "../../../kit/edge/deployed.ts";
import { EdgeSession } from "../../../kit/edge/edge-session.ts";
import {
  ADMIN,
  changePolicy,
  grantOf,
  problemOf,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

async function idsOf(name: string): Promise<string[]> {
  const response = await request(`/buckets/${encodeURIComponent(name)}/waiters`);
  const { waiters }: QueuedWaiters = await response.json();
  return waiters.map(({ id }) => id);
}

function remove(name: string, id: string | undefined): Promise<Response> {
  const path = `/buckets/${encodeURIComponent(name)}/waiters/${encodeURIComponent(id ?? "none")}`;
  return request(path, { method: "DELETE", headers: ADMIN });
}

/** A bucket of one a second, with nothing in it. */
async function emptied(policy: object = {}): Promise<string> {
  const name = uniqueName("removed");
  await changePolicy(name, { capacity: 1, ...policy });
  await request(`/acquire?bucket=${name}`);
  return name;
}

/** So many callers that wait, in order. */
async function queueOf(name: string, count: number): Promise<Promise<Response>[]> {
  const held: Promise<Response>[] = [];
  for (let waiters = 1; waiters <= count; waiters += 1) {
    held.push(request(`/acquire?bucket=${name}`));
    await untilWaiters(name, waiters);
  }
  return held;
}

describe("DELETE /buckets/NAME/waiters/ID", () => {
  it.each([
    ["the head", 0],
    ["one in the middle", 1],
    ["the last", 2],
  ])("of %s refuses that one for good, and those behind it move up", async (_, index) => {
    const name = await emptied();
    const held = await queueOf(name, 3);
    const ids = await idsOf(name);
    const removed = await remove(name, ids[index]);
    expect(removed.status).toBe(204);
    expect(await removed.text()).toBe("");
    const refused = await held[index];
    expect(refused?.headers.has("Retry-After")).toBe(false);
    const problem = await problemOf(refused as Response, 503, "cancelled-by-admin");
    expect(problem.detail).toBe("An admin removed this request from the queue; nothing was taken");
    expect(await idsOf(name)).toEqual(ids.toSpliced(index, 1));
    expect(await snapshotOf(name)).toMatchObject({ waiters: 2, cancelled: 1, refused: 0 });
    await pass(name, 2_000);
    const others = await Promise.all(held.toSpliced(index, 1).map(grantOf));
    expect(others.map(({ waitedMs }) => waitedMs)).toEqual([1_000, 2_000]);
    expect(await snapshotOf(name)).toMatchObject({ granted: 3, cancelled: 1, refused: 0 });
    await problemOf(remove(name, ids[index]), 404, "unknown-waiter");
  });

  it("ends all requests that share the place, however they wait", async () => {
    const name = await emptied();
    const headers = { "Idempotency-Key": "shared" };
    const plain = request(`/acquire?bucket=${name}`, { headers });
    await untilWaiters(name, 1);
    const retry = request(`/acquire?bucket=${name}`, { headers });
    const streamed = await stream(`/acquire?bucket=${name}`, { headers });
    await streamed.until(1);
    const session = await EdgeSession.open(name);
    session.send({ op: "acquire", id: 1, key: "shared" });
    while (session.messages.length < 1) await settle();
    const ids = await idsOf(name);
    expect(ids).toHaveLength(1);
    expect((await remove(name, ids[0])).status).toBe(204);
    await problemOf(plain, 503, "cancelled-by-admin");
    await problemOf(retry, 503, "cancelled-by-admin");
    await streamed.done;
    const refused = { status: 503, reason: "cancelled-by-admin" };
    expect(streamed.last).toMatchObject({ event: "refused", data: refused });
    expect(await session.ending(1)).toMatchObject({ id: 1, refused });
    expect(await snapshotOf(name)).toMatchObject({ waiters: 0, cancelled: 1, refused: 0 });
  });

  it("of one that has its tokens is a 404, and takes nothing back", async () => {
    const name = await emptied();
    const [held] = await queueOf(name, 1);
    const [id] = await idsOf(name);
    // The alarm hasn't fired yet.
    vi.setSystemTime(Date.now() + 1_000);
    await problemOf(remove(name, id), 404, "unknown-waiter");
    expect(await grantOf(held as Promise<Response>)).toMatchObject({ waitedMs: 1_000 });
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, cancelled: 0 });
  });

  it.each([
    "none",
    "0",
    "-",
    "--",
    "1-1",
    "NaN-NaN",
    "Infinity-1",
    "__proto__",
    "constructor",
    "..",
    "%",
    "%00",
    "é",
    "😀",
    "1795425904731-1 ",
    "a/b",
    "*",
    "9".repeat(2_000),
  ])("of the id %j is a 404, and nobody leaves", async (id) => {
    const name = await emptied();
    void (await queueOf(name, 1));
    const path = `/buckets/${name}/waiters/${id === ".." ? "%2e%2e%2f" : encodeURIComponent(id)}`;
    const answer = request(path, { method: "DELETE", headers: ADMIN });
    await problemOf(answer, 404, "unknown-waiter");
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1, cancelled: 0 });
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
  });

  it("of another bucket's waiter is a 404", async () => {
    const name = await emptied();
    const [held] = await queueOf(name, 1);
    const [id] = await idsOf(name);
    await problemOf(remove(await emptied(), id), 404, "unknown-waiter");
    await problemOf(remove(uniqueName("unused"), id), 404, "unknown-waiter");
    await pass(name, 1_000);
    await grantOf(held as Promise<Response>);
  });

  it("takes an admin of this bucket", async () => {
    const variables = {
      ...CLOSED,
      API_TOKEN: JSON.stringify([{ token: "all", may: ["acquire", "read", "pause"] }]),
      ADMIN_TOKEN: JSON.stringify([{ token: "teams", buckets: ["team/*"] }]),
    };
    const statusOf = async (token: string, name: string): Promise<number> => {
      const path = `/buckets/${encodeURIComponent(name)}/waiters/1-1`;
      return (await deployed(variables, path, { method: "DELETE", ...bearer(token) })).status;
    };
    expect(await statusOf("teams", "team/a")).toBe(404);
    expect(await statusOf("teams", "other")).toBe(401);
    expect(await statusOf("all", "team/a")).toBe(401);
  });

  it("is not there without an ADMIN_TOKEN", async () => {
    const open = { ...CLOSED, PUBLIC: "true" };
    const answer = deployed(open, "/buckets/x/waiters/1-1", { method: "DELETE" });
    await problemOf(answer, 403, "admin-disabled");
  });
});

describe("a caller that was removed", () => {
  const keyed = { "Idempotency-Key": "k" };

  it.each([
    ["at once", false],
    ["after a crash", true],
  ])("can't come back with its key %s, until its deadline", async (_, isLost) => {
    const name = await emptied();
    const path = `/acquire?bucket=${name}&timeoutMs=5000`;
    const held = request(path, { headers: keyed });
    await untilWaiters(name, 1);
    await remove(name, (await idsOf(name))[0]);
    await problemOf(held, 503, "cancelled-by-admin");
    if (isLost) await abortAllDurableObjects();
    vi.setSystemTime(Date.now() + 5_000);
    await problemOf(request(path, { headers: keyed }), 503, "cancelled-by-admin");
    // Whatever else it asks for, and however it waits.
    const other = request(`/acquire?bucket=${name}&tokens=1`, { headers: keyed });
    await problemOf(other, 503, "cancelled-by-admin");
    const session = await EdgeSession.open(name);
    session.send({ op: "acquire", id: 1, key: "k" });
    expect(await session.ending(1)).toMatchObject({ refused: { reason: "cancelled-by-admin" } });
    expect(await snapshotOf(name)).toMatchObject({ waiters: 0, granted: 1 });
    // Others aren't kept from anything.
    await grantOf(request(path, { headers: { "Idempotency-Key": "other" } }));
    vi.setSystemTime(Date.now() + 1_000);
    await grantOf(request(path, { headers: keyed }));
  });

  it.each([
    ["at once", false],
    ["after a crash", true],
  ])("can't come back with its ticket %s, until its deadline", async (_, isLost) => {
    const name = await emptied();
    const path = `/acquire?bucket=${name}&timeoutMs=5000`;
    const reader = await stream(path);
    await reader.until(1);
    const [{ data } = { data: undefined }] = reader.events;
    const headers = { "Sluice-Ticket": (data as { ticket: string }).ticket };
    await remove(name, (await idsOf(name))[0]);
    await reader.done;
    if (isLost) await abortAllDurableObjects();
    await problemOf(request(path, { headers }), 503, "cancelled-by-admin");
    vi.setSystemTime(Date.now() + 5_000);
    await problemOf(request(path, { headers }), 503, "cancelled-by-admin");
    vi.setSystemTime(Date.now() + 1);
    await problemOf(request(path, { headers }), 429, "timeout");
    expect(await snapshotOf(name)).toMatchObject({ waiters: 0, granted: 1 });
  });

  it("on a session is refused there, and its other acquires go on", async () => {
    const name = await emptied();
    const session = await EdgeSession.open(name);
    session.send({ op: "acquire", id: 1, timeoutMs: 9_000 }, { op: "acquire", id: 2 });
    while (session.messages.length < 2) await settle();
    const [queued] = session.messages;
    await remove(name, (await idsOf(name))[0]);
    const refused = { status: 503, reason: "cancelled-by-admin" };
    expect(await session.ending(1)).toMatchObject({ refused });
    await pass(name, 1_000);
    expect(await session.ending(2)).toMatchObject({ granted: { waitedMs: 1_000 } });
    const ticket = queued && "queued" in queued ? queued.queued.ticket : undefined;
    session.send({ op: "acquire", id: 3, timeoutMs: 9_000, ticket });
    expect(await session.ending(3)).toMatchObject({ refused });
  });

  it("is free to come back once the bucket was reset", async () => {
    const name = await emptied();
    const held = request(`/acquire?bucket=${name}`, { headers: keyed });
    await untilWaiters(name, 1);
    await remove(name, (await idsOf(name))[0]);
    await held;
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    const again = await grantOf(request(`/acquire?bucket=${name}`, { headers: keyed }));
    expect(again).toMatchObject({ waitedMs: 0 });
  });

  it("without a key and a ticket may queue anew, behind everybody", async () => {
    const name = await emptied();
    const held = await queueOf(name, 2);
    await remove(name, (await idsOf(name))[0]);
    await held[0];
    held.push(request(`/acquire?bucket=${name}`));
    await untilWaiters(name, 2);
    await pass(name, 2_000);
    expect(await grantOf(held[1] as Promise<Response>)).toMatchObject({ waitedMs: 1_000 });
    expect(await grantOf(held[2] as Promise<Response>)).toMatchObject({ waitedMs: 2_000 });
  });
});
