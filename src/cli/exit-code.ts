/**
 * Exit codes of the command line: those of sysexits.h, which a shell script can tell apart from
 * those of most programs, and the shell's own codes for a command that it runs.
 */
import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { SluiceErrorReason } from "../client/sluice-error.ts";

/** Exit codes by meaning. */
export const exitCodes = {
  /** Granted, shown or measured. */
  ok: 0,
  /** A plan has changes. */
  changes: 2,
  /** The command line is wrong, or asks for what can never be granted or isn't there to be taken back (EX_USAGE). */
  usage: 64,
  /** Sluice can't be reached (EX_UNAVAILABLE). */
  unavailable: 69,
  /** Sluice failed, or something other than Sluice answered (EX_SOFTWARE). */
  failed: 70,
  /** Refused for now: no token in time, the queue is full, cancelled or reset (EX_TEMPFAIL). */
  refused: 75,
  /** The permit was lost while the command ran, and the command was ended. */
  permitLost: 76,
  /** The key is missing, unknown, or lacks a right (EX_NOPERM). */
  notAllowed: 77,
  /** No policy matches the bucket, a configuration is invalid, files are in the way, or Node is too old (EX_CONFIG). */
  configuration: 78,
  /** The command was found but could not be run. */
  notExecutable: 126,
  /** The command was not found. */
  notFound: 127,
  /** Ended by a signal: this plus the signal's number. */
  signalled: 128,
} as const;

/** Exit code for the outcome of an acquire. */
export function exitCodeOfOutcome(outcome: AcquireOutcome): number {
  return outcome.ok ? exitCodes.ok : exitCodeOfReason(outcome.reason);
}

/** Exit code for a `SluiceError`. */
export function exitCodeOfReason(reason: SluiceErrorReason): number {
  switch (reason) {
    case "invalid-request":
    case "exceeds-capacity":
    case "idempotency-key-reused":
    case "ticket-mismatch":
    case "body-too-large":
    case "no-override":
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
    case "holds-full":
    case "bucket-reset":
    case "cancelled":
    case "cancelled-by-admin":
      return exitCodes.refused;
    case "permit-lost":
      return exitCodes.permitLost;
    case "unavailable":
    case "watchers-full":
    case "sessions-full":
      return exitCodes.unavailable;
    case "not-found":
    case "unknown-hold":
    case "unknown-waiter":
    case "id-in-use":
    case "hold-settled":
    case "method-not-allowed":
    case "upgrade-required":
    case "internal-error":
    case "unexpected-answer":
      return exitCodes.failed;
    default:
      return reason satisfies never;
  }
}
