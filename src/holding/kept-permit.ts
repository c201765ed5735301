/**
 * A permit that is kept for as long as its work goes on: extended at a third of its time, so that two
 * calls may fail in between, and given back at the end.
 *
 * The limiter's clock and this machine's are never compared. What counts is how long a permit lasts, which
 * is the difference of two of the limiter's instants, from a moment on this machine's monotonic clock that
 * is before the limiter started counting. So a permit is taken for lost here no later than it is there; only
 * of an acquire that had to be sent again, that moment is unknown until the permit is first extended.
 */
import type { GrantedPermit } from "../core/outcome.ts";

import { onAbort } from "../on-abort.ts";
import { realClock, type HolderClock } from "./holder-clock.ts";
import { PermitLostError } from "./permit-lost-error.ts";
import { Timer } from "./timer.ts";

/** The result of extending a permit. */
type Extended = { readonly ok: true; readonly expiresAtMs: number } | { readonly ok: false };

/** The verbs of a limiter that keep a permit. */
export interface PermitVerbs {
  /** The signal aborts when the answer is of no use any more. */
  readonly extendPermit: (id: string, signal: AbortSignal) => Extended | Promise<Extended>;
  readonly releasePermit: (id: string) => unknown;
}

/** A grant with the permit that it gave. */
export interface PermitGrant {
  readonly permit: GrantedPermit;
  readonly grantedAtMs: number;
  readonly waitedMs: number;
}

/** The shortest time that a policy can give a permit. */
const MIN_TTL_MS = 1_000;
/** A permit is extended so often in its time, and if that fails, tried again so often. */
const EXTENSIONS = 3;
const RETRIES = 10;

/** Keeps a permit until it is released, or lost. */
export class KeptPermit {
  readonly #permit: GrantedPermit;
  readonly #verbs: PermitVerbs;
  readonly #onLost: (error: PermitLostError) => void;
  readonly #ttlMs: number;
  /** When its grant arrived here, by the clock. */
  readonly #arrivedAtMs: number;
  /** It lasts until then at least, by the clock. */
  #validUntilMs: number;
  /** Aborts when it is released or lost. */
  readonly #over = new AbortController();
  #isReleased = false;
  readonly #clock: HolderClock;
  readonly #extension: Timer;
  readonly #expiry: Timer;
  /** Why the last extension failed. */
  #failure: unknown = undefined;

  /**
   * @param askedAtMs When the grant was asked for, by the clock. `-Infinity` for a key that an earlier
   * process may have used: that one's permit may have little time left, so it is extended at once.
   * @param onLost Called at most once, and not after `release`.
   */
  constructor(
    { permit, grantedAtMs, waitedMs }: PermitGrant,
    verbs: PermitVerbs,
    askedAtMs: number,
    onLost: (error: PermitLostError) => void,
    clock = realClock,
  ) {
    this.#clock = clock;
    this.#arrivedAtMs = clock.now();
    this.#extension = new Timer(clock);
    this.#expiry = new Timer(clock);
    this.#permit = permit;
    this.#verbs = verbs;
    this.#onLost = onLost;
    this.#ttlMs = permit.expiresAtMs - grantedAtMs;
    const intervalMs = this.#ttlMs / EXTENSIONS;
    // It had not been granted before. If the acquire had to be sent again, it may be long ago, and nobody
    // knows here when it was; so it is extended at once.
    const beforeMs = Math.min(askedAtMs + waitedMs, this.#arrivedAtMs);
    this.#validUntilMs = Math.max(beforeMs + this.#ttlMs, this.#arrivedAtMs + intervalMs);
    this.#extendIn(beforeMs + intervalMs - this.#arrivedAtMs);
    this.#watchExpiry();
  }

  /** Gives it back. Rejects if the limiter can't be told, which then gets it back when its time is up. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#stop();
    await this.#verbs.releasePermit(this.#permit.id);
  }

  #extendIn(durationMs: number): void {
    this.#extension.set(durationMs, () => void this.#extend());
  }

  async #extend(): Promise<void> {
    const sentAtMs = this.#clock.now();
    const { signal } = this.#over;
    try {
      const extended = await this.#extendWithin(this.#ttlMs / EXTENSIONS);
      if (signal.aborted) return;
      if (!extended.ok) {
        this.#lose("its time was up, or it was released");
        return;
      }
      const ttlMs = this.#ttlNow(extended.expiresAtMs);
      this.#validUntilMs = sentAtMs + ttlMs;
      this.#watchExpiry();
      this.#extendIn(ttlMs / EXTENSIONS);
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = error;
      this.#extendIn(this.#ttlMs / RETRIES);
    }
  }

  /** A call that isn't answered in time is sent again, on another connection if need be. */
  async #extendWithin(maxMs: number): Promise<Extended> {
    const call = new AbortController();
    const timer = new Timer(this.#clock);
    timer.set(maxMs, () => call.abort(new Error(`No answer within ${maxMs} ms`)));
    const stopListening = onAbort(this.#over.signal, () => call.abort());
    try {
      return await this.#verbs.extendPermit(this.#permit.id, call.signal);
    } finally {
      timer.clear();
      stopListening();
    }
  }

  /** The policy may have been given a shorter time meanwhile. A longer one is not worth the risk of a clock that was set. */
  #ttlNow(expiresAtMs: number): number {
    const passedMs = this.#clock.now() - this.#arrivedAtMs;
    const laterMs = expiresAtMs - this.#permit.expiresAtMs;
    return Math.min(this.#ttlMs, Math.max(MIN_TTL_MS, this.#ttlMs + laterMs - passedMs));
  }

  #watchExpiry(): void {
    this.#expiry.set(this.#validUntilMs - this.#clock.now(), () => {
      this.#lose("it could not be extended in time", this.#failure);
    });
  }

  #lose(why: string, cause?: unknown): void {
    this.#stop();
    this.#onLost(new PermitLostError(this.#permit.fence, why, cause));
  }

  #stop(): void {
    this.#extension.clear();
    this.#expiry.clear();
    this.#over.abort();
  }
}
