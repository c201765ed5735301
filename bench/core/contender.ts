/** What is measured: ways to limit, each behind the same few calls, so that all are driven alike. */

/** What is compared, by the name it has in results. */
export type Line = "try" | "acquire" | "enqueue" | "drain" | "cancel";

/** One limiter in use. */
export interface OpenLimiter {
  /** Asks for tokens; resolves when they are granted. What it resolves with, `isGrant` looks at. */
  readonly acquire: (tokens: number) => Promise<unknown>;
  /** Whether `acquire` came to a grant; where it is missing, it always has. */
  readonly isGrant?: (outcome: unknown) => boolean;
  /** Takes a token if it is there, without a promise; whether it was. */
  readonly tryAcquire?: () => boolean;
  /** `acquire` of one token by a caller that leaves, and so rejects with `reason`, when told to. */
  readonly acquireWithExit?: (reason: Error) => readonly [Promise<unknown>, () => void];
  /** Takes all that is at hand. */
  readonly empty: () => Promise<void>;
  /** Lets the tokens of a tick come in, where that does not happen by itself. */
  readonly tick?: () => void;
  readonly close?: () => void;
}

/** One way to limit. */
export interface Contender {
  /** Its name in tables. */
  readonly name: string;
  readonly isOurs: boolean;
  /** What exactly is driven, and how. */
  readonly how: string;
  /** Lines it has no answer to, and why. */
  readonly cannot: Readonly<Partial<Record<Line, string>>>;
  /** Calls in one sample of `acquire`. */
  readonly acquires: number;
  /** More waiters than that would take minutes, or are not allowed. */
  readonly mostWaiters: number;
  /** Callers of one sample of queues, at most. */
  readonly mostCallers: number;
  /** How long after a burst of calls all of them stand in the queue, milliseconds. */
  readonly settleMs: number;
  /** Most tokens that a call may ask for. */
  readonly mostTokens: number;
  /** Operations in its random run; 0 where it has no queue. */
  readonly operations: number;
  /** A limiter that holds `tokens` now, and as many again with each interval. */
  readonly open: (tokens: number, intervalMs: number) => OpenLimiter;
}
