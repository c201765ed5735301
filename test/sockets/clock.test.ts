/** The machine's clock is set while callers wait: as whoever runs `npm run serve` may do. */
import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import { acquire, acquirePath, arriveInTurn, snapshotOf } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { SetClock } from "../../kit/processes/set-clock.ts";

const HOUR_MS = 3_600_000;

function start(clock: SetClock): Promise<WorkerdServer> {
  return startWorkerd({ main: "serve/worker/main.ts", environment: clock.environment });
}

/** Resolves with how long each of `held` had to wait from now on. */
function waits(held: readonly { readonly answer: Promise<{ status: number }> }[]) {
  const startedAtMs = performance.now();
  return Promise.all(
    held.map(async ({ answer }) => ({
      status: (await answer).status,
      afterMs: performance.now() - startedAtMs,
    })),
  );
}

for (const [what, aheadMs, forMs] of [
  ["set back by half a minute for a second", -30_000, 1_000],
  ["set back by an hour for good", -HOUR_MS, 30_000],
] as const) {
  it(`${what}: those who wait are granted in time, and so are others`, async () => {
    await using clock = await SetClock.make();
    await using server = await start(clock);
    await acquire(server, "set");
    const held = await arriveInTurn(server, "set", 4);
    const done = waits(held);
    await clock.set(aheadMs);
    await setTimeout(500);
    // Sets a timer while the clock is wrong. Half a minute may count as its own when that is put right.
    const late = send(server.url, acquirePath("set", "timeoutMs=60000"));
    const right = setTimeout(forMs - 500).then(() => clock.set(0));
    const ends = await done;
    expect(ends.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    // A second each, a second before anybody looks at the clock, and being put back.
    expect(ends.at(-1)?.afterMs).toBeLessThan(8_000);
    expect((await late).status).toBe(200);
    const refused = await send(server.url, acquirePath("set", "timeoutMs=0"));
    expect(Number(refused.headers["retry-after"])).toBe(1);
    if (forMs < 5_000) await right;
  });
}

it("an hour ahead for a second, with one acquire: the bucket goes on", async () => {
  await using clock = await SetClock.make();
  await using server = await start(clock);
  await acquire(server, "ahead");
  await clock.set(HOUR_MS);
  await setTimeout(500);
  await acquire(server, "ahead");
  await setTimeout(500);
  await clock.set(0);
  const held = await arriveInTurn(server, "ahead", 3);
  const ends = await waits(held);
  expect(ends.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(ends.at(-1)?.afterMs).toBeLessThan(6_000);
  expect(await snapshotOf(server, "ahead")).toMatchObject({ waiters: 0 });
});
