/** Acquires that are streamed: what their callers see of the queue, to the millisecond. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { PolicyFields } from "../../../src/core/policy.ts";
import type { EventReader } from "../../../kit/http/event-stream.ts";

import { answerFormOf } from "../../../src/worker/http/event-stream.ts";
import { bearer, CLOSED, deployed, ONE_A_SECOND } from "../../../kit/edge/deployed.ts";
import {
  ADMIN,
  changePolicy,
  problemOf,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

/** For what takes milliseconds where nothing else is going on. */
const PATIENCE_MS = 20_000;
const EVENT_STREAM = { Accept: "text/event-stream" };

/** A bucket of one whose token is gone. */
async function openEmpty(changes: Partial<PolicyFields> = {}): Promise<string> {
  const name = uniqueName();
  await changePolicy(name, { maxWaitMs: 3_600_000, ...changes });
  expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  return name;
}

/** Callers who come one after the other, each told its place before the next one comes. */
async function queueUp(name: string, count: number, query = ""): Promise<EventReader[]> {
  const readers: EventReader[] = [];
  while (readers.length < count) {
    const reader = await stream(`/acquire?bucket=${name}${query}`);
    await reader.until(1);
    readers.push(reader);
  }
  return readers;
}

/** Waits until the object has settled so many or more. */
async function untilWaiters(name: string, waiters: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== waiters) await settle();
}

