/**
 * What grants cost on the disk: rows written for 1,000 of them, in virtual time and without faults.
 * Every key put or deleted and every alarm set or deleted is one row, as it is billed.
 */
import type { BucketPolicyFields } from "../model/bucket-policy.ts";

import { Random } from "../random.ts";
import { Simulation } from "./simulate.ts";

const GRANTS = 1_000;

/** How the 1,000 requests arrive. */
export interface RowsLoad {
  readonly policy: BucketPolicyFields;
  /** Milliseconds between two arrivals; 0 for all at once. */
  readonly spacingMs: number;
  readonly isKeyed?: boolean;
}

/** What was written. */
export interface RowsWritten {
  readonly record: number;
  readonly alarm: number;
  readonly grant: number;
  readonly all: number;
}

/** A bucket that is full whenever a few callers look at it. */
export const fullBucket = { capacity: 10_000, refillTokens: 10_000, refillIntervalMs: 1_000 };

/**
 * The rows for 1,000 grants.
 *
 * @throws {Error} If not all are granted, or a law is broken.
 */
export function rowsWritten(seed: number, load: RowsLoad): RowsWritten {
  const { policy, spacingMs, isKeyed = false } = load;
  const clients = Array.from({ length: GRANTS }, (_, index) => ({
    name: `client ${index}`,
    arrivesAtMs: index * spacingMs,
    tokens: 1,
    timeoutMs: undefined,
    key: isKeyed ? `key ${index}` : undefined,
    isStreamed: false,
    leavesAfterMs: undefined,
    retries: 0,
    isolate: 0,
  }));
  const simulation = new Simulation({ policy, isolates: 1, clients, faults: [] }, new Random(seed));
  simulation.run();
  const { laws } = simulation;
  const { grants, rows } = laws.tally;
  if (laws.broken) throw new Error(`Law ${laws.broken.law} broken: ${laws.broken.detail}`);
  if (grants !== GRANTS) throw new Error(`Granted ${grants} of ${GRANTS}`);
  return { ...rows, all: rows.record + rows.alarm + rows.grant };
}
