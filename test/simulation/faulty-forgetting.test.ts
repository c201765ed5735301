/**
 * Schedules find faults in what forgets a bucket. Each test puts one in the place of a method, and asks for a schedule
 * in which a law is broken.
 */
import { afterEach, expect, test, vi } from "vitest";

import { Forgetting } from "../../src/bucket/forgetting.ts";
import { WakeTimer } from "../../src/bucket/wake-timer.ts";
import { Limiter } from "../../src/core/limiter.ts";
import { simulateForgetting } from "../../kit/simulation/simulate.ts";

const SEED = 1;
/** By far more than any of them takes. */
const MAX_SCHEDULES = 1_500;

function methodOf<Target extends object, Name extends keyof Target>(target: Target, name: Name) {
  return target[name];
}

const forgettableAtMs = methodOf(Limiter.prototype, "forgettableAtMs");
const writtenForgettableAtMs = methodOf(Limiter.prototype, "writtenForgettableAtMs");
const written = methodOf(Forgetting.prototype, "written");
const isDue = methodOf(Forgetting.prototype, "isDue");
const arm = methodOf(WakeTimer.prototype, "arm");
const loaded = methodOf(Forgetting.prototype, "loaded");

afterEach(() => void vi.restoreAllMocks());

const faults: Readonly<Record<string, () => void>> = {
  "a bucket is forgotten a tick too early": () => {
    vi.spyOn(Limiter.prototype, "writtenForgettableAtMs").mockImplementation(function (
      this: Limiter<unknown>,
      written,
      nowMs,
    ) {
      return writtenForgettableAtMs.call(this, written, nowMs) - 1;
    });
  },
  "a bucket is forgotten that isn't full": () => {
    vi.spyOn(Limiter.prototype, "writtenForgettableAtMs").mockReturnValue(0);
    vi.spyOn(Limiter.prototype, "forgettableAtMs").mockReturnValue(0);
  },
  "what is written is found from memory": () => {
    vi.spyOn(Limiter.prototype, "writtenForgettableAtMs").mockImplementation(function (
      this: Limiter<unknown>,
      _,
      nowMs,
    ) {
      return this.waiters > 0 ? nowMs : forgettableAtMs.call(this, nowMs);
    });
  },
  "an overridden bucket is forgotten": () => {
    vi.spyOn(Forgetting.prototype, "written").mockImplementation(function (
      this: Forgetting,
      bucket,
      state,
      nowMs,
    ) {
      written.call(this, { ...bucket, isOverridden: false }, state, nowMs);
    });
    vi.spyOn(Forgetting.prototype, "isDue").mockImplementation(function (
      this: Forgetting,
      bucket,
      nowMs,
    ) {
      return isDue.call(this, { ...bucket, isOverridden: false }, nowMs);
    });
  },
  "a bucket in use is forgotten": () => {
    vi.spyOn(Forgetting.prototype, "written").mockImplementation(function (
      this: Forgetting,
      bucket,
      state,
      nowMs,
    ) {
      written.call(this, bucket, state, nowMs - 30_000);
    });
  },
  "the recovery window opens for an alarm that forgets": () => {
    vi.spyOn(Forgetting.prototype, "isAlarm").mockReturnValue(false);
  },
  "no recovery window opens": () => {
    vi.spyOn(Forgetting.prototype, "isAlarm").mockReturnValue(true);
  },
  "an alarm for waiters stays when they have left": () => {
    vi.spyOn(WakeTimer.prototype, "arm").mockImplementation(function (
      this: WakeTimer,
      wakeAtMs,
      nowMs,
      maySleep,
      idleAtMs,
    ) {
      if (wakeAtMs !== undefined || idleAtMs === undefined)
        arm.call(this, wakeAtMs, nowMs, maySleep, idleAtMs);
    });
  },
  "the alarm is set again with each use": () => {
    vi.spyOn(WakeTimer.prototype, "restoreAlarm").mockImplementation(() => undefined);
  },
  "no alarm is set after a restart": () => {
    vi.spyOn(Forgetting.prototype, "loaded").mockImplementation(function (
      this: Forgetting,
      bucket,
    ) {
      loaded.call(this, bucket, undefined);
    });
  },
  "grants with a key are forgotten": () => {
    vi.spyOn(Forgetting.prototype, "isDue").mockImplementation(function (
      this: Forgetting,
      { limiter },
      nowMs,
    ) {
      return limiter.waiters === 0 && Number(this.fromMs) <= nowMs;
    });
  },
};

test.each(Object.entries(faults))(
  "schedules find that %s",
  { timeout: 120_000 },
  async (_, put) => {
    put();
    for (let number = 1; number <= MAX_SCHEDULES; number += 1) {
      const { failure } = await simulateForgetting(SEED, number);
      if (failure) return;
    }
    expect.unreachable(`No law was broken in ${MAX_SCHEDULES} schedules`);
  },
);
