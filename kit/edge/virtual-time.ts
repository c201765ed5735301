/**
 * The object in virtual time: only `Date` is faked, and it is far in the future so that no alarm fires by
 * itself. Tests run alarms by hand, each at the instant it is set to.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";

import type { BucketObject } from "../../src/bucket/bucket-object.ts";

const FAR_FUTURE_MS = Date.UTC(2100, 0, 1);
const DAY_MS = 86_400_000;

let days = 0;
let names = 0;

/** Fakes `Date`, a day later each time: it never goes back. Undone by `vi.useRealTimers()`. */
export function useVirtualDate(): void {
  days += 1;
  vi.useFakeTimers({ toFake: ["Date"], now: FAR_FUTURE_MS + days * DAY_MS });
}

/**
 * Takes the randomness out of the Worker's pauses, up to 100 ms before it requeues a caller: a slow machine
 * needs the rest of the recovery window's 250 ms. Undone by `vi.restoreAllMocks()`.
 */
export function useSteadyPauses(): void {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
}

/** Runs each test of the file on a virtual day of its own, and undoes all spies after it. */
export function useVirtualTime({ hasSteadyPauses = false } = {}): void {
  beforeEach(() => {
    useVirtualDate();
    if (hasSteadyPauses) useSteadyPauses();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** Runs all tests of the file on one virtual day. */
export function useVirtualTimeThroughout(): void {
  beforeAll(useVirtualDate);
  afterAll(() => {
    vi.useRealTimers();
  });
}

/** A bucket name that no other test uses. */
export function uniqueName(prefix = "test"): string {
  names += 1;
  return `${prefix}:${names}`;
}

/** A fresh stub of the object behind a bucket. */
export function stubOf(name: string): DurableObjectStub<BucketObject> {
  return env.BUCKETS.get(env.BUCKETS.idFromName(name));
}

/** The instant that the object's alarm is set to; `null` if none is armed. */
export async function alarmAtMs(name: string): Promise<number | null> {
  return runInDurableObject(stubOf(name), async (_, state) => state.storage.getAlarm());
}

/** Lets time pass, running the object's alarm whenever it is due. */
export async function pass(name: string, durationMs: number): Promise<void> {
  const untilMs = Date.now() + durationMs;
  for (;;) {
    const atMs = await alarmAtMs(name);
    if (atMs === null || atMs > untilMs) break;
    vi.setSystemTime(Math.max(Date.now(), atMs));
    await runDurableObjectAlarm(stubOf(name));
  }
  vi.setSystemTime(untilMs);
}
