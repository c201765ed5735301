/**
 * What the command line ends with: the codes of sysexits.h, which a shell script can tell apart from
 * those of most programs, and a shell's own codes for a command that it runs.
 */
import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { SluiceErrorReason } from "../client/sluice-error.ts";

/** The codes that are Sluice's own. */
export const exitCodes = {
  /** Granted; shown; measured. */
  ok: 0,
  /** The command line is wrong, or asks for what can never be granted (EX_USAGE). */
  usage: 64,
  /** Sluice cannot be reached (EX_UNAVAILABLE). */
  unavailable: 69,
  /** What answered is no Sluice, or failed (EX_SOFTWARE). */
  failed: 70,
  /** Refused for now: nothing is free in time, the queue is full, it was cancelled or reset (EX_TEMPFAIL). */
  refused: 75,
  /** The token is missing, wrong, or not good for this (EX_NOPERM). */
  notAllowed: 77,
  /** Sluice knows no such bucket, or its configuration is illegal (EX_CONFIG). */
  configuration: 78,
  /** The command was found and could not be run. */
  notExecutable: 126,
  /** There is no such command. */
  notFound: 127,
  /** Ended by a signal: this, and its number. */
  signalled: 128,
} as const;

/** Of how an acquire ended. */
export function exitCodeOfOutcome(outcome: AcquireOutcome): number {
  return outcome.ok ? exitCodes.ok : exitCodeOfReason(outcome.reason);
}

/** Of a `SluiceError`. */
export function exitCodeOfReason(reason: SluiceErrorReason): number {
  switch (reason) {
    case "invalid-request":
    case "exceeds-capacity":
    case "idempotency-key-reused":
    case "body-too-large":
      return exitCodes.usage;
    case "unauthorized":
    case "admin-disabled":
    case "origin-not-allowed":
    case "host-not-allowed":
      return exitCodes.notAllowed;
    case "unknown-bucket":
    case "illegal-configuration":
      return exitCodes.configuration;
    case "timeout":
    case "queue-full":
    case "bucket-reset":
    case "cancelled":
      return exitCodes.refused;
    case "unavailable":
    case "watchers-full":
      return exitCodes.unavailable;
    case "not-found":
    case "method-not-allowed":
    case "upgrade-required":
    case "internal-error":
    case "unexpected-answer":
      return exitCodes.failed;
    default:
      return reason satisfies never;
  }
}