describe("a streamed acquire", () => {
  it("counts ten callers of a bucket of one down, tick for tick", async () => {
    const name = uniqueName();
    const first = await stream(`/acquire?bucket=${name}`);
    await first.done;
    const queued = await queueUp(name, 9);
    for (let tick = 1; tick <= 9; tick += 1) {
      await pass(name, 1_000);
      for (const [index, reader] of queued.entries()) {
        // The first event, one for each tick so far, and the last for those who are served.
        await reader.until(Math.min(index + 2, tick + 1));
      }
    }
    expect(first.lines).toEqual(["granted after 0"]);
    expect(queued[0]?.lines).toEqual(["1 in 1000", "granted after 1000"]);
    expect(queued[2]?.lines).toEqual(["3 in 3000", "2 in 2000", "1 in 1000", "granted after 3000"]);
    for (const [index, reader] of queued.entries()) {
      const places = Array.from({ length: index + 1 }, (_, gone) => index + 1 - gone);
      const expected = places.map((place) => `${place} in ${place * 1_000}`);
      expect(reader.lines).toEqual([...expected, `granted after ${(index + 1) * 1_000}`]);
    }
  });

  it("is an event stream that nobody keeps, and ends with its only event with an id", async () => {
    const name = uniqueName();
    const response = await request(`/acquire?bucket=${name}`, { headers: EVENT_STREAM });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no",
    });
    const data = `{"bucket":"${name}","tokens":1,"remaining":0,"waitedMs":0,"grantedAtMs":${Date.now()}}`;
    expect(await response.text()).toBe(`id: settled\nevent: granted\ndata: ${data}\n\n`);
  });

  it("tells a newcomer between two ticks what is left until its own", async () => {
    const name = await openEmpty({ capacity: 2, initialTokens: 1, refillIntervalMs: 700 });
    vi.setSystemTime(Date.now() + 300);
    const [one] = await queueUp(name, 1);
    const [two] = await queueUp(name, 1, "&tokens=2");
    expect([one?.lines, two?.lines]).toEqual([["1 in 400"], ["2 in 1800"]]);
  });

  it("says nothing of time that passes, nor of those who come behind", async () => {
    const name = await openEmpty();
    const [head] = await queueUp(name, 1);
    vi.setSystemTime(Date.now() + 500);
    await queueUp(name, 3);
    await request(`/acquire?bucket=${name}&timeoutMs=0`);
    // Longer than until any round.
    await scheduler.wait(50);
    expect(head?.lines).toEqual(["1 in 1000"]);
  });

  it("moves those behind up at once when somebody in front leaves", async () => {
    const name = await openEmpty();
    const [head, leaver, third, fourth] = await queueUp(name, 4);
    vi.setSystemTime(Date.now() + 250);
    await leaver?.leave();
    await Promise.all([third?.until(2), fourth?.until(2)]);
    expect(head?.lines).toEqual(["1 in 1000"]);
    expect(third?.lines).toEqual(["3 in 3000", "2 in 1750"]);
    expect(fourth?.lines).toEqual(["4 in 4000", "3 in 2750"]);
    expect(await snapshotOf(name)).toMatchObject({ waiters: 3, cancelled: 1, granted: 1 });
  });

  it("moves those behind a plain caller up when that leaves", async () => {
    const name = await openEmpty();
    const controller = new AbortController();
    const plain = request(`/acquire?bucket=${name}`, { signal: controller.signal });
    plain.catch(() => undefined);
    await untilWaiters(name, 1);
    const [behind] = await queueUp(name, 1);
    controller.abort();
    await behind?.until(2);
    expect(behind?.lines).toEqual(["2 in 2000", "1 in 1000"]);
  });

  it("leaves a place that takes nothing", async () => {
    const name = await openEmpty();
    const [leaver] = await queueUp(name, 1);
    await leaver?.leave();
    await untilWaiters(name, 0);
    await pass(name, 1_000);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 1, granted: 1, cancelled: 1 });
  });

  it("is timed anew where the policy changes, a pause and its end included", async () => {
    const name = await openEmpty();
    const readers = await queueUp(name, 2);
    const both = (count: number) => Promise.all(readers.map((reader) => reader.until(count)));
    await changePolicy(name, { refillIntervalMs: 5_000 });
    await both(2);
    await changePolicy(name, { refillIntervalMs: 1_800_000 });
    await both(3);
    vi.setSystemTime(Date.now() + 10_500);
    await changePolicy(name, { refillIntervalMs: 1_000 });
    await both(4);
    await pass(name, 500);
    await readers[1]?.until(5);
    await pass(name, 1_000);
    await Promise.all(readers.map(({ done }) => done));
    expect(readers.map(({ lines }) => lines)).toEqual([
      ["1 in 1000", "1 in 5000", "1 in 1800000", "1 in 500", "granted after 11000"],
      ["2 in 2000", "2 in 10000", "2 in 3600000", "2 in 1500", "1 in 1000", "granted after 12000"],
    ]);
  });

  it("is timed anew by a pause", async () => {
    const name = await openEmpty();
    const readers = await queueUp(name, 2);
    const body = JSON.stringify({ untilMs: Date.now() + 9_500 });
    const init = { method: "POST", headers: ADMIN, body };
    expect((await request(`/buckets/${name}/pause`, init)).status).toBe(200);
    await Promise.all(readers.map((reader) => reader.until(2)));
    expect(readers.map(({ lines }) => lines)).toEqual([
      ["1 in 1000", "1 in 10000"],
      ["2 in 2000", "2 in 11000"],
    ]);
  });

  it("ends with the refusal of a policy that it does not fit into any more", async () => {
    const name = await openEmpty({ capacity: 3, initialTokens: 1 });
    const [large] = await queueUp(name, 1, "&tokens=3");
    const [small] = await queueUp(name, 1);
    await changePolicy(name, { capacity: 2 });
    await Promise.all([large?.done, small?.until(2)]);
    expect(large?.lines).toEqual(["1 in 3000", "refused: exceeds-capacity"]);
    expect(small?.lines).toEqual(["2 in 4000", "1 in 1000"]);
  });

  it("ends with bucket-reset where an admin resets the bucket", async () => {
    const name = await openEmpty();
    const readers = await queueUp(name, 2);
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await Promise.all(readers.map(({ done }) => done));
    expect(readers.map(({ lines }) => lines)).toEqual([
      ["1 in 1000", "refused: bucket-reset"],
      ["2 in 2000", "refused: bucket-reset"],
    ]);
    expect(readers[0]?.last?.data).toMatchObject({ status: 503 });
    const [next] = [await stream(`/acquire?bucket=${name}`)];
    await next.done;
    expect(next.lines).toEqual(["granted after 0"]);
  });

  it.each([
    ["timeout", "&timeoutMs=999"],
    ["exceeds-capacity", "&tokens=2"],
    ["invalid-request", "&timeoutMs=3600000"],
  ])("that the bucket refuses with %s has the plain refusal as its data", async (reason, query) => {
    const name = await openEmpty({ maxWaitMs: 60_000 });
    const path = `/acquire?bucket=${name}${query}`;
    const plain = (await (await request(path)).text()).trimEnd();
    const streamed = await (await request(path, { headers: EVENT_STREAM })).text();
    expect(plain).toContain(`"reason":"${reason}"`);
    expect(streamed).toBe(`id: settled\nevent: refused\ndata: ${plain}\n\n`);
  });

  it("takes its parameters from a body, too", async () => {
    const name = await openEmpty({ capacity: 5, initialTokens: 1 });
    const body = JSON.stringify({ bucket: name, tokens: 4 });
    const reader = await stream("/acquire", { method: "POST", body });
    await reader.until(1);
    expect(reader.lines).toEqual(["1 in 4000"]);
    await reader.leave();
  });

  it("tells a crowd in few rounds, each the place where it stands", async () => {
    const name = uniqueName();
    await changePolicy(name, { maxWaitMs: 3_600_000, queueLimit: 10_000 });
    const readers = await Promise.all(
      Array.from({ length: 301 }, () => stream(`/acquire?bucket=${name}`)),
    );
    await Promise.all(readers.map((reader) => reader.until(1)));
    const waiting = readers.filter(({ lines }) => !lines[0]?.startsWith("granted"));
    expect(waiting).toHaveLength(300);
    // Every second one leaves: 150 turns, each of which moves nearly all who stay.
    const leaving = waiting.filter((_, index) => index % 2 === 1);
    const staying = waiting.filter((_, index) => index % 2 === 0);
    await Promise.all(leaving.map((reader) => reader.leave()));
    await untilWaiters(name, 150);
    const places = (): number[] =>
      staying.map(({ lines }) => Number(lines.at(-1)?.split(" ")[0])).toSorted((a, b) => a - b);
    await vi.waitFor(() => expect(places().at(-1)).toBe(150), PATIENCE_MS);
    expect(places()).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    const expected = staying.reduce((sum, { events }) => sum + events.length, 0);
    expect(expected).toBeLessThan(150 * 20);
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await Promise.all(staying.map(({ done }) => done));
    expect(staying.every(({ lines }) => lines.at(-1) === "refused: bucket-reset")).toBe(true);
  }, 60_000);
});

