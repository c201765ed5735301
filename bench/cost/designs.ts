/**
 * The designs whose cost is compared. Each is one object on a virtual platform that counts.
 *
 * `sluice` is the bucket's real host. `docs` is the design of the rate limiter in Cloudflare's
 * examples, written anew: tokens in memory, taken without a word to the disk, and an alarm that refills
 * them every second until they are full. `naive` works tokens out from the time, like Sluice, but writes
 * for every grant. Neither lets callers wait.
 */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { AlarmStorage } from "../../src/bucket/wake-timer.ts";
import type { BucketDirectory, BucketPlatform } from "../../src/bucket/platform.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";

import { LeaseHolder } from "../../src/core/lease/lease-holder.ts";
import { Policy } from "../../src/core/policy.ts";
import { TokenBucket } from "../../src/core/limits/token-bucket.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { DirectoryObject } from "../../src/bucket/directory-object.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";
import { timeZones } from "../../src/time-zones.ts";
import { Meter } from "./meter.ts";

/** Asks for a token; `answered` hears whether it is granted, now or, where callers wait, later. */
export type Ask = (isolate: number, answered: (isGranted: boolean) => void) => void;

/** Sets up an object of the design. */
export type Design = (fields: NamedPolicyFields, clock: VirtualClock, meter: Meter) => Ask;

/** How long the work of a caller takes that holds a token or a permit. */
const WORK_MS = 1_000;
const HOLD_MS = 60_000;
/** Between two refills of the design of the docs. */
const REFILL_MS = 1_000;

export const sluice: Design = (fields, clock, meter) => {
  const host = hostOf(clock, meter);
  return (_, answered) => {
    meter.count("requests");
    meter.count("calls");
    askHost(host, fields, answered);
  };
};

/** With leases: the isolates grant, and ask the host for more. */
export const leased: Design = (fields, clock, meter) => {
  const { lease } = fields;
  if (!lease) throw new RangeError(`The policy ${fields.name} allows no leases`);
  const host = hostOf(clock, meter);
  const holders = new Map<number, LeaseHolder>();
  return (isolate, answered) => {
    meter.count("requests");
    const nowMs = nowMsOf(clock);
    const holder = holders.get(isolate) ?? new LeaseHolder(lease);
    holders.set(isolate, holder);
    const isGranted = holder.tryTake(1, nowMs);
    if (isGranted) answered(true);
    else {
      const returnedLeases = holder.returnAll();
      meter.count("calls");
      askHost(host, fields, answered, returnedLeases && { returnedLeases });
    }
    const ask = holder.nextAsk(nowMs);
    if (!ask) return;
    meter.count("calls");
    holder.lent(host.lend("bucket", fields, ask).lease, nowMs);
  };
};

/** Each caller holds its token and settles it after its work. */
export const holding: Design = (fields, clock, meter) => {
  const host = hostOf(clock, meter);
  return openGrants(host, fields, clock, meter, { holdMs: HOLD_MS }, (id) => {
    host.changeHold("bucket", fields, id, { used: 1 });
  });
};

/** Each caller has a permit while it works. */
export const permitted: Design = (fields, clock, meter) => {
  const host = hostOf(clock, meter);
  return openGrants(host, fields, clock, meter, {}, (id) => {
    host.releasePermit("bucket", fields, id);
  });
};

/**
 * The directory of busy buckets, and nothing of the buckets themselves: the reports of their real hosts are its calls.
 * Each `isolate` asks a bucket of its own.
 */
export const directory: Design = (fields, clock, meter) => {
  const rows = { list: () => [], put: () => {}, delete: () => {}, erase: () => {} };
  const object = new DirectoryObject(0, clockOf(clock), rows);
  const listed: BucketDirectory = {
    reportBusy: (report) => {
      meter.count("calls");
      object.report({ ...report, shards: 1 });
    },
    busyEnded: () => {},
    noteOverride: () => {},
  };
  const hosts = new Map<number, BucketHost>();
  return (bucket, answered) => {
    const host = hosts.get(bucket) ?? hostOf(clock, new Meter(clock), listed);
    hosts.set(bucket, host);
    askHost(host, fields, answered, { bucket: `bucket:${bucket}` });
  };
};

