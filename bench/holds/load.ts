/** The same calls for everybody: a number of workers that make one after the other, always as many as there are. */
import { setTimeout as sleep } from "node:timers/promises";

import type { ModelCall } from "./calls.ts";
import type { Contender, Quota } from "./contenders.ts";

export interface Load {
  readonly quota: Quota;
  readonly workers: number;
  /** How long calls are started, in milliseconds. */
  readonly durationMs: number;
  calls(): Iterator<ModelCall>;
}

export interface Used {
  readonly calls: number;
  /** Tokens that the calls really used. */
  readonly used: number;
  /** Tokens that the quota gave for it. */
  readonly given: number;
}

/** Makes calls, and waits until all of them have answered and everything is booked. */
export async function use(contender: Contender, load: Load): Promise<Used> {
  const quota = contender.open(load.quota);
  const calls = load.calls();
  const endAtMs = performance.now() + load.durationMs;
  let count = 0;
  let used = 0;
  const booked: Promise<unknown>[] = [];
  const work = async (): Promise<void> => {
    while (performance.now() < endAtMs) {
      const { value: call, done } = calls.next();
      if (done) return;
      const answered = await quota.take(call);
      await sleep(call.durationMs);
      count += 1;
      used += call.used;
      booked.push(Promise.resolve(answered()));
    }
  };
  await Promise.all(Array.from({ length: load.workers }, work));
  await Promise.all(booked);
  const given = await quota.given();
  quota.close?.();
  return { calls: count, used, given };
}