describe("what is wrong before the bucket is asked", () => {
  it("is a plain problem", async () => {
    const ask = (path: string, init: RequestInit = {}) =>
      request(path, { ...init, headers: EVENT_STREAM });
    await problemOf(ask("/acquire"), 400, "invalid-request");
    await problemOf(ask("/acquire?bucket=x&tokens=0"), 400, "invalid-request");
    const post = { method: "POST", body: "{" };
    await problemOf(ask("/acquire", post), 400, "invalid-request");
    await problemOf(ask("/acquired?bucket=x"), 404, "not-found");
    await problemOf(ask("/acquire?bucket=x", { method: "PUT" }), 405, "method-not-allowed");
    const large = { method: "POST", body: " ".repeat(20_000) };
    await problemOf(ask("/acquire", large), 413, "body-too-large");
    expect((await ask("/acquire?bucket=x", { method: "HEAD" })).status).toBe(405);
  });

  it("is a plain problem where the deployment says so", async () => {
    const init = { headers: EVENT_STREAM };
    const path = "/acquire?bucket=x";
    await problemOf(deployed(CLOSED, path, init), 401, "unauthorized");
    const only = { PUBLIC: "true", POLICIES: { "other:*": ONE_A_SECOND } };
    await problemOf(deployed(only, path, init), 404, "unknown-bucket");
    const illegal = { POLICIES: { "*": { ...ONE_A_SECOND, capacity: 0 } } };
    await problemOf(deployed(illegal, path, init), 500, "illegal-configuration");
  });
});

