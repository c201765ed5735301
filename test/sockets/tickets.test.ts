/** Tickets over a killed process: contract part F. In virtual time: test/bucket/arrivals-tickets.test.ts. */
import { describe, expect, it } from "vitest";

import type { GrantBody, QueuedBody } from "../../src/protocol/acquire-bodies.ts";
import type { EventReader } from "../../kit/http/event-stream.ts";

import { createClient } from "../../src/client/index.ts";
import {
  acquire,
  acquirePath,
  admin,
  changePolicy,
  openStream,
  problemIn,
  untilBucket,
  type HeldStream,
} from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { Random } from "../../kit/random.ts";

/** One token, and enough for everybody at a tick that doesn't come before a test asks for it. */
const slow = {
  capacity: 1_000,
  refillTokens: 1_000,
  refillIntervalMs: 600_000,
  initialTokens: 1,
  maxWaitMs: 3_600_000,
};
/** Serves a thousand within seconds. */
const fast = { capacity: 5, refillTokens: 5, refillIntervalMs: 10 };

function startSlow(): Promise<WorkerdServer> {
  return startWorkerd({ ...admin, policies: { "*": slow } });
}

/** A caller of a bucket, which waits on an event stream. */
interface Waiting extends HeldStream {
  readonly place: QueuedBody;
}

async function wait(
  { url }: WorkerdServer,
  bucket: string,
  headers?: Readonly<Record<string, string>>,
): Promise<Waiting> {
  const held = await openStream(url, acquirePath(bucket), headers);
  await held.reader.until(1);
  const [first] = held.reader.events;
  expect(first?.event).toBe("queued");
  return { ...held, place: first?.data as QueuedBody };
}

/** As many as `count` come at once; in the order in which they stand. */
async function waitAtOnce(
  server: WorkerdServer,
  bucket: string,
  count: number,
): Promise<QueuedBody[]> {
  const all = Array.from({ length: count }, () => wait(server, bucket));
  const places = (await Promise.all(all)).map(({ place }) => place);
  return places.toSorted((one, other) => one.position - other.position);
}

async function grantIn({ done, events }: EventReader): Promise<GrantBody> {
  await done;
  const last = events.at(-1);
  if (last?.event !== "granted") throw new Error(`Not granted: ${JSON.stringify(last)}`);
  return last.data as GrantBody;
}

/** From the first grant to the last; of those of one tick, each leaves one token less. */
function byGrant(one: GrantBody, other: GrantBody): number {
  return one.grantedAtMs - other.grantedAtMs || other.remaining - one.remaining;
}

describe.concurrent("a process that is killed with SIGKILL", () => {
  it("gives 1,000 callers with tickets their places back, in the old order, however full it is", async () => {
    const count = 1_000;
    const bucket = "thousand";
    await using server = await startSlow();
    await acquire(server, bucket);
    const places = await waitAtOnce(server, bucket, count);
    expect(places.map(({ position }) => position)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
    await server.restart();
    await changePolicy(server, bucket, { queueLimit: 10 });
    const random = new Random(16);
    const shuffled = places.map((place) => ({ ...place, at: random.fraction() }));
    shuffled.sort((one, other) => one.at - other.at);
    const back = await Promise.all(
      shuffled.map(async ({ ticket = "" }) => {
        const { reader } = await openStream(server.url, acquirePath(bucket), {
          "Sluice-Ticket": ticket,
        });
        return { ticket, reader };
      }),
    );
    await untilBucket(server, bucket, ({ waiters }) => waiters === count);
    const newcomer = await send(server.url, acquirePath(bucket));
    expect(problemIn(newcomer)).toMatchObject({ reason: "queue-full" });
    await changePolicy(server, bucket, fast);
    const granted = await Promise.all(
      back.map(async ({ ticket, reader }) => ({ ticket, grant: await grantIn(reader) })),
    );
    const order = granted.toSorted((one, other) => byGrant(one.grant, other.grant));
    expect(order.map(({ ticket }) => ticket)).toEqual(places.map(({ ticket }) => ticket));
    const { granted: total } = await untilBucket(server, bucket, ({ waiters }) => waiters === 0);
    expect(total).toBe(count + 1);
  });

  it("knows the tickets of before, gives the same one again, and no other", async () => {
    const bucket = "known";
    await using server = await startSlow();
    await acquire(server, bucket);
    const { place } = await wait(server, bucket);
    const { ticket = "" } = place;
    await server.restart();
    const headers = { "Sluice-Ticket": ticket };
    const back = await wait(server, bucket, headers);
    expect(back.place).toMatchObject({ position: 1, ticket });
    const joined = await wait(server, bucket, headers);
    expect(joined.place).toMatchObject({ position: 1, ticket });
    const altered = {
      "Sluice-Ticket": `${ticket.slice(0, -1)}${ticket.endsWith("A") ? "B" : "A"}`,
    };
    const forged = await send(server.url, acquirePath(bucket), { headers: altered });
    expect([forged.status, problemIn(forged).errors?.[0]?.field]).toEqual([400, "Sluice-Ticket"]);
    const foreign = await send(server.url, acquirePath("another"), { headers });
    expect(foreign.status).toBe(400);
    await changePolicy(server, bucket, fast);
    const grant = await grantIn(back.reader);
    expect(await grantIn(joined.reader)).toEqual(grant);
    const again = await send(server.url, acquirePath(bucket), { headers });
    expect(again.body).toEqual(grant);
  });

  it("is resumed by the client: its callers see grants, in the order in which they asked", async () => {
    const bucket = "resumed";
    await using server = await startSlow();
    await acquire(server, bucket);
    const client = createClient({
      url: "http://sluice.test",
      transport: "http",
      fetch: (url, init) => fetch(url.replace("http://sluice.test", server.url), init),
    });
    const outcomes: ReturnType<typeof client.acquire>[] = [];
    for (let asked = 0; asked < 20; asked += 1) {
      await new Promise<void>((resolve) => {
        outcomes.push(client.acquire(bucket, { onQueued: () => resolve() }));
      });
    }
    await server.restart();
    await untilBucket(server, bucket, ({ waiters }) => waiters === outcomes.length);
    await changePolicy(server, bucket, fast);
    const grants = (await Promise.all(outcomes)).map((outcome) => {
      if (!outcome.ok) throw new Error(`Not granted: ${outcome.reason}`);
      return outcome;
    });
    expect(grants.toSorted(byGrant)).toEqual(grants);
  });
});
