/** Failures on the way to Sluice, or of Sluice itself, that say nothing about the request. */
import { SluiceError } from "../sluice-error.ts";

/** Fields of a `TransportError`. */
interface TransportErrorFields {
  /** What failed, without a trailing full stop. */
  readonly detail: string;
  readonly status?: number | undefined;
  /** When to retry, if the other side said so. */
  readonly retryAfterMs?: number | undefined;
  /** Whether nothing was received for too long: the other side may still be working on it. */
  readonly isSilence?: boolean | undefined;
  /** How long it was known to fail, in milliseconds. Default: since the attempt's last sign of life, 2,000 at most. */
  readonly wastedMs?: number | undefined;
  readonly cause?: unknown;
}

/** An attempt failed for a reason that may not affect the next one. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isSilence: boolean;
  readonly wastedMs: number | undefined;

  constructor(fields: TransportErrorFields) {
    const { detail, status, retryAfterMs, isSilence = false, wastedMs, cause } = fields;
    super(detail, { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.isSilence = isSilence;
    this.wastedMs = wastedMs;
  }
}

/** The error that a caller gets for such a failure. */
export function unavailableError({ message, status, cause }: TransportError): SluiceError {
  return new SluiceError({ reason: "unavailable", detail: message, status, cause });
}