describe("Accept", () => {
  const isStreamed = async (accept: string | undefined): Promise<boolean> => {
    const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };
    const response = await request(`/acquire?bucket=${uniqueName()}`, { headers });
    expect(response.status).toBe(200);
    const text = await response.text();
    return text.includes("event: granted\n");
  };

  it.each([
    "text/event-stream",
    "Text/Event-Stream",
    "application/jsonp, text/event-stream",
    "text/event-stream,*/*",
    "text/event-stream;q=0.1, application/json;q=0",
    "text/event-stream ; charset=utf-8 ; q=1.000",
    " , ,text/event-stream,",
    "text/event-stream;q=0, text/event-stream",
    "text/event-stream;q=nonsense",
    "text/event-stream;level=q=0",
  ])("asks for a stream: %j", async (accept) => {
    expect(await isStreamed(accept)).toBe(true);
  });

  it.each([
    undefined,
    "",
    "*/*",
    "text/*",
    "application/json",
    // A stream is as good to these, and there is nothing to wait for.
    "application/json, text/event-stream",
    "text/event-stream, application/json",
    "text/event-stream;q=0.1, Application/JSON;q=0.9",
    "text/event-streams",
    "xtext/event-stream",
    "application/text/event-stream",
    "text/event-stream/x",
    "text/event-stream x",
    "text/event-stream;q=0",
    "text/event-stream; Q=0.000, */*",
    'text/plain;note="text/event-stream"',
    ';;;,,,="\\',
  ])("asks for the plain answer: %j", async (accept) => {
    expect(await isStreamed(accept)).toBe(false);
  });
});

describe("Accept of 8,000 characters", () => {
  it.each([
    ["commas", ",".repeat(8_000)],
    ["nearly the type, again and again", "text/event-strea".repeat(500)],
    ["spaces behind the type", `text/event-stream${" ".repeat(8_000)}x`],
    ["spaces in front of it", `${" ,".repeat(4_000)}x text/event-stream`],
    ["weights of 0", `text/event-stream${";q=0".repeat(2_000)}`],
  ])("is read like any other: %s", (_, accept) => {
    expect(answerFormOf(new Headers({ Accept: accept }))).toBe("plain");
  });
});

describe("a streamed acquire with an Idempotency-Key", () => {
  const keyed = { "Idempotency-Key": "k" };

  it("shares its place with others of its key, streamed or not", async () => {
    const name = await openEmpty();
    await queueUp(name, 1);
    const path = `/acquire?bucket=${name}`;
    const one = await stream(path, { headers: keyed });
    await one.until(1);
    const plain = request(path, { headers: keyed });
    const two = await stream(path, { headers: keyed });
    await two.until(1);
    expect(await snapshotOf(name)).toMatchObject({ waiters: 2 });
    await pass(name, 1_000);
    await Promise.all([one.until(2), two.until(2)]);
    await one.leave();
    await settle();
    await pass(name, 1_000);
    await two.done;
    expect(one.lines).toEqual(["2 in 2000", "1 in 1000"]);
    expect(two.lines).toEqual(["2 in 2000", "1 in 1000", "granted after 2000"]);
    expect(await (await plain).json()).toEqual(two.last?.data);
    const replay = await stream(path, { headers: keyed });
    await replay.done;
    expect(replay.events).toEqual([two.last]);
    expect(await snapshotOf(name)).toMatchObject({ granted: 3, cancelled: 0 });
  });

  it("that another request has used is refused in the stream", async () => {
    const name = await openEmpty();
    const [waiting] = [await stream(`/acquire?bucket=${name}`, { headers: keyed })];
    await waiting.until(1);
    const other = await stream(`/acquire?bucket=${name}&timeoutMs=5000`, { headers: keyed });
    await other.done;
    expect(other.lines).toEqual(["refused: idempotency-key-reused"]);
  });

  it("gives the place up when the last of its requests leaves", async () => {
    const name = await openEmpty();
    const path = `/acquire?bucket=${name}`;
    const pair = [await stream(path, { headers: keyed }), await stream(path, { headers: keyed })];
    for (const reader of pair) await reader.until(1);
    await pair[0]?.leave();
    await scheduler.wait(50);
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1 });
    await pair[1]?.leave();
    await untilWaiters(name, 0);
    expect(await snapshotOf(name)).toMatchObject({ cancelled: 1 });
  });
});

