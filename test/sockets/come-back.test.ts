/** Callers whose connections break and who come back with their key, and those who cancel by it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  acquire,
  acquirePath,
  admin,
  arrive,
  changePolicy,
  grantIn,
  untilBucket,
} from "../../kit/http/callers.ts";
import { HttpConnection, send, type Answer } from "../../kit/http/http-connection.ts";
import { Served } from "../../kit/processes/served.ts";
import { startWorkerd } from "../../kit/processes/server.ts";

/** So seldom that no tick comes before a test asks for it. */
const slow = { capacity: 1, refillTokens: 1, refillIntervalMs: 600_000, maxWaitMs: 3_600_000 };
const headers = { "Idempotency-Key": '"mine"' };

interface Keyed {
  readonly connection: HttpConnection;
  readonly answer: Promise<Answer>;
}

async function askWithKey(url: string, bucket: string): Promise<Keyed> {
  const connection = await HttpConnection.open(url);
  return { connection, answer: connection.request(acquirePath(bucket), { headers }) };
}

describe("npm run serve", () => {
  let served: Served;
  beforeAll(async () => {
    const args = ["--var", `ADMIN_TOKEN:${admin.vars.ADMIN_TOKEN}`];
    served = await Served.start({ policies: { "*": slow }, args });
  });
  afterAll(() => served?.[Symbol.asyncDispose]());

  it.each(["reset", "close"] as const)(
    "a caller whose connection breaks (%s) takes its old place again",
    async (way) => {
      const bucket = `back:${way}`;
      await acquire(served, bucket);
      const first = await askWithKey(served.url, bucket);
      await untilBucket(served, bucket, ({ waiters }) => waiters === 1);
      const second = await arrive(served, bucket);
      first.connection[way]();
      await untilBucket(served, bucket, ({ cancelled }) => cancelled === 1);
      const third = await arrive(served, bucket);
      const again = await askWithKey(served.url, bucket);
      await untilBucket(served, bucket, ({ waiters }) => waiters === 3);
      await changePolicy(served, bucket, { refillIntervalMs: 100 });
      const answers = await Promise.all([again, second, third].map(({ answer }) => answer));
      const grantedAtMs = answers.map((answer) => grantIn(answer).grantedAtMs);
      expect(grantedAtMs).toEqual(grantedAtMs.toSorted((one, other) => one - other));
      expect(new Set(grantedAtMs).size).toBe(3);
    },
  );
});

it("DELETE /acquire frees the place of a caller whose hang-up workerd does not notice", async () => {
  const bucket = "unnoticed";
  await using server = await startWorkerd({ ...admin, policies: { "*": slow } });
  await acquire(server, bucket);
  const gone = await askWithKey(server.url, bucket);
  await untilBucket(server, bucket, ({ waiters }) => waiters === 1);
  const behind = await arrive(server, bucket);
  gone.connection.close();
  const { status, body } = await send(server.url, acquirePath(bucket), {
    method: "DELETE",
    headers,
  });
  expect([status, body]).toEqual([200, { cancelled: true }]);
  await untilBucket(server, bucket, ({ waiters }) => waiters === 1);
  await changePolicy(server, bucket, { refillIntervalMs: 100 });
  expect(grantIn(await behind.answer).remaining).toBe(0);
});
