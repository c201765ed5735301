/**
 * The pauses that this process knows of: one for each client and bucket, whichever paced fetch asks, so that
 * what one of them is told holds the others too.
 */
import type { Client } from "../client.ts";

import { SharedPause } from "./shared-pause.ts";

/** Fewer buckets than this are never looked through for those that are not needed any more. */
const MIN_SWEPT = 64;

interface Known {
  /** By bucket: of those in use, those that are paused, and some that were. */
  readonly pauses: Map<string, SharedPause>;
  sweepAtSize: number;
}

const knownByClient = new WeakMap<Client, Known>();

/** The pause of a bucket, joined: whoever asks for it leaves it again. */
export function joinPause(client: Client, bucket: string): SharedPause {
  const known = knownByClient.get(client) ?? { pauses: new Map(), sweepAtSize: MIN_SWEPT };
  knownByClient.set(client, known);
  const pause = known.pauses.get(bucket) ?? new SharedPause(client, bucket);
  known.pauses.set(bucket, pause);
  pause.join();
  if (known.pauses.size >= known.sweepAtSize) sweep(known);
  return pause;
}

function sweep(known: Known): void {
  for (const [bucket, pause] of known.pauses) {
    if (pause.isOver()) known.pauses.delete(bucket);
  }
  known.sweepAtSize = Math.max(MIN_SWEPT, 2 * known.pauses.size);
}
