/**
 * Answers for a bucket that has never been used, without its object.
 *
 * Calling an object creates it and, if Sluice runs on your own machine, a file with it, for good. A request
 * that takes nothing isn't worth that: reads, deletions, and acquires that are refused whatever the bucket
 * holds. The answers come from a host without a disk. If it would have to write, the object must be asked
 * instead.
 */
import type { BucketPlatform } from "./platform.ts";

import { BucketHost } from "./bucket-host.ts";
import { timeZones } from "../time-zones.ts";

/** There is no disk to write to. */
class NoDiskError extends Error {
  override readonly name = "NoDiskError";
}

function refuseToWrite(): never {
  throw new NoDiskError("Cannot write: the bucket is unused and has no disk");
}

const nowhere: BucketPlatform = {
  // No request waits here, so there is nothing to wake.
  clock: { now: () => Date.now(), setTimer: () => () => undefined },
  alarms: { setAlarm: refuseToWrite, deleteAlarm: async () => undefined },
  disk: {
    read: () => undefined,
    write: refuseToWrite,
    keyedGrants: {
      list: () => [],
      put: refuseToWrite,
      earlier: { list: () => [], delete: refuseToWrite },
    },
    ticketSecret: { read: () => undefined, write: refuseToWrite },
    removedCallers: { read: () => undefined, write: refuseToWrite },
    grantRows: { list: () => [], put: refuseToWrite },
    erase: async () => undefined,
  },
  timeZones,
  newId: refuseToWrite,
  randomBytes: refuseToWrite,
  abort: () => undefined,
};

/**
 * What an unused bucket answers to `ask`; `undefined` if it can't answer without storing something.
 *
 * @example
 * ofUnusedBucket((bucket) => bucket.inspect("x", policy)); // a BucketSnapshot
 * ofUnusedBucket((bucket) => bucket.pause("x", policy, pause)); // undefined
 */
export function ofUnusedBucket<Answer>(ask: (bucket: BucketHost) => Answer): Answer | undefined {
  try {
    return ask(new BucketHost(nowhere));
  } catch (error) {
    if (error instanceof NoDiskError) return undefined;
    throw error;
  }
}
