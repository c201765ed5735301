/**
 * A bucket that nobody has ever asked for a token, answered for without its object.
 *
 * To come to an object makes it, and on a machine of one's own a file with it, for good. What asks for
 * nothing is not worth that: reads, deletions, and what is refused whatever the bucket holds. The answers
 * are the host's, of one that has no disk. Where it would have to write, the object has to be asked.
 */
import type { BucketPlatform } from "./platform.ts";

import { BucketHost } from "./bucket-host.ts";

/** There is no disk to write to. */
class NoDiskError extends Error {
  override readonly name = "NoDiskError";
}

function refuseToWrite(): never {
  throw new NoDiskError("An unused bucket keeps nothing");
}

const nowhere: BucketPlatform = {
  // Nobody waits here, so nobody is to be woken.
  clock: { now: () => Date.now(), setTimer: () => () => undefined },
  alarms: { setAlarm: refuseToWrite, deleteAlarm: async () => undefined },
  disk: {
    read: () => undefined,
    write: refuseToWrite,
    keyedGrants: { list: () => [], put: refuseToWrite, delete: refuseToWrite },
    erase: async () => undefined,
  },
  abort: () => undefined,
};

/**
 * What an unused bucket answers to `ask`; `undefined` where it cannot without being kept.
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
