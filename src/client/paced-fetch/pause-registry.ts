/**
 * The pauses this process knows: one for each client and bucket, shared by all paced fetches, so
 * that what one of them learns holds the others as well.
 */
import type { Client } from "../client.ts";

import { SharedPause } from "./shared-pause.ts";

/** With fewer buckets than this, unused ones are never swept. */
const MIN_SWEPT = 64;

interface KnownPauses {
  /** By bucket: those in use, those that are paused, and some that were. */
  readonly pauses: Map<string, SharedPause>;
  sweepAtSize: number;
}

const knownByClient = new WeakMap<Client, KnownPauses>();

/** Returns the bucket's pause, joined: call `leave()` on it when the call is done. */
export function joinPause(client: Client, bucket: string): SharedPause {
  const known = knownByClient.get(client) ?? { pauses: new Map(), sweepAtSize: MIN_SWEPT };
  knownByClient.set(client, known);
  const pause = known.pauses.get(bucket) ?? new SharedPause(client, bucket);
  known.pauses.set(bucket, pause);
  pause.join();
  if (known.pauses.size >= known.sweepAtSize) sweep(known);
  return pause;
}

function sweep(known: KnownPauses): void {
  for (const [bucket, pause] of known.pauses) {
    if (pause.isOver()) known.pauses.delete(bucket);
  }
  known.sweepAtSize = Math.max(MIN_SWEPT, 2 * known.pauses.size);
}
