/** Pauses on workerd itself: while callers wait, and with a kill in the middle. */
import { describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import {
  acquire,
  acquirePath,
  admin,
  arrive,
  arriveInTurn,
  grantIn,
  problemIn,
  snapshotOf,
  untilBucket,
} from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const INTERVAL_MS = 200;
const fiveASecond = {
  capacity: 50,
  refillTokens: 1,
  refillIntervalMs: INTERVAL_MS,
  initialTokens: 50,
};

async function pause(server: WorkerdServer, bucket: string, body: object): Promise<BucketSnapshot> {
  const call = { method: "POST", headers: admin.headers, body };
  const answer = await send(server.url, `/buckets/${bucket}/pause`, call);
  expect(answer.status).toBe(200);
  return answer.body as BucketSnapshot;
}

describe.concurrent("a pause while callers wait", () => {
  it("holds them up, lets them go in their order, one tick after the other, and refuses the hasty", async () => {
    await using server = await startWorkerd({
      policies: { "*": fiveASecond },
      vars: admin.vars,
    });
    await acquire(server, "held", "tokens=50");
    await pause(server, "held", { untilMs: Date.now() + 6_000 });
    const held = await arriveInTurn(server, "held", 3);
    const hasty = await arrive(server, "held", "timeoutMs=8000");
    const untilMs = Date.now() + 9_000;
    const snapshot = await pause(server, "held", { untilMs });
    expect(snapshot).toMatchObject({ pausedUntilMs: untilMs, tokens: 0, waiters: 3 });
    const refused = await hasty.answer;
    expect(refused.status).toBe(429);
    expect(problemIn(refused)).toMatchObject({ reason: "timeout" });

    const grants = await Promise.all(held.map(async ({ answer }) => grantIn(await answer)));
    const times = grants.map(({ grantedAtMs }) => grantedAtMs);
    for (const [k, atMs] of times.entries()) {
      expect(atMs).toBeGreaterThanOrEqual(snapshot.nextTickAtMs + k * INTERVAL_MS);
    }
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  it("that is lifted lets them go at the next tick", async () => {
    await using server = await startWorkerd({
      policies: { "*": fiveASecond },
      vars: admin.vars,
    });
    await acquire(server, "lifted", "tokens=50");
    await pause(server, "lifted", { untilMs: Date.now() + 50_000 });
    const held = await arriveInTurn(server, "lifted", 2);
    const lifted = await pause(server, "lifted", { untilMs: 0 });
    expect(lifted).not.toHaveProperty("pausedUntilMs");
    const [first, second] = await Promise.all(held.map(({ answer }) => answer));
    const times = [first, second].map((answer) => answer && grantIn(answer).grantedAtMs);
    expect(times[0]).toBeGreaterThanOrEqual(lifted.nextTickAtMs);
    expect(times[1]).toBeGreaterThanOrEqual(lifted.nextTickAtMs + INTERVAL_MS);
    expect(times[1]).toBeLessThan(Date.now() + 1_000);
  });
});

it("what an isolate has on lease is not granted any more once it has passed a pause on", async () => {
  const lease = { maxTokens: 40, ttlMs: 20_000 };
  const policies = { "*": { ...fiveASecond, capacity: 1_000, initialTokens: 1_000, lease } };
  await using server = await startWorkerd({ policies, vars: admin.vars });
  for (let { leasedTokens = 0 } = await snapshotOf(server, "leased"); leasedTokens === 0;) {
    await acquire(server, "leased");
    ({ leasedTokens = 0 } = await snapshotOf(server, "leased"));
  }
  const untilMs = Date.now() + 60_000;
  const snapshot = await pause(server, "leased", { untilMs });
  expect(snapshot.leasedTokens).toBeGreaterThan(0);
  const refused = await send(server.url, acquirePath("leased", "timeoutMs=0"));
  expect(problemIn(refused)).toMatchObject({ reason: "timeout" });
  const after = await untilBucket(server, "leased", ({ leasedTokens }) => leasedTokens === 0);
  expect(after).toMatchObject({ tokens: 0, pausedUntilMs: untilMs });
});

describe.concurrent("workerd killed with SIGKILL in a pause, and started again", () => {
  it("12 times in the middle of grants: none is granted before its end that the pause did not keep", async () => {
    await using server = await startWorkerd({
      policies: { "*": fiveASecond },
      vars: admin.vars,
    });
    for (let round = 0; round < 12; round += 1) {
      const bucket = `round-${round}`;
      const kept = round % 4;
      await acquire(server, bucket);
      const untilMs = Date.now() + 60_000;
      await pause(server, bucket, { untilMs, tokens: kept });
      const asked = Array.from({ length: 8 }, () =>
        send(server.url, acquirePath(bucket, "timeoutMs=0")).catch(() => undefined),
      );
      // With the first answers, or before any.
      if (round % 2 === 0) await Promise.race(asked);
      await server.kill();
      const before = (await Promise.all(asked)).filter((answer) => answer?.status === 200);
      await server.restart();
      expect(await snapshotOf(server, bucket)).toMatchObject({ pausedUntilMs: untilMs });
      const again = await Promise.all(
        asked.map(() => send(server.url, acquirePath(bucket, "timeoutMs=0"))),
      );
      const after = again.filter(({ status }) => status === 200);
      expect(before.length + after.length).toBeLessThanOrEqual(kept);
    }
  });

  it("with callers waiting: the next ones are served behind its end, on the same grid", async () => {
    await using server = await startWorkerd({
      policies: { "*": fiveASecond },
      vars: admin.vars,
    });
    const { grantedAtMs: startedAtMs } = await acquire(server, "grid", "tokens=50");
    const untilMs = Date.now() + 6_000;
    const { nextTickAtMs } = await pause(server, "grid", { untilMs });
    expect((nextTickAtMs - startedAtMs) % INTERVAL_MS).toBe(0);
    const held = await arriveInTurn(server, "grid", 3);
    await server.kill();
    await Promise.allSettled(held.map(({ answer }) => answer));
    await server.restart();
    const next = await arriveInTurn(server, "grid", 3);
    expect(await snapshotOf(server, "grid")).toMatchObject({ waiters: 3, pausedUntilMs: untilMs });
    const answers = await Promise.all(next.map(({ answer }) => answer));
    for (const [k, answer] of answers.entries()) {
      const { grantedAtMs } = grantIn(answer);
      expect(grantedAtMs).toBeGreaterThanOrEqual(nextTickAtMs + k * INTERVAL_MS);
    }
  });
});
