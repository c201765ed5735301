/**
 * The object under virtual time: `Date` alone is faked and stands far in the future, so that no alarm
 * fires by itself; alarms are run by hand, each at the instant that it is set to.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";

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
 * Takes the chance out of the Worker's pauses, up to 100 ms before it puts a caller back: a slow machine
 * needs the rest of the 250 ms of gathering. Undone by `vi.restoreAllMocks()`.
 */
export function useSteadyPauses(): void {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
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

/** When the object's alarm is set to; `null` while none is armed. */
export async function alarmAtMs(name: string): Promise<number | null> {
  return runInDurableObject(stubOf(name), async (_, state) => state.storage.getAlarm());
}

/** Lets time pass, running the object's alarm at every instant that it asks for. */
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
