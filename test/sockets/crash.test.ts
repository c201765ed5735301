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
import { type Answer, HttpClient, HttpConnection, send } from "../../kit/http/http-connection.ts";
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

  it("finds a grant with a key again, whatever else its turn has granted", async () => {
    await using server = await startWorkerd({ policies: { "*": fiveADay } });
    for (let round = 0; round < 10; round += 1) {
      const bucket = `keys-${round}`;
      const keys = Array.from({ length: 2 * CAPACITY }, (_, index) => `key-${index}`);
      const ask = (key: string): Promise<Answer> => {
        return send(server.url, acquirePath(bucket, "timeoutMs=0"), {
          headers: { "Idempotency-Key": key },
        });
      };
      let killed: Promise<void> | undefined;
      const granted = new Map<string, unknown>();
      const answers = keys.map(async (key) => {
        const { status, body } = await ask(key);
        if (status === 200) granted.set(key, body);
        if (granted.size > round % CAPACITY) killed ??= server.kill();
      });
      await Promise.allSettled(answers);
      await (killed ?? server.kill());
      await server.restart();
      for (const [key, grant] of granted) expect((await ask(key)).body).toEqual(grant);
      const again = await Promise.all(keys.map(ask));
      const times = again.filter(({ status }) => status === 200).length;
      // A key whose grant was written and not answered has it, too.
      expect(times).toBe(CAPACITY);
      expect((await snapshotOf(server, bucket)).granted).toBe(CAPACITY);
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

describe.concurrent("workerd killed with SIGKILL while a bucket has several limits", () => {
  const CALLERS = 8;
  /** More than a test takes of it, so that calendars alone decide. */
  const plenty = { capacity: 1_000_000, refillTokens: 1_000_000, refillIntervalMs: 1_000 };
  /** No boundary comes while a test runs, whatever the hour is. */
  const monthly = {
    every: "month",
    at: "12:00",
    on: new Date().getUTCDate() > 14 ? 1 : 28,
  } as const;

  /** Several callers take tokens until they have `count` together, or are refused; then the server is killed. */
  async function takeAndKill(server: Killable, bucket: string, count: number): Promise<number> {
    using client = new HttpClient(server.url, CALLERS);
    let received = 0;
    let killed: Promise<void> | undefined;
    const callers = Array.from({ length: CALLERS }, async () => {
      while (received < count) {
        const { status } = await client.request(acquirePath(bucket, "timeoutMs=0"));
        if (status !== 200) return;
        received += 1;
      }
      killed ??= server.kill();
    });
    await Promise.allSettled(callers);
    await (killed ?? server.kill());
    return received;
  }

  async function leftOf(server: Killable, bucket: string): Promise<Record<string, number>> {
    const { limits = {} } = await snapshotOf(server, bucket);
    return Object.fromEntries(Object.entries(limits).map(([name, { tokens }]) => [name, tokens]));
  }

  it("a limit of 1,000 loses nothing but grants that nobody was told of", async () => {
    const policies = {
      "*": {
        ...plenty,
        limits: {
          quota: { ...monthly, capacity: 1_000 },
          large: { ...monthly, capacity: 40_000 },
        },
      },
    };
    await using server = await startWorkerd({ policies });
    let granted = 0;
    for (let kill = 0; kill < 4; kill += 1) {
      granted += await takeAndKill(server, "quota", 50);
      await server.restart();
      const { quota = NaN, large = NaN } = await leftOf(server, "quota");
      // Nor does any other limit beside it.
      expect(40_000 - large).toBe(1_000 - quota);
      expect(quota).toBeLessThanOrEqual(1_000 - granted);
      // Each caller may have been granted what the kill kept from it.
      expect(quota).toBeGreaterThanOrEqual(1_000 - granted - CALLERS * (kill + 1));
    }
    expect(granted).toBeGreaterThanOrEqual(200);
  });

  it("a limit of 40,000 loses a 40th at most for all restarts in 20 seconds, and gives nothing twice", async () => {
    const policies = {
      "*": { ...plenty, limits: { large: { ...monthly, capacity: 40_000 } } },
    };
    await using server = await startWorkerd({ policies });
    let granted = 0;
    for (let kill = 0; kill < 3; kill += 1) {
      // More than the first turn, after which a batch is written.
      granted += await takeAndKill(server, "large", 100);
      await server.restart();
      const { large = NaN } = await leftOf(server, "large");
      // A kill in the middle of a batch does lose some of it.
      expect(large).toBeLessThan(40_000 - granted - CALLERS);
      expect(large).toBeLessThanOrEqual(40_000 - granted);
      expect(large).toBeGreaterThanOrEqual(40_000 - granted - 1_000 - CALLERS * (kill + 1));
    }
    expect(granted).toBeGreaterThanOrEqual(300);
  });

  it("no limit gives more than rule 8 allows, 8 times", async () => {
    const limits = {
      small: { capacity: 30, refillTokens: 3, refillIntervalMs: 500, initialTokens: 30 },
      quota: { ...monthly, capacity: 200 },
    };
    const policies = { "*": { ...plenty, limits } };
    await using server = await startWorkerd({ policies });
    const startedAtMs = Date.now();
    let granted = 0;
    for (let kill = 0; kill < 8; kill += 1) {
      granted += await takeAndKill(server, "both", 3 * kill);
      await server.restart();
      const ticks = Math.floor((Date.now() - startedAtMs) / 500);
      expect(granted).toBeLessThanOrEqual(Math.min(200, 30 + 3 * (ticks + 1)));
    }
    expect(granted).toBeGreaterThan(10);
    expect((await leftOf(server, "both"))["quota"]).toBeLessThanOrEqual(200 - granted);
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
