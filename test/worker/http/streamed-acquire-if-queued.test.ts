/** Acquires that take the plain answer, or a stream where they have to wait: `Accept` names both. */
import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import { STREAM_IF_QUEUED } from "../../../src/protocol/acquire-bodies.ts";
import { EventReader } from "../../../kit/http/event-stream.ts";
import { deployed, ONE_A_SECOND } from "../../../kit/edge/deployed.ts";
import { ADMIN, changePolicy, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

const EITHER = { headers: { Accept: STREAM_IF_QUEUED } };

/** A bucket of one whose token is gone. */
async function openEmpty(): Promise<string> {
  const name = uniqueName();
  expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  return name;
}

async function queueUp(name: string, query = ""): Promise<EventReader> {
  const reader = new EventReader(await request(`/acquire?bucket=${name}${query}`, EITHER));
  await reader.until(1);
  return reader;
}

/** What is the same in the answers to two requests. */
async function answerOf(response: Response) {
  const { status, headers } = response;
  return { status, headers: Object.fromEntries(headers), text: await response.text() };
}

describe("an acquire that accepts JSON and an event stream", () => {
  it.each([
    ["granted", "", 200],
    ["timeout", "&timeoutMs=0&tokens=5", 429],
    ["exceeds-capacity", "&tokens=6", 422],
    ["invalid-request of the bucket's policy", "&timeoutMs=3600000", 400],
    ["invalid-request", "&tokens=0", 400],
  ])("that is settled at once (%s) is answered as a plain one", async (_, query, status) => {
    const [one, other] = [uniqueName(), uniqueName()];
    for (const name of [one, other]) await changePolicy(name, { capacity: 5 });
    const plain = await answerOf(await request(`/acquire?bucket=${one}${query}`));
    const either = await answerOf(await request(`/acquire?bucket=${other}${query}`, EITHER));
    expect(plain.status).toBe(status);
    expect({ ...either, text: either.text.replaceAll(other, one) }).toEqual(plain);
  });

  it("that waits is told its places, and the fields of the plain answer before the last event", async () => {
    const name = await openEmpty();
    const first = await queueUp(name);
    const second = await queueUp(name);
    await pass(name, 1_000);
    await Promise.all([first.done, second.until(2)]);
    await pass(name, 1_000);
    await second.done;
    expect(second.events.map(({ event }) => event)).toEqual([
      "queued",
      "queued",
      "fields",
      "granted",
    ]);
    expect(second.events.at(-2)?.data).toEqual({
      RateLimit: '"*";r=0;t=1',
      "RateLimit-Policy": '"*";q=1;w=1',
    });
    expect(second.last).toMatchObject({ id: "settled", data: { waitedMs: 2_000, remaining: 0 } });
  });

  it("that waits in vain is refused by an event, with the fields that the refusal has", async () => {
    const name = await openEmpty();
    const waiting = await queueUp(name, "&timeoutMs=5000");
    const body = JSON.stringify({ untilMs: Date.now() + 20_000 });
    await request(`/buckets/${name}/pause`, { method: "POST", headers: ADMIN, body });
    await waiting.done;
    expect(waiting.events.map(({ event }) => event)).toEqual(["queued", "fields", "refused"]);
    expect(waiting.events.at(-2)?.data).toMatchObject({ "RateLimit-Policy": '"*";q=1;w=1' });
    expect(waiting.last?.data).toMatchObject({ reason: "timeout", status: 429 });
    const reset = await queueUp(await openEmpty());
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await reset.leave();
  });

  it("goes on where the object is reset while it waits", async () => {
    const name = await openEmpty();
    const waiting = await queueUp(name);
    await abortAllDurableObjects();
    // As long as a new instance gathers those who come back.
    await vi.waitFor(async () => expect((await snapshotOf(name)).waiters).toBe(1), 5_000);
    await pass(name, 1_000);
    await waiting.done;
    expect(waiting.last).toMatchObject({ event: "granted", data: { tokens: 1 } });
  });

  it("that leaves gives its place up", async () => {
    const name = await openEmpty();
    const leaver = await queueUp(name);
    const behind = await queueUp(name);
    await leaver.leave();
    await behind.until(2);
    expect(behind.lines).toEqual(["2 in 2000", "1 in 1000"]);
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1, cancelled: 1 });
    await behind.leave();
  });

  it("is granted from a lease like a plain one", async () => {
    const lease = { maxTokens: 50, ttlMs: 5_000 };
    const policy = { ...ONE_A_SECOND, capacity: 1_000, initialTokens: 1_000, lease };
    const variables = { POLICIES: { "leased:*": policy } };
    const name = uniqueName("leased:");
    const ask = (init: RequestInit) => deployed(variables, `/acquire?bucket=${name}`, init);
    const takenAtObject = async (): Promise<number> => {
      const response = await deployed(variables, `/buckets/${name}`);
      return (await response.json<{ granted: number }>()).granted;
    };
    for (let call = 0; call < 20; call += 1) {
      expect((await ask({})).status).toBe(200);
      await settle();
    }
    const before = await takenAtObject();
    for (let call = 0; call < 5; call += 1) {
      const response = await ask(EITHER);
      expect(response.headers.get("Content-Type")).toBe("application/json");
      await response.text();
    }
    expect(await takenAtObject()).toBe(before);
  });
});