export const docs: Design = (fields, clock, meter) => {
  const { capacity, refillTokens, refillIntervalMs } = bucketFieldsOf(fields);
  const refill = (refillTokens * REFILL_MS) / refillIntervalMs;
  let tokens = fields.initialTokens;
  let isArmed = false;
  const arm = (): void => {
    if (isArmed) return;
    isArmed = true;
    meter.count("rowsWritten");
    clock.after(REFILL_MS, () => {
      meter.count("alarms");
      isArmed = false;
      if (tokens >= capacity) return;
      tokens = Math.min(capacity, tokens + refill);
      arm();
    });
  };
  return (_, answered) => {
    meter.count("requests");
    meter.count("calls");
    const isGranted = tokens > 0;
    if (isGranted) tokens -= 1;
    arm();
    answered(isGranted);
  };
};

export const naive: Design = (fields, clock, meter) => {
  const { name: _, ...policy } = fields;
  let bucket: TokenBucket | undefined;
  return (_, answered) => {
    meter.count("requests");
    meter.count("calls");
    bucket ??= TokenBucket.start(bucketFieldsOf(Policy.of(policy)), nowMsOf(clock));
    bucket.advance(nowMsOf(clock));
    const isGranted = bucket.tokens >= 1;
    if (isGranted) {
      bucket.take(1);
      meter.count("rowsWritten");
    }
    answered(isGranted);
  };
};

/** @param end Makes the call that ends the grant with this id. */
function openGrants(
  host: BucketHost,
  policy: NamedPolicyFields,
  clock: VirtualClock,
  meter: Meter,
  asked: { readonly holdMs?: number },
  end: (id: string) => void,
): Ask {
  return (_, answered) => {
    meter.count("requests");
    meter.count("calls");
    const heard = (answer: AcquireAnswer): void => {
      const grant = answer.kind === "outcome" && answer.outcome.ok ? answer.outcome : undefined;
      answered(grant !== undefined);
      const id = grant?.hold?.id ?? grant?.permit?.id;
      if (id === undefined) return;
      clock.after(WORK_MS, () => {
        meter.count("requests");
        meter.count("calls");
        end(id);
      });
    };
    host.acquire({ bucket: "bucket", policy, tokens: 1, ...asked }, { answered: heard });
  };
}

function askHost(
  host: BucketHost,
  policy: NamedPolicyFields,
  answered: (isGranted: boolean) => void,
  more: Partial<Parameters<BucketHost["acquire"]>[0]> = {},
): void {
  host.acquire(
    { bucket: "bucket", policy, tokens: 1, ...more },
    { answered: (answer) => answered(answer.kind === "outcome" && answer.outcome.ok) },
  );
}

/** The real host on a platform where nothing fails. */
function hostOf(clock: VirtualClock, meter: Meter, directory?: BucketDirectory): BucketHost {
  let host: BucketHost | undefined;
  const platform: BucketPlatform = {
    ...(directory && { directory }),
    clock: clockOf(clock),
    alarms: countedAlarms(clock, meter, () => host?.alarm()),
    forgetsByAlarm: true,
    disk: {
      read: () => undefined,
      write: () => meter.count("rowsWritten"),
      keyedGrants: {
        list: () => [],
        put: () => meter.count("rowsWritten"),
        earlier: { list: () => [], delete: () => meter.count("rowsWritten") },
      },
      ticketSecret: { read: () => undefined, write: () => meter.count("rowsWritten") },
      removedCallers: { read: () => undefined, write: () => undefined },
      grantRows: { list: () => [], put: () => meter.count("rowsWritten") },
      erase: async () => meter.count("rowsWritten"),
    },
    timeZones,
    newId: () => crypto.randomUUID(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    abort: (reason) => {
      throw new Error(reason);
    },
  };
  host = new BucketHost(platform);
  return host;
}

function clockOf(clock: VirtualClock): BucketPlatform["clock"] {
  return {
    now: () => nowMsOf(clock),
    setTimer: (callback, delayMs) => {
      let isSet = true;
      clock.after(delayMs, () => {
        if (isSet) callback();
      });
      return () => {
        isSet = false;
      };
    },
  };
}

/** As `Date.now()` has it. */
function nowMsOf(clock: VirtualClock): number {
  return Math.floor(clock.wallMs);
}

function countedAlarms(clock: VirtualClock, meter: Meter, fire: () => void): AlarmStorage {
  let generation = 0;
  const replace = (): number => {
    meter.count("rowsWritten");
    generation += 1;
    return generation;
  };
  return {
    setAlarm: async (atMs) => {
      const own = replace();
      clock.after(Math.max(0, atMs - clock.wallMs), () => {
        if (own !== generation) return;
        meter.count("alarms");
        fire();
      });
    },
    deleteAlarm: async () => void replace(),
  };
}
