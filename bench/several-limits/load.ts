/** The same callers for everybody: one arrives every few milliseconds, and fails fast or waits. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Contender, Taken, TwoLimits } from "./contenders.ts";

export interface Load {
  readonly limits: TwoLimits;
  readonly callers: number;
  /** Time between two arrivals, in milliseconds. */
  readonly everyMs: number;
  /** What the caller with this number asks for, counted from 0. */
  readonly tokensOf: (caller: number) => number;
  /** Whether it waits; if not, it fails fast. */
  readonly isPatient: (caller: number) => boolean;
}

export interface Served {
  readonly granted: number;
  readonly grantedTokens: number;
  /** Of callers that failed fast. */
  readonly taken: Taken;
  /** Grants to a caller while one that had arrived earlier was still waiting. */
  readonly outOfOrder: number;
}

/** Serves the load; `undefined` if the contender's callers can't wait and some of these do. */
export async function serve(contender: Contender, load: Load): Promise<Served | undefined> {
  const { limits, callers, everyMs, tokensOf, isPatient } = load;
  const isToWait = Array.from({ length: callers }, (_, caller) => caller).some(isPatient);
  const open = contender.open(limits, isToWait);
  if (isToWait && !open.wait) return undefined;

  /** Callers that have arrived and aren't settled, in order of arrival. */
  const unsettled = new Set<number>();
  let granted = 0;
  let grantedTokens = 0;
  let outOfOrder = 0;
  const settle = (caller: number, isGranted: boolean): void => {
    const [first = caller] = unsettled;
    unsettled.delete(caller);
    if (!isGranted) return;
    granted += 1;
    grantedTokens += tokensOf(caller);
    if (first < caller) outOfOrder += 1;
  };
  const arrive = async (caller: number): Promise<void> => {
    const tokens = tokensOf(caller);
    unsettled.add(caller);
    if (open.wait && isPatient(caller)) {
      await open.wait(tokens);
      settle(caller, true);
      return;
    }
    const answer = open.attempt(tokens);
    settle(caller, typeof answer === "boolean" ? answer : await answer);
  };

  const all: Promise<void>[] = [];
  const startedAtMs = performance.now();
  for (let caller = 0; caller < callers; caller += 1) {
    await sleep(Math.max(0, startedAtMs + caller * everyMs - performance.now()));
    all.push(arrive(caller));
  }
  await Promise.all(all);
  const taken = await open.taken();
  open.close?.();
  return { granted, grantedTokens, taken, outOfOrder };
}
