/**
 * Retries a call when the connection, or an intermediary, fails.
 *
 * Pauses grow exponentially and are random, so that callers that lost their connections together
 * don't come back together. The last pause is cut, so that the last attempt is made when the budget
 * is used up, and not one pause earlier. The budget counts only wasted time: the pauses, and of each
 * failed attempt the time since the last sign of life, two seconds at most. An attempt that was held
 * for an hour before its connection broke was connected for most of that hour. Time is measured on
 * a monotonic clock.
 */
import { type Backoff, backoffMs } from "../../core/backoff.ts";
import { onAbort } from "../../on-abort.ts";
import { orAborted, sleep } from "./abort.ts";
import { TransportError } from "./transport-error.ts";
import { Watchdog } from "./watchdog.ts";

const BACKOFF: Backoff = { firstMs: 100, maxMs: 5_000 };
/** The most that a failed attempt counts: opening a new connection takes less. */
const COUNTED_ATTEMPT_MS = 2_000;

/** Every attempt failed; `fault` is the last failure. */
export class SluiceUnreachableError extends Error {
  override readonly name = "SluiceUnreachableError";
  readonly fault: TransportError;

  constructor(fault: TransportError) {
    super(fault.message, { cause: fault.cause });
    this.fault = fault;
  }
}

/** What one attempt is given. */
export interface Attempt {
  /** Aborts when the caller leaves or the attempt takes too long. */
  readonly signal: AbortSignal;
  /** Call it on every sign of life from the other side: it resets the count of failures. */
  readonly showLife: () => void;
}

/** How long to keep retrying. */
export interface RetryPolicy {
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Budget of pauses and failed attempts; the last attempt starts at its end. 0 allows one attempt. */
  readonly retryForMs: number;
  /**
   * No attempt starts later than this after the first one, except an immediate first retry: a stale
   * connection is no reason to give up without a real attempt.
   */
  readonly untilMs: number;
  /** How long an attempt that starts `elapsedMs` after the first may take. */
  readonly attemptMs: (failures: number, elapsedMs: number) => number;
}

/**
 * Repeats `attempt` until it ends in anything other than a `TransportError`, and settles as it
 * does.
 *
 * @throws {SluiceUnreachableError} If the retry policy allows no further attempt.
 * @throws The reason of the caller's signal, as soon as it aborts.
 */
export async function retry<Value>(
  attempt: (attempt: Attempt) => Promise<Value>,
  { signal, retryForMs, untilMs, attemptMs }: RetryPolicy,
): Promise<Value> {
  const startedAtMs = performance.now();
  let failures = 0;
  let failuresInARow = 0;
  let budgetMs = retryForMs;
  let seenAtMs = startedAtMs;
  const showLife = (): void => {
    failuresInARow = 0;
    budgetMs = retryForMs;
    seenAtMs = performance.now();
  };
  for (;;) {
    seenAtMs = performance.now();
    const timeoutMs = attemptMs(failures, seenAtMs - startedAtMs);
    try {
      return await attemptOnce((inner) => attempt({ signal: inner, showLife }), timeoutMs, signal);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      failures += 1;
      failuresInARow += 1;
      const nowMs = performance.now();
      budgetMs -= error.wastedMs ?? Math.min(nowMs - seenAtMs, COUNTED_ATTEMPT_MS);
      const backOffMs = backoffMs(BACKOFF, failuresInARow, Math.random());
      const pauseMs = Math.max(Math.min(backOffMs, budgetMs), error.retryAfterMs ?? 0);
      const isAtOnce = failures === 1 && pauseMs <= BACKOFF.firstMs;
      const isInTime = nowMs + pauseMs - startedAtMs <= untilMs || isAtOnce;
      if (!isInTime || budgetMs <= 0 || pauseMs > budgetMs) throw new SluiceUnreachableError(error);
      budgetMs -= pauseMs;
      await sleep(pauseMs, signal);
    }
  }
}

/** Runs one attempt, abandoned as soon as `signal` aborts or `timeoutMs` is over. */
async function attemptOnce<Value>(
  attempt: (signal: AbortSignal) => Promise<Value>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Value> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const leave = (): void => controller.abort(signal?.reason);
  const fallSilent = (): void => {
    const detail = `No answer within ${timeoutMs} ms`;
    controller.abort(new TransportError({ detail, isSilence: true }));
  };
  const watchdog = new Watchdog(timeoutMs, fallSilent, { keepsAlive: false });
  const stopListening = signal && onAbort(signal, leave);
  try {
    return await orAborted(attempt(controller.signal), controller.signal);
  } finally {
    watchdog.stop();
    stopListening?.();
  }
}