describe("an object whose process ends", () => {
  it("ends the streams of those who wait with unavailable", async () => {
    const name = await openEmpty();
    const readers = await queueUp(name, 2);
    await runInDurableObject(stubOf(name), (object) => object.shutDown());
    await Promise.all(readers.map(({ done }) => done));
    expect(readers.map(({ lines }) => lines)).toEqual([
      ["1 in 1000", "refused: unavailable"],
      ["2 in 2000", "refused: unavailable"],
    ]);
  });
});

describe("a grant in a stream", () => {
  it("is not told before the disk has it", async () => {
    const name = await openEmpty();
    const [waiting] = await queueUp(name, 1);
    const written = Promise.withResolvers<void>();
    await runInDurableObject(stubOf(name), (_, { storage }) => {
      vi.spyOn(storage, "sync").mockReturnValue(written.promise);
    });
    await pass(name, 1_000);
    await scheduler.wait(50);
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, waiters: 0 });
    expect(waiting?.lines).toEqual(["1 in 1000"]);
    written.resolve();
    await waiting?.done;
    expect(waiting?.lines).toEqual(["1 in 1000", "granted after 1000"]);
  });
});

describe("a reset object", () => {
  it("is not seen by those who are streamed: no place is lost and none is told twice", async () => {
    const name = await openEmpty();
    const readers = await queueUp(name, 4);
    for (let reset = 0; reset < 2; reset += 1) {
      await abortAllDurableObjects();
      await untilWaiters(name, 4);
    }
    for (const [index, reader] of readers.entries()) {
      await pass(name, 1_000);
      await reader.done;
      await Promise.all(readers.slice(index).map((later) => later.until(index + 2)));
    }
    expect(readers[3]?.lines).toEqual([
      "4 in 4000",
      "3 in 3000",
      "2 in 2000",
      "1 in 1000",
      "granted after 4000",
    ]);
    expect(readers.map(({ lines }) => lines.at(-1))).toEqual([
      "granted after 1000",
      "granted after 2000",
      "granted after 3000",
      "granted after 4000",
    ]);
    expect(await snapshotOf(name)).toMatchObject({ granted: 5, cancelled: 0 });
  });

  it("leaves the requests of one key in one place, in a pause that goes on", async () => {
    const name = await openEmpty();
    const keyed = { "Idempotency-Key": "k" };
    const path = `/acquire?bucket=${name}`;
    const streamed = await stream(path, { headers: keyed });
    await streamed.until(1);
    const plain = request(path, { headers: keyed });
    const [behind] = await queueUp(name, 1);
    const untilMs = Date.now() + 4_500;
    const pause = { method: "POST", headers: ADMIN, body: JSON.stringify({ untilMs }) };
    await (await request(`/buckets/${name}/pause`, pause)).text();
    await Promise.all([streamed.until(2), behind?.until(2)]);
    await abortAllDurableObjects();
    await untilWaiters(name, 2);
    await pass(name, 5_000);
    await streamed.done;
    await behind?.until(3);
    await pass(name, 1_000);
    await behind?.done;
    expect(streamed.lines).toEqual(["1 in 1000", "1 in 5000", "granted after 5000"]);
    expect(behind?.lines).toEqual(["2 in 2000", "2 in 6000", "1 in 1000", "granted after 6000"]);
    expect(await (await plain).json()).toEqual(streamed.last?.data);
    expect(await snapshotOf(name)).toMatchObject({ granted: 3, refused: 0, cancelled: 0 });
  });

  it("goes on with the streams of those who stay when one leaves meanwhile", async () => {
    const name = await openEmpty();
    const [leaver, staying] = await queueUp(name, 2);
    await abortAllDurableObjects();
    await leaver?.leave();
    await staying?.until(2);
    await pass(name, 1_000);
    await staying?.done;
    expect(staying?.lines).toEqual(["2 in 2000", "1 in 1000", "granted after 1000"]);
  });
});

