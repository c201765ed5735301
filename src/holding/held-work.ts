/**
 * Work that runs while a grant's hold and permit are kept, for every limiter that has the verbs: a client,
 * or a filter in this process.
 */
import type { GrantedPermit } from "../core/outcome.ts";
import type { HolderClock } from "./holder-clock.ts";
import type { UsedTokens } from "./used-tokens.ts";

import { HeldGrant, type Keeping, type OpenGrant } from "./held-grant.ts";
import { Timer } from "./timer.ts";
import { untilDone } from "./until-done.ts";

/** What work under a hold is given. Its functions can be destructured. */
export interface WorkHold<Grant> {
  /** The id of the hold; empty if the grant is unmetered. */
  readonly id: string;
  /** The grant that it stands on. */
  readonly grant: Grant;
  /** Aborts when the caller's signal does, and with a `PermitLostError` if a permit is lost. Pass it on. */
  readonly signal: AbortSignal;
  /**
   * States what was used so far, in total; the last call counts. A number is for a hold that took the same
   * of every limit; in an object, limits that aren't named count as used as reserved.
   *
   * @throws {RangeError} If the hold can't have been used so.
   * @throws {TypeError} If there is no hold, because `holdMs` wasn't given.
   */
  readonly used: (tokens: UsedTokens) => void;
}

/** What work under a permit is given. Its functions can be destructured. */
export interface WorkPermit<Grant> extends WorkHold<Grant> {
  /**
   * Higher than that of every earlier permit of the bucket. Send it along to what the work changes, which
   * can then refuse a lower one than it has seen. 0 if the grant is unmetered.
   */
  readonly fence: number;
}

/** The work's own result. */
export interface WorkDone<Value> {
  readonly ok: true;
  readonly value: Value;
}

/**
 * How long a result is held back until its hold is settled and its permit given back. If that takes
 * longer, it completes in the background.
 */
const MAX_END_MS = 2_000;

/** Default of `holdMs`: extended while the work runs, so it only has to outlast a few failed calls. */
export const DEFAULT_HOLD_MS = 60_000;

/**
 * Runs `work`, settles as it does, and ends the grant after it; after its result, if that is a stream.
 *
 * @param waitUntil Keeps the runtime going until the grant has ended. Must not throw.
 */
export async function workUnder<Grant extends OpenGrant, Value>(
  grant: Grant,
  keeping: Keeping,
  work: (permit: WorkPermit<Grant>) => Value | Promise<Value>,
  waitUntil: (ended: Promise<void>) => void = ignore,
): Promise<WorkDone<Value>> {
  const held = new HeldGrant(grant, keeping);
  const { id = "", fence = 0 }: Partial<GrantedPermit> = { ...grant.hold, ...grant.permit };
  const used = (tokens: UsedTokens): void => held.used(tokens);
  let isGoingOn = false;
  try {
    const value = await work({ id, fence, grant, signal: held.signal, used });
    const followed = untilDone(value, held.signal, () => held.end());
    isGoingOn = followed !== undefined;
    return { ok: true, value: followed ?? value };
  } finally {
    if (!isGoingOn) held.end();
    waitUntil(held.ended);
    if (!isGoingOn) await within(held.ended, MAX_END_MS, keeping.clock);
  }
}

/** Resolves when `ended` does, and after `maxMs` at the latest. */
async function within(ended: Promise<void>, maxMs: number, clock?: HolderClock): Promise<void> {
  const timer = new Timer(clock);
  const passed = new Promise<void>((resolve) => {
    timer.set(maxMs, resolve);
  });
  await Promise.race([ended, passed]);
  timer.clear();
}

function ignore(): void {
  // The runtime goes on by itself.
}
