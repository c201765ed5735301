import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import { WakeTimer } from "../../src/bucket/wake-timer.ts";
import { ADMIN, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import {
  alarmAtMs,
  pass,
  stubOf,
  uniqueName,
  useVirtualTime,
} from "../../kit/edge/virtual-time.ts";

useVirtualTime();

async function acquire(name: string): Promise<Response> {
  return request(`/acquire?bucket=${name}`);
}

/** Sends a request that has to wait, and waits until it does. */
async function wait(name: string, init?: RequestInit): Promise<Response[]> {
  const { waiters } = await snapshotOf(name);
  const answered: Response[] = [];
  void request(`/acquire?bucket=${name}`, init).then(
    (response) => answered.push(response),
    () => undefined,
  );
  while ((await snapshotOf(name)).waiters === waiters) await settle();
  return answered;
}

it("alarm: armed for the head's tick while somebody waits, and only then", async () => {
  const name = uniqueName();
  const startMs = Date.now();
  await acquire(name);
  expect(await alarmAtMs(name)).toBeNull();
  const first = await wait(name);
  const second = await wait(name);
  expect(await alarmAtMs(name)).toBe(startMs + 1_000);
  await pass(name, 1_000);
  await settle();
  expect([first.length, second.length]).toEqual([1, 0]);
  expect(await alarmAtMs(name)).toBe(startMs + 2_000);
  await pass(name, 1_000);
  expect(await alarmAtMs(name)).toBeNull();
});

it("alarm: armed for the tick that serves the head, not for those before it", async () => {
  const name = uniqueName();
  const startMs = Date.now();
  const fields = { capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 };
  await request(`/buckets/${name}`, {
    method: "PUT",
    headers: ADMIN,
    body: JSON.stringify(fields),
  });
  await acquire(name);
  void request(`/acquire?bucket=${name}&tokens=4`);
  while ((await snapshotOf(name)).waiters === 0) await settle();
  expect(await alarmAtMs(name)).toBe(startMs + 4_000);
});

it("alarm: disarmed when the last waiter leaves", async () => {
  const name = uniqueName();
  const controller = new AbortController();
  await acquire(name);
  await wait(name, { signal: controller.signal });
  expect(await alarmAtMs(name)).not.toBeNull();
  controller.abort();
  while ((await snapshotOf(name)).waiters > 0) await settle();
  expect(await alarmAtMs(name)).toBeNull();
});

it("alarm: one that comes late grants what the bucket can hold and goes on on the grid", async () => {
  const name = uniqueName();
  const startMs = Date.now();
  await acquire(name);
  const held = [await wait(name), await wait(name), await wait(name)];
  vi.setSystemTime(startMs + 3_600);
  await runDurableObjectAlarm(stubOf(name));
  await settle();
  expect(held.map((answered) => answered.length)).toEqual([1, 0, 0]);
  expect(await alarmAtMs(name)).toBe(startMs + 4_000);
});

it("alarm: one that comes early, twice or for nobody changes nothing", async () => {
  const name = uniqueName();
  await acquire(name);
  const before = await snapshotOf(name);
  await runInDurableObject(stubOf(name), (object) => {
    object.alarm();
    object.alarm();
  });
  expect(await snapshotOf(name)).toEqual(before);
  const held = await wait(name);
  vi.setSystemTime(Date.now() + 999);
  await runDurableObjectAlarm(stubOf(name));
  await settle();
  expect(held).toEqual([]);
  expect(await alarmAtMs(name)).toBeGreaterThan(Date.now());
});

it("alarm: a lost one is armed again by the next request", async () => {
  const name = uniqueName();
  const startMs = Date.now();
  await acquire(name);
  const [first] = [await wait(name), await wait(name)];
  await runInDurableObject(stubOf(name), (_, state) => state.storage.deleteAlarm());
  vi.setSystemTime(startMs + 2_500);
  await request(`/acquire?bucket=${name}&timeoutMs=0`);
  while (first.length === 0) await settle();
  expect(first).toHaveLength(1);
  expect(await alarmAtMs(name)).toBe(startMs + 3_000);
});

it("alarm: a lost one is covered by the timer, with no request at all", async () => {
  const name = uniqueName();
  vi.setSystemTime(Date.now() + 5);
  await acquire(name);
  const held = await wait(name);
  await runInDurableObject(stubOf(name), (_, state) => state.storage.deleteAlarm());
  vi.setSystemTime(Date.now() + 1_100);
  while (held.length === 0) await settle();
  expect(held[0]?.status).toBe(200);
});

it("timer: serves the ticks between alarms where the interval is under a second", async () => {
  vi.useRealTimers();
  const name = uniqueName();
  const fields = { capacity: 1, refillTokens: 1, refillIntervalMs: 40 };
  await request(`/buckets/${name}`, {
    method: "PUT",
    headers: ADMIN,
    body: JSON.stringify(fields),
  });
  const responses = await Promise.all(Array.from({ length: 20 }, () => acquire(name)));
  const grants = await Promise.all(
    responses.map(async (response): Promise<{ grantedAtMs: number }> => response.json()),
  );
  const [startMs = 0, ...ticks] = grants.map((grant) => grant.grantedAtMs).sort((a, b) => a - b);
  // Late or not, no grant is early, and no two share a tick.
  const numbers = ticks.map((grantedAtMs) => Math.floor((grantedAtMs - startMs) / 40));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(1);
  expect(new Set(numbers).size).toBe(19);
});

/** A timer on storage that only records what is set. */
function recordedTimer(): { timer: WakeTimer; alarms: (number | null)[] } {
  const alarms: (number | null)[] = [];
  const storage = {
    setAlarm: async (at: number | Date) => void alarms.push(Number(at)),
    deleteAlarm: async () => void alarms.push(null),
  };
  const clock = { now: () => 0, setTimer: () => () => undefined };
  return { timer: new WakeTimer(storage, clock, () => undefined), alarms };
}

it("WakeTimer sets no alarm that is not in the future, nor a running one's own time again", () => {
  const { timer, alarms } = recordedTimer();
  timer.arm(5_000, 5_000);
  timer.alarmFired(5_001);
  timer.arm(5_001, 5_001);
  timer.arm(undefined, 5_001);
  expect(alarms).toEqual([5_001, 6_001, null]);
});

it("WakeTimer keeps alarms a second apart and does not set the same one twice", () => {
  const { timer, alarms } = recordedTimer();
  for (let nowMs = 10_000; nowMs < 15_000; nowMs += 100) {
    if (nowMs === alarms.at(-1)) timer.alarmFired(nowMs);
    timer.arm(nowMs + 100, nowMs);
  }
  timer.arm(undefined, 15_000);
  expect(alarms).toEqual([10_100, 11_100, 12_100, 13_100, 14_100, 15_100, null]);
});

it.each([
  ["a second", 1_000, 0],
  ["half a second", 500, 0],
  ["less, since the alarm is only set when the turn is on the disk", 499, 1],
])("WakeTimer lets an object sleep that is to wake in %s: %d ms", (_, waitMs, timers) => {
  let set = 0;
  const storage = { setAlarm: async () => undefined, deleteAlarm: async () => undefined };
  const setTimer = (): (() => void) => {
    set += 1;
    return () => undefined;
  };
  const timer = new WakeTimer(storage, { now: () => 0, setTimer }, () => undefined);
  timer.arm(60_000 + waitMs, 60_000, true);
  expect(set).toBe(timers);
  timer.arm(60_000 + waitMs, 60_000, false);
  expect(set).toBe(1);
});

it("WakeTimer leaves an alarm alone that is about to fire, and arms one again that is lost", () => {
  const { timer, alarms } = recordedTimer();
  timer.arm(1_000, 0);
  timer.arm(2_000, 1_000);
  timer.arm(undefined, 1_500);
  timer.arm(2_000, 1_999);
  expect(alarms).toEqual([1_000]);
  timer.arm(3_000, 2_000);
  expect(alarms).toEqual([1_000, 3_000]);
});

it("WakeTimer arms nothing while nobody waits", () => {
  const { timer, alarms } = recordedTimer();
  timer.arm(undefined, 0);
  timer.arm(1_000, 0);
  timer.arm(undefined, 600);
  timer.arm(undefined, 700);
  expect(alarms).toEqual([1_000, null]);
});

describe("WakeTimer, with an alarm while nobody waits,", () => {
  it("leaves it alone while it is early, and sets a sooner one", () => {
    const { timer, alarms } = recordedTimer();
    timer.arm(undefined, 0, false, 60_000);
    timer.arm(undefined, 5_000, false, 65_000);
    expect(alarms).toEqual([60_000]);
    timer.arm(undefined, 6_000, false, 30_000);
    expect(alarms).toEqual([60_000, 30_000]);
    timer.alarmFired(30_000);
    timer.arm(undefined, 30_000, false, 90_000);
    timer.arm(undefined, 31_000);
    expect(alarms).toEqual([60_000, 30_000, 90_000, null]);
  });

  it("sets it again when those who waited are gone, however early theirs was", () => {
    const { timer, alarms } = recordedTimer();
    timer.arm(undefined, 0, false, 60_000);
    timer.arm(5_000, 100, false, 60_000);
    timer.arm(undefined, 200, false, 60_000);
    expect(alarms).toEqual([60_000, 5_000, 60_000]);
  });

  it("leaves one that was found alone, unless it is lost", () => {
    const { timer, alarms } = recordedTimer();
    timer.restoreAlarm(60_000, true);
    timer.arm(undefined, 1_000, false, 90_000);
    expect(alarms).toEqual([]);
    timer.arm(undefined, 61_000, false, 90_000);
    expect(alarms).toEqual([90_000]);
  });

  it("sets none that is not in the future", () => {
    const { timer, alarms } = recordedTimer();
    timer.arm(undefined, 5_000, false, 4_000);
    expect(alarms).toEqual([5_001]);
  });
});
