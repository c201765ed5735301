/**
 * What an isolate of the Worker and the bucket say to each other of leases. An isolate that holds a lease
 * grants from it by itself; the bucket has taken the tokens out and keeps their room empty.
 *
 * Time is told in durations wherever two clocks are involved. A lease lasts `ttlMs` from when the isolate
 * asked, by its clock; the bucket counts from when it answered, which was later, and adds a while in
 * which what is left can still be given back. So it never counts a token as spent that may yet be
 * granted, whatever the two clocks show.
 */
import type { LeaseTerms } from "../policy.ts";

/** How long a report of what was left may take after the lease is over: far longer than a round trip. */
const REPORT_MS = 2_000;
/** Instants at which leases end, within the life of one. A few more tokens wait, and all sums stay short. */
const ENDS_WITHIN_LEASE = 16;

/** Names a lease towards the bucket that gave it. */
export interface LeaseMark {
  /** When the bucket started, epoch milliseconds: another one of the same name does not know the lease. */
  readonly startedAtMs: number;
  /** When the bucket counts it as spent, epoch milliseconds by the bucket's clock. */
  readonly untilMs: number;
}

/** What has become of tokens of a lease since the last that was said of it. */
export interface LeaseUse extends LeaseMark {
  /** Tokens granted. */
  readonly used: number;
  /** Tokens given back: the isolate will not grant them. */
  readonly returned: number;
}

/** What an isolate reports. To be sent once and never again: it must not count twice. */
export interface LeaseReport {
  readonly uses: readonly LeaseUse[];
  /** Callers that were granted what was used. */
  readonly granted: number;
}

/** What an isolate reports, and what it asks for. */
export interface LeaseAsk extends LeaseReport {
  /** Tokens that it wants, 0 or more. */
  readonly wanted: number;
}

/** What the bucket lends. */
export interface Lease extends LeaseMark {
  /** At least 1. */
  readonly tokens: number;
  /** How long it lasts, in milliseconds from when it was asked for. */
  readonly ttlMs: number;
}

/** When a lease that is given at `nowMs` ends for the bucket. */
export function leaseEndAtMs(nowMs: number, { ttlMs }: LeaseTerms): number {
  const lifeMs = ttlMs + REPORT_MS;
  const stepMs = Math.ceil(lifeMs / ENDS_WITHIN_LEASE);
  return Math.ceil((nowMs + lifeMs) / stepMs) * stepMs;
}
