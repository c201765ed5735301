/**
 * Asking again where the connection, or something in between, fails.
 *
 * Pauses grow and are drawn at random, so that callers who lost their connections together do not come
 * back as one. What is counted against the patience of a caller is the time in which nothing came of it:
 * pauses, and of an attempt that failed its first seconds. An attempt that was held for an hour before
 * its connection broke had reached somebody for most of that hour. Time is that of a clock that nobody sets.
 */
import { onAbort } from "../../on-abort.ts";
import { orAborted, sleep } from "./abort.ts";
import { Watchdog } from "./watchdog.ts";

/** Upper bound of the first pause. */
const FIRST_PAUSE_MS = 100;
/** Upper bound of any pause. */
const MAX_PAUSE_MS = 5_000;
/** Of an attempt that failed, what is counted: a new connection takes less. */
const COUNTED_ATTEMPT_MS = 2_000;

/** What is known of a fault. */
export interface TransportErrorFields {
  /** What failed, without a full stop. */
  readonly detail: string;
  readonly status?: number | undefined;
  /** When to come back, where that was said. */
  readonly retryAfterMs?: number | undefined;
  /** Whether nothing was heard for too long: the other side may still be at it. */
  readonly isSilence?: boolean | undefined;
  readonly cause?: unknown;
}

/** An attempt failed for a reason that the next one need not have. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isSilence: boolean;

  constructor({ detail, status, retryAfterMs, isSilence = false, cause }: TransportErrorFields) {
    super(detail, { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.isSilence = isSilence;
  }
}

/** No attempt came through; `fault` is that of the last. */
export class SluiceUnreachableError extends Error {
  override readonly name = "SluiceUnreachableError";
  readonly fault: TransportError;

  constructor(fault: TransportError) {
    super(fault.message, { cause: fault.cause });
    this.fault = fault;
  }
}

/** One attempt's surroundings. */
export interface Attempt {
  /** Aborts where the caller leaves, and where the attempt takes too long. */
  readonly signal: AbortSignal;
  /** To be called whenever the other side shows that it is there; the count of failures starts anew. */
  readonly showLife: () => void;
}

/** How long to go on. */
export interface RetryPolicy {
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Of pauses and failed attempts; 0: one attempt. */
  readonly retryForMs: number;
  /**
   * No attempt begins later than so long after the first, but for the one that follows the first at
   * once: a connection that was kept too long is no reason not to ask at all.
   */
  readonly untilMs: number;
  /** How long an attempt that begins `elapsedMs` after the first may take. */
  readonly attemptMs: (failures: number, elapsedMs: number) => number;
}

/**
 * Attempts until one does not end in a `TransportError`. Settles as that does.
 *
 * @throws {SluiceUnreachableError} Where the patience is at an end.
 * @throws The reason of the caller's signal, as soon as that aborts.
 */
export async function retry<Value>(
  attempt: (attempt: Attempt) => Promise<Value>,
  { signal, retryForMs, untilMs, attemptMs }: RetryPolicy,
): Promise<Value> {
  const startedAtMs = performance.now();
  let failures = 0;
  let failuresInARow = 0;
  let wastedMs = 0;
  const showLife = (): void => {
    failuresInARow = 0;
    wastedMs = 0;
  };
  for (;;) {
    const begunAtMs = performance.now();
    const timeoutMs = attemptMs(failures, begunAtMs - startedAtMs);
    try {
      return await attemptOnce((inner) => attempt({ signal: inner, showLife }), timeoutMs, signal);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      failures += 1;
      failuresInARow += 1;
      const pauseMs = Math.max(drawPauseMs(failuresInARow), error.retryAfterMs ?? 0);
      const nowMs = performance.now();
      wastedMs += Math.min(nowMs - begunAtMs, COUNTED_ATTEMPT_MS) + pauseMs;
      const isAtOnce = failures === 1 && pauseMs <= FIRST_PAUSE_MS;
      const isInTime = nowMs + pauseMs - startedAtMs <= untilMs || isAtOnce;
      if (!isInTime || wastedMs > retryForMs) throw new SluiceUnreachableError(error);
      await sleep(pauseMs, signal);
    }
  }
}

/** One attempt, left as soon as `signal` aborts or `timeoutMs` is over. */
async function attemptOnce<Value>(
  attempt: (signal: AbortSignal) => Promise<Value>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Value> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const leave = (): void => controller.abort(signal?.reason);
  const watchdog = new Watchdog(timeoutMs, () => {
    const detail = `No answer within ${timeoutMs} ms`;
    controller.abort(new TransportError({ detail, isSilence: true }));
  });
  const stopListening = signal && onAbort(signal, leave);
  try {
    return await orAborted(attempt(controller.signal), controller.signal);
  } finally {
    watchdog.stop();
    stopListening?.();
  }
}

function drawPauseMs(failuresInARow: number): number {
  return Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failuresInARow - 1));
}
