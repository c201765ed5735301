/**
 * The pauses this process knows: one for each client, bucket and limit, shared by all paced
 * fetches, so that what one of them learns holds the others as well.
 */
import type { Client } from "../client.ts";

import { FIRST_LIMIT } from "../../core/limits/limit-name.ts";
import { SharedPause } from "./shared-pause.ts";

/** With fewer buckets than this, unused ones are never swept. */
const MIN_SWEPT = 64;

interface KnownPauses {
  /** By bucket and limit: those in use, those that are paused, and some that were. */
  readonly pauses: Map<string, SharedPause>;
  sweepAtSize: number;
}

const knownByClient = new WeakMap<Client, KnownPauses>();

/** Returns the pause of a limit, joined: call `leave()` on it when the call is done. */
export function joinPause(
  client: Client,
  bucket: string,
  limit: string = FIRST_LIMIT,
): SharedPause {
  const known = knownByClient.get(client) ?? { pauses: new Map(), sweepAtSize: MIN_SWEPT };
  knownByClient.set(client, known);
  // No name has a space.
  const key = `${bucket} ${limit}`;
  const pause = known.pauses.get(key) ?? new SharedPause(client, bucket, limit);
  known.pauses.set(key, pause);
  pause.join();
  if (known.pauses.size >= known.sweepAtSize) sweep(known);
  return pause;
}

function sweep(known: KnownPauses): void {
  for (const [key, pause] of known.pauses) {
    if (pause.isOver()) known.pauses.delete(key);
  }
  known.sweepAtSize = Math.max(MIN_SWEPT, 2 * known.pauses.size);
}