describe("a bucket that cannot be reached", () => {
  it("is a refusal in the stream", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const getByName = (): object => ({
      fetch: () => Promise.reject(Object.assign(new Error("broken"), { remote: true })),
    });
    const response = await deployed({ BUCKETS: { getByName } }, "/acquire?bucket=x", {
      headers: EVENT_STREAM,
    });
    const text = await response.text();
    expect(text).toMatch(/^id: settled\nevent: refused\ndata: \{.*"reason":"unavailable".*\}\n\n$/);
    expect(text).toContain('"retryAfterMs":1000');
  });
});

describe("leases", () => {
  it("answer a streamed acquire with one event", async () => {
    const lease = { maxTokens: 100, ttlMs: 1_000 };
    const policy = { capacity: 1_000, initialTokens: 1_000, refillTokens: 1_000, lease };
    const variables = { POLICIES: { "*": { ...policy, refillIntervalMs: 1_000 } } };
    const path = `/acquire?bucket=${uniqueName("leased")}`;
    const events: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      vi.setSystemTime(Date.now() + 5);
      const response = await deployed(variables, path, { headers: EVENT_STREAM });
      events.push(await response.text());
      await settle();
    }
    for (const text of events) {
      expect(text).toMatch(/^id: settled\nevent: granted\ndata: \{.*"waitedMs":0,.*\}\n\n$/);
    }
    const inspected = await deployed(variables, path.replace("/acquire?bucket=", "/buckets/"));
    // Somebody was granted from a lease: the object has not heard of all of them.
    expect(await inspected.json()).toMatchObject({ leasedTokens: expect.any(Number) });
  });
});

describe("EventSource", () => {
  it("is told not to come back after the last event", async () => {
    const name = uniqueName();
    const headers = { ...EVENT_STREAM, "Last-Event-ID": "settled" };
    const response = await request(`/acquire?bucket=${name}`, { headers });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await snapshotOf(name)).toMatchObject({ granted: 0 });
  });

  it("is served where the last event was another server's", async () => {
    const headers = { ...EVENT_STREAM, "Last-Event-ID": "42" };
    const reader = await stream(`/acquire?bucket=${uniqueName()}`, { headers });
    await reader.done;
    expect(reader.lines).toEqual(["granted after 0"]);
  });

  it("of an allowed origin may read the stream, and no other", async () => {
    const variables = { CORS_ORIGINS: "https://a.example" };
    const path = `/acquire?bucket=${uniqueName()}`;
    const allowed = await deployed(variables, path, {
      headers: { ...EVENT_STREAM, Origin: "https://a.example" },
    });
    expect(allowed.headers.get("Access-Control-Allow-Origin")).toBe("https://a.example");
    expect(await allowed.text()).toContain("event: granted\n");
    const foreign = await deployed(variables, path, {
      headers: { ...EVENT_STREAM, Origin: "https://b.example" },
    });
    expect(foreign.headers.get("Access-Control-Allow-Origin")).toBeNull();
    await foreign.body?.cancel();
  });
});

describe("a bound Worker", () => {
  it("streams without a token", async () => {
    const { headers } = bearer("nonsense");
    const init = { headers: { ...headers, ...EVENT_STREAM } };
    const response = await deployed(CLOSED, `/acquire?bucket=${uniqueName()}`, init, "bound");
    expect(await response.text()).toContain("event: granted\n");
  });
});
