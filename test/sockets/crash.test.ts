import { describe, expect, it } from "vitest";

import {
  acquire,
  acquirePath,
  admin,
  arrive,
  arriveInTurn,
  changePolicy,
  snapshotOf,
} from "../../kit/http/callers.ts";
import { HttpConnection, send } from "../../kit/http/http-connection.ts";
import { startWorkerd } from "../../kit/processes/server.ts";

const CAPACITY = 5;
/** Full at the start, and nothing comes in for the length of a test. */
const fiveADay = {
  capacity: CAPACITY,
  refillTokens: 1,
  refillIntervalMs: 86_400_000,
  initialTokens: CAPACITY,
};

describe.concurrent("workerd killed with SIGKILL and started again", () => {
  it("goes on with the tokens that were left", async () => {
    await using server = await startWorkerd({ policies: { "*": fiveADay } });
    const before = await acquire(server, "left", "tokens=3");
    expect(before.remaining).toBe(2);
    await server.restart();
    expect(await snapshotOf(server, "left")).toMatchObject({ tokens: 2, granted: 1 });
    expect((await acquire(server, "left")).remaining).toBe(1);
    expect((await acquire(server, "left")).remaining).toBe(0);
    const over = await send(server.url, acquirePath("left", "timeoutMs=0"));
    expect(over.status).toBe(429);
  });

  it("goes on with the policy that an admin gave the bucket", async () => {
    await using server = await startWorkerd({
      policies: { "*": fiveADay },
      vars: admin.vars,
    });
    await changePolicy(server, "own", { capacity: 7, initialTokens: 6 });
    await server.restart();
    expect(await snapshotOf(server, "own")).toMatchObject({ tokens: 6, policy: { capacity: 7 } });
  });

  it("in the middle of concurrent grants, 20 times: has never forgotten one that a client holds", async () => {
    await using server = await startWorkerd({ policies: { "*": fiveADay } });
    for (let round = 0; round < 20; round += 1) {
      const bucket = `round-${round}`;
      // The kill comes with the first grant, with the second, … or at once: others are under way.
      const grantsBeforeKill = round % CAPACITY;
      const inTime = await takeUntilKilled(server, bucket, grantsBeforeKill);
      await server.restart();
      const { tokens, granted } = await snapshotOf(server, bucket);
      expect(tokens).toBeLessThanOrEqual(CAPACITY - inTime);
      // Whoever was granted but not told is lost: those tokens are gone, and never given twice.
      expect(granted).toBe(CAPACITY - tokens);
      const rest = await grantsOf(server, bucket, 2 * CAPACITY);
      expect(rest).toBe(tokens);
      expect(inTime + rest).toBeLessThanOrEqual(CAPACITY);
    }
  });

  it("with callers waiting: the next ones are served on the same grid", async () => {
    const policies = { "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 } };
    await using server = await startWorkerd({ policies });
    const { grantedAtMs: startedAtMs } = await acquire(server, "grid");
    const held = await arriveInTurn(server, "grid", 3);
    await server.kill();
    const ends = await Promise.allSettled(held.map(({ answer }) => answer));
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);

    // The alarm for the one that waited first is still armed, and finds nobody.
    await server.restart();
    const next = await Promise.all(
      (await arriveInTurn(server, "grid", 3)).map(({ answer }) => answer),
    );
    const ticks = next.map(({ body }) => {
      const { grantedAtMs } = body as { grantedAtMs: number };
      return Math.floor((grantedAtMs - startedAtMs) / 1_000);
    });
    expect(ticks[0]).toBeGreaterThanOrEqual(1);
    expect(ticks[1]).toBeGreaterThan(ticks[0] ?? NaN);
    expect(ticks[2]).toBeGreaterThan(ticks[1] ?? NaN);
    expect(await snapshotOf(server, "grid")).toMatchObject({ granted: 4, waiters: 0 });
  });

  it("with an alarm that comes due while it is down: the alarm does not keep the bucket stuck", async () => {
    const policies = { "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 500 } };
    await using server = await startWorkerd({ policies });
    const { grantedAtMs: startedAtMs } = await acquire(server, "overdue");
    await arrive(server, "overdue");
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, startedAtMs + 700 - Date.now()));
    await server.restart();
    // The tick that passed has filled the bucket: one at once, the others at ticks.
    const grants = [];
    for (let i = 0; i < 3; i += 1) grants.push((await acquire(server, "overdue")).grantedAtMs);
    const ticks = grants.map((grantedAtMs) => Math.floor((grantedAtMs - startedAtMs) / 500));
    expect(ticks[0]).toBeGreaterThanOrEqual(1);
    expect(ticks[1]).toBeGreaterThan(ticks[0] ?? NaN);
    expect(ticks[2]).toBeGreaterThan(ticks[1] ?? NaN);
    expect(await snapshotOf(server, "overdue")).toMatchObject({ granted: 4, waiters: 0 });
  });
});

interface Killable {
  readonly url: string;
  kill(): Promise<void>;
}

/**
 * Twice as many as there are tokens ask at once, and the server is killed at the `grantsBeforeKill`-th
 * grant; with 0, right after they have asked. Resolves with the number of grants that were received.
 */
async function takeUntilKilled(
  server: Killable,
  bucket: string,
  grantsBeforeKill: number,
): Promise<number> {
  const connections = await openConnections(server.url, 2 * CAPACITY);
  let received = 0;
  let killed: Promise<void> | undefined;
  const answers = connections.map(async (connection) => {
    const { status } = await connection.request(acquirePath(bucket, "timeoutMs=0"));
    if (status === 200) received += 1;
    if (received === grantsBeforeKill) killed ??= server.kill();
  });
  if (grantsBeforeKill === 0) killed = server.kill();
  await Promise.allSettled(answers);
  await killed;
  return received;
}

/** How many of `count` callers at once are granted without waiting. */
async function grantsOf(server: Killable, bucket: string, count: number): Promise<number> {
  const path = acquirePath(bucket, "timeoutMs=0");
  const answers = await Promise.all(Array.from({ length: count }, () => send(server.url, path)));
  return answers.filter(({ status }) => status === 200).length;
}

function openConnections(url: string, count: number): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => HttpConnection.open(url)));
}
